"""What is said of a claim that was decided while others filled the machine. Pure.

It is told claim by claim and no gate of the whole run: others may come and go, and what passed in spite of them has passed.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING

from harness.came_back import left_down
from harness.facts import PhaseSettled
from harness.journal import Journal, Window
from harness.neighbours import Neighbours, disturbed, neighbours, untold
from harness.verdict import Finding, Judged, Outcome

if TYPE_CHECKING:
    from harness.expectations.base import Evidence, Expectation


NO_EXCUSE = "it fails all the same without time-outs, broken connections and slow answers: by errors that came at once"
Again = Callable[[], Finding | None]


def judged_beside(judged: Judged, claim: Expectation, evidence: Evidence, again: Again) -> Judged:
    """A failure that a want of processors alone can bring about is open where others took them. A service that has ended stays ended,
    and errors that came at once are its own.

    Where processes waited, or may have, and who used the processors is not observable, it stands, and its details say so.

    again    what the claim, with patience, fails by where nothing came late (harness/in_good_time.py); None where it does not
    """
    finding = judged.finding
    if finding.outcome is not Outcome.FAILED or finding.census or not claim.by_time(finding):
        return judged
    journal = evidence.journal
    if evidence.then and _ended(journal, judged.phase):
        return judged
    stretch = claim.decided_in(evidence)
    found = disturbed(journal, stretch, claim.tolerates(finding))
    if found is not None:
        if not claim.by_errors or not _as_surely(finding, again()):
            return dataclasses.replace(judged, finding=_open(finding, found))
        return _with_detail(judged, f"{found}; {NO_EXCUSE}")
    unknown = untold(journal, stretch)
    return _with_detail(judged, unknown) if unknown else judged


def _as_surely(finding: Finding, again: Finding | None) -> bool:
    """Whether it fails again, and as surely as it must among all claims of the run that are decided by samples."""
    if again is None:
        return False
    return finding.test is None or again.p_value is None or again.p_value <= finding.test.level


def _with_detail(judged: Judged, said: str) -> Judged:
    details = (*judged.finding.details, ("machine", said))
    return dataclasses.replace(judged, finding=dataclasses.replace(judged.finding, details=details))


def settled_beside(judged: Judged, journal: Journal, broken: Callable[[], bool]) -> Judged:
    """That a stack did not settle is open, too, where others took the processors meanwhile.

    broken   whether errors that came at once broke its steady state to the end
    """
    if _ended(journal, judged.phase):
        return judged
    found = disturbed(journal, journal.window(judged.phase, then=True))
    if found is None:
        return judged
    if broken():
        return _with_detail(judged, f"{found}; {NO_EXCUSE}")
    return dataclasses.replace(judged, finding=_open(judged.finding, found))


def perhaps_theirs(journal: Journal, stretch: Window | None) -> bool:
    """Whether others filled the machine in any second of a stretch, or may have."""
    if stretch is None:
        return False
    theirs = neighbours(journal, stretch.start_s, min(stretch.end_s, journal.end_s))
    return theirs is not None or bool(untold(journal, stretch))


def _ended(journal: Journal, phase: str) -> bool:
    """Whether the phase left a container that has ended: it stays so however many processors there are."""
    settled = journal.last(PhaseSettled, phase=phase)
    return settled is not None and bool(left_down(journal, settled))


def _open(finding: Finding, found: Neighbours) -> Finding:
    return dataclasses.replace(
        finding,
        outcome=Outcome.INCONCLUSIVE,
        reason="host_disturbed",
        because=f"{found}: the machine was too busy to tell; in it: {finding.because}",
        decide="the same drill on a machine that others leave alone",
        cites=(*finding.cites, *found.cites),
        census=False,
    )
