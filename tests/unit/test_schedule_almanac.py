"""When a drill is due: a week and years of it in simulated time, where clocks, months and calendars have their edges."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from dateutil import rrule
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from schedule_times import ZONES, almanac, at, days, texts, year

from harness.schedule import dates, when
from harness.schedule.almanac import Almanac, zone

PROPERTY = settings(max_examples=60, deadline=None)


def shown(instants: list[datetime]) -> list[str]:
    return [f"{one:%a %Y-%m-%d %H:%M %Z}" for one in instants]


def test_a_week_of_mondays_to_fridays() -> None:
    week = almanac("Mon-Fri 9:30,14:00").between(at("2026-12-07 00:00"), at("2026-12-14 00:00"))
    assert shown(list(week)) == [
        f"{name} 2026-12-{day:02} {clock} CET"
        for name, day in zip(("Mon", "Tue", "Wed", "Thu", "Fri"), range(7, 12), strict=True)
        for clock in ("09:30", "14:00")
    ]


def test_it_stays_on_the_clock_of_its_zone_when_daylight_saving_begins_and_ends() -> None:
    due = year(almanac("Thu 10:00"))
    assert len(due) == 52
    assert {one.strftime("%H:%M") for one in due} == {"10:00"}
    utc = [one.astimezone(UTC) for one in due]
    hours = {one.date(): one.hour for one in utc}
    assert (hours[date(2027, 3, 25)], hours[date(2027, 4, 1)]) == (9, 8)
    assert (hours[date(2027, 10, 28)], hours[date(2027, 11, 4)]) == (8, 9)


def test_a_time_that_the_clock_leaps_over_is_not_due_that_day() -> None:
    due = [one for one in year(almanac("daily 2:30")) if one.month == 3 and one.day in (27, 28, 29)]
    assert shown(due) == ["Sat 2027-03-27 02:30 CET", "Mon 2027-03-29 02:30 CEST"]


def test_a_time_that_comes_twice_is_due_the_first_time() -> None:
    due = [one for one in year(almanac("daily 2:30")) if (one.month, one.day) == (10, 31)]
    assert shown(due) == ["Sun 2027-10-31 02:30 CEST"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("last day 8:00", ["01-31", "02-28", "03-31", "04-30"]),
        ("day 31 8:00", ["01-31", "03-31"]),
        ("last Fri 8:00", ["01-29", "02-26", "03-26", "04-30"]),
        ("1st Thu 8:00", ["01-07", "02-04", "03-04", "04-01"]),
        ("5th Thu 8:00", ["04-29"]),
    ],
)
def test_the_ends_of_months(text: str, found: list[str]) -> None:
    assert [f"{one:%m-%d}" for one in year(almanac(text)) if one.month < 5] == found


def test_the_29th_of_february_waits_for_a_leap_year() -> None:
    text = almanac("0 8 29 2 *", "UTC")
    assert text.next(at("2026-01-01 00:00")) == at("2028-02-29 08:00")
    assert text.next(at("2096-03-01 00:00")) == at("2104-02-29 08:00")


def test_fortnights_go_on_over_the_end_of_a_year_with_53_weeks() -> None:
    text = almanac("Thu 10:00", weeks=2, begins="2026-12-03")
    due = list(text.between(at("2020-01-01 00:00"), at("2027-03-01 00:00")))
    assert due[0].date() == date(2026, 12, 3)
    assert {later - earlier for earlier, later in pairwise(due)} == {timedelta(weeks=2)}
    assert [f"{one:%m-%d}" for one in due[1:5]] == ["12-17", "12-31", "01-14", "01-28"]


def test_the_week_to_begin_with_is_counted_from_its_monday() -> None:
    text = almanac("Mon,Thu 10:00", weeks=2, begins="2026-12-03")
    due = list(text.between(at("2026-11-01 00:00"), at("2026-12-20 00:00")))
    assert [f"{one:%m-%d}" for one in due] == ["12-03", "12-14", "12-17"]


def test_skipped_days_are_those_of_its_zone_with_the_first_and_the_last() -> None:
    text = almanac("daily 0:30", "Asia/Kathmandu", skip=["2026-12-24..2027-01-06", "2027-01-08"])
    due = list(text.between(at("2026-12-22 00:00"), at("2027-01-10 00:00")))
    assert [f"{one:%m-%d}" for one in due] == ["12-23", "01-07", "01-09", "01-10"]


def test_what_is_never_due_is_said_to_be_so() -> None:
    assert almanac("0 8 31 2 *").next(at("2026-01-01 00:00")) is None
    assert almanac("Thu 10:00", skip=["2026-01-01..2040-01-01"]).next(at("2026-01-01 00:00")) is None


def test_a_day_that_a_zone_left_out_is_not_due() -> None:
    due = almanac("daily 10:00", "Pacific/Apia").between(at("2011-12-29 00:00"), at("2012-01-01 00:00"))
    assert shown(list(due))[:2] == ["Thu 2011-12-29 10:00 -10", "Sat 2011-12-31 10:00 +14"]


@PROPERTY
@given(text=texts(), name=st.sampled_from(ZONES), first=days, weeks=st.integers(1, 3))
def test_every_time_is_on_its_clock_in_order_and_each_once(text: str, name: str, first: date, weeks: int) -> None:
    assume("day" not in text and "st " not in text and "th " not in text)
    made = Almanac(when.at(text), zone(name), weeks)
    begin = datetime.combine(first, datetime.min.time(), UTC)
    due = list(made.between(begin, begin + timedelta(days=60)))
    assert sorted(set(due)) == due
    assert all(made.has(one.date()) and one.time().replace(fold=0) in made.when.times for one in due)
    for one in due:
        assert one.astimezone(UTC).astimezone(made.zone).replace(tzinfo=None) == one.replace(tzinfo=None)
    for middle in due[:2]:
        assert made.next(middle - timedelta(seconds=1)) == middle
        assert list(made.between(begin, middle)) + list(made.between(middle, begin + timedelta(days=60))) == due


RULES: dict[str, dict[str, object]] = {
    "Thu": {"byweekday": rrule.TH},
    "Mon-Fri": {"byweekday": (rrule.MO, rrule.TU, rrule.WE, rrule.TH, rrule.FR)},
    "1st Thu": {"freq": rrule.MONTHLY, "byweekday": rrule.TH(1)},
    "5th Sun": {"freq": rrule.MONTHLY, "byweekday": rrule.SU(5)},
    "last Fri": {"freq": rrule.MONTHLY, "byweekday": rrule.FR(-1)},
    "last day": {"freq": rrule.MONTHLY, "bymonthday": -1},
    "day 31": {"freq": rrule.MONTHLY, "bymonthday": 31},
    "daily": {"freq": rrule.DAILY},
}


@PROPERTY
@given(name=st.sampled_from(sorted(RULES)), first=days, weeks=st.integers(1, 4))
def test_its_days_are_those_of_an_icalendar_rule(name: str, first: date, weeks: int) -> None:
    weekly = "freq" not in RULES[name]
    made = Almanac(when.at(f"{name} 12:00"), zone("UTC"), weeks if weekly else 1, first if weekly else None)
    begin = datetime.combine(first, datetime.min.time()).replace(hour=12)
    rule = rrule.rrule(
        **{"freq": rrule.WEEKLY, "interval": weeks if weekly else 1, "dtstart": begin, "wkst": rrule.MO, **RULES[name]}
    )  # type: ignore[arg-type]
    end = begin + timedelta(days=800)
    expected = [one.date() for one in rule.between(begin, end, inc=True)]
    assert [
        one.date() for one in made.between(begin.replace(tzinfo=UTC), end.replace(tzinfo=UTC) + timedelta(seconds=1))
    ] == expected


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("30 14 * * THU", {"byweekday": rrule.TH, "byhour": 14, "byminute": 30}),
        ("0 0 1,15 * *", {"bymonthday": (1, 15), "byhour": 0, "byminute": 0}),
        (
            "*/20 8-9 * JAN-MAR 7",
            {"bymonth": (1, 2, 3), "byweekday": rrule.SU, "byhour": (8, 9), "byminute": (0, 20, 40)},
        ),
        (
            "5 4 */2 * 0-3",
            {
                "bymonthday": tuple(range(1, 32, 2)),
                "byweekday": (rrule.SU, rrule.MO, rrule.TU, rrule.WE),
                "byhour": 4,
                "byminute": 5,
            },
        ),
    ],
)
def test_a_cron_expression_is_due_when_cron_would_start_it(text: str, rule: dict[str, object]) -> None:
    begin = datetime(2027, 1, 1)
    expected = rrule.rrule(rrule.DAILY, dtstart=begin, until=datetime(2027, 12, 31, 23, 59), bysecond=0, **rule)  # type: ignore[arg-type]
    assert [one.replace(tzinfo=None) for one in year(almanac(text, "UTC"))] == list(expected)


def test_a_cron_expression_with_both_days_is_due_on_either() -> None:
    found = [one.date() for one in year(almanac("0 8 13 * FRI", "UTC"))]
    assert all(one.day == 13 or one.weekday() == 4 for one in found)
    assert len(found) == 52 + 1 + 12 - sum(date(2027, month, 13).weekday() == 4 for month in range(1, 13))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "write days and times, such as Thu 10:00"),
        ("Thu", "'Thu' is no time of the day"),
        ("Thu 25:00", "'25:00' is no time of the day"),
        ("Th 10:00", "'th' is no day of the week"),
        ("6th Thu 10:00", "not '6th Thu 10:00'"),
        ("day 32 10:00", "not 'day 32 10:00'"),
    ],
)
def test_what_names_no_time_is_told_how_it_is_written(text: str, says: str) -> None:
    with pytest.raises(ValueError, match="such as") as caught:
        when.at(text)
    assert says in str(caught.value)


@pytest.mark.parametrize(
    "text",
    ["0 10 * *", "60 10 * * *", "0 10 0 * *", "0 10 * FOO *", "*/0 1 * * *", "5-1 1 * * *", "-1 1 * * *", "1, 1 * * *"],
)
def test_what_is_no_cron_expression_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="cron expression"):
        when.cron(text)


@pytest.mark.parametrize("text", ["2026-02-30", "24.12.2026", "2027-01-06..2026-12-24", "2026-12-24.."])
def test_what_is_no_stretch_of_days_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"no day|write a day|before it begins"):
        dates.span(text)


def test_an_unknown_zone_is_told_how_one_is_written() -> None:
    for name in ("Europe/Bonn", "../etc/passwd", "", "CEST"):
        with pytest.raises(ValueError, match="write one as Europe/Berlin or UTC"):
            zone(name)
