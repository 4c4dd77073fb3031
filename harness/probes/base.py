"""What every probe is: it looks at one part of the world on an interval and reports facts; it never judges."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from harness.facts import Fact
from harness.world.handles import World


class Probe(Protocol):
    """`gap_s`: looks further apart than this do not count as watching. `lag_s`: how late its facts may arrive."""

    @property
    def name(self) -> str: ...
    @property
    def every_s(self) -> float: ...
    @property
    def gap_s(self) -> float: ...
    @property
    def lag_s(self) -> float: ...

    def look(self, world: World) -> Sequence[Fact]:
        """One look; a `Looked` or a `Blinded` for each target is always among the facts. Raises nothing."""
        ...
