"""What waits in the queues of the order books while a fault is on: each is counted once for each fault."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from harness.facts import Fact
from harness.world.handles import World

AFTER_S = 3.0
"""So long after a fault was seen to be on: what it holds up has begun to wait."""


@dataclass(frozen=True, eq=False)
class QueuesProbe:
    """No oftener than that, for who reads must not become the stack's load.

    counts  each counts one queue, and raises nothing
    on      the faults that are on now
    """

    counts: Sequence[Callable[[], Fact]]
    on: Callable[[], Sequence[str]]
    name: str = "queues"
    every_s: float = 0.5
    gap_s: float = math.inf
    lag_s: float = 0.0
    _since_s: dict[str, float] = field(default_factory=dict)
    _told: set[str] = field(default_factory=set)

    def look(self, world: World) -> Sequence[Fact]:
        now_s, on = world.clock.now_s(), self.on()
        due = {fault for fault in on if now_s >= self._since_s.setdefault(fault, now_s) + AFTER_S} - self._told
        self._told.update(due)
        return [count() for count in self.counts] if due else []
