"""A bad release that left for another than the one that it had replaced: a way on, perhaps, but none back. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from harness.expectations.base import Evidence
from harness.expectations.release_story import ReleaseStory
from harness.facts import Injecting, ReleaseSeen
from harness.versions import BEFORE_S, answers, new_version, releases_at

MOST = 3  # versions that are named


def another_release(evidence: Evidence, story: ReleaseStory) -> str:
    """In words, what served at the end, and what had before; '' where it was the same, or nobody can tell.

    A container that runs the good release is good whatever it calls itself: some make a version of their own of each start.
    """
    last = tuple(releases_at(evidence.journal, story.services, story.end_s).values())
    strange = [seen for seen in last if seen.release == "other"]
    runs = ", ".join(
        f"{seen.container} runs another release{f' ({seen.image})' if seen.image else ''}" for seen in strange
    )
    if not story.version:
        neither = strange and not story.still_bad and not story.seen.version
        return f"{runs}, neither that one nor the one from before" if neither else ""
    before, after = _before(evidence, story), _at_the_end(evidence, story)
    new = [name for name in after if name not in before]
    if not before or (not new and (not strange or set(after) & set(before))):
        return ""
    if not strange and (_is_good(last) or _of_several(evidence)):
        return ""
    served = f"{listed(new)} answered at the end" if new else "answers at the end named no version"
    beside = f"; {runs}" if runs else ""
    return f"{served}, where {listed(before)} had before the deployment{beside}"


def listed(versions: Sequence[str]) -> str:
    """Versions in a sentence; 'another' for none."""
    more = f" and {len(versions) - MOST} more" if len(versions) > MOST else ""
    return f"{', '.join(versions[:MOST])}{more}" if versions else "another"


def _before(evidence: Evidence, story: ReleaseStory) -> tuple[str, ...]:
    """Those that answered before the deployment, without those of bad releases that were out earlier."""
    rows, until_s = evidence.rows, story.begun_s
    earlier = evidence.journal.of(Injecting, kind="bad_release", until_s=until_s)
    bad = {new_version(rows, one.seen_s, until_s, until_s) for one in earlier if one.fault != story.fault}
    return tuple(name for name in answers(rows, until_s - BEFORE_S, until_s, until_s).names() if name not in bad)


def _at_the_end(evidence: Evidence, story: ReleaseStory) -> tuple[str, ...]:
    """Those that answered what was sent after the bad one's last answer, in the last of it, for as long as the steady state has to hold."""
    sent_s = story.others.sent_s
    if not len(sent_s):
        return ()
    return story.others.sent_after(float(sent_s.max()) - evidence.steady.for_s).names()


def _is_good(last: Sequence[ReleaseSeen]) -> bool:
    """Whether every container was seen to have all that the release changed as it was before."""
    return bool(last) and all(seen.release == "good" for seen in last)


def _of_several(evidence: Evidence) -> bool:
    """A version that answers may be that of the other release that goes out in this phase."""
    return sum(fault.outlasts for fault in evidence.faults.values()) > 1
