"""Whether a series had come to rest: what of it is warm-up, and whether the rest drifts or shifts.

First the warm-up is cut off where the mean of what is left is known best (MSER-5). Then the rest is looked at for a drift
(Theil-Sen on batch medians), for a shift in its last half, and for long waves. A word is given only for what the interval shows: a series
that merely may drift is `flat`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from harness.stats.theil_sen import theil_sen

DRIFT = 0.05  # of the mean, over the series' length: less than this matters to nobody
SHIFT = 0.10  # of the mean, between the two sides of one instant in the last half
BATCH = 5  # points, of MSER-5
CONFIDENCE = 0.99  # a false "not steady" costs a whole run
BETWEEN = 0.8  # of the variance: noise of lag-1 correlation 0.6 has half of it between stretches of 5 points
LONGEST_WARMUP = 0.4  # of the series: what takes longer to come to rest is not seen at rest
FEWEST_POINTS = 60  # 12 batches of 5


@dataclass(frozen=True)
class Settled:
    """
    word      flat; warmup or slowdown (worse, or better, at first, then flat); unsteady (never at rest)
    cut       so many points belong to the warm-up
    drift     relative change over the rest, as (low, high)
    because   for a person, '' when flat
    """

    word: str
    cut: int
    drift: tuple[float, float]
    because: str = ""

    @property
    def steady(self) -> bool:
        return self.word != "unsteady"


def mser5(values: Sequence[float]) -> int:
    """How many points to cut off: the start from which the mean of the rest has the least standard error.

    Source: White, An Effective Truncation Heuristic for Bias Reduction in Simulation Output, Simulation 69 (1997); batch
    means of 5, d* = argmin Var(Y_d…) / (n - d). Looked for in the first half alone: a few alike points at the very end
    have the least error by chance (the method's known weakness), and a series that is still changing in its second half
    shows it by drifting there.
    """
    import numpy as np

    count = len(values) // BATCH
    means = np.asarray(values[: count * BATCH], float).reshape(count, BATCH).mean(axis=1)
    best, least = 0, math.inf
    for start in range(count // 2 + 1):
        rest = means[start:]
        error = float(((rest - rest.mean()) ** 2).sum()) / len(rest) ** 2
        if error < least:
            best, least = start, error
    return best * BATCH


def settled(values: Sequence[float]) -> Settled | None:  # noqa: PLR0911 (one return for each thing there is to say)
    """What became of a series of equally spaced points, such as a latency a second. None: too few to tell (60).

    Source: the gate of verdicts in Barrett et al., Virtual Machine Warmup Blows Hot and Cold (OOPSLA 2017): flat, warmup,
    slowdown, no steady state; ours decides by intervals.
    """
    import numpy as np

    if len(values) < FEWEST_POINTS:
        return None
    cut = mser5(values)
    array = np.asarray(values, float)
    rest = array[cut:]
    mean = float(rest.mean())
    if mean == 0:
        return Settled("flat", 0, (0.0, 0.0))
    drift = _drift(rest, mean)
    if min(abs(drift[0]), abs(drift[1])) > DRIFT and drift[0] * drift[1] > 0:
        low, high = sorted(100 * d for d in drift)
        return Settled("unsteady", cut, drift, f"it drifted by {low:+.0f} to {high:+.0f} % of its mean")
    shift, at = _shift(rest, mean)
    if abs(shift) > SHIFT:
        return Settled("unsteady", cut, drift, f"it shifted by {100 * shift:+.0f} % of its mean at point {cut + at}")
    if _wanders(rest, mean):
        return Settled("unsteady", cut, drift, "it went up and down in long waves")
    if cut == 0 or not _differs(array[:cut], rest, mean):
        return Settled("flat", 0, drift)
    if cut > LONGEST_WARMUP * len(array):
        return Settled("unsteady", cut, drift, "it was still changing after two fifths of the time")
    return Settled("warmup" if array[:cut].mean() > mean else "slowdown", cut, drift)


def _drift(rest: Any, mean: float) -> tuple[float, float]:
    """Relative change from the first point to the last, as an interval from 12 batch medians."""
    import numpy as np

    medians = [float(np.median(part)) for part in np.array_split(rest, 12)]
    slope = theil_sen(medians, range(12), CONFIDENCE)
    return slope.low * 11 / mean, slope.high * 11 / mean


def _shift(rest: Any, mean: float) -> tuple[float, int]:
    """The relative step in the last half that stands out most, and where; 0 when none does.

    Batch means before and after, by Welch's t; the best of k places is held to its share of the error probability
    (Bonferroni), for the best of many splits is no test of one.
    """
    import numpy as np
    from scipy.stats import ttest_ind

    parts = np.array_split(rest, 24)
    means = np.array([part.mean() for part in parts])
    places = range(12, 22)
    best, where, least = 0.0, 0, (1 - CONFIDENCE) / len(places)
    for place in places:
        p = float(ttest_ind(means[place:], means[:place], equal_var=False).pvalue)
        if p < least:
            best, where, least = float(means[place:].mean() - means[:place].mean()) / mean, place, p
    return best, sum(len(part) for part in parts[:where])


def _wanders(rest: Any, mean: float) -> bool:
    """Whether nearly all of its variance lies between stretches and little within: a wave (a sawtooth), and no noise."""
    import numpy as np

    parts = np.array_split(rest, max(2, len(rest) // BATCH))
    between, total = float(np.var([part.mean() for part in parts])), float(np.var(rest))
    return total > 0 and between > BETWEEN * total and math.sqrt(between) > DRIFT * abs(mean)


def _differs(before: Any, rest: Any, mean: float) -> bool:
    """Whether what was cut off really was different, and not chance's choice of a quiet stretch."""
    import numpy as np

    size = max(1, min(len(before), BATCH))
    means = [float(part.mean()) for part in np.array_split(rest, max(2, len(rest) // size))]
    spread = float(np.std(means, ddof=1))
    return bool(abs(float(before[:size].mean()) - mean) > max(DRIFT * abs(mean), 3 * spread))
