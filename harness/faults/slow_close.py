"""A dependency whose connections take long to end."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import ClassVar

from pydantic import Field

from harness.facts import Witnessed
from harness.faults import felt
from harness.faults.base import Landing
from harness.faults.toxic import OneWayFault, whole_ms
from harness.quantities import Milliseconds
from harness.world.handles import Toxic


class SlowClose(OneWayFault):
    """
    Connections to a dependency end late: the end of file comes delay after it was sent.

        faults:
          - slow_close: {edge: api->cache, delay: 5s}

    Begins: nothing is seen until the dependency closes a connection; then it stays open for delay. Callers that wait
            for the end of file (HTTP without a length) wait with it.
    Ends:   connections that were waiting for their end are closed at once.
    Units:  milliseconds.
    Raises: NotApplied when the edge has no proxy, or Toxiproxy did not take it.
    Source: Toxiproxy toxics/slow_close.go.
    """

    word: ClassVar[str] = "slow_close"

    delay_ms: Milliseconds = Field(alias="delay", gt=0, description="how much later a connection ends")

    def toxics(self) -> tuple[Toxic, ...]:
        return self._toxic("slow_close", delay=whole_ms(self.delay_ms) or 1)

    def landing(self, before: Sequence[Witnessed], during: Sequence[Witnessed]) -> Landing:
        stated = {"delay_ms": self.delay_ms}
        usual_ms = felt.medians(felt.answered(before, protocol=True), lambda look: look.close_ms)
        if not usual_ms:
            if felt.answered(before, protocol=True):
                why = "the witness did not see the dependency end a connection before"
                return Landing("not_measurable", why, {**stated, "share": self.share})
            return felt.no_baseline(before, "when a connection ends", self.share, stated)
        looks = [look for look in felt.answered(during, protocol=True) if felt.place(look) in usual_ms]
        # None is: it had not ended when the look's own limit was over.
        added = [
            (look.limit_ms if look.close_ms is None else look.close_ms) - usual_ms[felt.place(look)] for look in looks
        ]
        censored = all(look.close_ms is None for look in looks) and any(look.limit_ms < self.delay_ms for look in looks)
        hit = [ms for look, ms in zip(looks, added, strict=True) if look.close_ms is None or ms >= 0.8 * self.delay_ms]
        weaker = sum(1 for look, ms in zip(looks, added, strict=True) if self._less(look, ms))
        detail = "no connection had ended within the looks' limit" if censored else ""
        measured = {"added_ms": round(median(hit), 2) if hit and not censored else None}
        return felt.by_share(self.share, len(looks), len(hit), weaker, stated=stated, measured=measured, detail=detail)

    def _less(self, look: Witnessed, ms: float) -> bool:
        return look.close_ms is not None and 0.25 * self.delay_ms <= ms < 0.8 * self.delay_ms
