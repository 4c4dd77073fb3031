"""Every container of the stack as Docker describes it, and Docker's events: who died, was killed for memory, or
restarted."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from harness.errors import NotApplied
from harness.facts import Blinded, ContainerSeen, Fact, Looked
from harness.world.handles import World


@dataclass(frozen=True, eq=False)
class ContainersProbe:
    """A state is written when it differs from the last one written, and an event always; each look says that it looked.

    A lost stream of events blinds nobody while the states can be read: they count restarts, and the events come later.
    """

    name: str = "containers"
    every_s: float = 1.0
    gap_s: float = 5.0
    lag_s: float = 1.0
    _last: dict[str, ContainerSeen] = field(default_factory=dict)

    def look(self, world: World) -> Sequence[Fact]:
        facts: list[Fact] = []
        with contextlib.suppress(NotApplied):
            facts += world.containers.changes()
        try:
            states = world.containers.states()
        except NotApplied as error:
            return (*facts, Blinded(probe=self.name, target="", error=str(error)))
        for state in states:
            plain = replace(state, number=0, seen_s=0.0)
            if self._last.get(state.container) != plain:
                self._last[state.container] = plain
                facts.append(state)
        return (*facts, Looked(probe=self.name))
