"""Rules that Prometheus could not evaluate for a while: their silence of then says nothing, whatever they do after it. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from harness import alerting, evaluations
from harness.facts import RuleSeen
from harness.journal import Journal


@dataclass(frozen=True)
class Broken:
    """A stretch in which no evaluation of a rule worked, `seen` as it was first seen to be so; until_s is infinite while it is."""

    seen: RuleSeen
    from_s: float
    until_s: float

    def __str__(self) -> str:
        if math.isinf(self.until_s):
            return f"Prometheus cannot evaluate the rule {self.seen.rule}: {self.seen.error}"
        return f"Prometheus could not evaluate the rule {self.seen.rule} {self.when()}: {self.seen.error}"

    def when(self) -> str:
        until = "on" if math.isinf(self.until_s) else f"to {self.until_s:.1f} s"
        return f"from {self.from_s:.1f} s {until}"

    def of(self, rule: RuleSeen) -> bool:
        return evaluations.key_of(self.seen) == evaluations.key_of(rule)


def broken(journal: Journal, rules: Sequence[RuleSeen], from_s: float, until_s: float) -> list[Broken]:
    """Those of such rules of which an evaluation lies in [from_s, until_s], as far as the looks until then tell."""
    known = evaluations.histories(journal)
    return [
        Broken(seen, *stretch)
        for rule in rules
        for seen, *stretch in evaluations.failing(known[evaluations.key_of(rule)])
        if stretch[0] <= until_s and stretch[1] - rule.interval_s >= from_s
    ]


def too_long(journal: Journal, rules: Sequence[RuleSeen], from_s: float, until_s: float) -> Broken | None:
    """One that left its rule no time in which it could have fired for a plain cause; None where each had that."""
    for rule in rules:
        mine = broken(journal, [rule], from_s, until_s)
        floor = alerting.floor(journal, rule.rule, until_s=until_s, labels=rule.labels, group=rule.group)
        ends = [from_s, *(edge_s for one in mine for edge_s in (one.from_s, one.until_s)), until_s]
        sound_s = max(after - before for before, after in list(pairwise(ends))[::2])
        if mine and (floor is None or sound_s <= floor.high_s):
            return mine[0]
    return None
