"""The instants at which a drill is due: its days and times on the clock of one time zone, every so many weeks, but for skipped days.

A time that the clock leaps over (02:30 when daylight saving begins) is not due on that day; one that comes twice is due the first time.
So have systemd and Kubernetes it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from harness.schedule.dates import Span, within
from harness.schedule.when import When

A_MONDAY = date(1970, 1, 5)
"""Weeks are counted from here, where no day is named to begin with."""
FURTHEST_DAYS = 366 * 8
"""How far a next time is looked for: the 29th of February may be eight years away (2096 to 2104)."""


@dataclass(frozen=True)
class Almanac:
    """
    weeks   every so many weeks
    begins  the first day, and the week that the weeks are counted from; None: any day, from a fixed Monday
    """

    when: When
    zone: ZoneInfo
    weeks: int = 1
    begins: date | None = None
    skip: tuple[Span, ...] = ()

    def between(self, begin: datetime, end: datetime) -> Iterator[datetime]:
        """Every instant at which it is due, begin <= it < end, in order; aware, in the almanac's zone."""
        begin, end = (
            begin.astimezone(UTC),
            end.astimezone(UTC),
        )  # Python compares two of one zone by their clocks, not as instants
        day, last = begin.astimezone(self.zone).date(), end.astimezone(self.zone).date()
        while day <= last:
            if self.has(day):
                yield from (at for at in self._on(day) if begin <= at < end)
            day += timedelta(days=1)

    def next(self, after: datetime) -> datetime | None:
        """The first instant later than `after`; None where there is none in eight years."""
        after = after.astimezone(UTC)
        end = after + timedelta(days=FURTHEST_DAYS)
        return next((at for at in self.between(after, end) if at > after), None)

    def has(self, day: date) -> bool:
        """Whether it is due at all on a day."""
        if self.begins is not None and day < self.begins:
            return False
        first = self.begins or A_MONDAY
        weeks = (_monday(day) - _monday(first)).days // 7
        return self.when.has(day) and weeks % self.weeks == 0 and within(self.skip, day) is None

    def without_skips(self) -> Almanac:
        return replace(self, skip=())

    def _on(self, day: date) -> Iterator[datetime]:
        for clock in self.when.times:
            at = datetime.combine(day, clock, self.zone)
            if at.astimezone(UTC).astimezone(self.zone).replace(tzinfo=None) == at.replace(tzinfo=None):
                yield at

    def __str__(self) -> str:
        every = f", every {self.weeks} weeks" if self.weeks > 1 else ""
        begins = f", from {self.begins}" if self.begins else ""
        return f"{self.when} {self.zone.key}{every}{begins}"


def zone(name: str) -> ZoneInfo:
    """A time zone by its name in the IANA database. Raises ValueError."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"there is no time zone {name!r} here; write one as Europe/Berlin or UTC") from None


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())
