"""Whether every container's log is being kept: a quiet log means something only when somebody was listening."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from harness.facts import Blinded, Fact, Looked
from harness.world.handles import World


class LogKeeper(Protocol):
    """What the probe needs of world.logs.LogFiles."""

    def coverage(self) -> Mapping[str, str]: ...


@dataclass(frozen=True, eq=False)
class LogsProbe:
    """One look per container; blinded where its log is not kept (a log driver that cannot be read, a full disk)."""

    logs: LogKeeper
    name: str = "logs"
    every_s: float = 1.0
    gap_s: float = 4.0
    lag_s: float = 1.0

    def look(self, world: World) -> Sequence[Fact]:
        return tuple(
            Blinded(probe=self.name, target=name, error=error) if error else Looked(probe=self.name, target=name)
            for name, error in self.logs.coverage().items()
        )
