"""How a percentile of one stretch compares to that of another: their ratio, with an interval from resampled batches.

Percentiles are not averaged: each replicate draws whole batches of either side with replacement, pools their requests, and
takes the percentile of the pool. The draws are seeded: the same evidence always gives the same interval.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

REPLICATES = 2000
SEED = 20240229
GRID = 2048  # values at which the pools are counted: a large ledger is not sorted anew for each replicate


@dataclass(frozen=True, eq=False)
class Ratio:
    """`point` is the ratio of the pooled percentiles; `logs` the replicates' logarithms, sorted."""

    point: float
    logs: Any = field(repr=False)
    batches: tuple[int, int] = (0, 0)

    def interval(self, confidence: float = 0.95) -> tuple[float, float]:
        """Two-sided, expanded for few batches.

        With b batches a percentile interval is too narrow: by sqrt((b - 1)/b), as a variance by n, and as a normal
        quantile where Student's t belongs. Source: Hesterberg, What Teachers Should Know About the Bootstrap, The American
        Statistician 69 (2015), "expanded percentile interval"; degrees of freedom of the side with fewer batches (the careful choice for Welch's).
        """
        import numpy as np
        from scipy.special import ndtr, stdtrit

        small = min(self.batches)
        z = float(stdtrit(small - 1, (1 + confidence) / 2)) * math.sqrt(small / (small - 1))
        tail = float(ndtr(-z))
        low, high = np.quantile(self.logs, [tail, 1 - tail], method="inverted_cdf")
        return float(np.exp(low)), float(np.exp(high))


def percentile_ratio(these: Sequence[Any], those: Sequence[Any], quantile: float) -> Ratio | None:
    """The percentile of these batches of times (µs) over that of those. None when either side's is infinite or unknown.

    An infinite time (a request without an answer) may be among them, as `inf`.
    """
    import numpy as np

    pooled = [np.concatenate([np.asarray(b, float) for b in side]) for side in (these, those)]
    if any(not len(values) for values in pooled):
        return None
    points = [_nearest_rank(values, quantile) for values in pooled]
    if not all(math.isfinite(point) and point > 0 for point in points):
        return None
    dice = np.random.Generator(np.random.PCG64(SEED))
    drawn = [_replicates(side, values, quantile, dice) for side, values in zip((these, those), pooled, strict=True)]
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.log(drawn[0]) - np.log(drawn[1])
    logs = np.sort(np.nan_to_num(logs, nan=0.0, posinf=np.inf, neginf=-np.inf))
    return Ratio(points[0] / points[1], logs, (len(these), len(those)))


def _nearest_rank(values: Any, quantile: float) -> float:
    import numpy as np

    rank = max(1, math.ceil(round(quantile * len(values), 6)))
    return float(np.partition(values, rank - 1)[rank - 1])


def _replicates(batches: Sequence[Any], pooled: Any, quantile: float, dice: Any) -> Any:
    """The percentile of each replicate. Counted on a grid of the pool's own values, all of them when there are few."""
    import numpy as np

    ordered = np.sort(pooled)
    grid = ordered[np.unique(np.linspace(0, len(ordered) - 1, min(len(ordered), GRID)).round().astype(int))]
    grid = np.unique(np.concatenate([grid, _around(ordered, quantile)]))
    below = np.stack([np.searchsorted(np.sort(np.asarray(b, float)), grid, side="right") for b in batches])
    sizes = np.array([len(batch) for batch in batches])
    count = len(batches)
    chosen = dice.integers(0, count, size=(REPLICATES, count))
    times = np.stack([(chosen == i).sum(axis=1) for i in range(count)], axis=1)
    found = np.empty(REPLICATES)
    for start in range(0, REPLICATES, 500):
        part = times[start : start + 500]
        wanted = np.ceil(np.round(quantile * (part @ sizes), 6))
        found[start : start + 500] = grid[np.argmax(part @ below >= wanted[:, None], axis=1)]
    return found


def _around(ordered: Any, quantile: float) -> Any:
    """More of the values near the percentile itself, where most replicates fall."""
    import numpy as np

    low, high = (round(len(ordered) * level) for level in (max(0.0, quantile - 0.1), min(1.0, quantile + 0.1)))
    near = ordered[low:high]
    return near if len(near) <= GRID else near[np.linspace(0, len(near) - 1, GRID).round().astype(int)]
