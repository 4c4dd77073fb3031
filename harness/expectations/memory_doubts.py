"""Why memory that grows towards its limit may be no leak: it warms up, or its garbage waits to be collected."""

from __future__ import annotations

from harness.expectations.leak_course import Course
from harness.expectations.leak_doubts import SLOWS, Doubt
from harness.expectations.leak_stretches import MIB
from harness.expectations.memory_growth import FLOORS, floors, floors_rise, latest
from harness.expectations.memory_programs import STORES

DOUBLED = (
    2.0  # Go collects when the heap has doubled (GOGC=100): what grew by less than its own size may all be garbage
)


def unproven(course: Course, horizon_s: float, *, collected: bool | None, program: str = "") -> Doubt | None:
    """Of a growth by which it is full within the horizon; `program` is what it runs."""
    part, limit, times, values = course.part, course.limit, course.times, course.values
    if latest(values, times).per_s * horizon_s < limit - course.now:
        return SLOWS
    fell = floors(part.values, part.times_s, every=bool(collected))
    if (fell or collected) and not floors_rise(fell, limit, horizon_s, part.times_s[-1]):
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
