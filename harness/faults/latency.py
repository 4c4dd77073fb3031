"""A dependency that answers late."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median, quantiles
from typing import ClassVar, Self

from pydantic import Field, model_validator

from harness.facts import Witnessed
from harness.faults import felt
from harness.faults.base import Landed, Landing
from harness.faults.toxic import OneWayFault, whole_ms
from harness.quantities import Milliseconds
from harness.world.handles import Toxic


class Latency(OneWayFault):
    """
    A dependency answers late: everything it sends waits delay ± jitter.

        faults:
          - latency: {edge: api->postgres, delay: 400ms, jitter: 100ms}

    Begins: answers on open connections are late at once, unless they are cut; new connections open as fast as ever.
    Ends:   at once, on open connections too; what waits is sent. Nothing is lost or closed.
    Units:  milliseconds, for each turn of the exchange: a login of three turns waits three times. Some 0.8 ms more
            than stated (Go's timers).
    Raises: NotApplied when the edge has no proxy, or Toxiproxy did not take it.
    Source: Toxiproxy toxics/latency.go; uniform in delay ± jitter, not to be seeded.
    """

    word: ClassVar[str] = "latency"

    delay_ms: Milliseconds = Field(alias="delay", gt=0, description="how much later")
    jitter_ms: Milliseconds = Field(default=0.0, alias="jitter", description="uniformly more or less than the delay")

    @model_validator(mode="after")
    def _sizes(self) -> Self:
        whole_ms(self.delay_ms)
        if whole_ms(self.jitter_ms) > whole_ms(self.delay_ms):
            raise ValueError("jitter is more than the delay: an answer cannot come before it is sent")
        return self

    def toxics(self) -> tuple[Toxic, ...]:
        return self._toxic("latency", latency=whole_ms(self.delay_ms), jitter=whole_ms(self.jitter_ms))

    def landing(self, before: Sequence[Witnessed], during: Sequence[Witnessed]) -> Landing:
        stated = {"delay_ms": self.delay_ms, "jitter_ms": self.jitter_ms}
        usual = felt.answered(before, protocol=True)
        usual_ms = felt.medians(usual, lambda look: look.answer_ms)
        if not usual_ms:
            return felt.no_baseline(before, "a delay", self.share, stated)

        def added_ms(look: Witnessed) -> float:
            """For each turn, against the ordinary answer at the same place; a look that hung was added at least the
            rest.
            """
            took_ms = look.limit_ms if look.outcome == "hung" else look.answer_ms or 0.0
            return (took_ms - usual_ms[felt.place(look)]) / max(1, look.turns)

        looks = [
            look
            for look in felt.able(during)
            if look.speaks and felt.place(look) in usual_ms and (look.outcome == "answered" or self._may_hang(look))
        ]
        least_ms = 0.8 * (self.delay_ms - self.jitter_ms)
        ordinary_ms = quantiles([0.0, *map(added_ms, usual)], n=10)[-1] if usual else 0.0
        added = [added_ms(look) for look in looks]
        if least_ms <= ordinary_ms:  # single looks cannot be told apart; their middle still can, when all are hit
            if self.share < 1 or not added or median(added) < max(0.5 * self.delay_ms, 2 * ordinary_ms):
                return self._by_middle(added, [added_ms(look) for look in usual], ordinary_ms, stated)
            least_ms = ordinary_ms
        told = [value for look, value in zip(looks, added, strict=True) if look.outcome == "answered"]
        hit = [value for value in told if value >= least_ms]
        weaker = sum(1 for value in told if max(0.25 * self.delay_ms, 2 * ordinary_ms) < value < least_ms)
        hung = len(looks) - len(told)
        size = f"{median(hit):.1f} ms added a turn, {self.delay_ms:g} ms stated" if hit else ""
        detail = "; ".join(filter(None, (size, f"{hung} had no answer within their limit" if hung else "")))
        return felt.by_share(
            self.share,
            len(looks),
            len(hit) + hung,
            weaker,
            stated=stated,
            measured={"added_ms": round(median(hit), 2) if hit else None},
            detail=detail,
        )

    def _by_middle(
        self, added: Sequence[float], usual: Sequence[float], ordinary_ms: float, stated: dict[str, float]
    ) -> Landing:
        """Landed when the middle look was later by at least half the delay, whatever chance did (99 % on either side)."""
        measured = {"added_ms": round(median(added), 2) if added else None}
        later_ms = felt.middle(added)[0] - felt.middle(usual)[1]
        sure = self.share == 1 and later_ms >= 0.5 * self.delay_ms
        because = (
            f"the middle of {len(added)} looks was {median(added):.1f} ms later a turn (surely {later_ms:.1f}), "
            f"{self.delay_ms:g} ms stated"
            if sure
            else f"{self.delay_ms:g} ms ± {self.jitter_ms:g} is within the ordinary spread, {ordinary_ms:.1f} ms"
        )
        outcome: Landed = "landed" if sure else "not_measurable"
        return Landing(outcome, because, {**stated, "share": self.share}, measured, looks=len(added))

    def _may_hang(self, look: Witnessed) -> bool:
        """Whether no answer within the look's limit is what this delay would do (in as many turns as a login may
        take).
        """
        return look.outcome == "hung" and 8 * (self.delay_ms + self.jitter_ms) >= look.limit_ms
