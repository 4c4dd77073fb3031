"""Days and times as a drill's schedule names them: `Thu 10:00`, `Mon-Fri 9:30`, `last Fri 14:00`, `last day 8:00`; or a cron expression."""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import date, time

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
ORDINALS = ("1st", "2nd", "3rd", "4th", "5th")
LAST = -1
HOW = "write days and times, such as Thu 10:00, Mon-Fri 9:30,14:00, 1st Thu 10:00, last day 8:00 or daily 3:00"
_MONTHS = tuple(name.lower() for name in calendar.month_abbr)[1:]
_TIME = re.compile(r"(\d{1,2}):(\d\d)")


@dataclass(frozen=True)
class Days:
    """Days that are all of: one of these weekdays (0 is Monday), days of the month (-1 its last), months. Empty: any.

    nth   which of those weekdays of its month: 1 to 5, or -1, the last. Empty: any
    """

    weekdays: frozenset[int] = frozenset()
    monthdays: frozenset[int] = frozenset()
    months: frozenset[int] = frozenset()
    nth: frozenset[int] = frozenset()

    def has(self, day: date) -> bool:
        length = calendar.monthrange(day.year, day.month)[1]
        last = {LAST} if day.day == length else set()
        ordinal = {(day.day + 6) // 7} | ({LAST} if day.day + 7 > length else set())
        return (
            (not self.weekdays or day.weekday() in self.weekdays)
            and (not self.monthdays or not self.monthdays.isdisjoint({day.day} | last))
            and (not self.months or day.month in self.months)
            and (not self.nth or not self.nth.isdisjoint(ordinal))
        )

    @property
    def by_month(self) -> bool:
        """Whether it counts days or weeks of a month."""
        return bool(self.monthdays or self.months or self.nth)


@dataclass(frozen=True)
class When:
    """Times of the day, on each day that any of `days` has. `text` is how it was written."""

    text: str
    days: tuple[Days, ...]
    times: tuple[time, ...]

    def has(self, day: date) -> bool:
        return any(days.has(day) for days in self.days)

    def __str__(self) -> str:
        return self.text


def at(text: str) -> When:
    """`Thu 10:00`, on the clock of the schedule's time zone. Raises ValueError with how it is written."""
    words = text.replace(", ", ",").split()
    times = [_time(one) for one in words[-1].split(",")] if words else []
    if not times:
        raise ValueError(f"{HOW}, not {text!r}")
    return When(" ".join(words), (_days([word.lower() for word in words[:-1]], text),), tuple(sorted(set(times))))


def _time(text: str) -> time:
    match = _TIME.fullmatch(text)
    if match is None or int(match[1]) > 23 or int(match[2]) > 59:
        raise ValueError(f"{text!r} is no time of the day such as 9:30 or 14:00; {HOW}")
    return time(int(match[1]), int(match[2]))


def _days(words: list[str], text: str) -> Days:
    match words:
        case [] | ["daily"]:
            return Days()
        case ["last", "day"]:
            return Days(monthdays=frozenset({LAST}))
        case ["day", number] if number.isdecimal() and 1 <= int(number) <= 31:
            return Days(monthdays=frozenset({int(number)}))
        case [ordinal, day] if ordinal == "last" or ordinal in ORDINALS:
            nth = LAST if ordinal == "last" else ORDINALS.index(ordinal) + 1
            return Days(weekdays=_weekdays(day, text), nth=frozenset({nth}))
        case [days]:
            return Days(weekdays=_weekdays(days, text))
    raise ValueError(f"{HOW}, not {text!r}")


def _weekdays(word: str, text: str) -> frozenset[int]:
    found: set[int] = set()
    for part in word.split(","):
        first, dash, last = part.partition("-")
        begin, end = _weekday(first, text), _weekday(last if dash else first, text)
        found |= {day % 7 for day in range(begin, end + 1 if end >= begin else end + 8)}
    return frozenset(found)


def _weekday(word: str, text: str) -> int:
    for number, name in enumerate(calendar.day_name):
        if len(word) >= 3 and name.lower().startswith(word):
            return number
    raise ValueError(f"{word!r} is no day of the week such as Thu; {HOW}, not {text!r}")


def cron(text: str) -> When:
    """A cron expression of five fields. As cron has it, a day fits that has the weekday *or* the day of the month where both are named.

    Raises ValueError. Source: crontab(5).
    """
    fields = text.split()
    if len(fields) != 5:
        raise ValueError(f"a cron expression has five fields, such as 0 10 * * THU, not {text!r}")
    weekday_names = [name.lower() for name in ("Sun", *WEEKDAYS[:6])]
    minutes = _field(fields[0], 0, 59)
    hours = _field(fields[1], 0, 23)
    monthdays = _field(fields[2], 1, 31)
    months = _field(fields[3], 1, 12, _MONTHS)
    weekdays = frozenset((day - 1) % 7 for day in _field(fields[4], 0, 7, weekday_names))
    times = tuple(time(hour, minute) for hour in sorted(hours) for minute in sorted(minutes))
    in_months = frozenset() if len(months) == 12 else months
    by_month, by_week = not fields[2].startswith("*"), not fields[4].startswith("*")
    if by_month and by_week:
        days: tuple[Days, ...] = (
            Days(monthdays=monthdays, months=in_months),
            Days(weekdays=weekdays, months=in_months),
        )
    else:  # a field such as */2 narrows the other one
        week = frozenset() if len(weekdays) == 7 else weekdays
        days = (Days(week, frozenset() if len(monthdays) == 31 else monthdays, in_months),)
    return When(f"cron {' '.join(fields)}", days, times)


def _field(text: str, low: int, high: int, names: tuple[str, ...] | list[str] = ()) -> frozenset[int]:
    found: set[int] = set()
    for part in text.lower().split(","):
        span, slash, step = part.partition("/")
        first, dash, last = span.partition("-")
        begin, end = (low, high) if span == "*" else (_number(first, low, high, names, text), 0)
        if span != "*":
            end = _number(last, low, high, names, text) if dash else (high if slash else begin)
        if (slash and not (step.isdecimal() and int(step))) or end < begin:
            raise ValueError(f"{text!r} is no field of a cron expression from {low} to {high}")
        found |= set(range(begin, end + 1, int(step) if slash else 1))
    return frozenset(found)


def _number(word: str, low: int, high: int, names: tuple[str, ...] | list[str], text: str) -> int:
    if word in names:
        return names.index(word) + low
    if word.isascii() and word.isdecimal() and low <= int(word) <= high:
        return int(word)
    raise ValueError(f"{text!r} is no field of a cron expression from {low} to {high}")
