"""When a line of a log says that it was written: its own time, and the zone that it states. Pure.

Where its logger puts it: in a field made for that, or before the message (see loglayout), or in an access log's brackets. A time that
stands anywhere else may be the business's own. One in a second field may be, too: which of them the logger writes, many lines tell.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any

from harness.loglevels import LEVEL_NAME
from harness.logtext import Said

DAY_S = 86400.0
KEYS = (
    "@timestamp", "timestamp", "ts", "time", "@t", "t.$date", "t", "datetime", "asctime", "time_iso8601", "time_local", "timeunixnano",
    "time_unix_nano", "record.time.timestamp",
)  # fmt: skip
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_NAMED = "AC[SD]T|AE[SD]T|AK[SD]T|AWST|BST|CES?T|C[SD]T|EES?T|E[SD]T|HKT|HST|I[SD]T|JST|KST|M[SD]T|MSK|NZ[SD]T|P[SD]T|SGT|WES?T"
_EAST, _WEST = r"\+(?:0\d|1[0-4])", r"-(?:0\d|1[0-2])"  # the offsets that zones have
_TO_THE_MINUTE = rf"(?:{_EAST}:?(?:00|15|30|45)|{_WEST}:?(?:00|30))\b"
_ZONE = (
    rf"(?P<zone>Z\b| ?{_TO_THE_MINUTE}|(?:{_EAST}|{_WEST})\b| ?(?:UTC|GMT|{_NAMED})\b(?![+-]))?(?! ?[AaPp]\.?[Mm]\b)"
)
_PROCESS = re.compile(r"-(?:\d\d|[1-9]\d{3})")  # may be its number, behind Python's "%(asctime)s-%(process)d"
_CLOCK = r"(?P<hour>\d\d):(?P<minute>\d\d):(?P<second>\d\d)(?:[.,](?P<fraction>\d{1,9}))?"
_MONTH = rf"(?P<name>{'|'.join(_MONTHS)})"
_LAYOUTS = (
    rf"(?P<year>\d{{4}})[-/](?P<month>\d\d)[-/](?P<day>\d\d)[T _]{_CLOCK}{_ZONE}",  # ISO 8601, Python, Logback, Go, nginx, zap, Rust
    rf"(?P<day>\d\d)[/ -]{_MONTH}[/ -](?P<year>\d{{4}})[: ]{_CLOCK}{_ZONE}",  # the common log format, HAProxy, Redis, PHP
    rf"(?:[A-Z][a-z]{{2}} )?{_MONTH} +(?P<day>\d\d?) {_CLOCK}(?: (?P<year>\d{{4}})\b)?",  # syslog, Apache's error log
    rf"(?P<year>\d\d)(?P<month>\d\d)(?P<day>\d\d) {_CLOCK}",  # tornado
    rf"(?<=[IWEF])(?P<year>\d{{4}})?(?P<month>\d\d)(?P<day>\d\d) {_CLOCK}",  # klog, glog
    rf"{_CLOCK}{_ZONE}",  # Logback's default, Serilog's
)
_TIMES = tuple(re.compile(rf"(?<!\d){layout}(?![\d:])") for layout in _LAYOUTS)
_BEFORE = re.compile(  # a priority, a level or a process
    rf"(?:<\d{{1,3}}>\d? ?)?(?:[\[(]?{LEVEL_NAME.pattern}[\])]?:? +[\[(]?"
    r"|[IWEF](?=(?:\d{4}){1,2} )|[A-Z], \[|\[[DIWEC] (?=\d{6} )|\d+:[XCSM] |[\[(<|\"']{1,2})?"
)
_ACCESS = re.compile(r"\[\d\d/[A-Z][a-z]{2}/\d{4}:[^\]]{8,20}\]")
_NUMBER = re.compile(r"\d{9,19}(?:\.\d+)?")
_WITHIN = 300  # characters of a line in which its own time may stand
NEAR_S = 450.0  # half of what zones differ by
_UNITS = (1.0, 1e3, 1e6, 1e9)  # of an epoch: s, ms, us, ns


class Zone(Enum):
    """What a time says of its zone: an offset (or that it is UTC), a name that more than one zone may have, or nothing."""

    STATED = "stated"
    NAMED = "named"
    NONE = "none"


@dataclass(frozen=True)
class Own:
    """A line's own time, in seconds of the wall clock where what states no offset is read as UTC. `daily`: it has no date, and may be
    of any day."""

    unix_s: float
    zone: Zone
    daily: bool = False


def own_times(said: Said, near_unix_s: float) -> dict[str, Own]:
    """When a line says that it was written, which was about then, by the field that says so, or '' for what is in no field; {} where
    it states none that can be read. A time without a date may be a duration or an hour of the business: none where another has one."""
    fields = {key: own for key in KEYS if (own := _of_value(said.fields.get(key), near_unix_s)) is not None}
    structured = said.structured
    words = _in_words(_at_head(said) if structured and fields else _matches(said), near_unix_s)
    found = {} if words is None else {"": words}
    found = {**fields, **found} if structured else {**found, **fields}
    if not structured and words is not None and not words.daily:
        return {"": words}
    return {place: own for place, own in found.items() if not own.daily} or found


def _in_words(matches: Iterator[re.Match[str]], near_s: float) -> Own | None:
    """The first that can be read, one with a date before one without."""
    daily = None
    for match in matches:
        own = _read(match, near_s)
        if own is not None and not own.daily:
            return own
        daily = daily or own
    return daily


def _at_head(said: Said) -> Iterator[re.Match[str]]:
    head = said.head[:_WITHIN]
    before = _BEFORE.match(head)
    return (match for time in _TIMES if (match := time.match(head, before.end() if before else 0)))


def _matches(said: Said) -> Iterator[re.Match[str]]:
    yield from _at_head(said)
    access = _ACCESS.search(said.head[:_WITHIN])
    for place in (said.before()[:_WITHIN], access[0] if access else ""):
        yield from (match for time in _TIMES[:-1] if (match := time.search(place)))


def _of_value(value: Any, near_s: float) -> Own | None:
    """What a field holds: an instant in words, or seconds since 1970 (or thousandths of these, and so on)."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    text = str(value).strip()
    if _NUMBER.fullmatch(text):
        number = float(text)
        epochs = (number / unit for unit in _UNITS)
        return next((Own(epoch, Zone.STATED) for epoch in epochs if abs(epoch - near_s) < 2 * DAY_S), None)
    for time in _TIMES:
        if (match := time.match(text)) and match.end() == len(text):
            return _read(match, near_s)
    return None


