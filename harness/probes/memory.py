"""The memory of a service's containers, once a second, for claims about leaks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.errors import NotApplied
from harness.facts import Blinded, Fact, Looked
from harness.world.handles import World


@dataclass(frozen=True, eq=False)
class MemoryProbe:
    """One service each; a look costs Docker a few milliseconds a container. A service that does not run was looked at, too."""

    service: str
    name: str = "memory"
    every_s: float = 1.0
    gap_s: float = 10.0
    lag_s: float = 1.0

    def look(self, world: World) -> Sequence[Fact]:
        try:
            seen = world.containers.memory(self.service)
        except NotApplied as error:
            return (Blinded(probe=self.name, target=self.service, error=str(error)),)
        return (*seen, Looked(probe=self.name, target=self.service))
