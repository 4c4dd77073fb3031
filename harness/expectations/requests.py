"""The ledger as evidence, shared by the claims about requests: what may be said of a stretch, and when.

A request belongs to the stretch in which it was *due*. Its answer may come later, its fault may have begun later: the
stretch is the whole phase, whatever a fault's `after` and `for` say. Nothing is said before the stretch has ended, its
requests are in the ledger, and the load was seen at work all the time (a sample a second).
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Sequence
from itertools import pairwise

from harness.expectations.base import Evidence
from harness.facts import Fact, LoadBegan, LoadEnded, LoadSampled
from harness.journal import Journal, Window
from harness.stats import Fold, fold
from harness.stats.fold import FOREVER, counted
from harness.stats.steady import surely_broken
from harness.verdict import Finding, inconclusive

GAP_S = 5.0  # samples come once a second, late on a busy machine; a load that is silent for so long was not watched
LAG_S = 1.0  # rows due before a sample, less its own lateness and this, are in the ledger


def known_until_s(journal: Journal) -> float:
    """Requests due before this instant are all in the ledger."""
    if journal.last(LoadEnded) is not None:
        return math.inf
    samples = journal.of(LoadSampled)
    return max((s.seen_s - s.late_ms / 1000 - LAG_S for s in samples), default=-math.inf)


def load_was_watched(journal: Journal, start_s: float, end_s: float) -> bool:
    """Whether the load was seen at work from start_s to end_s (or to its own end), and all requests due until then are
    in the ledger.
    """
    return load_unseen(journal, start_s, end_s) is None


def load_unseen(journal: Journal, start_s: float, end_s: float) -> tuple[float, float] | None:
    """The first stretch in which it was not; None where it was."""
    began, ended = journal.first(LoadBegan), journal.last(LoadEnded)
    seen = sorted(sample.seen_s for sample in journal.of(LoadSampled, since_s=start_s))
    if began is None or began.begins_s > start_s + GAP_S or not seen:
        return start_s, end_s
    until_s = min(end_s, ended.ended_s) if ended else end_s
    # what comes later may be late for its own reasons
    chain = [start_s, *(at_s for at_s in seen if at_s < until_s), until_s]
    known_s = known_until_s(journal)
    late = (max(start_s, known_s), end_s) if known_s < end_s else None
    return next(((one, next_) for one, next_ in pairwise(chain) if next_ - one > GAP_S), late)


def folded(evidence: Evidence, start_s: float, end_s: float, request: str = "") -> Fold:
    """The requests due in [start_s, end_s), as far as the journal knows; after the load's end no answer can come."""
    given_up_s = evidence.timeout_s if evidence.journal.last(LoadEnded) else math.inf
    return fold(evidence.rows, start_s, end_s, request=request, now_s=now_s(evidence.journal), given_up_s=given_up_s)


def now_s(journal: Journal) -> float:
    """Until when answers are known: the journal's end, or the load's."""
    ended = journal.last(LoadEnded)
    return ended.seen_s if ended else journal.end_s


def stretch(evidence: Evidence, request: str) -> tuple[Window, Fold] | Finding:
    """The claim's window and its requests, or why nothing can be said of it."""
    window = evidence.window
    if window is None:
        return not_begun(evidence)
    if not window.ended:
        return still_open(evidence, window)
    if not load_was_watched(evidence.journal, window.start_s, window.end_s):
        return inconclusive(
            f"the load was not seen at work all the time from {window.start_s:.1f} s to {window.end_s:.1f} s",
            reason="not_watched",
            decide="a sample of the load process every second until after the window",
            cites=cites(evidence),
        )
    found = folded(evidence, window.start_s, window.end_s, request)
    if found.n == 0:
        return nothing_sent(evidence, request)
    return window, found


def surely_away(evidence: Evidence, start_s: float, end_s: float) -> bool:
    """Whether the requests due in [start_s, end_s) show by themselves that the steady state was broken."""
    steady, known_s = evidence.steady, now_s(evidence.journal)
    return start_s < end_s and surely_broken(evidence.rows, steady.conditions, steady.for_s, start_s, end_s, known_s)


def not_begun(evidence: Evidence) -> Finding:
    what = f"the end of phase {evidence.phase!r}" if evidence.then else f"phase {evidence.phase!r}"
    if not evidence.phase:
        what = "the steady state, with which the run's window begins,"
    return inconclusive(f"{what} never came", reason="not_begun", decide="a run that gets that far")


def still_open(evidence: Evidence, window: Window) -> Finding:
    return inconclusive(
        f"the window that began at {window.start_s:.1f} s was not over at {evidence.journal.end_s:.1f} s",
        reason="window_open",
        decide="the window's end",
        cites=cites(evidence),
    )


def nothing_sent(evidence: Evidence, request: str) -> Finding:
    if not request:
        return inconclusive("no request was due in the window", decide="load in the window", cites=cites(evidence))
    names = [name for name in evidence.rows.endpoints if name]
    close = difflib.get_close_matches(request, names, n=1, cutoff=0.5)
    hint = f"; did you mean {close[0]!r}?" if close and close[0] != request else ""
    known = f"the load sent {', '.join(sorted(names)[:8])}" if names else "the load sent nothing that has a name"
    return inconclusive(
        f"no request named {request!r} was due in the window ({known}){hint}",
        decide=f"requests named {request!r} in the window",
        cites=cites(evidence),
    )


def cites(evidence: Evidence, *facts: Fact | None) -> tuple[str, ...]:
    """The facts that bound the claim's window, and others."""
    journal, phase = evidence.journal, evidence.phase
    bounds: Sequence[Fact | None] = (
        (journal.phase_ended(phase),)
        if phase and evidence.then
        else (journal.phase_began(phase), journal.phase_ended(phase))
        if phase
        else (journal.last(LoadEnded),)
    )
    return tuple(fact.cite for fact in (*bounds, *facts) if fact is not None)


def error_rows(
    evidence: Evidence, window: Window, request: str, allowed: Sequence[str], most: int = 3
) -> tuple[str, ...]:
    """Citations of the first rows that ended in error."""
    import numpy as np

    from harness.ledger import OUTCOMES

    fine = np.array([name in ("", "ok", *allowed) for name in OUTCOMES])
    found: list[str] = []
    for part in counted(evidence.rows, window.start_s, window.end_s, request, None):
        bad = ~fine[part.outcome] if part.which is None else ~fine[part.outcome] & part.which
        found += [evidence.rows.cite(part.first + int(i)) for i in bad.nonzero()[0][: most - len(found)]]
        if len(found) == most:
            break
    return tuple(found)


def slowest_row(evidence: Evidence, window: Window, request: str, service: bool) -> tuple[str, ...]:
    """Citation of the request that took longest, or of the first that got no answer."""
    import numpy as np

    longest_us, place = -1, -1
    for part in counted(evidence.rows, window.start_s, window.end_s, request, None):
        took_us = part.service if service else part.answered
        places = np.arange(len(took_us)) if part.which is None else part.which.nonzero()[0]
        if len(places) and int(took_us[places].max()) > longest_us:
            at = int(places[np.argmax(took_us[places])])
            longest_us, place = int(took_us[at]), part.first + at
        if longest_us == FOREVER:
            break
    return (evidence.rows.cite(place),) if place >= 0 else ()
