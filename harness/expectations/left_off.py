"""A deployment that a rollback came into: that it left off for that, or that the rollback had to wait for its end. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.facts import Deployed

if TYPE_CHECKING:
    from harness.expectations.release_story import ReleaseStory
    from harness.journal import Journal


def left_off(journal: Journal, story: ReleaseStory) -> str:
    """In words, for the end of a sentence; '' where the lever was pulled once the release was out."""
    held, out = story.held, story.at.get("deployed")
    if held is None:
        return ""
    if out is None:
        return "; the deployment was still under way, and the rollback waited for it" + (
            f": {held.why}" if held.why else ""
        )
    waited = f"{out.high_s - held.at_s:.1f} s after the lever was pulled"
    if held.why:
        return f"; the deployment came to its end {waited}, and the rollback waited for that: {held.why}"
    parts = (
        fact for fact in journal.of(Deployed, by="harness", since_s=story.begun_s) if fact.service in story.services
    )
    details = [f"{fact.service} {fact.detail.removeprefix('left off ')}" for fact in parts if fact.detail]
    return f"; the deployment left off {waited}" + (f" ({', '.join(details)})" if details else "")
