"""The story of one bad release held against a claim of its return: the first thing that is wrong, with its own name."""

from __future__ import annotations

from harness.expectations import release_watched
from harness.expectations.another_release import another_release
from harness.expectations.prompted import decided_by
from harness.expectations.return_known import ReturnKnown
from harness.expectations.return_made import gone, on
from harness.expectations.return_missing import still_there
from harness.facts import LoadEnded
from harness.verdict import Finding

SIGNAL_LAG_S = 3.0  # a page or an alert of the last moment is known so late
LEAST = 20  # answers of another version that show the bad one to be gone, where nobody looked at the containers; more of a rare one


def return_judged(known: ReturnKnown) -> Finding:  # noqa: PLR0911 (one return for each thing there is to say)
    """The finding of `rolled_back`, of one story."""
    story, journal = known.story, known.evidence.journal
    if not story.closed:
        if known.served_late():
            return still_there(known)
        return known.unsaid("its window was not over", reason="window_open", decide="the end of the phase's `then`")
    if not story.told:
        return known.unsaid(
            "no answer named a version, and no container's image was read, so nobody knows what served",
            reason="no_version",
            decide="load.version_header (X-Version when left out): the header in which each answer names its version; or the "
            "release's own `version`",
        )
    unseen = release_watched.unseen(known.evidence, story, known.start_s)
    if unseen:
        if known.served_late():
            return still_there(known)
        return known.unsaid(unseen, reason="not_watched", decide="load and containers seen all the time")
    if story.open and not journal.last(LoadEnded) and not len(known.overdue):
        return known.unsaid(f"{story.open} answers were still awaited", reason="window_open", decide="their end")
    late = known.served_late()  # what was known of that when the limit passed, nothing that comes later undoes
    if _signal_may_come(known) and not late:
        return known.unsaid("a page may still be on its way", reason="window_open", decide=f"{SIGNAL_LAG_S:g} s more")
    if known.serves_at_the_end():
        return still_there(known)
    if story.seen.still and not late:
        last = max(seen.at_s for seen in story.seen.still)
        return known.unsaid(
            f"its version was last told at {known.at(last)}, and nobody said later what had become of it",
            reason="too_few",
            decide="a look at every replica's version after the rollback",
        )
    left, least = story.gone, max(LEAST, story.needed)
    unsure = left is None or (not known.containers_told() and len(story.others) < least)
    if unsure and late:
        return still_there(known)
    if left is None and (another := another_release(known.evidence, story)):
        return on(known, another)
    if left is None or unsure:
        return _too_few(known, least)
    return gone(known, left.low_s, left.high_s)


def _too_few(known: ReturnKnown, least: int) -> Finding:
    """Too little came after it to say that it has left."""
    story = known.story
    few = f"only {len(story.others)} answers came after the last that it gave"
    decide = f"at least {least} answers that name a version"
    if story.neither:
        few = f"{', '.join(story.neither)} {'runs' if len(story.neither) == 1 else 'run'} another release than it and the good one, and {few}"
        decide += ", or the good release's image, variables and command on each container"
    return known.unsaid(few, reason="too_few", decide=decide)


def _signal_may_come(known: ReturnKnown) -> bool:
    """Whether a page or an alert from before the decision may not be known yet; of a runbook its pull tells."""
    claim, decided = known.claim, decided_by(known.story)
    if claim.by == "runbook" or not claim.trigger.is_fact or "trigger" in known.story.at or decided is None:
        return False
    return known.evidence.journal.end_s < decided.high_s + SIGNAL_LAG_S
