"""Whether pages would be seen: the mailbox is there, and every delivery is written as it comes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from harness.facts import Blinded, Fact, Looked
from harness.world.handles import World


class Mailbox(Protocol):
    """What the probe needs of world.pager.Pager, which writes Paged itself, at once."""

    def blind(self) -> str: ...


@dataclass(frozen=True, eq=False)
class PagesProbe:
    pager: Mailbox
    name: str = "pages"
    every_s: float = 1.0
    gap_s: float = 5.0
    lag_s: float = 2.0

    def look(self, world: World) -> Sequence[Fact]:
        why = self.pager.blind()
        return (Blinded(probe=self.name, target="", error=why),) if why else (Looked(probe=self.name),)
