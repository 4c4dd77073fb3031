"""Prometheus' rules and alerts, once a second: what changed since the last look, at the evaluations' own times.

Also what came and went between two looks: when evaluations were missed (a busy machine, a short interval), the series ALERTS
tells of them, so that a late look makes good a missed one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from harness.alerting import Identity, identity
from harness.errors import NotApplied
from harness.facts import AlertChanged, Blinded, Fact, Looked, RuleSeen
from harness.probes.alert_rules import Grids, Place
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
    evaluated_s: dict[Place, float] = field(default_factory=dict)
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
        grids, last = Grids.of(rules), self._known.evaluated_s
        before = [
            last[place]
            for place, evaluated_s in grids.evaluated_s.items()
            if place in last and 0 < MISSED * grids.interval_s[place] < evaluated_s - last[place]
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
        known, grids = self._known, Grids.of(seen.rules)
        present: dict[Identity, AlertChanged] = {}
        for alert in seen.alerts:  # rules may share an alert: firing wins, and then the rule that spoke before
            key = identity(alert.alert, alert.labels)
            if key not in present or self._weight(key, alert) > self._weight(key, present[key]):
                present[key] = alert
        samples = self._samples(grids, present, between)
        facts: list[Fact] = []
        for key in dict.fromkeys((*known.alerts, *samples, *present)):
            before, now = known.alerts.get(key), present.get(key)
            place = self._place(grids, key, now)
            if place in grids.never and (now is None or now.group != place[0]):
                continue  # a Prometheus that restarted: what it says of the alert is known at its first evaluation
            if before and now and before.state == "firing" and now.state != "firing" and before.group != now.group:
                # it cleared by its own rule's evaluation
                now = replace(now, happened_s=grids.evaluated_s.get(place, now.happened_s))
            told = changes(
                before,
                samples.get(key, ()),
                now,
                last_s=known.evaluated_s.get(place),
                evaluated_s=grids.evaluated_s.get(place),
                interval_s=grids.interval_s.get(place, 0.0),
            )
            facts += told
            last = told[-1] if told else before
            if last is None or last.state == "inactive":
                known.alerts.pop(key, None)
            else:
                known.alerts[key] = replace(last, group=now.group if now else last.group)
        known.evaluated_s = {**known.evaluated_s, **grids.evaluated_s}
        return sorted(facts, key=lambda fact: fact.at_s)

    def _weight(self, key: Identity, alert: AlertChanged) -> tuple[bool, bool]:
        before = self._known.alerts.get(key)
        return alert.state == "firing", before is not None and before.group == alert.group

    def _place(self, grids: Grids, key: Identity, now: AlertChanged | None) -> Place:
        """The rule whose evaluations an alert's changes are told by: the one that makes it fire, else the one that did."""
        before = self._known.alerts.get(key)
        speaks = before if before is not None and (now is None or now.state != "firing") else now
        return grids.place(key, speaks.group if speaks else "")

    def _samples(
        self, grids: Grids, present: dict[Identity, AlertChanged], between: Sequence[AlertChanged]
    ) -> dict[Identity, list[AlertChanged]]:
        """What ALERTS tells of the evaluations between the two looks, by the alert."""
        found: dict[Identity, list[AlertChanged]] = {}
        for sample in between:
            key = identity(sample.alert, sample.labels)
            place = self._place(grids, key, present.get(key))
            last_s, evaluated_s = self._known.evaluated_s.get(place), grids.evaluated_s.get(place, 0.0)
            if last_s is not None and last_s + 0.01 < sample.at_s < evaluated_s - 0.01:
                found.setdefault(key, []).append(replace(sample, group=place[0]))
        return {key: grids.loudest(key, samples) for key, samples in found.items()}


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
            cleared_s = max(min(cleared_s, evaluated_s), labels.at_s)  # nothing clears before it fired
        step(replace(labels, active_s=None, value=None, writer="", number=0, seen_s=0.0), "inactive", cleared_s)
    return found
