"""Logs as evidence, shared by the claims about them: which containers, were they followed, how severe is a line."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise

from harness.expectations.base import Evidence, Line, serves
from harness.expectations.blinded import kept_from, last_blinded
from harness.expectations.requests import cites
from harness.facts import ClockRead, ContainerChanged, ContainerSeen, LogFound, Looked
from harness.journal import Journal, Window
from harness.loglevels import ERROR, UNREAD, plain
from harness.logrecords import LONGEST_S, Record, begins_trace, calm, left_out
from harness.logtext import Said
from harness.masking import masked
from harness.verdict import Finding, inconclusive

PROBE = "logs"
GAP_S = 4.0  # as the probe promises (harness/probes/logs.py); a test holds them together
LAG_S = 1.0  # how late a line may arrive
STEP_S = (
    0.5  # of the wall clock against the monotonic one between two readings; slewing (adjtime) makes under a millisecond
)


def lines(evidence: Evidence, service: str, start_s: float, end_s: float) -> Iterator[Line]:
    """Lines of a service ("*": of all) in [start_s, end_s), none later than the journal knows."""
    until_s = min(end_s, evidence.journal.end_s)
    yield from (line for line in evidence.logs.lines(service, start_s, end_s) if start_s <= line.at_s < until_s)


def whole(lines: Iterable[Line]) -> Iterator[Line]:
    """Lines with those that continue them (a stack trace, the second line of a .NET message) as one each, in no order."""
    return (_joined(record) for record in _records(lines))


def _records(lines: Iterable[Line]) -> Iterator[Sequence[Line]]:
    """The lines of each record. `lines` come in the order in which each container wrote them."""
    pending: dict[str, tuple[Record, list[Line]]] = {}
    for line in lines:
        record, mine = pending.get(line.container, (None, []))
        if record is not None and record.takes(line.text, line.at_s):
            mine.append(line)
            continue
        if mine:
            yield mine
        pending[line.container] = (Record(line.at_s, [line.text]), [line])
    yield from (mine for _, mine in pending.values())


def says(line: Line, wanted: re.Pattern[str]) -> bool:
    """Whether a pattern is found in a line as it is read, without the colours of a terminal, or as it was written."""
    read = plain(line.text)
    return wanted.search(read) is not None or (read != line.text and wanted.search(line.text) is not None)


def with_levels(lines: Iterable[Line], wanted: Callable[[Line], bool]) -> Iterator[tuple[Line, int]]:
    """The lines that are wanted, each with its level: its own, else that of the line which it continues (a stack trace, .NET's
    second line), in no order. A stack trace that no line with a level begins is an error; nobody knows of one that stands right
    after a line below WARNING, be that its own line or another's."""
    before: dict[str, Line] = {}
    for record in _records(lines):
        first, last = record[0], before.get(record[0].container)
        before[first.container] = record[0]
        mine = [(number, line) for number, line in enumerate(record) if wanted(line)]
        if not mine:
            continue
        anyones = (
            last is not None and first.at_s - last.at_s <= LONGEST_S and begins_trace(first.text) and calm(last.text)
        )
        texts = [line.text for line in record]
        for number, line in mine:
            level = _level_among(texts, number)
            yield line, UNREAD if anyones and level == ERROR else level


def _level_among(texts: Sequence[str], number: int) -> int:
    """The level of one of the lines of a record: what it states, or the nearest before it; else that of the stack trace it is in."""
    stated = (level for text in reversed(texts[: number + 1]) if (level := Said(text).stated_level) != UNREAD)
    trace = next((place for place, text in enumerate(texts) if begins_trace(text)), 0)
    return next(stated, Said("\n".join(texts[trace:])).level if number >= trace else UNREAD)


def _joined(lines: Sequence[Line]) -> Line:
    first = lines[0]
    if len(lines) == 1:
        return first
    return Line(first.service, first.container, first.at_s, "\n".join(line.text for line in lines))


def containers(journal: Journal, service: str, start_s: float, end_s: float) -> list[str]:
    """Containers of a service that could have logged in the stretch: those seen until its end and not ended before; and the logs that
    are followed of a system whose containers are not seen."""
    known: dict[str, ContainerSeen] = {}
    for seen in journal.of(ContainerSeen, until_s=end_s):
        if serves(seen.service, service) and (seen.at_s <= start_s or seen.container not in known):
            known[seen.container] = seen
    logs = {found.service for found in journal.of(LogFound) if serves(found.service, service)}
    running = {name for name, seen in known.items() if seen.at_s > start_s or seen.status not in ("exited", "dead")}
    return sorted(logs | running)


