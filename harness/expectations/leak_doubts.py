"""What every kind of leak has in common before it has failed: a doubt, or a growth that is sure enough."""

from __future__ import annotations

from typing import NamedTuple

from harness.expectations.leak_course import Course
from harness.expectations.memory_growth import slows


class Doubt(NamedTuple):
    reason: str
    seen: str
    decide: str


SLOWS = Doubt(
    reason="still_warming", seen="its growth became less", decide="a longer run, or a warm-up before the window"
)
STRADDLES = Doubt(
    reason="straddles", seen="", decide="a longer window: the interval of the slope narrows with its length"
)


def lasts(course: Course, horizon_s: float) -> bool:
    """Whether it surely does not meet its limit within the horizon."""
    return course.until_s[0] > horizon_s


def unsure(course: Course, horizon_s: float, p: float) -> Doubt | None:
    """Of what may not last: why it is not sure to meet its limit within the horizon, `p` among all that were judged."""
    if slows(course.values, course.times):
        return SLOWS
    if course.slope.low <= 0 or course.until_s[1] >= horizon_s or p > 0.05:
        return STRADDLES
    return None
