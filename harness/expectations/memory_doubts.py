"""Why memory that grows towards its limit may be no leak: it warms up, or its garbage waits to be collected."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from harness.expectations.memory_growth import floors, latest
from harness.expectations.memory_programs import STORES
from harness.expectations.memory_stretches import MIB, Stretch
from harness.stats.theil_sen import theil_sen

DOUBLED = (
    2.0  # Go collects when the heap has doubled (GOGC=100): what grew by less than its own size may all be garbage
)
FLOORS = 4  # in order by chance: once in 24


class Doubt(NamedTuple):
    reason: str
    seen: str
    decide: str


SLOWS = Doubt(
    reason="still_warming", seen="its growth became less", decide="a longer run, or a warm-up before the window"
)


def unproven(
    part: Stretch,
    points: Sequence[tuple[float, float]],
    limit: float,
    horizon_s: float,
    *,
    collected: bool | None,
    program: str = "",
) -> Doubt | None:
    """Of a growth by which it is full within the horizon; `points` are medians of batches, `program` is what it runs."""
    times, values = [at_s for at_s, _ in points], [value for _, value in points]
    if latest(values, times).per_s * horizon_s < limit - values[-1]:
        return SLOWS
    fell = floors(part.bytes_, part.times_s, every=bool(collected))
    if (fell or collected) and not _rise(fell, limit, horizon_s, part.times_s[-1]):
        levels = " ".join(f"{value / MIB:.0f}" for _, value in fell)
        return Doubt(
            reason="may_be_collected",
            seen=f"it fell by itself, to {levels} MiB, and whether it will again is open"
            if fell
            else "it has not been collected yet",
            decide=f"a window with {FLOORS} collections or more: the levels they leave tell",
        )
    first, last = (fell[0][1], fell[-1][1]) if fell else (values[0], values[-1])
    if collected is False or last >= DOUBLED * first:
        return None
    if collected is None and program in STORES:
        return Doubt(
            reason="may_fill_buffers",
            seen=f"{program}, which collects no garbage, may be filling its buffers: {first / MIB:.0f} to {last / MIB:.0f} MiB",
            decide="a window in which it doubles, or `collected: false` where its buffers are full before the window",
        )
    return Doubt(
        reason="may_be_collected",
        seen=f"a garbage collector may free at once what took it from {first / MIB:.0f} to {last / MIB:.0f} MiB",
        decide="a window in which it doubles, or `collected: false` where nothing collects garbage",
    )


def _rise(fell: Sequence[tuple[float, float]], limit: float, horizon_s: float, end_s: float) -> bool:
    """Whether what each fall left is surely more and more, and meets the limit in time."""
    if len(fell) < FLOORS:
        return False
    slope = theil_sen([value for _, value in fell], [at_s for at_s, _ in fell])
    return slope.low > 0 and slope.until(limit, end_s)[1] < horizon_s
