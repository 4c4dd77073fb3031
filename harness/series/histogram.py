"""What Prometheus makes of a classic histogram: the quantile that dashboards show, not the one that is true. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence


def shown_quantile(buckets: Sequence[tuple[float, float]], quantile: float) -> float:
    """histogram_quantile over cumulative buckets (bound, count), ascending, infinity last; nan without observations.

    Linear inside a bucket, from 0 in the first one with a positive bound; the last finite bound for a rank beyond it.
    Source: prometheus promql/quantile.go, BucketQuantile.
    """
    if not buckets or not math.isinf(buckets[-1][0]) or buckets[-1][1] == 0:
        return math.nan
    rank = quantile * buckets[-1][1]
    place = next(i for i, (_, count) in enumerate(buckets) if count >= rank)
    bound, count = buckets[place]
    if math.isinf(bound):
        return buckets[place - 1][0] if place else math.nan
    if place == 0 and bound <= 0:
        return bound
    low, before = buckets[place - 1] if place else (0.0, 0.0)
    return low if count == before else low + (bound - low) * (rank - before) / (count - before)
