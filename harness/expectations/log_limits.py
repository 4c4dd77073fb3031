"""The limits of a service's logs besides the lines of failed requests: how many lines, what must not be in them, what must."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

import numpy as np

from harness import masking
from harness.blaming import Parts, truth_of
from harness.expectations import logs
from harness.expectations.base import Evidence, Line
from harness.expectations.failed_requests import near
from harness.expectations.log_named import Accusing
from harness.expectations.log_search import AFTER_S, Ids, found_in, names_of, order, unread_of
from harness.facts import LoadBegan, PhaseBegan
from harness.journal import Window
from harness.landings import hurts
from harness.loglevels import ERROR, UNREAD
from harness.logtext import Said, level_of
from harness.logwords import words
from harness.quantities import figures
from harness.verdict import Measure

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from harness.ledger import Rows

    Mask = NDArray[np.bool_]

NAMES = 3  # of requests, in a sentence
LEAST_S = 5.0  # of a usual stretch that log lines are counted in
LEVELS_DECIDE = "lines that state their level: a field `level`, or the level in upper case or in brackets"
ALIASES_DECIDE = "`aliases`, which tell whose names these are"
BACK = frozenset(
    ("recovered", "recovers", "recovery", "restored", "reconnected", "back", "available", "healthy", "resumed")
)
"""Words that say that something is well again."""


class State(Enum):
    """Kept, broken, or still open: nobody can say yet."""

    KEPT = "kept"
    BROKEN = "broken"
    OPEN = "open"


@dataclass(frozen=True)
class Limit:
    """One limit and how it was kept. `reason` is the finding's where it is broken or open; `why` it is open, in words; `decide`
    what would decide it. `aside`: what the finding tells of it though it is kept."""

    what: str
    said: str
    state: State = State.KEPT
    reason: str = "met"
    decide: str = ""
    why: str = ""
    aside: str = ""
    census: bool = False
    cites: tuple[str, ...] = ()
    measure: Measure | None = None


def untried(what: str, said: str, decide: str, asked: bool) -> Limit:
    """A limit that could not be tried: open where the claim states it, only told where it is there by default."""
    if not asked:
        return Limit(what, f"not tried: {said}")
    return Limit(what, f"not tried: {said}", State.OPEN, reason="not_tried", decide=decide)


def storm(evidence: Evidence, services: Sequence[str], window: Window, limit: float, asked: bool) -> Limit:
    """Lines a request in the window, against the same before the first phase (one at least: nobody is blamed for his first line).
    `asked`: the claim states its limit."""
    what, longer = "lines a request", f"a steady state of {LEAST_S:g} s or more, with requests, before the first phase"
    journal = evidence.journal
    began, first = journal.first(LoadBegan), journal.first(PhaseBegan)
    usual = Window(began.begins_s, first.at_s) if began and first else None
    if usual is None or usual.length_s < LEAST_S:
        return untried(what, "how much is logged usually is not known", longer, asked)
    before, n_before = _volume(evidence, services, usual)
    during, n_during = _volume(evidence, services, window)
    if not n_before or not n_during:
        return untried(what, "there were no requests to count lines by", longer, asked)
    ratio = (during / n_during) / max(1.0, before / n_before)
    said = (
        f"{during} lines for {n_during} requests, {figures(during / n_during)} each, ×{figures(ratio)} of the usual "
        f"({before} lines for {n_before}; limit ×{limit:g})"
    )
    if ratio <= limit:
        return Limit(what, said)
    return Limit(what, said, State.BROKEN, reason="log_storm", measure=Measure(ratio, ratio, "times the usual"))


def _volume(evidence: Evidence, services: Sequence[str], window: Window) -> tuple[int, int]:
    lines = sum(evidence.logs.count(service, window.start_s, window.end_s) for service in services)
    rows = near(evidence, window)
    return lines, int((rows.between(window.start_s, window.end_s) & ~np.isnan(rows.sent_s) & rows.asked()).sum())


def noise(evidence: Evidence, services: Sequence[str], window: Window, request: str) -> Limit:
    """Requests that succeeded and still logged an error."""
    what = "errors of requests that succeeded"
    rows = near(evidence, window)
    mask = rows.between(window.start_s, window.end_s) & rows.counted(request) & rows.outcome("ok")
    fine, run = rows.select(mask), evidence.journal.opened.run if evidence.journal.opened else ""
    if not len(fine):
        return untried(what, "no request succeeded", "requests that succeed in the phase", True)
    ids = Ids.of(run, fine)
    loud: dict[int, Line] = {}
    unread: set[int] = set()
    levels: dict[str, tuple[int, int]] = {}
    until_s = float(fine.done_s.max()) + AFTER_S
    for line in found_in(evidence.logs, services, ids, window.start_s, until_s):
        level = level_of(line.text)
        without, all_ = levels.get(line.service, (0, 0))
        levels[line.service] = (without + (level == UNREAD), all_ + 1)
        if level == UNREAD:
            unread |= ids.among(line.text)
        if level >= ERROR:
            for place in ids.among(line.text):
                loud[place] = min(line, loud.get(place, line), key=order)
    named = whose(fine, np.isin(np.arange(len(fine)), list(loud)), np.ones(len(fine), bool)) if loud else ""
    said = f"{len(loud)} of {len(fine)} requests that succeeded logged an error (at most 0{named and f': {named}'})"
    if not loud and logs.followed_until_s(evidence.journal, services) < until_s:
        return Limit(what, f"{said} so far", State.OPEN, reason="window_open")
    if not loud and unread:
        why = f"{unread_of(levels)}, so that nobody knows whether {len(unread)} more did"
        return Limit(what, f"{said}; {why}", State.OPEN, reason="no_levels", decide=LEVELS_DECIDE)
    if not loud:
        return Limit(what, said)
    first = sorted(loud)[:3]
    shown = [loud[place].cite for place in first if not masking.find(loud[place].text)]
    cites = (*(fine.cite(place) for place in first), *dict.fromkeys(shown))
    return Limit(what, said, State.BROKEN, reason="noisy_success", cites=cites)


def whose(rows: Rows, some: Mask, of: Mask) -> str:
    """By request name, how many of these are some: '177 of 177 GET /healthz, 3 of 200 POST /orders'; '' where all are of one name."""
    numbers = rows.array["endpoint"]
    every = np.bincount(numbers[of], minlength=len(rows.endpoints))
    mine = np.bincount(numbers[of & some], minlength=len(rows.endpoints))
    if np.count_nonzero(every) < 2:
        return ""
    first = [int(number) for number in np.argsort(-mine, kind="stable") if mine[number]]
    told = [f"{mine[number]} of {every[number]} {rows.endpoints[number]}" for number in first[:NAMES]]
    return ", ".join(told) + (f" and {len(first) - NAMES} more names" if len(first) > NAMES else "")


def recovery(evidence: Evidence, services: Sequence[str], aliases: Mapping[str, Sequence[str]]) -> Iterator[Limit]:
    """After each mend, within 30 s, a line that names who was hurt and says that it is well again."""
    journal = evidence.journal
    parts = Parts.of(journal, aliases)
    accusing = Accusing(parts, ())
    mine = [hurt for hurt in hurts(journal) if hurt.fault in evidence.faults]
    if not mine:
        said = "no fault was on in the phase, so there was nothing to come back"
        yield untried("a line that who was hurt is back", said, "a phase with a fault", True)
    for hurt in mine:
        roots = truth_of(hurt.target.split("+"), parts).roots
        what = f"a line that {', '.join(sorted(roots))} is back"
        if not math.isfinite(hurt.off_s):
            yield Limit(what, f"{hurt.fault} was not mended", State.OPEN, reason="not_mended", decide="its mend")
            continue
        until_s = hurt.off_s + AFTER_S
        back = [
            (line, accusing.named(Said(line.text), line.service, line.at_s))
            for service in services
            for line in logs.lines(evidence, service, hurt.off_begun_s, until_s)
            if BACK & set(words(Said(line.text).spoken()))
        ]
        heard = [line for line, named in back if named.parts & roots]
        strange = names_of(name for _, named in back for name in named.strangers)
        none = f"none within {AFTER_S:g} s of the mend of {hurt.fault}"
        if heard:
            first = min(heard, key=order)
            yield Limit(what, f"{first.service} said so {first.at_s - hurt.off_s:.1f} s after the mend")
        elif logs.followed_until_s(journal, services) < until_s:
            yield Limit(what, f"{none} so far", State.OPEN, reason="window_open")
        elif strange:
            told = f"{none}, but lines say so of {strange}, which no part of the stack is called"
            yield Limit(what, told, State.OPEN, reason="unknown_names", decide=ALIASES_DECIDE)
        else:
            yield Limit(what, none, State.BROKEN, reason="no_recovery_line")
