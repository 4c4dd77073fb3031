"""A thin line to a dependency."""

from __future__ import annotations

import re
from collections.abc import Sequence
from statistics import median, quantiles
from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, Field, WithJsonSchema

from harness.facts import Witnessed
from harness.faults import felt
from harness.faults.base import Landing
from harness.faults.toxic import OneWayFault
from harness.quantities import size_bytes
from harness.world.handles import Toxic


def bytes_per_second(value: Any) -> int:
    """'64KB/s' as bytes per second, at least 1 KB/s. Raises ValueError."""
    match = re.fullmatch(r"(.+?)\s*/\s*s", value.strip()) if isinstance(value, str) else None
    if match is None:
        raise ValueError(f"a rate of data must be a size per second, such as 64KB/s or 1MB/s, not {value!r}")
    rate = size_bytes(match.group(1))
    if rate < 1000:
        raise ValueError("must be at least 1KB/s: Toxiproxy counts in whole KB/s, and 0 would stall for ever; see hang")
    return rate


LEAST_MS = 20.0
"""Less than this, looks do not tell from chance."""
BUSY_MS = 60.0
"""What the ordinary spread of looks asks for on a machine that does much else."""
UPSTREAM = "the witness's requests are too short to show a rate towards the dependency"
DOWNSTREAM = "one in the other direction can be measured (`stream: downstream`)"

BytesPerSecond = Annotated[
    int,
    BeforeValidator(bytes_per_second),
    WithJsonSchema({"type": "string", "pattern": r"^\d+(\.\d+)?\s*([kKmMgG]i?)?[bB]\s*/\s*s$", "examples": ["64KB/s"]}),
]


class Bandwidth(OneWayFault):
    """
    The line to a dependency is thin: each connection gets so many bytes a second.

        faults:
          - bandwidth: {edge: api->search, rate: 64KB/s}

    Looks:  measured by the time that the witness's answer takes at that rate, 20 ms and three times its ordinary spread at the
            least. `drill plan` warns of a rate that is too high for the protocol; none shows in PostgreSQL's or Redis' few bytes.
    Begins: long answers take longer at once, on open connections too; short ones are hardly touched.
    Ends:   at once; what was held back is sent. Nothing is lost or closed.
    Units:  bytes a second for each connection, not for the edge; rounded to whole KB (1000 bytes).
    Raises: NotApplied when the edge has no proxy, or Toxiproxy did not take it.
    Source: Toxiproxy toxics/bandwidth.go.
    """

    word: ClassVar[str] = "bandwidth"

    rate_bytes_s: BytesPerSecond = Field(alias="rate", description="for each connection")

    def toxics(self) -> tuple[Toxic, ...]:
        return self._toxic("bandwidth", rate=round(self.rate_bytes_s / 1000))

    def unseen(self, answer_bytes: int | None) -> str:
        if self.stream == "upstream":
            return f"{UPSTREAM}; {DOWNSTREAM}"
        if answer_bytes is None or answer_bytes / self.rate_bytes_s * 1000 >= BUSY_MS:
            return ""
        takes_ms = answer_bytes / self.rate_bytes_s * 1000
        return (
            f"the witness's answer there of about {answer_bytes} bytes takes {takes_ms:.1f} ms at that rate, and {LEAST_MS:g} ms and "
            f"more are needed, {BUSY_MS:g} ms on a busy machine; {_measured(answer_bytes, BUSY_MS)}"
        )

    def landing(self, before: Sequence[Witnessed], during: Sequence[Witnessed]) -> Landing:
        stated = {"rate_bytes_s": self.rate_bytes_s}
        usual = felt.answered(before, protocol=True)
        usual_ms = felt.medians(usual, lambda look: look.answer_ms)
        if not usual_ms or self.stream == "upstream":
            if usual_ms:
                return Landing("not_measurable", UPSTREAM, {**stated, "share": self.share}, decide=DOWNSTREAM)
            return felt.no_baseline(before, "a rate", self.share, stated)
        looks = [look for look in felt.answered(during, protocol=True) if felt.place(look) in usual_ms]
        ordinary_ms = quantiles([0.0, *((look.answer_ms or 0.0) - usual_ms[felt.place(look)] for look in usual)], n=10)
        spread_ms = ordinary_ms[-1]
        least_ms = max(LEAST_MS, 3 * spread_ms)
        told = [look for look in looks if self._takes_ms(look) >= least_ms]
        if looks and not told:
            longest = max(look.size for look in looks)
            takes_ms = longest / self.rate_bytes_s * 1000
            than = f"the ordinary spread, {spread_ms:.1f} ms" if 3 * spread_ms > LEAST_MS else "looks can tell"
            why = f"the witness's answer of {longest} bytes takes {takes_ms:.1f} ms at that rate, not much more than {than}"
            shares, could = {**stated, "share": self.share}, _measured(longest, least_ms)
            return Landing("not_measurable", why, shares, {"size": longest}, looks=len(looks), decide=could)
        added = [(look, (look.answer_ms or 0.0) - usual_ms[felt.place(look)]) for look in told]
        hit = [(look, ms) for look, ms in added if ms >= 0.6 * self._takes_ms(look)]
        weaker = sum(
            1
            for look, ms in added
            if max(0.25 * self._takes_ms(look), 2 * spread_ms) <= ms < 0.6 * self._takes_ms(look)
        )
        rate = round(median(look.size / ms * 1000 for look, ms in hit)) if hit else None
        return felt.by_share(self.share, len(told), len(hit), weaker, stated=stated, measured={"rate_bytes_s": rate})

    def _takes_ms(self, look: Witnessed) -> float:
        return look.size / self.rate_bytes_s * 1000


def _measured(answer_bytes: int, takes_ms: float) -> str:
    """The greatest rate that can be, for at it an answer takes so long; Toxiproxy counts in whole KB."""
    rate_kb = int(answer_bytes / takes_ms)
    if rate_kb >= 1:
        return f"a rate of {rate_kb}KB/s or less can be measured"
    return "no rate can be measured here: 1KB/s is the least"
