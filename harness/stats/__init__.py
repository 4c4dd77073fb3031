"""Errors, percentiles and steadiness: one fold over the ledger, for gate, guards, display and judging.

Importing this is cheap (the drill file needs Condition); numpy and scipy are imported when something is counted.
"""

from harness.stats.condition import Condition
from harness.stats.fold import Fold, fold
from harness.stats.interval import clopper_pearson, needed_for_percentile, needed_for_ratio, percentile_ranks
from harness.stats.steady import Held, Recovery, all_hold, first_bad, holds, look, steady_from, was_broken

__all__ = [
    "Condition",
    "Fold",
    "Held",
    "Recovery",
    "all_hold",
    "clopper_pearson",
    "first_bad",
    "fold",
    "holds",
    "look",
    "needed_for_percentile",
    "needed_for_ratio",
    "percentile_ranks",
    "steady_from",
    "was_broken",
]
