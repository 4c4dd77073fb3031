"""A dependency that cannot be reached by one caller."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from harness.facts import Witnessed
from harness.faults import felt
from harness.faults.base import Landing
from harness.faults.toxic import EdgeFault
from harness.world.handles import Want


class Down(EdgeFault):
    """
    A dependency is down for one caller: connections are refused, though it runs, and others still reach it.

        faults:
          - down: {edge: api->payments}

    Begins: every open connection of the edge is closed (FIN, or RST where data was on its way); new ones are refused.
    Ends:   connections are accepted again; none comes back by itself.
    Units:  none. It has no share: a listener is there for all or for none; see reset and hang.
    Raises: NotApplied when Toxiproxy did not take it.
    Source: Toxiproxy proxy.go, stop.
    """

    word: ClassVar[str] = "down"

    def wants(self, holder: str) -> Want:
        return Want(self.edge, holder, closed=True)

    def landing(self, before: Sequence[Witnessed], during: Sequence[Witnessed]) -> Landing:
        if not felt.answered(felt.bare(before, before)):
            return felt.no_baseline(before, "a refusal", 1.0, {"outcome": "refused"})
        # Of a target, what publishes the port accepts in the proxy's place, and then ends the connection.
        ended = ("closed", "reset") if any(look.outside for look in during) else ()
        return felt.by_outcome(1.0, during, ("refused", *ended))

    def gone(self, before: Sequence[Witnessed], after: Sequence[Witnessed]) -> Landing:
        return felt.gone(1.0, before, after, refuses=True)
