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
    def services(self) -> Mapping[str, str]: ...


@dataclass(frozen=True, eq=False)
class LogsProbe:
    """One look per service: blinded as soon as the log of one of its containers is not kept."""

    logs: LogKeeper
    name: str = "logs"
    every_s: float = 1.0
    gap_s: float = 4.0
    lag_s: float = 1.0

    def look(self, world: World) -> Sequence[Fact]:
        coverage = self.logs.coverage()
        if coverage.get(""):
            return (Blinded(probe=self.name, target="", error=coverage[""]),)
        services = self.logs.services()
        errors: dict[str, str] = {}
        for container, error in coverage.items():
            service = services.get(container, container)
            errors[service] = errors.get(service) or (f"{container}: {error}" if error else "")
        return tuple(
            Blinded(probe=self.name, target=service, error=error) if error else Looked(probe=self.name, target=service)
            for service, error in errors.items()
        )
