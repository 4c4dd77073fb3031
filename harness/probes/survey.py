"""Which way the callers' connections go: over the edge, or around it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.errors import NotApplied
from harness.facts import Blinded, Fact, Looked
from harness.world.handles import World


@dataclass(frozen=True, eq=False)
class SurveyProbe:
    name: str = "survey"
    every_s: float = 2.0
    gap_s: float = 6.0
    lag_s: float = 0.0

    def look(self, world: World) -> Sequence[Fact]:
        try:
            surveyed = world.lookout.survey()
        except NotApplied as error:
            return (Blinded(probe=self.name, target="", error=str(error)),)
        return (*surveyed, *(Looked(probe=self.name, target=fact.edge) for fact in surveyed))
