"""The networks that a helper of ours joins to stand beside a service of a run's stack, each address given out once."""

from __future__ import annotations

import threading

from harness.stack import names as topology
from harness.stack.changes.identity import project_name
from harness.stack.place import spare
from harness.stack.resolve import Chosen
from harness.world.docker_cli import asked


class Attachments:
    """Remembers what it gave out."""

    def __init__(self) -> None:
        self._lent: set[str] = set()
        self._lending = threading.Lock()

    def of(self, config: topology.Config, chosen: Chosen, service: str) -> tuple[tuple[str, str], ...]:
        """The Docker networks that a service is on, each with the address that a helper must take there ('': any).

        Raises CannotRun when Docker is gone; () for a service outside of the project's networks.
        """
        found: list[tuple[str, str]] = []
        with self._lending:
            busy = {edge.address for edge in chosen.edges} | set(chosen.homes.values()) | self._lent
            for key in topology.networks(config, service):
                filters = (
                    f"label=com.docker.compose.project={project_name(chosen.run_id)}",
                    f"label=com.docker.compose.network={key}",
                )
                listed = asked("network", "ls", "--quiet", "--filter", filters[0], "--filter", filters[1])
                found += [(network, spare(config, key, chosen.ranges, busy)) for network in listed.split()]
            self._lent |= {address for _, address in found if address}
        return tuple(found)
