"""Logs as evidence, shared by the claims about them: which containers, were they followed, how severe is a line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from harness.expectations.base import Evidence, Line, serves
from harness.expectations.requests import cites
from harness.facts import ClockRead, ContainerSeen
from harness.journal import Journal
from harness.verdict import Finding, inconclusive

PROBE = "logs"
GAP_S = 4.0  # as the probe promises (harness/probes/logs.py); a test holds them together
LAG_S = 1.0  # how late a line may arrive
STEP_S = (
    0.5  # of the wall clock against the monotonic one between two readings; slewing (adjtime) makes under a millisecond
)

LEVELS = ("TRACE", "DEBUG", "INFO", "NOTICE", "WARNING", "ERROR", "CRITICAL")
_SPELLED = {"WARN": "WARNING", "ERR": "ERROR", "FATAL": "CRITICAL", "PANIC": "CRITICAL", "CRIT": "CRITICAL"}
_SPELLED |= {"ALERT": "CRITICAL", "EMERG": "CRITICAL", "EMERGENCY": "CRITICAL", "SEVERE": "CRITICAL"}
_LEVEL = re.compile(rf"\b({'|'.join((*LEVELS, *_SPELLED))})\b", re.IGNORECASE)


def level_of(text: str) -> int:
    """Severity of a line, by the first level's name in it: an index of LEVELS; -1 when it names none."""
    match = _LEVEL.search(text)
    return level_number(match.group(1)) if match else -1


def level_number(name: str) -> int:
    """The index of a level's name, in any of its spellings. Raises ValueError on what is no level."""
    upper = name.upper()
    upper = _SPELLED.get(upper, upper)
    if upper not in LEVELS:
        raise ValueError(f"{name!r} is no level; write one of {', '.join(LEVELS)}")
    return LEVELS.index(upper)


def lines(evidence: Evidence, service: str, start_s: float, end_s: float) -> Iterator[Line]:
    """Lines of a service ("*": of all) in [start_s, end_s), none later than the journal knows."""
    until_s = min(end_s, evidence.journal.end_s)
    yield from (line for line in evidence.logs.lines(service, start_s, end_s) if start_s <= line.at_s < until_s)


def containers(journal: Journal, service: str, start_s: float, end_s: float) -> list[str]:
    """Containers of a service that could have logged in the stretch: those seen until its end and not ended before."""
    known: dict[str, ContainerSeen] = {}
    for seen in journal.of(ContainerSeen, until_s=end_s):
        if serves(seen.service, service) and (seen.at_s <= start_s or seen.container not in known):
            known[seen.container] = seen
    return sorted(name for name, seen in known.items() if seen.at_s > start_s or seen.status not in ("exited", "dead"))


def not_followed(journal: Journal, service: str, start_s: float, end_s: float) -> str:
    """Why the logs say nothing about what is not in them, or ''."""
    mine = containers(journal, service, start_s, end_s)
    if not mine:
        return "no container of it was seen running" if service != "*" else "no container was seen running"
    for name in mine:
        if not journal.watched(PROBE, name, start_s, end_s, GAP_S, LAG_S):
            return f"the log of {name} was not followed all the time from {start_s:.1f} s to {end_s:.1f} s"
    return ""


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
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1] + "…"
