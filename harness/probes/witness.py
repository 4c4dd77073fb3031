"""The witness: an independent look through one edge, again and again, also and above all while a fault is on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from harness.errors import NotApplied
from harness.facts import Blinded, Fact, Looked
from harness.world.handles import World

BARE_S = 5.0
"""A look that only connects is harm to some servers (MySQL counts them as errors), so it is made rarely: one that is refused is none."""
ABSENT = 20
"""After so many blinded looks in a row (10 s) the caller is taken to be gone for long (a one-shot), and looked for
rarely."""


@dataclass
class _State:
    """What the probe remembers between looks."""

    not_before_s: float = 0.0
    blinded: int = 0


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
    _state: _State = field(default_factory=_State)

    def look(self, world: World) -> Sequence[Fact]:
        began_s = world.clock.now_s()
        if began_s < self._state.not_before_s:
            return ()
        try:
            seen = world.lookout.look(self.edge)
        except NotApplied as error:
            return (Blinded(probe=self.name, target=self.edge, error=str(error)),)
        self._state.blinded = self._state.blinded + 1 if seen.outcome == "blinded" else 0
        if (not seen.speaks and seen.outcome != "refused") or self._state.blinded > ABSENT:
            self._state.not_before_s = began_s + BARE_S
        seen = replace(seen, happened_s=round(began_s, 6))
        if seen.outcome == "blinded":
            return (seen, Blinded(probe=self.name, target=self.edge, error=seen.error))
        return (seen, Looked(probe=self.name, target=self.edge))
