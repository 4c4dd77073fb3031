"""What Prometheus and Alertmanager count of alerts on their way: sent, dropped, received, notified, failed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from harness.errors import NotApplied
from harness.facts import Blinded, DeliveryCounted, Fact, Looked
from harness.world.handles import World


class Counting(Protocol):
    """What the probe needs of world.metrics.Prometheus and world.alertmanager.Alertmanager."""

    def counters(self) -> Sequence[DeliveryCounted]: ...


@dataclass(frozen=True, eq=False)
class DeliveryProbe:
    """A counter is written at first sight and whenever it changed. `server` is the target of its looks."""

    server: str
    counting: Counting
    name: str = "delivery"
    every_s: float = 2.0
    gap_s: float = 10.0
    lag_s: float = 2.0
    _last: dict[tuple[str, tuple[tuple[str, str], ...]], float] = field(default_factory=dict)

    def look(self, world: World) -> Sequence[Fact]:
        try:
            seen = self.counting.counters()
        except NotApplied as error:
            return (Blinded(probe=self.name, target=self.server, error=str(error)),)
        facts: list[Fact] = []
        for one in seen:
            key = (one.counter, tuple(sorted(one.labels.items())))
            if self._last.get(key) != one.value:
                self._last[key] = one.value
                facts.append(one)
        return (*facts, Looked(probe=self.name, target=self.server))
