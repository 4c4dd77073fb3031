"""log_coverage on lines that bear several times, and on containers that have several loggers: which time is the line's own."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from test_expectation_log_coverage import FAILED, PASSED, UNKNOWN, Run, Stub
from test_expectation_log_times import INDIA, UNIX_S, indian, told, zoneless

from harness.expectations.base import Line
from harness.verdict import Finding


@dataclass(frozen=True)
class Fields(Stub):
    """A stub whose lines bear the fields of `spelt`, made of when each was written and of its request's number."""

    spelt: Callable[[datetime, int], dict[str, Any]] = lambda at, number: {}

    def lines(self, number: int, at_s: float, status: int) -> list[Line]:
        return [
            Line(one.service, one.container, one.at_s, json.dumps({**json.loads(one.text), **self.spelt(at, number)}))
            for one in super().lines(number, at_s, status)
            for at in (datetime.fromtimestamp(UNIX_S + one.at_s, UTC),)
        ]


def fields(spelt: Callable[[datetime, int], dict[str, Any]], **options: Any) -> Finding:
    return Run(Fields(spelt=spelt)).check(**options)


def as_utc(at: datetime) -> str:
    return at.astimezone(INDIA).strftime("%Y-%m-%dT%H:%M:%SZ")


def some_age_s(number: int) -> int:
    return 60 + 37 * (number * 131 % 97)


@pytest.mark.parametrize("own", ["asctime", "datetime", "@t"])
@pytest.mark.parametrize(
    "more",
    [
        lambda at, number: {"time": f"00:00:00.{number % 1000:03d}"},  # a duration
        lambda at, number: {"time": "10:30:00"},  # a delivery slot
        lambda at, number: {"timestamp": (at - timedelta(seconds=some_age_s(number))).isoformat()},  # an order's
        lambda at, number: {"ts": int(at.timestamp()) - some_age_s(number)},
        lambda at, number: {"t": int(at.timestamp()) + some_age_s(number)},  # a deadline
    ],
)
def test_a_time_of_the_business_beside_the_loggers_own_is_no_wrong_one(own: str, more: Callable[..., Any]) -> None:
    finding = fields(lambda at, number: {own: at.isoformat(), **more(at, number)}, skew="5s")
    assert finding.outcome is PASSED, finding.because
    assert told(finding) == "within 5s of when lines were written"


def test_a_wrong_time_is_wrong_whatever_else_stands_in_the_line() -> None:
    for more in ({}, {"time": "00:00:00.123"}, {"t": 4}):
        finding = fields(lambda at, number: {"datetime": as_utc(at), **more})  # noqa: B023
        assert finding.reason == "wrong_time", finding.because
        assert "5 h 30 min ahead" in finding.because
    aged = fields(
        lambda at, number: {
            "datetime": as_utc(at),
            "timestamp": (at - timedelta(seconds=some_age_s(number))).isoformat(),
        }
    )
    assert "5 h 30 min ahead in the zone that they state" in aged.because


def test_local_time_beside_a_time_of_the_business_is_local_time() -> None:
    finding = fields(lambda at, number: {"asctime": indian(at), "ts": int(at.timestamp()) - some_age_s(number)})
    assert finding.outcome is PASSED
    assert "those of api state no zone, and read as UTC are 5 h 30 min ahead" in finding.because


def test_a_business_time_at_one_distance_from_the_loggers_own_is_told() -> None:
    finding = fields(lambda at, number: {"asctime": at.isoformat(), "t": int(at.timestamp()) + 1800}, skew="5s")
    assert finding.outcome is PASSED, finding.because
    assert "those of api are right in `asctime`, and 30m ahead in `t`" in finding.because


@pytest.mark.parametrize(("off_s", "said"), [(7200, "2 h ahead"), (2400, "40m ahead"), (-180, "3m behind")])
@pytest.mark.parametrize(
    ("off", "right", "asked"),
    [
        ("@timestamp", "ts", (FAILED, "wrong_time")),
        ("timestamp", "ts", (UNKNOWN, "not_tried")),  # an order's, perhaps
        ("timestamp", "@timestamp", (PASSED, "met")),
        ("ts", "time", (PASSED, "met")),
    ],
)
def test_a_second_time_that_is_off_by_one_offset_is_told_and_a_loggers_own_is_no_less_wrong(
    off_s: float, said: str, off: str, right: str, asked: tuple[Any, str]
) -> None:
    def spelt(at: datetime, number: int) -> dict[str, Any]:
        return {off: (at + timedelta(seconds=off_s)).isoformat(), right: at.isoformat()}

    finding = fields(spelt)
    assert finding.outcome is PASSED
    assert f"those of api are right in `{right}`, and {said} in `{off}`" in finding.because
    held = fields(spelt, skew="5s")
    assert (held.outcome, held.reason) == asked
    assert said in held.because
    if held.reason == "wrong_time":
        assert any(cite.startswith("log api-1@") for cite in held.cites)


