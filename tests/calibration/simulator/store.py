"""What Prometheus would have scraped: raw samples of counters, histograms and gauges at true, jittered scrape times.

A sample's time is the beginning of its scrape; its value is what the target counted when it answered, some milliseconds
later. A counter begins anew when its process does. A scrape that fails leaves no sample.
"""

from __future__ import annotations

import random
import re
from bisect import bisect_right
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

FORGOTTEN_S = 10.0
Labels = tuple[tuple[str, str], ...]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Scrapes:
    """One target's scrapes: when each began, what it took, whether it succeeded; `started_s`: of the process it met."""

    job: str
    instance: str
    at_s: Floats
    took_s: Floats
    ok: NDArray[np.bool_]
    started_s: Floats


@dataclass(frozen=True, eq=False)
class Series:
    """`at_s`, `values`: its samples. `grown`: the values with resets undone, where it is a counter."""

    metric: str
    labels: Mapping[str, str]
    at_s: list[float]
    values: list[float]
    grown: list[float]
    target: Scrapes | None = None

    def increase(self, window_s: float, at_s: float) -> float | None:
        """As PromQL's increase(): extrapolated to the window's edges (Prometheus promql/functions.go, extrapolatedRate)."""
        low, high = bisect_right(self.at_s, at_s - window_s), bisect_right(self.at_s, at_s) - 1
        if high - low < 1:
            return None
        grown = self.grown[high] - self.grown[low]
        sampled_s = self.at_s[high] - self.at_s[low]
        gap_s = sampled_s / (high - low)
        to_start_s, to_end_s = self.at_s[low] - (at_s - window_s), at_s - self.at_s[high]
        if to_start_s >= 1.1 * gap_s:
            to_start_s = gap_s / 2
        if grown > 0 and self.values[low] >= 0:
            to_start_s = min(to_start_s, sampled_s * self.values[low] / grown)
        if to_end_s >= 1.1 * gap_s:
            to_end_s = gap_s / 2
        return grown * (sampled_s + to_start_s + to_end_s) / sampled_s

    def between(self, after_s: float, until_s: float) -> list[float]:
        """Its samples in (after_s, until_s], as a range selector gives them."""
        return self.values[bisect_right(self.at_s, after_s) : bisect_right(self.at_s, until_s)]

    def value(self, at_s: float) -> float | None:
        """Its last sample, not older than five minutes, and none where the last scrape did not have it."""
        place = bisect_right(self.at_s, at_s) - 1
        if place < 0 or at_s - self.at_s[place] > 300:
            return None
        if self.target is not None:
            last = int(np.searchsorted(self.target.at_s, at_s, side="right")) - 1
            if last >= 0 and self.target.at_s[last] > self.at_s[place]:
                return None
        return self.values[place]


@dataclass
class Store:
    """All series; `select` gives those of a metric whose labels match (regular expressions, whole)."""

    series: list[Series] = field(default_factory=list)
    targets: list[Scrapes] = field(default_factory=list)
    _known: dict[Any, list[Series]] = field(default_factory=dict)

    def select(self, metric: str, matchers: Mapping[str, str]) -> list[Series]:
        key = (metric, *sorted(matchers.items()))
        if key not in self._known:
            wanted = [(name, re.compile(value)) for name, value in matchers.items()]
            self._known[key] = [
                one
                for one in self.series
                if one.metric == metric and all(p.fullmatch(one.labels.get(name, "")) for name, p in wanted)
            ]
        return self._known[key]


@dataclass
class Counted:
    """What processes counted: increments by series, observations by histogram. Labels without `instance`."""

    increments: dict[tuple[str, str, Labels], list[float]] = field(default_factory=dict)
    observed: dict[tuple[str, str, Labels], list[tuple[float, float]]] = field(default_factory=dict)

    def count(self, instance: str, metric: str, at_s: float, **labels: str) -> None:
        self.increments.setdefault((instance, metric, tuple(sorted(labels.items()))), []).append(at_s)

    def observe(self, instance: str, metric: str, at_s: float, value: float, **labels: str) -> None:
        self.observed.setdefault((instance, metric, tuple(sorted(labels.items()))), []).append((at_s, value))

    def known(self, instance: str, metric: str, **labels: str) -> None:
        """Registered before its first use: a 0 from the beginning on."""
        self.increments.setdefault((instance, metric, tuple(sorted(labels.items()))), [])


