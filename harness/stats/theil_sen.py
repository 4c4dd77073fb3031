"""The slope of a series that has outliers, with an interval: the median of all pairwise slopes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

BATCHES = 12  # of a leak's series: batch medians forget each other, raw points do not


@dataclass(frozen=True)
class Slope:
    """`per_s` in [low, high], in the series' unit per second. Every line of these goes through the medians, (middle_s, level)."""

    per_s: float
    low: float
    high: float
    middle_s: float
    level: float

    def at(self, at_s: float) -> float:
        """The fitted value."""
        return self.level + self.per_s * (at_s - self.middle_s)

    def until(self, value: float, from_s: float) -> tuple[float, float]:
        """How long after from_s the line meets a value above it, as an interval; infinite where it may not rise.

        A steeper line is also higher by now: both are taken from the middle of the series, where its level is known.
        """
        room = max(0.0, value - self.level)

        def after(per_s: float) -> float:
            return max(0.0, self.middle_s + room / per_s - from_s) if per_s > 0 else math.inf

        return after(self.high), after(self.low)


def theil_sen(values: Sequence[float], times_s: Sequence[float], confidence: float = 0.95) -> Slope:
    """At least 3 points. Source: Sen, Estimates of the regression coefficient based on Kendall's tau, JASA 63 (1968); as
    scipy.stats.theilslopes."""
    import numpy as np
    from scipy.stats import theilslopes

    found = theilslopes(values, times_s, confidence)
    slopes = float(found.slope), float(found.low_slope), float(found.high_slope)
    return Slope(*slopes, float(np.median(times_s)), float(np.median(values)))


def batch_medians(
    values: Sequence[float], times_s: Sequence[float], start_s: float, end_s: float, count: int = BATCHES
) -> list[tuple[float, float]]:
    """(median of the times, median of the values) for each of `count` equal batches that has any."""
    import numpy as np

    times, array = np.asarray(times_s, float), np.asarray(values, float)
    where = np.floor((times - start_s) / (end_s - start_s) * count).astype(int)
    batches = [where == i for i in range(count)]
    return [(float(np.median(times[one])), float(np.median(array[one]))) for one in batches if one.any()]
