"""The shape of what grows: straight on as a leak, less and less as a warm-up, or up and down as a heap that is collected."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from harness.stats.theil_sen import BATCHES, Slope, theil_sen

POINTS = 5  # samples in a batch at the least, so that a median forgets a neighbour
HALF = BATCHES // 2
SEVERAL = 3.0
BENT, SURE = 10, 0.99  # batches; of straight leaks one in a hundred is left open
EXACT = 1e-9  # counts may rise exactly by a line, of which arithmetic makes a bend
LAST = 3  # a rise that takes up more than a third moves the interval of the whole slope
PART, NOISE = 0.25, 8.0  # of the range, and of the usual step from sample to sample: less is no fall
FLOORS = 4  # in order by chance: once in 24
BEYOND = 2.0  # times the largest fall: what rose so far since the last one is no more of the same


def slows(values: Sequence[float], times_s: Sequence[float]) -> bool:
    """Of batches: whether they surely grew in the first half, and in the second not surely, or surely or several times less."""
    if len(values) < 2 * HALF:
        return False
    first, second = theil_sen(values[:HALF], times_s[:HALF]), latest(values, times_s)
    if first.low <= 0:
        return False
    less = second.low <= 0 or second.high < first.low * (1 - EXACT) or SEVERAL * second.per_s < first.per_s
    return less or _bends_down(np.asarray(values[-BENT:]), np.asarray(times_s[-BENT:]))


def _bends_down(values: NDArray[np.float64], times_s: NDArray[np.float64]) -> bool:
    """By a parabola's t value. What came before is left out: a straight leak after a short warm-up stays one."""
    from scipy.special import stdtrit

    (bend, _, _), spread = np.polyfit((times_s - times_s.mean()) / float(np.ptp(times_s)), values, 2, cov=True)
    least = EXACT * float(np.ptp(values))
    return float(bend) < -max(least, float(stdtrit(len(values) - 3, SURE)) * math.sqrt(spread[0, 0]))


def latest(values: Sequence[float], times_s: Sequence[float]) -> Slope:
    """Of the second half of batches: how it grows by now."""
    return theil_sen(values[-HALF:], times_s[-HALF:])


def floors(values: Sequence[float], times_s: Sequence[float], *, every: bool) -> list[tuple[float, float]]:
    """Where samples that fell stopped falling: after `every` fall, or after such as may take back what has grown, else none."""
    array, found = np.asarray(values, float), []
    size = len(array) // POINTS
    medians = np.median(array[: size * POINTS].reshape(size, POINTS), axis=1)
    least = NOISE * float(np.median(np.abs(np.diff(array))))
    if not every:
        least = max(least, PART * float(np.ptp(medians)))
    peak = low = 0
    largest, falling = 0.0, False
    for i, value in enumerate(medians):
        if falling and value <= medians[low]:
            low = i
        elif falling and value - medians[low] >= least:
            found.append(low)
            peak, falling = i, False
        elif not falling and value >= medians[peak]:
            peak = i
        elif not falling and medians[peak] - value >= least:
            low, falling = i, True
        if falling:
            largest = max(largest, float(medians[peak] - medians[low]))
    found += [low] if falling else []
    if not every and found and medians[-1] - medians[found[-1]] >= BEYOND * largest:
        return []
    return [(times_s[i * POINTS + POINTS // 2], float(medians[i])) for i in found]


def floors_rise(fell: Sequence[tuple[float, float]], limit: float, horizon_s: float, end_s: float) -> bool:
    """Whether what each fall left is surely more and more, and meets the limit in time."""
    if len(fell) < FLOORS:
        return False
    slope = theil_sen([value for _, value in fell], [at_s for at_s, _ in fell])
    return slope.low > 0 and slope.until(limit, end_s)[1] < horizon_s


def late_pace(values: Sequence[float], times_s: Sequence[float]) -> float:
    """Per second, where it rose twice on end as it never did (nor fell) before the last third, by fives of samples to batches; else 0."""
    batch = len(values) // BATCHES
    sizes = {*(POINTS << i for i in range((batch // POINTS).bit_length())), batch}
    return max(_pace(np.asarray(values), np.asarray(times_s), size) for size in sizes)


def _pace(values: NDArray[np.float64], times_s: NDArray[np.float64], size: int) -> float:
    count = len(values) // size
    medians, middles = (
        np.median(one[len(one) - count * size :].reshape(count, size), axis=1) for one in (values, times_s)
    )
    steps = np.diff(medians)
    if steps[-2:].min() <= np.abs(steps[: -(count // LAST)]).max():
        return 0.0
    return float((medians[-1] - medians[-3]) / (middles[-1] - middles[-3]))
