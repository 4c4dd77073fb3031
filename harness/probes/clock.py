"""Monotonic and wall clock, read together every second: a step of the wall clock shows as a jump between the two."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.facts import ClockRead, Fact, Looked
from harness.world.handles import World


@dataclass(frozen=True, eq=False)
class ClockProbe:
    name: str = "clock"
    every_s: float = 1.0
    gap_s: float = 3.0
    lag_s: float = 0.0

    def look(self, world: World) -> Sequence[Fact]:
        return (ClockRead(wall_unix_s=world.clock.wall_s()), Looked(probe=self.name))
