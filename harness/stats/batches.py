"""A stretch cut into equal batches, so that requests of the same seconds do not count as independent of each other.

What is slow or broken in one second is so in the next. Counted request by request, such a series looks far surer than it
is: two halves of one steady series differ "significantly" in up to 43 % of cases where 2 % is promised. Batches long
enough to forget each other do not have that fault, and how much they differ is what an interval is made of.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from harness.stats.fold import FOREVER, counted, fold

if TYPE_CHECKING:
    from harness.ledger import Rows

FEWEST = 6
MOST = 12
LONG_S = 10.0  # a batch is so long where the stretch allows it
SHORTEST_S = 5.0
NEEDED_S = FEWEST * SHORTEST_S
"""The shortest stretch that can be cut."""


@dataclass(frozen=True, eq=False)
class Batch:
    """
    errors    how many of the n requests due in [start_s, end_s) ended in error
    times_us  of each, the time to its answer (inf: none); `ok`: whether that was a good one
    """

    start_s: float
    end_s: float
    n: int
    errors: int
    times_us: Any = field(repr=False)
    ok: Any = field(repr=False)

    def slower_than(self, limit_ms: float) -> int:
        return int((self.times_us > limit_ms * 1e3).sum())

    def good_within(self, limit_ms: float) -> int:
        """Answered well, and in time: goodput."""
        return int((self.ok & (self.times_us <= limit_ms * 1e3)).sum())


def cut(start_s: float, end_s: float) -> list[tuple[float, float]]:
    """The batches of [start_s, end_s), 6 to 12 of them; none when it is too short for 6 of 5 s.

    Source: the method of batch means; Welch, The Statistical Analysis of Simulation Results (1983). 6 batches of at least
    20 samples keep a nominal 2 % between 1 and 3 % up to a lag-1 correlation of 0.8.
    """
    length_s = end_s - start_s
    if not math.isfinite(length_s) or length_s < NEEDED_S - 1e-9:
        return []
    count = max(FEWEST, min(MOST, math.floor(length_s / LONG_S + 1e-9)))
    edges = [start_s + length_s * i / count for i in range(count)]
    return list(pairwise((*edges, end_s)))


def batches(rows: Rows, start_s: float, end_s: float, request: str = "", allowed: Sequence[str] = ()) -> list[Batch]:
    """The stretch's batches, of a stretch in which nothing waits any more: what never ended had no answer.

    `allowed` are outcomes that are no errors. [] when the stretch is too short.
    """
    return [batch(rows, begin_s, until_s, request, allowed) for begin_s, until_s in cut(start_s, end_s)]


def batch(rows: Rows, start_s: float, end_s: float, request: str = "", allowed: Sequence[str] = ()) -> Batch:
    """A whole stretch as one batch."""
    import numpy as np

    from harness.ledger import OUTCOMES

    ended = fold(rows, start_s, end_s, request=request, given_up_s=0.0)
    times, ok = [np.zeros(0)], [np.zeros(0, bool)]
    for part in counted(rows, start_s, end_s, request, None):
        took_us = part.answered.astype(np.float64)
        took_us[part.answered == FOREVER] = np.inf
        if part.ended is not None:
            took_us[~part.ended] = np.inf
        well = part.outcome == OUTCOMES.index("ok")
        times.append(took_us if part.which is None else took_us[part.which])
        ok.append(well if part.which is None else well[part.which])
    return Batch(start_s, end_s, ended.n, ended.errors_but(*allowed), np.concatenate(times), np.concatenate(ok))
