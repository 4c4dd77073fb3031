"""The lookout of a project with a Toxiproxy on its way: such an edge counts as surveyed once its caller was seen to go over its proxy."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from harness.edges import Edge
from harness.facts import Blinded, Fact
from harness.world.lookout import Lookout


class ProvenLookout(Lookout):
    """A survey tells nothing of edges on which no Toxiproxy stands: all that is theirs goes straight, as it should.

    unproven   by edge, the port of its proxy; a survey tells of it only once a connection to that port was seen, or one around it
    """

    def __init__(
        self,
        run_id: str,
        project: str,
        edges: Sequence[Edge],
        services: Mapping[str, Mapping[str, Any]],
        unproven: Mapping[str, int],
        record: Callable[[Fact], object],
    ) -> None:
        super().__init__(run_id, project, edges, services)
        self._unproven = dict(unproven)
        self._record = record
        self._mediated = {edge.id for edge in edges if edge.address}
        self._told: set[str] = set()

    def counts(self, edge: str, seen: Mapping[str, Any]) -> bool:
        """See Lookout."""
        port = self._unproven.get(edge)
        if port is None:
            return edge in self._mediated
        if int((seen.get("ports") or {}).get(str(port)) or 0):
            del self._unproven[edge]
            return True
        if int(seen.get("direct") or 0):
            return True
        if edge not in self._told:
            self._told.add(edge)
            why = f"no connection of its caller to port {port} of its Toxiproxy has been seen, nor one around it"
            self._record(Blinded(probe="survey", target=edge, error=why))
        return False
