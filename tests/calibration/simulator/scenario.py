"""What is done to the service, and when: a drill file read as plain data and laid on a time axis, with its jitter."""

from __future__ import annotations

import math
import random
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m)")
_FACTOR = {"ms": 0.001, "s": 1.0, "m": 60.0}
RUN = "simulated"
MONOTONIC_NS = 1_000_000_000_000
WALL_UNIX_S = 1_790_000_000.0  # second 0 of every simulated run, on the wall clock
LOAD_BEGINS_S = 8.0
TAKEDOWN_S = 6.0


@dataclass(frozen=True)
class Hurt:
    """One fault on the run's axis: asked for at begun_s, on at on_s, its mend asked for at off_begun_s, out at off_s.

    word, target   as in the drill file; `settings` what else stands there
    A release stays on until its phase is settled.
    """

    id: str
    word: str
    target: str
    settings: Mapping[str, Any]
    begun_s: float
    on_s: float
    off_begun_s: float
    off_s: float

    def on(self, at_s: float) -> bool:
        return self.on_s <= at_s < self.off_s


@dataclass(frozen=True)
class Stretch:
    """A phase on the run's axis; `settled_s` when every `then` had its time."""

    name: str
    begins_s: float
    ends_s: float
    settled_s: float
    hurts: tuple[Hurt, ...]


@dataclass(frozen=True)
class Limit:
    """A condition of the steady state: 'errors' (a share) or a percentile (ms) stays below `most`."""

    metric: str
    most: float


@dataclass(frozen=True)
class Scenario:
    """All times in seconds of the run. `segments` are (for_s, from_rate, to_rate), from the beginning of the load."""

    drill: str
    gate_s: float
    stretches: tuple[Stretch, ...]
    load_ends_s: float
    closes_s: float
    segments: tuple[tuple[float, float, float], ...]
    timeout_s: float
    max_in_flight: int
    steady_for_s: float
    limits: tuple[Limit, ...]

    @property
    def watched_s(self) -> float:
        """When each probe has its last look: every one is waited for, however rarely it looks."""
        return self.closes_s - 0.05

    @cached_property
    def hurts(self) -> tuple[Hurt, ...]:
        return tuple(hurt for stretch in self.stretches for hurt in stretch.hurts)

    def hurt(self, word: str, target: str, at_s: float) -> Hurt | None:
        """The fault of this kind that is on at a moment."""
        return next((h for h in self.hurts if h.word == word and h.target == target and h.on(at_s)), None)

    def arrivals(self) -> Iterator[float]:
        """When each is due: evenly spaced along the rates, the n-th where the cumulative rate reaches n."""
        began_s, passed, count = LOAD_BEGINS_S, 0.0, 0
        for for_s, from_rate, to_rate in (*self.segments, (math.inf, self.segments[-1][2], self.segments[-1][2])):
            slope = 0.0 if math.isinf(for_s) else (to_rate - from_rate) / for_s
            most = math.inf if math.isinf(for_s) else for_s * (from_rate + to_rate) / 2
            while count - passed < most:
                left = count - passed
                root = math.sqrt(max(0.0, from_rate**2 + 2 * slope * left))
                due_s = began_s + (2 * left / (from_rate + root) if left else 0.0)
                if due_s > self.load_ends_s:
                    return
                yield due_s
                count += 1
            passed, began_s = passed + most, began_s + for_s

    def only(self, count: int) -> Scenario:
        """The run ended after so many phases: the stack did not come back."""
        kept = self.stretches[:count]
        ends_s = kept[-1].settled_s + 0.2
        return replace(self, stretches=kept, load_ends_s=ends_s, closes_s=ends_s + TAKEDOWN_S)


def scenario_of(drill: Mapping[str, Any], chance: random.Random) -> Scenario:
    """A drill's plain data on the axis of one run."""
    load, steady = drill["load"], drill["steady"]
    for_s = seconds(steady["for"])
    gate_s = LOAD_BEGINS_S + for_s + chance.uniform(0.2, 1.5)
    stretches, at_s = [], gate_s + chance.uniform(0.01, 0.1)
    for phase in drill["phases"]:
        stretch = _stretch(phase, at_s, for_s, chance)
        stretches.append(stretch)
        at_s = stretch.settled_s + chance.uniform(0.01, 0.1)
    return Scenario(
        drill=drill["drill"],
        gate_s=gate_s,
        stretches=tuple(stretches),
        load_ends_s=at_s + 0.2,
        closes_s=at_s + TAKEDOWN_S,
        segments=tuple(_segment(one) for one in load["arrivals"]),
        timeout_s=seconds(load["timeout"]),
        max_in_flight=load["max_in_flight"],
        steady_for_s=for_s,
        limits=tuple(limit for text in steady["all"] if (limit := _limit(text)) is not None),
    )


def _stretch(phase: Mapping[str, Any], begins_s: float, for_s: float, chance: random.Random) -> Stretch:
    ends_s = begins_s + seconds(phase["for"])
    claims = [next(iter(claim.values())) for claim in phase.get("then", ())]
    limits_s = [seconds(claim[key]) for claim in claims for key in ("within", "for") if key in claim]
    settled_s = ends_s + for_s + max(limits_s, default=0.0) + chance.uniform(0.5, 2.0)
    hurts = [
        _hurt(phase["name"], word, dict(said), begins_s, ends_s, settled_s, chance)
        for one in phase.get("faults", ())
        for word, said in one.items()
    ]
    return Stretch(
        phase["name"],
        begins_s,
        max([ends_s, *(h.off_s for h in hurts if h.off_s < settled_s)]),
        settled_s,
        tuple(hurts),
    )


def _hurt(
    phase: str, word: str, said: dict[str, Any], begins_s: float, ends_s: float, settled_s: float, chance: random.Random
) -> Hurt:
    target = str(said.pop("edge", None) or said.pop("service"))
    begun_s = begins_s + seconds(said.pop("after", "0s")) + chance.uniform(0.001, 0.02)
    until_s = min(ends_s, begun_s + seconds(said["for"])) if "for" in said else ends_s
    off_begun_s = settled_s + 0.01 if word == "bad_release" else until_s + chance.uniform(0.0, 0.02)
    took_s = chance.uniform(2.5, 5.0) if word == "bad_release" else chance.uniform(0.005, 0.05)
    off_s = off_begun_s + chance.uniform(0.005, 0.05)
    return Hurt(f"{phase}/{word}-{target}", word, target, said, begun_s, begun_s + took_s, off_begun_s, off_s)


def _segment(said: Mapping[str, Any]) -> tuple[float, float, float]:
    first, last = said.get("from", said.get("rate")), said.get("to", said.get("rate"))
    return seconds(said["for"]), _rate(first), _rate(last)


def _limit(text: str) -> Limit | None:
    metric, _, most = text.partition(" < ")
    if metric == "errors":
        return Limit(metric, float(most.rstrip("%")) / 100)
    return Limit(metric, 1000 * seconds(most)) if metric.startswith("p") else None


def seconds(text: str) -> float:
    """'40s', '1m30s', '400ms'."""
    parts = _DURATION.findall(str(text))
    assert parts, text
    return sum(float(number) * _FACTOR[unit] for number, unit in parts)


def share(text: object) -> float:
    """'50%'."""
    return float(str(text).removesuffix("%")) / 100


def _rate(text: Any) -> float:
    return float(str(text).removesuffix("/s"))
