"""The stack's state before the load and after all, compared. Pure.

What Docker says of the containers and what a drill declares (`state:`) are both parts of it, read as rows. A container is one row:
its image, status, restarts, and keyed hashes of its environment's values, its command and its mounted files, which tell values apart
and tell none; a value that is no secret stands before its hash.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from harness.facts import StateRead

CONTAINERS = "containers"
"""The part of the state that every stack has."""
SAME, COUNT, GROWS = "same", "count", "grows"
BEFORE, LEFT, FIRST, SECOND = "before", "left", "first", "second"
"""Readings: before the load; what a phase left, before we took a release back ourselves; and two, when all is over and quiet."""
ABSENT = "not there"
WELL = ("running", "running, healthy")
DONE = "exited with 0"
AT_WORK = ("running", "created")
"""Of a container without a health check: what it is that has something to do once, and then ends."""
ONCE = ("no", "on-failure")
"""Policies by which Docker does not start again what has ended well."""
NAMED = 3
SHORT = 13  # of a hash that is shown: enough to tell two values apart
LONGEST = 120  # characters of a row that is shown
WORST = (
    "image_differs",
    "config_differs",
    "container_missing",
    "container_left_over",
    "health_differs",
    "rows_differ",
    "more_rows",
    "fewer_rows",
    "restarted",
)
"""Reasons, the worst first: what runs, how it is set up, whether it is there and well, then what is kept, then what is over."""


@dataclass(frozen=True)
class Difference:
    """
    name     what differs: `api.image`, `api.environment.PAYMENT_URL`, or the name of a declared part
    reason   in which way, one of WORST
    before, after  as they are shown
    where    the containers in which it differs now; '' for a part that has none
    cites    the two readings
    service  of a container's; '' for a declared part
    """

    name: str
    reason: str
    before: str
    after: str
    where: str = ""
    cites: tuple[str, ...] = ()
    service: str = ""


def differences(before: StateRead, after: StateRead) -> list[Difference]:
    """How two readings of one part differ, the worst first; none for a part that may grow. Both were read whole."""
    found = _containers(_rows(before), _rows(after)) if before.part == CONTAINERS else _declared(before, after)
    cites = (before.cite, after.cite)
    return sorted(
        (replace(one, cites=cites) for one in found), key=lambda one: (WORST.index(one.reason), one.name, one.where)
    )


def most_rows(before: StateRead) -> int:
    """How many rows a declared part may have at the end, with so many before."""
    return before.rows + (before.margin or 0) if before.at_most is None else before.at_most


def never_seen(read: StateRead) -> bool:
    """Whether nothing was found under its name until now, and nobody says that this may be: a misspelt name reads like that too."""
    return read.unproven and not (read.error or read.may_be_empty or max(read.rows, read.most))


def services_of(read: StateRead) -> frozenset[str]:
    """The services of which there was a container."""
    return frozenset(str(row["service"]) for row in _rows(read))


def unread_files(read: StateRead) -> Iterator[tuple[str, str, str]]:
    """(service, path, why) of each file mounted in a container that could not be read."""
    for row in _rows(read):
        yield from ((str(row["service"]), path, why) for path, why in (row.get("unread") or {}).items())


def _rows(read: StateRead) -> list[dict[str, Any]]:
    return [json.loads(line) for line in read.held]


# --- containers -------------------------------------------------------------------------------------------------------

Row = Mapping[str, Any]


def _containers(before: Sequence[Row], after: Sequence[Row]) -> Iterator[Difference]:
    services = dict.fromkeys(str(row["service"]) for row in (*before, *after))
    for service in services:
        was, now = ([row for row in rows if row["service"] == service] for rows in (before, after))
        yield from (replace(one, service=service) for one in _service(service, was, now))


def _service(service: str, was: Sequence[Row], now: Sequence[Row]) -> Iterator[Difference]:
    if len(was) != len(now):
        names = {str(row["container"]) for row in now} ^ {str(row["container"]) for row in was}
        yield Difference(
            f"{service}.containers",
            reason="container_missing" if len(now) < len(was) else "container_left_over",
            before=str(len(was)),
            after=str(len(now)),
            where=", ".join(sorted(names)),
        )
    if not was or not now:
        return
    yield from _aspect(f"{service}.image", was, now, "image", reason="image_differs")
    yield from _aspect(f"{service}.command", was, now, "command", reason="config_differs")
    for kind in ("environment", "files"):
        for name in sorted({name for row in (*was, *now) for name in row.get(kind) or ()}):
            yield from _aspect(f"{service}.{kind}.{name}", was, now, kind, name, reason="config_differs")
    yield from _ill(service, was, now)
    restarted = {str(row["container"]): int(row.get("restarts") or 0) for row in was}
    more = [row for row in now if int(row.get("restarts") or 0) > restarted.get(str(row["container"]), 0)]
    if more:
        counts = [sum(int(row.get("restarts") or 0) for row in rows) for rows in (was, now)]
        before, after = map(str, counts)
        yield Difference(f"{service}.restarts", reason="restarted", before=before, after=after, where=_names(more))


def ill(was: Sequence[Row], now: Sequence[Row]) -> list[Row]:
    """The containers, of those now, that do not run well, and more of them so than before. To be better than before is no harm."""
    then, today = (Counter(str(row["health"]) for row in rows) for rows in (was, now))
    return [row for row in now if row["health"] not in WELL and today[row["health"]] > then[row["health"]]]


def done(was: Sequence[Row], now: Sequence[Row]) -> list[Row]:
    """The containers that may have been jobs: at work before, ended well since, and nobody starts them again. `was` and `now` are of one
    service."""
    if any(row["health"] not in (*AT_WORK, DONE) for row in was):
        return []
    return [row for row in now if row["health"] == DONE and row.get("restart") in ONCE]


def jobs(before: StateRead, after: StateRead) -> dict[str, str]:
    """By container that may have been a job and is done, its service."""
    was, now = _rows(before), _rows(after)
    services = {str(row["service"]) for row in now}
    of = {one: [[row for row in rows if row["service"] == one] for rows in (was, now)] for one in services}
    return {str(row["container"]): one for one in services for row in done(*of[one])}


def _ill(service: str, was: Sequence[Row], now: Sequence[Row]) -> Iterator[Difference]:
    found = ill(was, now)
    if found:
        before, after = (", ".join(sorted({str(row["health"]) for row in rows})) for rows in (was, found))
        yield Difference(f"{service}.health", reason="health_differs", before=before, after=after, where=_names(found))


def _aspect(
    name: str, was: Sequence[Row], now: Sequence[Row], kind: str, inner: str = "", *, reason: str
) -> Iterator[Difference]:
    """One thing of a service's containers, which are many but have no order: those that are now as none was then, or as more are."""

    def value(row: Row) -> str:
        held = row.get(kind)
        return str((held or {}).get(inner, ABSENT) if inner else held or ABSENT)

    if any(_unread(row, kind, inner) for row in was):
        return
    now = [row for row in now if not _unread(row, kind, inner)]  # what could not be read is not known to be other
    then, today = Counter(map(value, was)), Counter(map(value, now))
    if set(today) == set(then) and (len(was) != len(now) or today == then):
        return
    odd = [row for row in now if value(row) not in then]
    if not odd and len(was) != len(now):
        return  # a container less, whose value was its own: that it is missing is told already
    if not odd:
        odd = [row for row in now if today[value(row)] > then[value(row)]]

    def shown(rows: Sequence[Row]) -> str:
        if kind == "image":
            return ", ".join(sorted({f"{row.get('image_name', '')} ({value(row)[:19]})" for row in rows}))
        return ", ".join(sorted({_told(value(row)) for row in rows}))

    yield Difference(name, reason, shown(was), shown(odd), _names(odd))


