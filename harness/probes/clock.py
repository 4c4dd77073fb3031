"""Monotonic and wall clock, read together every second: a step of the wall clock shows as a jump between the two."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.facts import Blinded, ClockRead, Fact, Looked
from harness.world.handles import World

TOGETHER_S = 0.02
TRIES = 20


@dataclass(frozen=True, eq=False)
class ClockProbe:
    name: str = "clock"
    every_s: float = 1.0
    gap_s: float = 3.0
    lag_s: float = 0.0

    def look(self, world: World) -> Sequence[Fact]:
        """A reading between whose halves this process had to wait is made again: it would look like a step."""
        for _ in range(TRIES):
            before_s = world.clock.now_s()
            wall_s = world.clock.wall_s()
            after_s = world.clock.now_s()
            if after_s - before_s <= TOGETHER_S:
                read = ClockRead(wall_unix_s=wall_s, happened_s=round((before_s + after_s) / 2, 6))
                return (read, Looked(probe=self.name))
        error = f"both clocks could not be read within {TOGETHER_S * 1000:g} ms: this machine is too busy"
        return (Blinded(probe=self.name, target="", error=error),)
