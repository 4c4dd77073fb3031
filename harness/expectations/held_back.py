"""A lever that drill itself pulled too late, because its release was out too late: nobody's rollback is late by that. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from harness.expectations.release_story import ReleaseStory
from harness.quantities import spell
from harness.verdict import Finding, Outcome

if TYPE_CHECKING:
    from harness.expectations.rolled_back import RolledBack

LATE = ("late", "decided_late", "never_decided", "restored_without_rollback")
"""Failures that a rollback begun in time might have spared."""


def unless_held_back(claim: RolledBack, story: ReleaseStory, start_s: float, finding: Finding) -> Finding:
    """The finding, open where drill could not have pulled the lever before the claim's limit (see harness/run/levers.py)."""
    if finding.outcome is Outcome.FAILED and finding.reason == "rollback_failed" and _never_begun(story):
        return _held_back(finding, "drill itself did not begin the rollback", "a deployment that is over sooner")
    if finding.outcome is not Outcome.FAILED or finding.reason not in LATE or claim.by == "system":
        return finding
    limit_s, out, signal = start_s + claim.within_s, story.at.get("deployed"), story.at.get("trigger")
    came = not claim.trigger.is_fact or (signal is not None and signal.high_s <= limit_s)
    if not came or (out is not None and out.high_s + claim.trigger.after_s <= limit_s):
        return finding
    took = f"was out only {out.high_s - start_s:.1f} s after the phase's beginning" if out else "was not out by then"
    waits = "when no deployment is under way any more" if claim.trigger.is_fact else claim.trigger.said()
    passed = f"so that the limit of {spell(claim.within_s)} had passed before anybody could keep it"
    return _held_back(
        finding,
        f"drill itself rolls back {waits}, and it {took}, {passed}",
        "a `within` that leaves time for the deployment, which it counts too, and then for the rollback",
    )


def _never_begun(story: ReleaseStory) -> bool:
    """Whether the lever was given up while the deployment, which could not leave off, still went on."""
    ended, out = story.ended, story.at.get("deployed")
    over = out is not None and ended is not None and out.high_s <= ended.seen_s
    return story.held is not None and ended is not None and ended.exit_code is None and not over


def _held_back(finding: Finding, why: str, decide: str) -> Finding:
    because = f"{why}; {finding.because}"
    return replace(
        finding,
        outcome=Outcome.INCONCLUSIVE,
        reason="held_back",
        because=because,
        decide=decide,
        census=False,
    )
