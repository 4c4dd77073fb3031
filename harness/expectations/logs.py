"""Logs as evidence, shared by the claims about them: which containers, were they followed, how severe is a line."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise

from harness.expectations.base import Evidence, Line, serves
from harness.expectations.blinded import kept_from, last_blinded
from harness.expectations.requests import cites
from harness.facts import ClockRead, ContainerChanged, ContainerSeen, LogFound, Looked
from harness.journal import Journal, Window
from harness.logtext import UNREAD, Said, continues, plain
from harness.masking import masked
from harness.verdict import Finding, inconclusive

PROBE = "logs"
GAP_S = 4.0  # as the probe promises (harness/probes/logs.py); a test holds them together
MOST_LINES = 100  # so many at the most continue one, as harness/logfiles.py has it
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
    pending: dict[str, list[Line]] = {}
    for line in lines:
        mine = pending.get(line.container)
        if mine and len(mine) <= MOST_LINES and continues(line.text[:200].encode("utf-8", "replace")):
            mine.append(line)
            continue
        if mine:
            yield _joined(mine)
        pending[line.container] = [line]
    yield from map(_joined, pending.values())


def says(line: Line, wanted: re.Pattern[str]) -> bool:
    """Whether a pattern is found in a line as it is read, without the colours of a terminal, or as it was written."""
    read = plain(line.text)
    return wanted.search(read) is not None or (read != line.text and wanted.search(line.text) is not None)


def with_levels(lines: Iterable[Line], wanted: Callable[[Line], bool]) -> Iterator[tuple[Line, int]]:
    """The lines that are wanted, each with its level: its own, else that of the line which it continues (a stack trace, .NET's
    second line). `lines` come in the order in which each container wrote them."""
    before: dict[str, list[str]] = {}
    for line in lines:
        mine = before.setdefault(line.container, [])
        if len(mine) > MOST_LINES or not continues(line.text[:200].encode("utf-8", "replace")):
            mine.clear()
        mine.append(line.text)
        if wanted(line):
            yield line, _level_among(mine)


def _level_among(texts: Sequence[str]) -> int:
    """The level of the last of these texts, each of which continues the one before it."""
    stated = (level for text in reversed(texts) if (level := Said(text).stated_level) != UNREAD)
    return next(stated, max(Said(text).level for text in texts))


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


def quote(text: str, most: int = 160) -> str:
    """A line as a finding shows it: what looks like a secret masked, and cut short."""
    line = " ".join(masked(text).split())
    return line if len(line) <= most else line[: most - 1] + "…"
