"""The raw samples of the service's own metrics, each with the time of its scrape, kept in the run folder as they come.

Prometheus' functions smooth, extrapolate and look back; what is held against the ledger must do none of that. So each look asks
for the samples themselves (`selector[30s]`), reaching back far enough that looks overlap, and writes those that are new.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Protocol

from harness.errors import NotApplied
from harness.facts import Blinded, Fact, Looked
from harness.world.handles import Clock, World

FIRST_S = 300.0  # how far the first look reaches back: the counters as they stood before the load
MOST_BACK_S = 3600.0
SCRAPE_TIMEOUT_S = 10.0  # Prometheus' own default; what answers later than its scrape's time-out gives no samples
UP = "up"
TARGETS = (UP, "scrape_duration_seconds")
"""Prometheus' own series of each target: when its scrapes were, whether they were good, what they took."""

Samples = Sequence[tuple[Mapping[str, str], Sequence[tuple[int, float]]]]


class RawReader(Protocol):
    """What the probe needs of world.metrics.Prometheus."""

    def samples(self, selector: str, back_s: float) -> Samples: ...


class Keeper(Protocol):
    """What the probe needs of series.SeriesWriter."""

    @property
    def full(self) -> bool: ...
    def add(self, selector: str, found: Samples) -> None: ...


@dataclass(frozen=True, eq=False)
class SeriesProbe:
    """One Looked for each look in which every selector answered; else one for each that did.

    scrape_s  the interval between two scrapes of a target, as long as none was seen
    A look that fails is made good by the next, which reaches back to the last good one; a selector that stays without an
    answer for gap_s is blinded, and so is one whose samples cannot be kept.
    """

    prometheus: RawReader
    keeper: Keeper
    selectors: tuple[str, ...]
    scrape_s: float = 15.0
    every_s: float = 2.0
    gap_s: float = 60.0
    name: str = "series"
    _good_s: dict[str, float] = field(default_factory=dict)
    _begun_s: list[float] = field(default_factory=list)
    _apart_s: dict[str, float] = field(default_factory=dict)

    @property
    def lag_s(self) -> float:
        """Until the next scrape of the slowest target has begun, ended and been looked at."""
        scrape_s = max(self._apart_s.values(), default=self.scrape_s)
        return scrape_s + min(scrape_s, SCRAPE_TIMEOUT_S) + self.every_s

    def look(self, world: World) -> Sequence[Fact]:
        now_s = world.clock.now_s()
        self._begun_s[:] = self._begun_s or [now_s]
        errors = {selector: error for selector in self.selectors if (error := self._keep(selector, world.clock))}
        if not errors:
            return (Looked(probe=self.name),)
        facts: list[Fact] = [Looked(probe=self.name, target=one) for one in self.selectors if one not in errors]
        for selector, error in errors.items():
            silent_s = now_s - self._good_s.get(selector, self._begun_s[0])
            if self.keeper.full or silent_s >= self.gap_s:
                facts.append(Blinded(probe=self.name, target=selector, error=error))
        return tuple(facts)

    def _keep(self, selector: str, clock: Clock) -> str:
        """Why what a selector gives could not be kept, or ''."""
        began_s = clock.now_s()
        last_s = self._good_s.get(selector)
        back_s = FIRST_S if last_s is None else began_s - last_s + self.lag_s
        try:
            found = self.prometheus.samples(selector, min(MOST_BACK_S, math.ceil(back_s)))
            self.keeper.add(selector, found)
        except (NotApplied, OSError) as error:
            return str(error)
        if self.keeper.full:
            return "the raw series have grown to their limit; what came after is not kept"
        self._good_s[selector] = began_s
        if selector == UP:
            for labels, samples in found:
                apart_ms = [after - before for (before, _), (after, _) in pairwise(samples)]
                target = f"{labels.get('job')} {labels.get('instance')}"
                self._apart_s.update({target: min(apart_ms) / 1000} if apart_ms else {})
        return ""
