"""What all formats are made of: the command, when, and how long it may take."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time

from harness.schedule.almanac import Almanac
from harness.schedule.when import LAST, Days, When

END_S = 600
"""After its end was asked for: faults out, orders read, the stack down. Killed after that, its watchdog and `drill mend` do the rest."""


@dataclass(frozen=True)
class Job:
    """
    program     absolute path of `drill` here, or of a Python with `-m harness`
    arguments   after it: run, the drill, --scheduled and all that says when
    folder      the project's, absolute
    longest_s   what the run may take from its start to its end, images and the way down included
    environment of this shell, what says which Docker is meant and where the runs are
    """

    drill: str
    almanac: Almanac
    program: tuple[str, ...]
    arguments: tuple[str, ...]
    folder: str
    user: str
    window_s: float
    longest_s: float
    environment: Mapping[str, str]
    image: str = ""

    @property
    def longest_min(self) -> int:
        return math.ceil(self.longest_s / 60)

    @property
    def about(self) -> str:
        return f"Rehearsal {self.drill}: {self.almanac}"


@dataclass(frozen=True)
class File:
    """`name` is what it is called where it belongs; `install` the commands that put it there."""

    name: str
    text: str
    install: tuple[str, ...] = ()


def clocks(times: tuple[time, ...]) -> list[tuple[list[int], list[int]]]:
    """Times as (hours, minutes) of which every combination is one: 10:00 and 14:30 are two, 9:00, 9:30, 10:00 and 10:30 are one."""
    by_hour: dict[int, tuple[int, ...]] = {}
    for one in times:
        by_hour[one.hour] = (*by_hour.get(one.hour, ()), one.minute)
    groups: dict[tuple[int, ...], list[int]] = {}
    for hour, minutes in by_hour.items():
        groups.setdefault(minutes, []).append(hour)
    return [(hours, list(minutes)) for minutes, hours in groups.items()]


def cron_expressions(when: When) -> list[str]:
    """Five fields each, together every time of `when`, and more where cron cannot tell the days: the last Friday is every Friday."""
    month = _listed(min((days.months for days in when.days), key=len), 12)  # those of one cron expression are the same
    if len(when.days) > 1:  # of a cron expression that names both: its own form, and its own meaning
        monthdays = frozenset().union(*(days.monthdays for days in when.days))
        weekdays = frozenset().union(*(days.weekdays for days in when.days))
        day, week = _monthdays(monthdays), _weekdays(weekdays)
    else:
        (only,) = when.days
        day, week = ("*", _weekdays(only.weekdays)) if only.weekdays else (_monthdays(only.monthdays), "*")
    return [
        f"{_listed(minutes, 60)} {_listed(hours, 24)} {day} {month} {week}" for hours, minutes in clocks(when.times)
    ]


def any_weekday(days: tuple[Days, ...]) -> frozenset[int]:
    """The weekdays on which one of them can be."""
    every = frozenset(range(7))
    return frozenset().union(*(one.weekdays or every for one in days))


def _listed(numbers: frozenset[int] | list[int], whole: int) -> str:
    return "*" if len(numbers) in (0, whole) else ",".join(map(str, sorted(numbers)))


def _monthdays(days: frozenset[int]) -> str:
    listed = sorted(days | {28, 29, 30, 31} if LAST in days else days)
    return ",".join(str(day) for day in listed if day != LAST) or "*"


def _weekdays(days: frozenset[int]) -> str:
    return _listed([(day + 1) % 7 for day in days], 7)
