"""When somebody began to take a bad release back: from then on what is seen is not the release's doing alone. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator

from harness.expectations.base import Evidence
from harness.expectations.people_story import by_hand, people
from harness.expectations.release_containers import taken_from
from harness.expectations.release_story import release_story
from harness.facts import Deployed, Injecting, LeverAsked, LeverPulled, Mended
from harness.journal import Journal


def release_back_s(evidence: Evidence, fault: str) -> float:
    """As rollback_begun_s; where nothing tells it but which version answered, when the last bad answer was asked for."""
    begun_s = rollback_begun_s(evidence.journal, fault)
    story = release_story(evidence, fault) if math.isinf(begun_s) else None
    if story is None or story.gone is None or (story.version and len(story.others) < story.needed):
        return begun_s
    return story.gone.low_s


def rollback_begun_s(journal: Journal, fault: str) -> float:
    """A step that takes it back was decided, by the drill or by a person, or else its first container was seen to have left; infinite
    where nothing tells of it. Our own mend is none."""
    begun = journal.first(Injecting, fault=fault)
    return math.inf if begun is None else min(_signs(journal, begun), default=math.inf)


def _signs(journal: Journal, begun: Injecting) -> Iterator[float]:
    out = journal.first(Mended, fault=begun.fault, since_s=begun.seen_s)
    since_s, until_s = begun.seen_s, out.begun_s if out else math.inf
    mine = (None, begun.fault)
    pulled = [fact for fact in journal.of(LeverPulled, since_s=since_s, until_s=until_s) if fact.fault in mine]
    yield from (fact.at_s for fact in pulled)
    services = tuple(begun.target.split("+"))
    for back in journal.of(Deployed, by="rollback", since_s=since_s, until_s=until_s):
        if back.service in services:
            yield back.at_s if back.begun_s is None else back.begun_s
    left = taken_from(journal, services, until_s).first
    if left is not None:
        yield left.low_s
    for asked in journal.of(LeverAsked, since_s=since_s, until_s=until_s):
        if asked.fault in mine:
            answered = next((fact for fact in pulled if fact.lever == asked.lever), None)
            decided, _ = by_hand(people(journal, asked.seen_s, until_s), asked, answered, left.high_s if left else None)
            if decided is not None:
                yield decided.seen_s
