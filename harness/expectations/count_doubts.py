"""Why connections, threads or handles that become more may be no leak: a pool fills, a load grows, what is idle is closed later."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from statistics import median

from harness.expectations.base import Evidence
from harness.expectations.count_calms import Calms, Step, level
from harness.expectations.count_load import grew_with_load
from harness.expectations.leak_course import Course, medians_of
from harness.expectations.leak_doubts import SLOWS, STRADDLES, Doubt
from harness.expectations.leak_stretches import ROOM
from harness.expectations.memory_growth import HALF, POINTS, floors, floors_rise, latest
from harness.quantities import numbered, spell
from harness.stats.theil_sen import theil_sen

DOUBLED = 2.0
IDLE_S = 120.0
"""What is kept open while idle is closed sooner by most (nginx 75 s, Go 90 s): until then it becomes more as a leak does."""
DRIFT = 3.0
PROVEN = 0.5
POOL = "a longer window, or a warm-up before it: a pool stops when it is full"
IN_USE = "a longer calm than idle time-outs, or a `metric` of those in use, such as hikaricp_connections_active"


def unproven(course: Course, calm: Calms, horizon_s: float, evidence: Evidence) -> Doubt | None:
    """Of a growth, between faults, by which it meets its limit within the horizon."""
    part, values = course.part, course.values
    if latest(values, course.times).per_s * horizon_s < course.limit - course.now:
        return SLOWS
    fell = floors(part.values, part.times_s, every=False)
    if fell and not floors_rise(fell, course.limit, horizon_s, course.end_s):
        levels = " ".join(f"{value:.0f}" for _, value in fell)
        return Doubt(reason="may_be_pool", seen=f"it fell by itself, to {levels}, as what was idle", decide=POOL)
    if _left_unclosed(course):
        return _wanders(course)
    if grew_with_load(evidence.rows, evidence.timeout_s, calm.times_s, course):
        return Doubt(
            reason="grows_with_load", seen="the load grew, too", decide="a window in which the load is as it was"
        )
    return _may_fill(course) or _wanders(course)


def not_given_back(course: Course, calm: Calms) -> Doubt | None:
    """Whether faults left more behind than before them, and that is still so at the end."""
    stayed = _stayed(calm)
    pace = max(0.0, course.slope.per_s)
    rose = sum(after - before - pace * one.took_s for one in stayed for before, after in [one.from_to])
    if not stayed or rose <= ROOM * max(0.0, course.limit - stayed[0].from_to[0]):
        return None
    levels = [stayed[0].from_to[0], *(one.from_to[1] for one in stayed)]
    told = ", ".join(f"{value:.0f}" for value in levels)
    again = "it rose with each fault" if len(stayed) > 1 else "it rose with a fault"
    left = math.ceil((course.limit - levels[-1]) * len(stayed) / (levels[-1] - levels[0]))
    more = f": {numbered(left, 'more such fault')} would meet the limit" if len(stayed) > 1 else ""
    return Doubt(
        reason="not_given_back", seen=f"{again} and did not fall back ({told} {course.part.unit}){more}", decide=IN_USE
    )


def unclosed_after_faults(calm: Calms) -> Sequence[float]:
    """How many connections that the other side had closed stayed open, before and after each of two faults or more; () for no proof.

    An idle pool keeps those too that a fault closed, until it is asked for them again: but no more than it had open before.
    """
    rose = [one for one in calm.steps if one.rose_unclosed]
    if len(rose) < 2:
        return ()
    open_before = median(level(rose[0].before.values))
    levels = [median(level(part.unclosed)) for part in (rose[0].before, *(one.after for one in rose))]
    last = median(level(calm.parts[-1].unclosed))
    return levels if last >= levels[-1] and last - levels[0] > open_before else ()


def _wanders(course: Course) -> Doubt | None:
    """Whether it may only drift: it does not surely grow in each half; or in the second by no more than so many comings and goings
    add up to by chance, as of a random walk."""
    values, times, samples = course.values, course.times, course.part.values
    grows = all(theil_sen(values[one], times[one]).low > 0 for one in (slice(None, HALF), slice(HALF, None)))
    late = samples[len(samples) // 2 :]
    rose = median(late[-POINTS:]) - median(late[:POINTS])
    moved = sum(abs(after - before) for before, after in pairwise(late))
    return None if grows and rose > DRIFT * math.sqrt(moved) else STRADDLES


def _may_fill(course: Course) -> Doubt | None:
    """Whether a pool may do so: it grows for as long as nothing idle is closed, or by less than it had."""
    length_s = course.end_s - course.part.times_s[0]
    if length_s < IDLE_S:
        seen = f"in {spell(round(length_s))} nothing idle need have been closed"
        return Doubt(reason="may_be_pool", seen=seen, decide=f"{spell(IDLE_S)} or more without a fault")
    if course.now < DOUBLED * max(1.0, course.values[0]):
        seen = f"a pool may have been filling: {course.values[0]:.0f} to {course.now:.0f}"
        return Doubt(reason="may_be_pool", seen=seen, decide=f"a window in which it doubles; {POOL}")
    return None


def _stayed(calm: Calms) -> list[Step]:
    """Faults since which it has never been again as low as before them."""
    steps = calm.steps
    return [
        one
        for i, one in enumerate(steps)
        if one.rose and all(min(level(later.after.values)) > one.from_to[0] for later in steps[i:])
    ]


def _left_unclosed(course: Course) -> bool:
    """Whether what becomes more are connections that the other side has closed: no pool is filled by those."""
    part = course.part
    if not part.unclosed:
        return False
    times, values = medians_of(part.unclosed, part.times_s)
    return theil_sen(values, times).low > 0 and values[-1] - values[0] >= PROVEN * (course.now - course.values[0])
