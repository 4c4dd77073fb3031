"""Whether a bad release and its load were looked at whenever that decides something, and if not: who was not seen, and when. Pure."""

from __future__ import annotations

from harness.expectations import seen_versions
from harness.expectations.base import Evidence
from harness.expectations.blinded import kept_from, last_blinded
from harness.expectations.release_story import ReleaseStory
from harness.expectations.requests import load_unseen
from harness.journal import Window

PROBE = "releases"
GAP_S = 5.0  # as the probe promises (harness/probes/releases.py); a test holds them together
LAG_S = 0.5


def unseen(evidence: Evidence, story: ReleaseStory, start_s: float) -> str:
    """'api's containers were not looked at from 12.3 s to 17.5 s', counted from the phase's beginning, or ''."""
    gap = load_unseen(evidence.journal, start_s, story.end_s)
    if gap is not None:
        return _said("the load was not seen at work", gap, start_s)
    return _release_unseen(evidence, story, start_s) if story.by_looks else ""


def _release_unseen(evidence: Evidence, story: ReleaseStory, start_s: float) -> str:
    """Without a version in the answers everything rests on looks, at containers and at what tells their version; and with one, of
    a release that was taken back in part, on those at containers.

    Until it was taken back a gap between two looks only widens what is known of when that was. After that, and at the end of what
    was not, the bad release could be there in a gap.
    """
    since_s = max(story.begun_s, story.end_s - GAP_S)
    if "taken_back" in story.at:
        back = story.at["taken_back"]
        told = evidence.journal.by_cite.get(back.cite)
        since_s = told.seen_s if told else back.high_s  # a look may take long: it is over when what it saw is written
    looks = []
    if story.seen.version and not story.version:
        place = (seen_versions.PROBE, story.fault, seen_versions.GAP_S, seen_versions.LAG_S)
        looks.append(("what tells its version was not asked", *place))
    if story.contained or not story.seen.version:
        looks += [
            (f"{service}'s containers were not looked at", PROBE, service, GAP_S, LAG_S) for service in story.services
        ]
    for what, probe, target, gap_s, lag_s in looks:
        gap = evidence.journal.unwatched(probe, target, since_s, story.end_s, gap_s, lag_s)
        if gap is not None:
            blinded = last_blinded(evidence.journal, probe, target, Window(*gap))
            return _said(what, gap, start_s) + kept_from(blinded)
    return ""


def _said(what: str, gap: tuple[float, float], start_s: float) -> str:
    return f"{what} from {gap[0] - start_s:.1f} s to {gap[1] - start_s:.1f} s"
