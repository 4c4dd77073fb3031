"""The errors that a release gave under its own name, against those of the version that served after it: harm that no steady condition
shows yet. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass

from harness.expectations.errors_below import service_gave_up
from harness.expectations.release_story import ReleaseStory
from harness.ledger import Rows
from harness.ledger.rows import Mask

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
    return int((~rows.outcome("ok") & ~late(rows) & rows.counted() & which).sum())


def _chance(errors: int, of: int, others: int, others_of: int) -> float:
    from scipy.stats import hypergeom

    return float(hypergeom.sf(errors - 1, of + others_of, errors + others, of)) if errors and others_of else 1.0


def late(rows: Rows) -> Mask:
    """Requests whose user, or somebody on the way, gave up waiting, and those that could not be sent."""
    return rows.outcome("timeout", "dropped") | service_gave_up(rows.array)
