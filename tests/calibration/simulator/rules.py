"""Alerting rules: what they ask of the store, and the life of their alerts on the true grid of evaluations."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from calibration.simulator.store import Labels, Store

ANNOTATIONS: Mapping[str, str] = {
    "summary": "Checkout does not do what it promises.",
    "description": "{service} is ill{of}: the value is {value}, the limit {limit}.",
    "runbook_url": "http://runbooks.example.test/{alert}",
    "dashboard_url": "http://grafana.example.test/d/checkout",
}


@dataclass(frozen=True)
class Select:
    """A metric with matchers (label: regular expression)."""

    metric: str
    matchers: Mapping[str, str] = field(default_factory=dict)


class Expression(Protocol):
    @property
    def limit(self) -> float: ...

    def holds(self, store: Store, at_s: float) -> dict[Labels, float]:
        """The elements of the answer that are beyond the limit: labels and value."""
        ...

    def text(self) -> str: ...

    def metrics(self) -> tuple[str, ...]:
        """The names of the series that it reads."""
        ...


@dataclass(frozen=True)
class Always:
    limit: float = 0.0

    def holds(self, store: Store, at_s: float) -> dict[Labels, float]:
        return {(): 1.0}

    def text(self) -> str:
        return "vector(1)"

    def metrics(self) -> tuple[str, ...]:
        return ()


@dataclass(frozen=True)
class Rate:
    """sum by (…) (rate(metric[window])) > limit"""

    what: Select
    window_s: float
    limit: float
    by: tuple[str, ...] = ()

    def holds(self, store: Store, at_s: float) -> dict[Labels, float]:
        found = _summed(store, self.what, self.window_s, at_s, self.by)
        return {key: value / self.window_s for key, value in found.items() if value / self.window_s > self.limit}

    def text(self) -> str:
        return f"sum{_by(self.by)} (rate({_spelled(self.what)}[{self.window_s:g}s])) > {self.limit:g}"

    def metrics(self) -> tuple[str, ...]:
        return (self.what.metric,)


@dataclass(frozen=True)
class Ratio:
    """sum by (…) (rate(part[window])) / sum by (…) (rate(whole[window])) > limit"""

    part: Select
    whole: Select
    window_s: float
    limit: float
    by: tuple[str, ...] = ()

    def holds(self, store: Store, at_s: float) -> dict[Labels, float]:
        part = _summed(store, self.part, self.window_s, at_s, self.by)
        whole = _summed(store, self.whole, self.window_s, at_s, self.by)
        shares = {key: value / whole[key] for key, value in part.items() if whole.get(key, 0.0) > 0}
        return {key: share for key, share in shares.items() if share > self.limit}

    def text(self) -> str:
        parts = [f"sum{_by(self.by)} (rate({_spelled(one)}[{self.window_s:g}s]))" for one in (self.part, self.whole)]
        return f"{parts[0]} / {parts[1]} > {self.limit:g}"

    def metrics(self) -> tuple[str, ...]:
        return (self.part.metric, self.whole.metric)


@dataclass(frozen=True)
class Quantile:
    """histogram_quantile(q, sum by (le) (rate(metric_bucket[window]))) > limit, linear within a bucket."""

    metric: str
    matchers: Mapping[str, str]
    quantile: float
    window_s: float
    limit: float

    def holds(self, store: Store, at_s: float) -> dict[Labels, float]:
        select = Select(f"{self.metric}_bucket", self.matchers)
        found = _summed(store, select, self.window_s, at_s, ("le",))
        buckets = sorted((float(dict(key)["le"]), value) for key, value in found.items())
        value = quantile_of(self.quantile, buckets)
        return {(): value} if value is not None and value > self.limit else {}

    def text(self) -> str:
        inner = f"sum by (le) (rate({self.metric}_bucket{_braces(self.matchers)}[{self.window_s:g}s]))"
        return f"histogram_quantile({self.quantile:g}, {inner}) > {self.limit:g}"

    def metrics(self) -> tuple[str, ...]:
        return (f"{self.metric}_bucket",)


def quantile_of(quantile: float, buckets: list[tuple[float, float]]) -> float | None:
    """Of cumulative buckets (bound, count), as Prometheus promql/quantile.go has it; None without observations."""
    if len(buckets) < 2 or buckets[-1][1] <= 0:
        return None
    rank = quantile * buckets[-1][1]
    place = next(i for i, (_, count) in enumerate(buckets) if count >= rank)
    if place == len(buckets) - 1:
        return buckets[-2][0]
    low, before = (0.0, 0.0) if place == 0 else buckets[place - 1]
    high, count = buckets[place]
    return low + (high - low) * (rank - before) / (count - before) if count > before else high


def _summed(store: Store, what: Select, window_s: float, at_s: float, by: tuple[str, ...]) -> dict[Labels, float]:
    found: dict[Labels, float] = {}
    for series in store.select(what.metric, what.matchers):
        grown = series.increase(window_s, at_s)
        if grown is not None:
            key = tuple((name, series.labels.get(name, "")) for name in by)
            found[key] = found.get(key, 0.0) + grown
    return found


def _spelled(what: Select) -> str:
    return f"{what.metric}{_braces(what.matchers)}"


def _braces(matchers: Mapping[str, str]) -> str:
    inner = ", ".join(f'{name}=~"{value}"' for name, value in matchers.items())
    return f"{{{inner}}}" if inner else ""


def _by(names: tuple[str, ...]) -> str:
    return f" by ({', '.join(names)})" if names else ""


@dataclass(frozen=True)
class Rule:
    """`error`: Prometheus cannot evaluate it. `clears`: False for one whose alert, once it fires, goes on for ever."""

    name: str
    expression: Expression
    for_s: float
    labels: Mapping[str, str]
    annotations: Mapping[str, str] = field(default_factory=lambda: ANNOTATIONS)
    keep_firing_s: float = 0.0
    error: str = ""
    clears: bool = True


@dataclass(frozen=True)
class Change:
    """An alert's state from an evaluation on; before_s is the evaluation before."""

    rule: Rule
    labels: Labels
    state: str
    at_s: float
    before_s: float
    active_s: float | None
    value: float


def evaluate(
    rules: tuple[Rule, ...], store: Store, every_s: float, end_s: float, chance: random.Random
) -> tuple[list[Change], float]:
    """All changes of all alerts, and the grid's offset. One group: its rules are evaluated one after another."""
    offset_s = chance.uniform(0.0, every_s)
    changes: list[Change] = []
    for rule in rules:
        if rule.error:
            continue
        active: dict[Labels, tuple[str, float, float]] = {}  # state, active since, last held
        number, before_s = 0, offset_s - every_s
        while (at_s := offset_s + number * every_s) < end_s:
            number += 1
            holds = rule.expression.holds(store, at_s)
            for key, value in holds.items():
                state, since_s, _ = active.get(key, ("inactive", at_s, at_s))
                fires = at_s - since_s >= rule.for_s - 1e-9
                fresh = "firing" if fires or state == "firing" else "pending"
                if fresh != state:
                    changes.append(Change(rule, key, fresh, at_s, before_s, since_s, value))
                active[key] = (fresh, since_s, at_s)
            for key in [key for key in active if key not in holds]:
                state, since_s, held_s = active[key]
                if state == "firing" and (not rule.clears or at_s - held_s < rule.keep_firing_s):
                    continue
                changes.append(Change(rule, key, "inactive", at_s, before_s, None, 0.0))
                del active[key]
            before_s = at_s
    return sorted(changes, key=lambda change: change.at_s), offset_s
