"""A dependency whose answers come in small pieces."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import ClassVar, Self

from pydantic import Field, model_validator

from harness.facts import Witnessed
from harness.faults import felt
from harness.faults.base import Landing
from harness.faults.toxic import OneWayFault
from harness.quantities import Bytes, Milliseconds
from harness.world.handles import Toxic

TOO_SHORT = "the witness's exchange is too short to be cut in pieces"


class Slicer(OneWayFault):
    """
    Data comes in small pieces: what was sent at once arrives as packets of about `size` bytes, `delay` apart.

        faults:
          - slicer: {edge: api->cache, size: 64B, variation: 16B, delay: 5ms}

    Begins: at once, on open connections too. A caller that takes one read for one message breaks on it.
    Ends:   at once; the rest of a message comes in one piece.
    Units:  bytes; delay in milliseconds between pieces (Toxiproxy: microseconds). Without a delay the kernel may join
            pieces again.
    Raises: NotApplied when the edge has no proxy, or Toxiproxy did not take it.
    Source: Toxiproxy toxics/slicer.go.
    """

    word: ClassVar[str] = "slicer"

    size: Bytes = Field(gt=0, description="of a piece, on average")
    variation: Bytes = Field(default=0, description="of the size, up or down; less than the size")
    delay_ms: Milliseconds = Field(default=1.0, alias="delay", description="between pieces")

    @model_validator(mode="after")
    def _sizes(self) -> Self:
        if self.variation >= self.size:
            raise ValueError("variation must be less than the size: a piece cannot have less than nothing")
        return self

    def toxics(self) -> tuple[Toxic, ...]:
        sizes = {"average_size": self.size, "size_variation": self.variation}
        return self._toxic("slicer", **sizes, delay=round(self.delay_ms * 1000))

    def landing(self, before: Sequence[Witnessed], during: Sequence[Witnessed]) -> Landing:
        stated = {"size": self.size, "variation": self.variation, "delay_ms": self.delay_ms}
        usual = felt.answered(before, protocol=True)
        usual_chunks = felt.medians(usual, lambda look: float(look.chunks))
        if not usual_chunks:
            return felt.no_baseline(before, "in how many pieces an answer comes", self.share, stated)
        largest = max(look.size for look in usual)
        if self._too_short(largest):
            why = f"{TOO_SHORT}: {largest} bytes of answer"
            return Landing("not_measurable", why, {**stated, "share": self.share}, {"size": largest})
        looks = [look for look in felt.answered(during, protocol=True) if felt.place(look) in usual_chunks]
        hit = [look for look in looks if look.chunks >= max(usual_chunks[felt.place(look)] + 1, self._pieces(look) / 2)]
        if looks and not hit and self.delay_ms < 1:
            why = "pieces without a delay between them may be read as one"
            return Landing("not_measurable", why, {**stated, "share": self.share}, looks=len(looks))
        weaker = sum(1 for look in looks if look not in hit and look.chunks > usual_chunks[felt.place(look)] + 1)
        piece = round(median(look.size / look.chunks for look in hit)) if hit else None
        return felt.by_share(self.share, len(looks), len(hit), weaker, stated=stated, measured={"size": piece})

    def unseen(self, answer_bytes: int | None) -> str:
        if answer_bytes is None:
            return TOO_SHORT if self.stream == "upstream" else ""
        return f"{TOO_SHORT}: about {answer_bytes} bytes of answer" if self._too_short(answer_bytes) else ""

    def _too_short(self, answer_bytes: int) -> bool:
        return self.stream == "upstream" or answer_bytes <= 2 * (self.size + self.variation)

    def _pieces(self, look: Witnessed) -> float:
        return look.size / (self.size + self.variation)
