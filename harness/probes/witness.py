"""The witness: an independent look through one edge, again and again, also and above all while a fault is on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from harness.errors import NotApplied
from harness.facts import Blinded, Fact, Looked
from harness.world.handles import World

BARE_S = 5.0
"""A look that only connects is harm to some servers (MySQL counts them as errors), so it is made rarely."""


@dataclass(frozen=True, eq=False)
class WitnessProbe:
    """One edge each, so that a look that hangs holds up no other edge. A look is dated by its beginning.

    gap_s is above BARE_S plus a hung look; lag_s is a hung look's own length.
    """

    edge: str
    name: str = "witness"
    every_s: float = 0.5
    gap_s: float = 8.0
    lag_s: float = 2.0
    _bare: dict[str, float] = field(default_factory=dict)

    def look(self, world: World) -> Sequence[Fact]:
        began_s = world.clock.now_s()
        if began_s < self._bare.get(self.edge, 0.0):
            return ()
        try:
            seen = world.lookout.look(self.edge)
        except NotApplied as error:
            return (Blinded(probe=self.name, target=self.edge, error=str(error)),)
        if not seen.speaks:
            self._bare[self.edge] = began_s + BARE_S
        seen = replace(seen, happened_s=began_s)
        if seen.outcome == "blinded":
            return (seen, Blinded(probe=self.name, target=self.edge, error=seen.error))
        return (seen, Looked(probe=self.name, target=self.edge))
