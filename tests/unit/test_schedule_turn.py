"""Whether a run that is started now is due, and which ones before it did not happen."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from schedule_times import almanac, at, days, texts

from harness.schedule.turn import missed, told_missed, turn

THURSDAY = almanac("Thu 10:00", "UTC", skip=["2026-12-24..2027-01-06"])
DUE = at("2026-12-10 10:00")


@pytest.mark.parametrize(
    ("now", "taken", "kind"),
    [
        ("2026-12-10 10:00", "", "due"),
        ("2026-12-10 10:00", "2026-12-03 10:00", "due"),
        ("2026-12-10 09:59", "", "not_due"),
        ("2026-12-10 10:30", "", "due"),
        ("2026-12-10 10:31", "", "late"),
        ("2026-12-10 22:00", "", "late"),
        ("2026-12-11 10:01", "", "not_due"),
        ("2026-12-10 10:00", "2026-12-10 10:00", "not_due"),
        ("2026-12-10 10:45", "2026-12-10 10:00", "not_due"),
        ("2026-12-24 10:00", "", "skipped"),
        ("2026-12-24 10:00", "2026-12-24 10:00", "not_due"),
    ],
)
def test_a_run_is_due_within_its_window_and_once(now: str, taken: str, kind: str) -> None:
    assert turn(THURSDAY, 1800, at(now), at(taken) if taken else None).kind == kind


def test_a_clock_that_is_a_little_behind_the_one_that_starts_it_is_taken_for_on_time() -> None:
    found = turn(THURSDAY, 1800, DUE - timedelta(seconds=20), None)
    assert (found.kind, found.at) == ("due", DUE)


def test_what_is_refused_is_told_why_and_when_it_is_due_next() -> None:
    late = turn(THURSDAY, 1800, DUE + timedelta(minutes=42), None)
    assert late.why == "started 42m after its time, Thu 2026-12-10 10:00 UTC; its window is 30m"
    skipped = turn(THURSDAY, 1800, at("2026-12-31 10:00"), None)
    assert skipped.why == ("2026-12-31 is a skip day (2026-12-24..2027-01-06); it is due next Thu 2027-01-07 10:00 UTC")
    assert turn(THURSDAY, 1800, at("2026-12-08 12:00"), None).why == (
        "nothing is due now; it is due next Thu 2026-12-10 10:00 UTC"
    )
    assert turn(THURSDAY, 1800, DUE, DUE).why.startswith("the run of Thu 2026-12-10 10:00 UTC was begun already; ")


def test_the_second_of_two_equal_hours_does_not_begin_a_second_run() -> None:
    sunday = almanac("Sun 2:30")
    (due,) = sunday.between(at("2027-10-31 00:00"), at("2027-11-01 00:00"))
    again_utc = due.astimezone(UTC) + timedelta(hours=1)
    assert again_utc.astimezone(sunday.zone).strftime("%H:%M") == "02:30"
    assert turn(sunday, 1800, due, None).kind == "due"
    assert turn(sunday, 1800, again_utc, due).kind == "not_due"
    assert turn(sunday, 1800, again_utc.astimezone(sunday.zone), None).kind == "late"


def test_runs_that_did_not_happen_are_those_between_without_skipped_days() -> None:
    gone = missed(THURSDAY, at("2026-12-03 10:00"), at("2027-01-14 10:00"))
    assert [f"{one:%m-%d}" for one in gone] == ["12-10", "12-17", "01-07"]
    assert told_missed(gone[:1]) == (
        "1 run that should have been did not happen: Thu 2026-12-10 10:00 UTC; "
        "look at what starts it (systemctl list-timers, crontab -l, kubectl get cronjobs)"
    )
    assert told_missed((*gone, DUE)).startswith("4 runs that should have been did not happen: ")
    assert " and 1 before" in told_missed((*gone, DUE))


def test_nothing_is_missed_where_nothing_is_remembered() -> None:
    assert missed(THURSDAY, None, DUE) == ()


@settings(max_examples=40, deadline=None)
@given(
    text=texts(),
    name=st.sampled_from(["Europe/Berlin", "America/New_York", "Asia/Kathmandu"]),
    first=days,
    weeks=st.integers(1, 2),
    off=st.sets(st.integers(0, 5), max_size=3),
)
def test_over_weeks_of_a_timer_each_time_is_begun_or_told_as_missed_exactly_once(
    text: str, name: str, first: datetime, weeks: int, off: set[int]
) -> None:
    """A timer that fires at every time and an hour after each, and is dead in some of six weeks."""
    made = almanac(text, name, weeks=1 if any(word in text for word in ("day ", "st ", "th ", "last")) else weeks)
    begin = datetime(first.year, first.month, first.day, tzinfo=made.zone)
    fires = sorted(
        {
            one + add
            for one in made.between(begin, begin + timedelta(weeks=6))
            for add in (timedelta(), timedelta(hours=1))
        }
    )
    taken, begun, gone = None, [], []
    for now in (one for one in fires if (one - begin).days // 7 not in off):
        found = turn(made, 1800, now, taken)
        if found.kind == "due":
            assert found.at is not None
            gone += missed(made, taken, found.at)
            begun.append(found.at)
            taken = found.at
        elif found.at is not None:
            taken = found.at
    assert len(set(begun)) == len(begun)
    assert not set(begun) & set(gone)
    assert len(set(gone)) == len(gone)
    if begun:
        until = list(made.between(begun[0], begun[-1] + timedelta(seconds=1)))
        late = set(until) - set(begun) - set(gone)
        assert all(any(one <= due + timedelta(hours=1) and one >= due for one in fires) for due in late)