def scrapes(
    job: str,
    instance: str,
    every_s: float,
    end_s: float,
    miss_share: float,
    chance: random.Random,
    up: Callable[[float], float | None],
) -> Scrapes:
    """The grid of one target. `up` gives when the process that answers at a moment began, None while none does."""
    at_s = np.arange(chance.uniform(0.0, every_s), end_s, every_s)
    at_s = np.round(at_s + np.array([abs(chance.gauss(0.0, 0.001)) for _ in at_s]), 3)  # Prometheus stamps whole ms
    took_s = np.array([0.004 + chance.expovariate(1 / 0.004) for _ in at_s])
    starts = [up(float(at)) for at in at_s]
    ok = np.array([start is not None and chance.random() >= miss_share for start in starts], dtype=np.bool_)
    started = np.array([0.0 if start is None else start for start in starts])
    return Scrapes(job, instance, at_s, took_s, ok, started)


def scraped(
    counted: Counted,
    gauges: Mapping[tuple[str, str, Labels], Callable[[Floats], Floats]],
    targets: Sequence[Scrapes],
    buckets: Sequence[float],
    silent_from: Mapping[str, float],
    born_late: Collection[str] | None = (),
    forgets: Mapping[str, Sequence[float]] | None = None,
    restores: bool = False,
    copied_from: Mapping[str, float] | None = None,
) -> Store:
    """The store after all scrapes. `silent_from`: metrics that are not exposed any more from a moment on; `born_late`:
    metrics whose series are there only from their first count on, None: all; `forgets`: by instance, when the counts of the last 10 s are lost;
    `restores`: that is all that is lost when a process begins anew; `copied_from`: by instance, from when on its last page is given again."""
    store = Store(targets=list(targets))
    by_instance = {target.instance: target for target in targets}

    def counted_of(instance: str, times: Sequence[float]) -> NDArray[np.int64]:
        target = by_instance[instance]
        events = np.sort(np.asarray(times, dtype=np.float64))
        read_s = target.at_s + target.took_s / 2
        values: NDArray[np.int64] = np.searchsorted(events, read_s, side="right")
        ends_s = list((forgets or {}).get(instance, ()))
        if restores:
            ends_s += np.unique(target.started_s[target.ok])[1:].tolist()
        else:
            values = values - np.searchsorted(events, target.started_s)
        for died_s in ends_s:
            lost = np.searchsorted(events, died_s) - np.searchsorted(events, died_s - FORGOTTEN_S)
            values = values - np.where(read_s >= died_s, lost, 0)
        return values

    def add(instance: str, metric: str, labels: Labels, times: Sequence[float], born: Sequence[float]) -> None:
        target, values = by_instance[instance], counted_of(instance, times)
        late = born_late is None or metric.removesuffix("_bucket").removesuffix("_count") in born_late
        there = target.ok & (counted_of(instance, born) > 0) if late else target.ok
        _keep(store, target, metric, labels, values.astype(np.float64), there, silent_from)

    for (instance, metric, labels), times in counted.increments.items():
        add(instance, metric, labels, times, times)
    for (instance, metric, labels), seen in counted.observed.items():
        every = [at_s for at_s, _ in seen]
        for bound in (*buckets, float("inf")):
            le = "+Inf" if bound == float("inf") else f"{bound:g}"
            below = [at_s for at_s, value in seen if value <= bound]
            add(instance, f"{metric}_bucket", (*labels, ("le", le)), below, every)
        add(instance, f"{metric}_count", labels, every, every)
    for (instance, metric, labels), gauge in gauges.items():
        target = by_instance[instance]
        _keep(store, target, metric, labels, gauge(target.at_s), target.ok, silent_from)
    for one in store.series:
        _copied(one, (copied_from or {}).get(one.labels["instance"], float("inf")))
    for target in targets:
        up = np.where(target.ok, 1.0, 0.0)
        whose = {"job": target.job, "instance": target.instance}
        store.series.append(Series("up", whose, target.at_s.tolist(), up.tolist(), up.tolist()))
        took = target.took_s.tolist()
        store.series.append(Series("scrape_duration_seconds", whose, target.at_s.tolist(), took, took))
    return store


def _copied(one: Series, from_s: float) -> None:
    last = bisect_right(one.at_s, from_s) - 1
    if 0 <= last < len(one.at_s) - 1:
        for values in (one.values, one.grown):
            values[last + 1 :] = [values[last]] * (len(values) - last - 1)


def _keep(
    store: Store,
    target: Scrapes,
    metric: str,
    labels: Labels,
    values: Floats,
    there: NDArray[np.bool_],
    silent_from: Mapping[str, float],
) -> None:
    kept = there & (target.at_s < silent_from.get(metric.removesuffix("_bucket").removesuffix("_count"), float("inf")))
    at_s, values = target.at_s[kept], values[kept]
    steps = np.diff(values, prepend=values[:1])
    grown = np.cumsum(np.where(steps < 0, values, steps)) + (values[0] if len(values) else 0.0)
    named = {**dict(labels), "job": target.job, "instance": target.instance}
    store.series.append(Series(metric, named, at_s.tolist(), values.tolist(), grown.tolist(), target))
