"""A lever that drill pulled upon the page that it saw, though one that nobody here sees was due before: late by that alone. Pure."""

from __future__ import annotations

from dataclasses import replace

from harness.expectations import page_unseen
from harness.expectations.page_unheard import first_unheard
from harness.expectations.return_known import ReturnKnown
from harness.journal import Window
from harness.verdict import Finding, Outcome

LATE = ("late", "decided_late", "said_done_but_still_serving", "rollback_failed", "restored_without_rollback")
"""What is said of a release that serves beyond the limit though its lever was pulled; what has left only later was late."""


def unless_called_before(known: ReturnKnown, finding: Finding) -> Finding:
    """The finding, open where the runbook's command, begun upon that page instead, would have been in time."""
    claim, pulled = known.claim, known.story.pulled
    failed = finding.outcome is Outcome.FAILED and finding.reason in LATE
    if finding.reason == "rollback_failed" and known.left_s() <= known.limit_s:
        return finding  # in time, and yet its command failed
    if not failed or claim.by != "runbook" or claim.trigger.kind != "page" or pulled is None:
        return finding
    before = Window(known.story.begun_s, pulled.seen_s)
    lost = first_unheard(known.evidence.journal, claim.trigger.name, before)
    unseen = page_unseen.elsewhere(known.evidence, lost)
    if lost is None or unseen is None or known.left_s() - (pulled.seen_s - lost.at_s) > known.limit_s:
        return finding
    later = f"drill began the rollback {pulled.seen_s - lost.at_s:.1f} s later, upon a page that it saw"
    cited = tuple(dict.fromkeys((*unseen.cites, *finding.cites)))
    return replace(
        unseen,
        because=f"{unseen.because}; {later}; {finding.because}",
        measure=finding.measure,
        cites=cited,
        details=finding.details,
    )
