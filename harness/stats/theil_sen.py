"""The slope of a series that has outliers, with an interval: the median of all pairwise slopes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

BATCHES = 12  # of a leak's series: batch medians forget each other, raw points do not


@dataclass(frozen=True)
class Slope:
    """`per_s` in [low, high], in the series' unit per second; `at(t)` is the fitted value."""

    per_s: float
    low: float
    high: float
    intercept: float

    def at(self, at_s: float) -> float:
        return self.intercept + self.per_s * at_s


def theil_sen(values: Sequence[float], times_s: Sequence[float], confidence: float = 0.95) -> Slope:
    """At least 3 points. Source: Sen, Estimates of the regression coefficient based on Kendall's tau, JASA 63 (1968); as
    scipy.stats.theilslopes."""
    from scipy.stats import theilslopes

    found = theilslopes(values, times_s, confidence)
    return Slope(float(found.slope), float(found.low_slope), float(found.high_slope), float(found.intercept))


def batch_medians(
    values: Sequence[float], times_s: Sequence[float], start_s: float, end_s: float, count: int = BATCHES
) -> list[tuple[float, float]]:
    """(middle of the batch, median of its values) for each of `count` equal batches that has any."""
    import numpy as np

    where = np.floor((np.asarray(times_s) - start_s) / (end_s - start_s) * count).astype(int)
    array, step_s = np.asarray(values, float), (end_s - start_s) / count
    return [
        (start_s + (i + 0.5) * step_s, float(np.median(array[where == i]))) for i in range(count) if (where == i).any()
    ]
