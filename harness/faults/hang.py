"""A dependency that takes a request and says nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from harness.facts import Witnessed
from harness.faults import felt
from harness.faults.base import Landing
from harness.faults.toxic import ToxicFault
from harness.world.handles import Toxic


class Hang(ToxicFault):
    """
    A dependency says nothing any more: connections open, and no answer ever comes.

        faults:
          - hang: {edge: api->postgres, share: 30%}

    Begins: answers on open connections stop at once, unless they are cut; what is sent is dropped. The dependency
            still gets and carries out the requests; with `stream: upstream` it does not get them.
    Ends:   every connection of the edge is closed, those that were not hit too: the caller sees an end of file (FIN).
            So the end is a disturbance of its own.
    Units:  none; it lasts until it is taken away.
    Raises: NotApplied when the edge has no proxy, or Toxiproxy did not take it.
    Source: Toxiproxy toxics/timeout.go (timeout 0), Cleanup.
    """

    word: ClassVar[str] = "hang"

    def toxic(self) -> Toxic:
        return self._toxic("timeout", timeout=0)

    def landing(self, before: Sequence[Witnessed], during: Sequence[Witnessed]) -> Landing:
        if not felt.answered(before, protocol=True):
            return felt.no_baseline(before, "whether an answer comes", self.share, {"outcome": "hung"})
        return felt.by_outcome(self.share, [look for look in during if look.speaks], ("hung",))
