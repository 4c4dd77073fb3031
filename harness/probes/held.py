"""How many connections, or threads, a service's containers hold, once a second, for claims about leaks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.errors import NotApplied
from harness.facts import Blinded, Fact, HeldSeen, Holding, Looked
from harness.world.handles import World


@dataclass(frozen=True, eq=False)
class HeldProbe:
    """One holding each. Threads are told by Docker; connections are read by the lookout, a few milliseconds a container."""

    holding: Holding
    name: str = "held"
    every_s: float = 1.0
    gap_s: float = 10.0
    lag_s: float = 1.0

    def look(self, world: World) -> Sequence[Fact]:
        try:
            seen = self._seen(world)
        except NotApplied as error:
            return (Blinded(probe=self.name, target=str(self.holding), error=str(error)),)
        return (*seen, Looked(probe=self.name, target=str(self.holding)))

    def _seen(self, world: World) -> Sequence[HeldSeen]:
        if self.holding.of == "threads":
            return world.containers.threads(self.holding.service)
        return world.lookout.connections(self.holding.service, self.holding.toward)
