"""A dependency whose connections are reset."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from pydantic import Field

from harness.facts import Witnessed
from harness.faults import felt
from harness.faults.base import Landing
from harness.faults.toxic import OneWayFault, whole_ms
from harness.quantities import Milliseconds
from harness.world.handles import Toxic


class Reset(OneWayFault):
    """
    A dependency resets connections: each one opens, and breaks with a TCP reset (RST) as soon as data comes back.

        faults:
          - reset: {edge: api->payments, share: 50%}

    Begins: open connections are closed (FIN) so that they redial; the new ones are reset at the first data. Kept ones
            (`open_connections: keep`) see an end of file at their next data, not a reset: the reset is prepared when a
            connection opens. The dependency gets the request; with `stream: upstream` it does not.
    Ends:   at once. With a share below 100 %, connections that were not hit live on, but end with a reset, too.
    Units:  after_data in milliseconds, from the first data to the reset.
    Raises: NotApplied when the edge has no proxy, or Toxiproxy did not take it.
    Source: Toxiproxy toxics/reset_peer.go; link.go, Start (SetLinger).
    """

    word: ClassVar[str] = "reset"
    spends: ClassVar[bool] = True

    after_data_ms: Milliseconds = Field(default=0.0, alias="after_data", description="from the first data to the reset")

    @property
    def cut(self) -> bool:
        return self.open_connections != "keep"

    def toxics(self) -> tuple[Toxic, ...]:
        return self._toxic("reset_peer", timeout=whole_ms(self.after_data_ms))

    def landing(self, before: Sequence[Witnessed], during: Sequence[Witnessed]) -> Landing:
        if not felt.answered(before, protocol=True):
            return felt.no_baseline(
                before, "a reset, which comes with the first data", self.share, {"outcome": "reset"}
            )
        looks = [look for look in during if look.speaks]
        return felt.by_outcome(self.share, looks, ("reset",), weaker=("closed",))
