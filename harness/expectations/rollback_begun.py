"""When somebody began to take a bad release back (from then on what is seen is not its doing alone), and when it had left. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator

from harness.expectations.base import Evidence
from harness.expectations.instants import Instant
from harness.expectations.people_story import by_hand, people
from harness.expectations.release_containers import taken_from
from harness.expectations.release_story import release_story
from harness.facts import Deployed, Injecting, LeverAsked, LeverPulled, Mended
from harness.journal import Journal

NEVER = Instant(math.inf, math.inf)


def release_back(evidence: Evidence, fault: str) -> Instant:
    """As rollback_begun; where nothing tells it but which version answered, when the last bad answer was given."""
    begun = rollback_begun(evidence.journal, fault)
    story = release_story(evidence, fault) if begun == NEVER else None
    if story is None or story.gone is None or (story.version and len(story.others) < story.needed):
        return begun
    return story.gone


def release_left(evidence: Evidence, fault: str, between: Instant) -> Instant:
    """Until when a release that was taken back surely served, and from when on it surely did not; as far as neither is known, the
    bounds of `between`: when that was decided, and when we put it back."""
    story = release_story(evidence, fault)
    if story is None:
        return between
    last, gone = story.at.get("last_bad"), story.gone
    on_s = max(between.low_s, last.high_s if last else between.low_s)
    if story.closed and (story.still_bad or story.halved or story.seen.still):
        return Instant(between.high_s, between.high_s)
    if not story.closed or gone is None or (story.version and len(story.others) < story.needed):
        return Instant(on_s, between.high_s)
    return Instant(max(on_s, gone.low_s), max(on_s, gone.high_s))


def rollback_begun(journal: Journal, fault: str) -> Instant:
    """A step that takes it back was decided, by the drill or by a person, or else its first container was seen to have left; NEVER
    where nothing tells of it. Our own mend is none."""
    begun = journal.first(Injecting, fault=fault)
    signs = [] if begun is None else list(_signs(journal, begun))
    return Instant(
        min((one.low_s for one in signs), default=math.inf), min((one.high_s for one in signs), default=math.inf)
    )


def _signs(journal: Journal, begun: Injecting) -> Iterator[Instant]:
    out = journal.first(Mended, fault=begun.fault, since_s=begun.seen_s)
    since_s, until_s = begun.seen_s, out.begun_s if out else math.inf
    mine = (None, begun.fault)
    pulled = [fact for fact in journal.of(LeverPulled, since_s=since_s, until_s=until_s) if fact.fault in mine]
    yield from (Instant(fact.at_s, fact.at_s) for fact in pulled)
    services = tuple(begun.target.split("+"))
    for back in journal.of(Deployed, by="rollback", since_s=since_s, until_s=until_s):
        if back.service in services:
            at_s = back.at_s if back.begun_s is None else back.begun_s
            yield Instant(at_s, at_s)
    left = taken_from(journal, services, until_s).first
    if left is not None:
        yield left
    for asked in journal.of(LeverAsked, since_s=since_s, until_s=until_s):
        if asked.fault in mine:
            answered = next((fact for fact in pulled if fact.lever == asked.lever), None)
            decided, _ = by_hand(people(journal, asked.seen_s, until_s), asked, answered, left.high_s if left else None)
            if decided is not None:
                yield Instant(decided.seen_s, decided.seen_s)
