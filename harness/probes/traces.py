"""Whether traces would be seen: the collector is there, and keeps every body as it comes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from harness.facts import Blinded, Fact, Looked
from harness.world.handles import World


class Blindable(Protocol):
    """What the probe needs of world.collector.Collector, which keeps what it takes itself, at once."""

    def blind(self) -> str: ...


@dataclass(frozen=True, eq=False)
class TracesProbe:
    """`lag_s`: spans are kept by the service that makes them and sent together, mostly after 5 s (OpenTelemetry SDK,
    OTEL_BSP_SCHEDULE_DELAY)."""

    collector: Blindable
    name: str = "traces"
    every_s: float = 1.0
    gap_s: float = 5.0
    lag_s: float = 6.0

    def look(self, world: World) -> Sequence[Fact]:
        why = self.collector.blind()
        return (Blinded(probe=self.name, target="", error=why),) if why else (Looked(probe=self.name),)