def _told(value: str) -> str:
    """The value where it is kept, and nothing in it is masked ([NAME]); else the beginning of its hash."""
    plain, mark, hash_ = value.rpartition("#")
    if not mark:
        return value
    return (plain.strip() or "empty") if plain and "[" not in plain else f"hash {hash_}"[:SHORT]


def _unread(row: Row, kind: str, inner: str) -> bool:
    return kind == "files" and inner in (row.get("unread") or {})


def _names(rows: Sequence[Row]) -> str:
    return ", ".join(sorted(str(row["container"]) for row in rows))


# --- declared parts ---------------------------------------------------------------------------------------------------


def _declared(before: StateRead, after: StateRead) -> Iterator[Difference]:
    if after.compare == GROWS:
        return
    was, now = (
        f"{before.rows} rows" if before.rows != 1 else "1 row",
        f"{after.rows} rows" if after.rows != 1 else "1 row",
    )
    lines = [Counter(read.held) for read in (before, after)]
    gone, new = list((lines[0] - lines[1]).elements()), list((lines[1] - lines[0]).elements())
    if any(len(read.held) != read.rows for read in (before, after)):
        gone, new = [], []  # not all rows were held: only their number is told
    was, now = _listed(was, gone), _listed(now, new)
    if after.compare == COUNT:
        too_many = after.rows > most_rows(before)
        if too_many or (after.at_most is None and after.rows < before.rows - (after.margin or 0)):
            yield Difference(after.part, reason="more_rows" if too_many else "fewer_rows", before=was, after=now)
        return
    if before.content == after.content and before.rows == after.rows:
        return
    if after.rows != before.rows and not (gone and new):
        yield Difference(
            after.part, reason="more_rows" if after.rows > before.rows else "fewer_rows", before=was, after=now
        )
    else:
        yield Difference(after.part, reason="rows_differ", before=was, after=now)


def _listed(rows: str, lines: Sequence[str]) -> str:
    if not lines:
        return rows
    named = "; ".join(line if len(line) <= LONGEST else f"{line[:LONGEST]}…" for line in lines[:NAMED])
    more = f"; and {len(lines) - NAMED} more" if len(lines) > NAMED else ""
    return f"{rows}, only here: {named}{more}"