def test_durations_without_a_date_are_no_times() -> None:
    def spelt(at: datetime, number: int) -> dict[str, Any]:
        return {"time": f"00:00:00.{number % 1000:03d}"}

    assert fields(spelt).outcome is PASSED
    finding = fields(spelt, skew="5s")
    assert (finding.outcome, finding.reason) == (UNKNOWN, "not_tried")
    assert "no time of their own could be read in 400 lines of api" in finding.because


@pytest.mark.parametrize("off_s", [-1200.0, 697.0 - 6400.0])  # a wrong clock; how long the process has been up
def test_a_clock_without_a_date_that_suits_no_zone_is_told_and_leaves_open_what_is_stated(off_s: float) -> None:
    def spelt(at: datetime, number: int) -> dict[str, Any]:
        return {"time": zoneless(at + timedelta(seconds=off_s))[11:]}

    finding = fields(spelt)
    assert finding.outcome is PASSED
    said = "behind, which is no zone's local time, if they tell the time of day"
    assert said in finding.because
    held = fields(spelt, skew="5s")
    assert (held.outcome, held.reason) == (UNKNOWN, "not_tried")
    assert said in held.because


def test_a_clock_without_a_date_is_judged_where_it_is_one() -> None:
    finding = fields(lambda at, number: {"time": indian(at)[11:]}, skew="5s")
    assert finding.reason == "no_zone"
    late = fields(lambda at, number: {"time": zoneless(at - timedelta(seconds=42))[11:]})
    assert late.reason == "wrong_time"


@dataclass(frozen=True)
class TwoLoggers(Stub):
    """The application's lines, and of `every` so many requests one of another logger, `other`: with the fields that each writes."""

    spelt: Callable[[datetime], dict[str, Any]] = lambda at: {}
    other: Callable[[datetime], dict[str, Any]] = lambda at: {}
    every: int = 1

    def lines(self, number: int, at_s: float, status: int) -> list[Line]:
        found = [json.loads(one.text) for one in super().lines(number, at_s, status)]
        told = {"level": "INFO", "message": "seen", "request_id": found[0]["request_id"]}
        at = datetime.fromtimestamp(UNIX_S + at_s, UTC)
        written = [one | self.spelt(at) for one in found]
        if number % self.every == 0:
            written.append(told | self.other(at))
        return [Line("api", "api-1", at_s + 0.005, json.dumps(one)) for one in written]


def both(field: str, spelt: Callable[[datetime], str], other: Callable[[datetime], str], every: int = 1) -> Run:
    """Two loggers that write their times to one field."""
    return Run(TwoLoggers(spelt=lambda at: {field: spelt(at)}, other=lambda at: {field: other(at)}, every=every))


def behind(at: datetime) -> str:
    return (at - timedelta(minutes=3)).isoformat()


@pytest.mark.parametrize("every", [1, 50])
@pytest.mark.parametrize(("other", "off"), [(as_utc, "5 h 30 min ahead"), (behind, "3m behind")])
@pytest.mark.parametrize(("field", "asked"), [("@timestamp", (FAILED, "wrong_time")), ("ts", (UNKNOWN, "not_tried"))])
def test_the_wrong_clock_of_one_logger_is_told_beside_the_right_one_of_another_and_never_passes_where_skew_is_stated(
    every: int, other: Callable[[datetime], str], off: str, field: str, asked: tuple[Any, str]
) -> None:
    run = both(field, datetime.isoformat, other, every)
    said = f"{off} in the zone that they state, in {200 // every} of {400 + 200 // every} lines"
    finding = run.check()
    assert finding.outcome is PASSED  # when an order runs out, in some lines, looks no different
    assert said in finding.because
    held = run.check(skew="5s")
    assert (held.outcome, held.reason) == asked
    assert said in held.because
    assert ("log api-1@10.005000" in held.cites) == (held.reason == "wrong_time")


def test_the_wrong_clock_of_a_logger_with_a_field_of_its_own_is_wrong() -> None:
    run = Run(TwoLoggers(spelt=lambda at: {"asctime": at.isoformat()}, other=lambda at: {"time": as_utc(at)}, every=50))
    finding = run.check()
    assert (finding.outcome, finding.reason) == (FAILED, "wrong_time")
    assert "5 h 30 min ahead in the zone that they state" in finding.because


def test_times_of_the_business_in_a_field_of_their_own_are_no_wrong_clock() -> None:
    def slot(at: datetime) -> dict[str, Any]:
        return {"time": (at + timedelta(seconds=some_age_s(int(at.timestamp() * 20)))).isoformat()}

    finding = Run(TwoLoggers(spelt=lambda at: {"asctime": at.isoformat()}, other=slot)).check()
    assert finding.outcome is PASSED, finding.because
    assert "off by no one offset, in 200 of 200 lines" in finding.because


def test_the_local_time_of_one_logger_is_told_beside_the_utc_of_another() -> None:
    finding = both("ts", zoneless, indian).check()
    assert finding.outcome is PASSED
    assert "state no zone, and read as UTC are 5 h 30 min ahead, in 200 of 600 lines" in finding.because
    assert both("ts", zoneless, indian).check(skew="5s").reason == "not_tried"
    assert both("@timestamp", zoneless, indian).check(skew="5s").reason == "no_zone"
