"""The requests of a stretch by their names: of each, how many count against a condition; and whether one more than before."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from harness.stats.condition import Condition
from harness.stats.fold import counted
from harness.stats.windows import against

if TYPE_CHECKING:
    from harness.ledger import Rows


def by_name(
    rows: Rows,
    condition: Condition,
    start_s: float,
    end_s: float,
    now_s: float,
    given_up_s: float = math.inf,
) -> tuple[Any, Any]:
    """By the number of the name: how many count against the condition of those due in [start_s, end_s), and of how many. One that
    still waits counts where its answer would be too late, or, waiting for given_up_s, where it will have none."""
    import numpy as np

    longest_s = condition.value / 1e3 if condition.quantile is not None else given_up_s
    bad, every = (np.zeros(len(rows.endpoints), np.int64) for _ in range(2))
    for part in counted(rows, start_s, end_s, "", now_s):
        endpoint = part.of_ended(part.endpoint)
        every += np.bincount(endpoint, minlength=len(every))
        bad += np.bincount(endpoint[against(condition, part)], minlength=len(bad))
        if part.ended is not None and len(part.open_us):
            waits = ~part.ended if part.which is None else part.which & ~part.ended
            waited_s = now_s - (part.begin_us + part.due[waits].astype(np.int64)) / 1e6
            over = np.bincount(part.endpoint[waits][waited_s >= longest_s], minlength=len(bad))
            bad, every = bad + over, every + over
    return bad, every


def more_than_before(k: int, n: int, before_k: int, before_n: int) -> float:
    """The chance of so many bad ones of n, or more, and so few before, were the share the same in both: Fisher's exact test.

    Where all of n are bad and none was before, no result is as extreme, and its chance at the likeliest share is exact too, and
    less: Boschloo's test, Raised conditional level of significance for the 2 x 2-table, Statistica Neerlandica 24 (1970).
    """
    if not k or not before_n:
        return 1.0
    if k == n and before_k == 0:
        share = n / (n + before_n)
        return float((1 - share) ** before_n * share**n)
    from scipy.stats import hypergeom

    return float(hypergeom.sf(k - 1, n + before_n, k + before_k, n))
