"""Which rule an alert is from, and when that was evaluated last: names of rules and labels of alerts may come twice. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from harness.alerting import Identity, may_bear
from harness.facts import AlertChanged, RuleSeen

Place = tuple[str, str]
"""A rule's group and name: those of one place are evaluated together."""


@dataclass(frozen=True)
class Grids:
    """The alerting rules of one look, by their place.

    evaluated_s   last evaluation, the earlier one of several rules of one name in a group
    interval_s    between two evaluations of the group; 0 where it is not told
    never         places of rules that Prometheus has not evaluated since it started
    """

    rules: Mapping[Place, tuple[RuleSeen, ...]]
    evaluated_s: Mapping[Place, float]
    interval_s: Mapping[Place, float]
    never: frozenset[Place]

    @classmethod
    def of(cls, rules: Iterable[RuleSeen]) -> Grids:
        mine: dict[Place, tuple[RuleSeen, ...]] = {}
        for rule in rules:
            if rule.kind == "alerting":
                mine[rule.group, rule.rule] = (*mine.get((rule.group, rule.rule), ()), rule)
        known = {place: [r.evaluated_s for r in found if r.evaluated_s is not None] for place, found in mine.items()}
        never = frozenset(place for place, found in mine.items() if all(rule.unevaluated for rule in found))
        return cls(
            mine,
            {place: min(times) for place, times in known.items() if times},
            {place: max(rule.interval_s for rule in found) for place, found in mine.items()},
            never,
        )

    def place(self, key: Identity, group: str) -> Place:
        """Where an alert is from: its group where that is known, else the rule that its labels fit; of several the slowest, for
        whoever takes a slow one for a quick one sees it clear where it was only not evaluated."""
        if group:
            return group, key[0]
        return max(self._fitting(key), key=lambda place: self.interval_s[place], default=("", key[0]))

    def loudest(self, key: Identity, samples: Sequence[AlertChanged]) -> list[AlertChanged]:
        """Samples of ALERTS as one alert's course. Where several rules may make it, one that fires hides another that is pending."""
        fitting = self._fitting(key)
        if len(fitting) < 2:
            return list(samples)
        near_s = max(self.interval_s[place] for place in fitting)
        loud = [sample.at_s for sample in samples if sample.state == "firing"]
        return [s for s in samples if s.state == "firing" or not any(abs(s.at_s - at_s) <= near_s for at_s in loud)]

    def _fitting(self, key: Identity) -> list[Place]:
        labels = dict(key[1])
        return [
            place
            for place, rules in self.rules.items()
            if place[1] == key[0] and any(may_bear(rule, labels) for rule in rules)
        ]
