"""log_coverage on the times that lines state: what is wrong as it is stated fails, what only nobody says is told."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from test_expectation_log_coverage import FAILED, PASSED, UNKNOWN, Run, Stub

from harness.expectations.base import Line
from harness.verdict import Finding

UNIX_S = 1e9  # of the run's beginning, see Run
INDIA = timezone(timedelta(hours=5, minutes=30))


@dataclass(frozen=True)
class Timed(Stub):
    """A stub whose lines bear a time: that of `off_s` after they were written, as `spelt` says."""

    spelt: Callable[[datetime], str] = datetime.isoformat
    off_s: float = 0.0
    late_s: float = 0.0  # the lines come so long after their time

    def lines(self, number: int, at_s: float, status: int) -> list[Line]:
        own = self.spelt(datetime.fromtimestamp(UNIX_S + at_s + self.off_s, UTC))
        return [
            Line(one.service, one.container, one.at_s + self.late_s, json.dumps({**json.loads(one.text), "ts": own}))
            for one in super().lines(number, at_s, status)
        ]


def zoneless(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M:%S.%f")


def indian(at: datetime) -> str:
    return zoneless(at.astimezone(INDIA))


def told(finding: Finding) -> str:
    return dict(finding.details)["times"]


def check(**stub: Any) -> Finding:
    return Run(Timed(**stub)).check()


def strict(**stub: Any) -> Finding:
    return Run(Timed(**stub)).check(skew="5s")


@pytest.mark.parametrize("spelt", [datetime.isoformat, lambda at: at.astimezone(INDIA).isoformat(), datetime.timestamp])
def test_right_times_pass_in_every_zone_that_they_state(spelt: Callable[[datetime], str]) -> None:
    finding = strict(spelt=spelt)
    assert finding.outcome is PASSED, finding.because
    assert told(finding) == "within 5s of when lines were written"
    assert "times" not in finding.because


def test_local_time_that_says_it_is_utc_is_wrong() -> None:
    finding = check(spelt=lambda at: at.astimezone(INDIA).strftime("%Y-%m-%dT%H:%M:%SZ"))
    assert (finding.outcome, finding.reason) == (FAILED, "wrong_time")
    assert "those of api are 5 h 30 min ahead in the zone that they state (limit 5s)" in finding.because
    assert any(cite.startswith("log api-1@") for cite in finding.cites)


@pytest.mark.parametrize(("off_s", "said"), [(42.0, "42s ahead"), (-42.0, "behind")])
@pytest.mark.parametrize("spelt", [datetime.isoformat, zoneless])
def test_a_clock_that_is_off_by_seconds_is_wrong_with_a_zone_and_without(
    off_s: float, said: str, spelt: Callable[[datetime], str]
) -> None:
    finding = check(spelt=spelt, off_s=off_s)
    assert (finding.outcome, finding.reason) == (FAILED, "wrong_time")
    assert said in finding.because
    assert ("no zone's local time" in finding.because) == (spelt is zoneless)


def test_local_time_without_a_zone_is_told_and_fails_only_where_skew_is_stated() -> None:
    finding = check(spelt=indian)
    assert finding.outcome is PASSED
    assert "times of log lines: those of api state no zone, and read as UTC are 5 h 30 min ahead" in finding.because
    held = strict(spelt=indian)
    assert (held.outcome, held.reason) == (FAILED, "no_zone")
    assert "5 h 30 min ahead" in held.because


def test_a_zone_by_name_is_one() -> None:
    assert strict(spelt=lambda at: f"{indian(at)} IST").outcome is PASSED
    off = strict(spelt=lambda at: f"{indian(at)} IST", off_s=42.0)
    assert off.reason == "wrong_time"


def test_utc_without_a_zone_is_right() -> None:
    finding = strict(spelt=zoneless)
    assert finding.outcome is PASSED
    assert told(finding) == "times of log lines: those of api state no zone, and read as UTC are right"


@pytest.mark.parametrize("late_s", [4.0, 25.0])
def test_lines_that_wait_in_a_buffer_are_no_defect(late_s: float) -> None:
    assert strict(late_s=late_s).outcome is PASSED
    assert told(strict(late_s=late_s, spelt=indian)).endswith("5 h 30 min ahead (limit 5s)")


def test_some_lines_with_another_time_are_no_clock_and_leave_open_what_is_stated() -> None:
    """A service that logs when an order is to be delivered, in some of its lines, where the others have their own time."""

    def delivery(at: datetime) -> str:
        return (at + timedelta(seconds=977 * (at.second + 1)) if at.microsecond else at).isoformat()

    told_of = "those of api are not when they were written, and off by no one offset, in 20 of 40 lines"
    finding = Run(Timed(spelt=delivery), rate=2).check()
    assert finding.outcome is PASSED
    assert told_of in finding.because
    held = Run(Timed(spelt=delivery), rate=2).check(skew="5s")
    assert (held.outcome, held.reason) == (UNKNOWN, "not_tried")
    assert told_of in held.because


def test_times_of_other_days_are_not_the_lines_own() -> None:
    finding = check(off_s=3 * 86400.0)
    assert finding.outcome is PASSED
    assert told(finding) == "not tried: no time of their own could be read in 400 lines of api"


def test_lines_without_a_time_are_open_only_where_skew_is_stated() -> None:
    assert Run().check().outcome is PASSED
    finding = Run().check(skew="5s")
    assert (finding.outcome, finding.reason) == (UNKNOWN, "not_tried")
    assert "no time of their own could be read in 400 lines of api" in finding.because


def test_one_of_several_services_is_named() -> None:
    edge = [
        Line("edge", "edge-1", one.at_s, one.text)
        for number in range(200, 400)
        for one in Timed().lines(number, number / 20, 200)
    ]
    finding = Run(Timed(spelt=indian), extra=edge).check()
    assert "those of api state no zone" in finding.because
    assert "edge" not in told(finding)


def test_when_a_hold_runs_out_in_some_lines_is_told() -> None:
    def hold(at: datetime) -> str:
        return (at + timedelta(hours=1) if at.microsecond else at).isoformat()

    finding = Run(Timed(spelt=hold), rate=2).check()
    assert finding.outcome is PASSED
    assert "1 h ahead in the zone that they state, in 20 of 40 lines" in finding.because
    assert Run(Timed(spelt=hold), rate=2).check(skew="5s").outcome is UNKNOWN


def test_a_quarter_that_no_zone_has_is_no_local_time() -> None:
    for hours, reason in ((0.5, "wrong_time"), (-9.5, "no_zone"), (5.75, "no_zone")):
        assert strict(spelt=zoneless, off_s=3600 * hours).reason == reason
