"""Prometheus' rules and alerts, once a second: what changed since the last look, at the evaluations' own times.

Also what came and went between two looks: when evaluations were missed (a busy machine, a short interval), the series ALERTS
tells of them, so that a late look makes good a missed one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from harness.alerting import Identity, identity
from harness.errors import NotApplied
from harness.facts import AlertChanged, Blinded, Fact, Looked, RuleSeen
from harness.world.handles import World

MISSED = 1.6  # evaluations further apart than so many intervals: one lay between them


class RulesLike(Protocol):
    @property
    def rules(self) -> Sequence[RuleSeen]: ...
    @property
    def alerts(self) -> Sequence[AlertChanged]: ...


class RulesReader(Protocol):
    """What the probe needs of world.metrics.Prometheus."""

    def rules(self) -> RulesLike: ...
    def alerts_since(self, back_s: float) -> Sequence[AlertChanged]: ...


@dataclass
class _Known:
    """What was written last: rules by their key, alerts that are not inactive, each rule's last evaluation."""

    rules: dict[tuple[str, ...], RuleSeen] = field(default_factory=dict)
    alerts: dict[Identity, AlertChanged] = field(default_factory=dict)
    evaluated_s: dict[str, float] = field(default_factory=dict)
    looked_s: float | None = None


@dataclass(frozen=True, eq=False)
class AlertsProbe:
    """A look that fails is made good by the next within gap_s; only after that nobody can tell any more."""

    prometheus: RulesReader
    name: str = "alerts"
    every_s: float = 1.0
    gap_s: float = 5.0
    lag_s: float = 2.0
    _known: _Known = field(default_factory=_Known)

    def look(self, world: World) -> Sequence[Fact]:
        known, began_s = self._known, world.clock.now_s()
        try:
            seen = self.prometheus.rules()
            missed_s = self._missed(seen.rules)
            between = self.prometheus.alerts_since(began_s - missed_s + 1.0) if missed_s is not None else ()
        except NotApplied as error:
            silent = known.looked_s is None or began_s - known.looked_s >= self.gap_s
            return (Blinded(probe=self.name, target="", error=str(error)),) if silent else ()
        facts: list[Fact] = [*self._rules(seen.rules)]
        facts += self._alerts(seen, between)
        known.looked_s = began_s
        return (*facts, Looked(probe=self.name))

    def _missed(self, rules: Iterable[RuleSeen]) -> float | None:
        """Since when evaluations were not looked at, or None when every one was."""
        before = [
            last_s
            for rule in rules
            if rule.kind == "alerting"
            and (last_s := self._known.evaluated_s.get(rule.rule)) is not None
            and rule.evaluated_s is not None
            and rule.interval_s > 0
            and rule.evaluated_s - last_s > MISSED * rule.interval_s
        ]
        return min(before, default=None)

    def _rules(self, rules: Iterable[RuleSeen]) -> list[Fact]:
        """Rules that are new, changed or gone."""
        now = {(r.group, r.rule, r.expr, *sorted(f"{k}={v}" for k, v in r.labels.items())): r for r in rules}
        changed: list[Fact] = []
        for key, rule in now.items():
            old = self._known.rules.get(key)
            if old is None or replace(old, evaluated_s=None) != replace(rule, evaluated_s=None):
                changed.append(rule)
        changed += [replace(rule, gone=True) for key, rule in self._known.rules.items() if key not in now]
        self._known.rules = now
        return changed

    def _alerts(self, seen: RulesLike, between: Sequence[AlertChanged]) -> list[Fact]:
        known = self._known
        evaluated, interval = _by_name(seen.rules)
        present = {identity(alert.alert, alert.labels): alert for alert in seen.alerts}
        samples: dict[Identity, list[AlertChanged]] = {}
        for sample in between:
            last_s = known.evaluated_s.get(sample.alert)
            if last_s is not None and last_s + 0.01 < sample.at_s < evaluated.get(sample.alert, 0.0) - 0.01:
                samples.setdefault(identity(sample.alert, sample.labels), []).append(sample)
        facts: list[Fact] = []
        for key in dict.fromkeys((*known.alerts, *samples, *present)):
            name = key[0]
            told = changes(
                known.alerts.get(key),
                samples.get(key, ()),
                present.get(key),
                last_s=known.evaluated_s.get(name),
                evaluated_s=evaluated.get(name),
                interval_s=interval.get(name, 0.0),
            )
            facts += told
            if told and told[-1].state == "inactive":
                known.alerts.pop(key, None)
            elif told:
                known.alerts[key] = told[-1]
        known.evaluated_s = {**known.evaluated_s, **evaluated}
        return sorted(facts, key=lambda fact: fact.at_s)


def changes(
    before: AlertChanged | None,
    samples: Sequence[AlertChanged],
    now: AlertChanged | None,
    *,
    last_s: float | None,
    evaluated_s: float | None,
    interval_s: float,
) -> list[AlertChanged]:
    """How one alert went from `before` (None: inactive) over samples of evaluations between to `now`. Pure.

    last_s, evaluated_s   its rule's evaluation at the look before, and at this one
    """
    found: list[AlertChanged] = []
    state, at_s, labels = (before.state if before else "inactive"), last_s, before

    def step(change: AlertChanged, to: str, when_s: float | None) -> None:
        nonlocal state
        found.append(replace(change, state=to, happened_s=when_s, before_s=at_s))
        state = to

    for sample in samples:
        if state != "inactive" and at_s is not None and interval_s and sample.at_s - at_s > MISSED * interval_s:
            step(replace(sample, active_s=None, value=None), "inactive", round(at_s + interval_s, 6))
        if sample.state != state:
            step(sample, sample.state, sample.at_s)
        at_s, labels = sample.at_s, sample
    if now is not None:
        gone = state != "inactive" and at_s is not None and interval_s and samples
        if gone and now.at_s - (at_s or 0.0) > MISSED * interval_s:
            step(replace(now, active_s=None, value=None), "inactive", round((at_s or 0.0) + interval_s, 6))
        if now.state != state:
            step(now, now.state, now.happened_s)
    elif state != "inactive" and labels is not None:
        cleared_s = evaluated_s if not samples or at_s is None or not interval_s else round(at_s + interval_s, 6)
        if cleared_s is not None and evaluated_s is not None:
            cleared_s = min(cleared_s, evaluated_s)
        step(replace(labels, active_s=None, value=None, writer="", number=0, seen_s=0.0), "inactive", cleared_s)
    return found


def _by_name(rules: Iterable[RuleSeen]) -> tuple[Mapping[str, float], Mapping[str, float]]:
    """Last evaluation and interval by the rule's name; of several rules of one name the earliest evaluation."""
    evaluated: dict[str, float] = {}
    interval: dict[str, float] = {}
    for rule in (one for one in rules if one.kind == "alerting"):
        if rule.evaluated_s is not None:
            evaluated[rule.rule] = min(evaluated.get(rule.rule, rule.evaluated_s), rule.evaluated_s)
        interval[rule.rule] = max(interval.get(rule.rule, 0.0), rule.interval_s)
    return evaluated, interval
