"""Probes on the fake clock."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from harness.facts import (
    Fact,
)
from harness.probes.base import Probe
from harness.run.watch import looked
from harness.world.handles import World


class InlineWatch:
    """Probes on the fake clock: looked at in tick, at their intervals."""

    def __init__(self, probes: Sequence[Probe], world: World, record: Callable[[Fact], object]) -> None:
        self._probes = {probe: 0.0 for probe in probes}
        self._world = world
        self._record = record
        self._on = False
        self._last_s: dict[Probe, float] = {}

    @property
    def lag_s(self) -> float:
        return max((probe.lag_s for probe in self._probes), default=0.0)

    @property
    def ended(self) -> bool:
        return not self._probes

    def start(self) -> None:
        self._on = True

    def end(self, at_s: float) -> None:
        self._last_s = {probe: at_s + probe.lag_s for probe in self._probes}

    def tick(self, now_s: float) -> None:
        for probe, due_s in list(self._probes.items()):
            last_s = self._last_s.get(probe, math.inf)
            if self._on and now_s >= min(due_s, last_s):
                self._probes[probe] = now_s + probe.every_s
                for fact in looked(probe, self._world):
                    self._record(fact)
                if now_s >= last_s:
                    del self._probes[probe]

    def close(self) -> None:
        self._on = False
