"""What the harm of a bad release was: whether it ended with the release still serving, whether it may be others' doing, and whether
its own answers tell of one that no steady condition shows. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass

from harness.expectations.base import Evidence
from harness.expectations.errors_below import service_gave_up
from harness.expectations.release_story import ReleaseStory
from harness.expectations.requests import now_s
from harness.journal import Window
from harness.ledger import Rows
from harness.ledger.rows import Mask
from harness.neighbours import Neighbours, disturbed
from harness.stats import all_hold, holds, steady_from, was_broken
from harness.stats.fewer import fewer

SURE = 0.001
HINT = 0.05
"""Chances by Fisher's exact test: up to SURE it is none, up to HINT one that leaves it open."""


@dataclass(frozen=True)
class OwnErrors:
    """
    Answers that named the release (`of`) and how many of them were errors, against those of the version that served after it.

    chance    that so many or more of all these errors would fall upon its answers if both versions were alike
    early     the same of its answers to what was sent before the decision: what comes after may be the rollback's doing
    """

    errors: int
    of: int
    others: int
    others_of: int
    chance: float
    early: float

    @property
    def harm(self) -> bool | None:
        """True: more than chance. None: perhaps."""
        if self.chance <= SURE and self.early <= HINT:
            return True
        return None if min(self.chance, self.early) <= HINT and self.early < 1.0 else False

    def __str__(self) -> str:
        return f"{self.errors} of its {self.of} answers were errors, and {self.others} of {self.others_of} of the version that served after it"


def own_errors(story: ReleaseStory) -> OwnErrors:
    """A release may be noticed, and taken back, before a steady condition is broken: then it was harm all the same."""
    decided = story.at.get("decided")
    until_s = decided.low_s if decided else math.inf
    named = story.others.rows.array["version"] != 0
    others, others_of = _errors(story.others.rows, named), int(named.sum())
    errors, of = _errors(story.bad.rows), len(story.bad)
    early = story.bad.sent_s <= until_s
    return OwnErrors(
        errors=errors,
        of=of,
        others=others,
        others_of=others_of,
        chance=_chance(errors, of, others, others_of),
        early=_chance(_errors(story.bad.rows, early), int(early.sum()), others, others_of),
    )


def _errors(rows: Rows, which: Mask | bool = True) -> int:
    """How many are errors but for those that came late: these may come of a full machine."""
    return int((~rows.outcome("ok") & ~_late(rows) & rows.counted() & which).sum())


def _chance(errors: int, of: int, others: int, others_of: int) -> float:
    from scipy.stats import hypergeom

    return float(hypergeom.sf(errors - 1, of + others_of, errors + others, of)) if errors and others_of else 1.0


def restored_while_bad(evidence: Evidence, story: ReleaseStory) -> bool:
    """Whether the steady state came back after the harm was felt, and held to the end, with the bad release still serving.

    To the end, for as long as the harm lasted or twice as long as the steady state has to hold, and with fewer bad requests than
    chance leaves: a release that fails few requests has calm stretches, and a run ends upon the first that is long enough.
    """
    felt, steady = story.at.get("impact"), evidence.steady
    if felt is None or not math.isfinite(felt.high_s):
        return False
    known_s = now_s(evidence.journal)
    found = steady_from(evidence.rows, steady.conditions, steady.for_s, felt.high_s, story.end_s, known_s)
    calm_s, ill_s = story.end_s - found.high_s, found.low_s - felt.low_s
    if not found.held or calm_s < min(ill_s, 2 * steady.for_s):
        return False
    if all_hold(holds(steady.conditions, evidence.rows, found.high_s, story.end_s, now_s=known_s)) is not True:
        return False
    ill, calm = (felt.low_s, max(felt.high_s, found.low_s)), (found.high_s, story.end_s)
    return fewer(evidence.rows, steady.conditions, calm, ill, known_s)


def felt_beside(evidence: Evidence, story: ReleaseStory) -> Neighbours | None:
    """Who else filled the machine from the release's exposure to the decision, where all that users felt in that time is that
    answers came late or never: such harm others can have brought about, and a healthy release would have been taken back."""
    exposed, decided = story.at.get("exposed"), story.at.get("decided")
    if exposed is None or decided is None or story.healthy is not False:
        return None
    start_s, end_s, steady = exposed.low_s, decided.low_s, evidence.steady
    found = disturbed(evidence.journal, Window(start_s, end_s), _tolerates(evidence), steady.for_s)
    errors = [condition for condition in steady.conditions if condition.metric == "errors"]
    if found is None or not errors:
        return found
    prompt = evidence.rows.select(~_late(evidence.rows))
    return None if was_broken(prompt, errors, steady.for_s, start_s, end_s, now_s(evidence.journal)) else found


def _tolerates(evidence: Evidence) -> float:
    """The least share of slow requests that breaks a condition of the steady state."""
    conditions = evidence.steady.conditions
    return min((1 - one.quantile for one in conditions if one.quantile is not None), default=1.0)


def _late(rows: Rows) -> Mask:
    """Requests whose user, or somebody on the way, gave up waiting, and those that could not be sent."""
    return rows.outcome("timeout", "dropped") | service_gave_up(rows.array)
