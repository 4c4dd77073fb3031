"""Instants and schedules for tests, written as people write them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime

from hypothesis import strategies as st

from harness.schedule import dates, when
from harness.schedule.almanac import Almanac, zone

ZONES = (
    "Europe/Berlin",
    "America/New_York",
    "America/Sao_Paulo",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "UTC",
    "Africa/Cairo",
)
DAY_TEXTS = (
    "",
    "daily ",
    "Thu ",
    "Mon,Thu ",
    "Mon-Fri ",
    "Sat-Mon ",
    "1st Thu ",
    "5th Sun ",
    "last Fri ",
    "last day ",
    "day 31 ",
    "day 29 ",
)


def almanac(
    text: str, zone_name: str = "Europe/Berlin", *, weeks: int = 1, begins: str = "", skip: Sequence[str] = ()
) -> Almanac:
    spans = tuple(dates.span(one) for one in skip)
    made = when.cron(text) if text.count(" ") == 4 else when.at(text)
    return Almanac(made, zone(zone_name), weeks, dates.day(begins) if begins else None, spans)


def at(text: str, zone_name: str = "UTC") -> datetime:
    """2026-12-03 10:00."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC if zone_name == "UTC" else zone(zone_name))


def year(text: Almanac, number: int = 2027) -> list[datetime]:
    return list(text.between(datetime(number, 1, 1, tzinfo=text.zone), datetime(number + 1, 1, 1, tzinfo=text.zone)))


@st.composite
def texts(draw: st.DrawFn) -> str:
    clocks = draw(st.lists(st.tuples(st.integers(0, 23), st.integers(0, 59)), min_size=1, max_size=3))
    return draw(st.sampled_from(DAY_TEXTS)) + ",".join(f"{hour}:{minute:02}" for hour, minute in clocks)


days = st.dates(date(2024, 1, 1), date(2031, 12, 31))