def _read(match: re.Match[str], near_s: float) -> Own | None:
    told = match.groupdict()
    near = datetime.fromtimestamp(near_s, UTC)
    month = _MONTHS.index(told["name"]) + 1 if told.get("name") else int(told.get("month") or near.month)
    year = int(told.get("year") or near.year)
    try:
        hour, minute, second = (int(told[part]) for part in ("hour", "minute", "second"))
        day = int(told.get("day") or near.day)
        whole = datetime(year + 2000 if year < 100 else year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return None
    unix_s = whole.timestamp() + float(f"0.{told.get('fraction') or 0}")
    text = (told.get("zone") or "").strip()
    zone, offset_s = _zone(text)
    daily = told.get("day") is None
    if not told.get("year") and not daily:  # of the turn of a year
        unix_s += min((-365 * DAY_S, 0.0, 365 * DAY_S), key=lambda more: abs(unix_s + more - near_s))
    if _PROCESS.fullmatch(text) and not _near(unix_s - offset_s - near_s, daily):
        return Own(unix_s, Zone.NONE, daily)
    return Own(unix_s - offset_s, zone, daily)


def _near(off_s: float, daily: bool) -> bool:
    return abs((off_s + DAY_S / 2) % DAY_S - DAY_S / 2 if daily else off_s) < NEAR_S


def _zone(text: str) -> tuple[Zone, float]:
    if not text:
        return Zone.NONE, 0.0
    if text in ("Z", "UTC", "GMT"):
        return Zone.STATED, 0.0
    if text[0] not in "+-":
        return Zone.NAMED, 0.0
    hours, minutes = int(text[1:3]), int(text[3:].lstrip(":") or 0)
    offset = timedelta(hours=hours, minutes=minutes).total_seconds()
    return Zone.STATED, -offset if text[0] == "-" else offset
