"""A dependency whose connections end in the middle."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from pydantic import Field

from harness.facts import Witnessed
from harness.faults import felt
from harness.faults.base import Landing
from harness.faults.toxic import OneWayFault
from harness.quantities import Bytes
from harness.world.handles import Toxic

TOO_SHORT = "the witness's exchange is too short"


class LimitData(OneWayFault):
    """
    A dependency's connections end in the middle: each is closed after so many bytes.

        faults:
          - limit_data: {edge: api->search, bytes: 64KB}

    Begins: every connection may pass so many bytes from now on, an open one too; then it ends (FIN), in the middle of
            an answer if need be. A short answer on a fresh connection passes whole.
    Ends:   at once; what a connection had passed is forgotten.
    Units:  bytes for each connection, in the direction of `stream`.
    Raises: NotApplied when the edge has no proxy, or Toxiproxy did not take it.
    Source: Toxiproxy toxics/limit_data.go.
    """

    word: ClassVar[str] = "limit_data"
    spends: ClassVar[bool] = True

    bytes: Bytes = Field(description="that a connection may pass")

    def toxics(self) -> tuple[Toxic, ...]:
        return self._toxic("limit_data", bytes=self.bytes)

    def unseen(self, answer_bytes: int | None) -> str:
        if answer_bytes is None:
            return TOO_SHORT if self.stream == "upstream" else ""
        return f"{TOO_SHORT}: about {answer_bytes} bytes of answer" if self._too_short(answer_bytes) else ""

    def _too_short(self, answer_bytes: float) -> bool:
        return self.stream == "upstream" or answer_bytes <= self.bytes

    def landing(self, before: Sequence[Witnessed], during: Sequence[Witnessed]) -> Landing:
        stated = {"bytes": self.bytes}
        usual = felt.medians(felt.answered(before, protocol=True), lambda look: float(look.size))
        if not usual:
            return felt.no_baseline(before, "how much passes", self.share, stated)
        if self._too_short(max(usual.values())):
            why = f"{TOO_SHORT}: {max(usual.values()):.0f} bytes of answer"
            return Landing("not_measurable", why, {**stated, "share": self.share}, {"size": max(usual.values())})
        looks = [look for look in during if look.speaks and usual.get(felt.place(look), 0.0) > self.bytes]
        return felt.by_outcome(self.share, looks, ("closed", "reset"), stated=stated)
