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
    """At least 3 points. Source: Sen, Estimates of the regression coefficient based on Kendall's tau, JASA 63 (1968); the same
    as scipy.stats.theilslopes, of which a test holds it to: that import alone takes a second or two."""
    import numpy as np
    from scipy.special import ndtri

    y, x = np.asarray(values, float), np.asarray(times_s, float)
    n, run, rise = len(y), x[:, np.newaxis] - x, y[:, np.newaxis] - y
    slopes = np.sort(rise[run > 0] / run[run > 0])
    ties = [count * (count - 1) * (2 * count + 5) for one in (x, y) for count in np.unique(one, return_counts=True)[1]]
    sigma = math.sqrt(max(0.0, (n * (n - 1) * (2 * n + 5) - sum(ties)) / 18))
    reach = float(ndtri((1 + confidence) / 2)) * sigma
    high = min(int(np.round((len(slopes) + reach) / 2)), len(slopes) - 1)
    low = max(int(np.round((len(slopes) - reach) / 2)) - 1, 0)
    return Slope(
        float(np.median(slopes)), float(slopes[low]), float(slopes[high]), float(np.median(x)), float(np.median(y))
    )


def batch_medians(
    values: Sequence[float], times_s: Sequence[float], start_s: float, end_s: float, count: int = BATCHES
) -> list[tuple[float, float]]:
    """(median of the times, median of the values) for each of `count` equal batches that has any."""
    import numpy as np

    times, array = np.asarray(times_s, float), np.asarray(values, float)
    where = np.floor((times - start_s) / (end_s - start_s) * count).astype(int)
    batches = [where == i for i in range(count)]
    return [(float(np.median(times[one])), float(np.median(array[one]))) for one in batches if one.any()]