def not_followed(journal: Journal, service: str, start_s: float, end_s: float) -> str:
    """Why the logs say nothing about what is not in them, or ''."""
    mine = containers(journal, service, start_s, end_s)
    if not mine:
        return "no container of it was seen running" if service != "*" else "no container was seen running"
    for name in mine:
        since_s = max(start_s, _born_s(journal, name))
        if since_s < end_s and not journal.watched(PROBE, name, since_s, end_s, GAP_S, LAG_S):
            blinded = last_blinded(journal, PROBE, name, Window(since_s, end_s))
            return f"the log of {name} was not followed all the time from {since_s:.1f} s to {end_s:.1f} s{kept_from(blinded)}"
    return ""


def _born_s(journal: Journal, container: str) -> float:
    """When the first container of that name was there: nothing was logged by it before."""
    created = [change.at_s for change in journal.of(ContainerChanged, container=container, event="create")]
    seen = [one.at_s for one in journal.of(ContainerSeen, container=container)]
    return min((*created, *seen), default=0.0)


def followed_until_s(journal: Journal, services: Sequence[str]) -> float:
    """Until when lines are known: the last look at the log of each container that still ran then (where none did, at any), less
    what a line may lag."""
    last: dict[str, float] = {}
    for look in journal.of(Looked, probe=PROBE):
        last[look.target] = look.seen_s
    latest_s = max(last.values(), default=0.0)
    mine = {name for service in services for name in containers(journal, service, latest_s - GAP_S, journal.end_s)}
    return min((max(last.get(name, 0.0), last.get("", 0.0)) for name in mine), default=latest_s) - LAG_S


def cut(evidence: Evidence, service: str, start_s: float, end_s: float, none: str) -> Finding | None:
    """A line of the stretch that was not kept whole: what was not found (`none` says so) may stand in the rest of it."""
    first = next((line for line in lines(evidence, service, start_s, end_s) if left_out(line.text)), None)
    if first is None:
        return None
    return inconclusive(
        f"{none}, but a line of {first.service} at {first.at_s:.1f} s is too long to be kept whole ({left_out(first.text)})",
        reason="cut",
        decide="lines of at most 64 KiB: a service that logs less of what it was sent",
        cites=(*cites(evidence), first.cite),
    )


def silent(evidence: Evidence, service: str) -> tuple[list[str], int]:
    """Those of the services that this name or pattern means of which no line was seen in the whole run (they may log elsewhere), and
    how many services there are."""
    journal = evidence.journal
    mine = {seen.service for seen in journal.of(ContainerSeen) if serves(seen.service, service)}
    mine |= {found.service for found in journal.of(LogFound) if serves(found.service, service)}
    return sorted(one for one in mine if next(lines(evidence, one, -math.inf, math.inf), None) is None), len(mine)


ELSEWHERE = "wrote no line at all in the whole run: it may log elsewhere, to a file"
ELSEWHERE_DECIDES = "a line at its start, or its log on stdout or stderr, where `docker logs` reads it"


def never_logged(evidence: Evidence, service: str, none: str) -> Finding | None:
    """No line of any of the services that this name or pattern means: what was not found (`none` says so) may stand elsewhere."""
    mute, services = silent(evidence, service)
    if len(mute) < services:
        return None
    of = "any service" if service == "*" else service
    return inconclusive(
        f"{none}, but {of} {ELSEWHERE}", reason="never_logged", decide=ELSEWHERE_DECIDES, cites=cites(evidence)
    )


def stepped(evidence: Evidence) -> Finding | None:
    """Lines are stamped by the wall clock: where that was stepped in the run, when they were written is not known."""
    journal = evidence.journal
    opened = journal.opened
    readings = [(opened.wall_unix_s, 0.0, opened.cite)] if opened else []
    readings += [(read.wall_unix_s, read.at_s, read.cite) for read in journal.of(ClockRead)]
    for (wall, at_s, _), (later_wall, later_s, cite) in pairwise(readings):
        step_s = (later_wall - wall) - (later_s - at_s)
        if abs(step_s) > STEP_S:
            return inconclusive(
                f"the wall clock was stepped by {step_s:+.1f} s between {at_s:.1f} s and {later_s:.1f} s, so that the time "
                "stamps of the logs do not say when a line was written",
                reason="clock_stepped",
                decide="a run in which nobody sets the clock",
                cites=(*cites(evidence), cite),
            )
    return None


def quote(text: str, wanted: re.Pattern[str] | None = None, most: int = 160) -> str:
    """A line as a finding shows it: without colours, what looks like a secret masked, and cut short, but for what was looked for."""
    read = plain(text)
    line, found = _shown(read), wanted.search(read) if wanted else None
    if len(line) <= most:
        return line
    start = 0
    if found and len(_shown(read[: found.end()])) >= most:
        start = min(len(_shown(read[: found.start()])) - _BEFORE, len(line) - most + 1)
    if start <= 0:
        return line[: most - 1] + "…"
    rest = line[start:]
    return "…" + (rest if len(rest) < most else rest[: most - 2] + "…")


_BEFORE = 40  # characters shown before what was looked for


def _shown(read: str) -> str:
    return " ".join(masked(read).split())
