"""The containers of a project that ran already, as faults and probes meet them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from harness.attach.record import waits
from harness.errors import NotApplied
from harness.facts import HeldSeen, Surveyed, Witnessed
from harness.world.containers import Containers
from harness.world.docker import refusing
from harness.world.handles import Want

NO_EDGE = "no Toxiproxy of this run stands on its way"
NO_LOOK = "nobody looks from inside of the networks of a Docker on another machine"


class AttachedContainers(Containers):
    """Those that wait for the end of the run are none of them."""

    def listed(self, service: str = "") -> list[dict[str, Any]]:
        return [row for row in super().listed(service) if not waits(str(row["Names"][0]))]

    def running(self) -> Sequence[str]:
        """The project's, and the run's own helpers."""
        with refusing("list the project's containers"):
            theirs = self.client.api.containers(filters={"label": f"com.docker.compose.project={self.project}"})
        return tuple(dict.fromkeys((*super().running(), *(str(row["Id"]) for row in theirs))))


class NoProxies:
    """Implements handles.Proxies where no edge was put in: nothing can be wanted."""

    def want(self, want: Want) -> Mapping[str, Any]:
        raise NotApplied(f"{want.edge}: {NO_EDGE}")

    def unwant(self, holder: str) -> str:
        return ""

    def listening(self, service: str, ports: Sequence[int]) -> None:
        """There are no edges to open."""

    def holders(self) -> tuple[str, ...]:
        return ()

    def let_go(self) -> None:
        """There is nothing to let go of."""


class NoLookout:
    """Implements handles.Lookout where nobody can look: Docker is on another machine."""

    def look(self, edge: str) -> Witnessed:
        return Witnessed(edge=edge, port=0, outcome="blinded", error=NO_LOOK)

    def survey(self) -> Sequence[Surveyed]:
        self._none()

    def connections(self, service: str, toward: str) -> Sequence[HeldSeen]:
        self._none()

    def limit(self, edge: str, limit_ms: float | None) -> None:
        """No look has a limit."""

    def listening(self, service: str, ports: Sequence[int]) -> None:
        """Nobody asks for ports."""

    def start(self) -> None:
        """There is nothing to start."""

    def close(self) -> None:
        """There is nothing to end."""

    def _none(self) -> NoReturn:
        raise NotApplied(NO_LOOK)
