"""Queues that run away: the load has ended, `settle` is over, and ever more rows of the same messages wait. Pure."""

from __future__ import annotations

import numpy as np

from harness.orders.holdings import Holding
from harness.orders.operations import Ints
from harness.orders.tables import Digests

MANY = 10
"""A message that stands so often in a queue was put there again and again: that of an order may go to several receivers."""


def runaway(first: Holding, second: Holding) -> Ints:
    """Operations of which a row stands MANY times and more in a queue's first reading, and more often still in its second."""
    before, counts, _ = _counted(first)
    after, later, owners = _counted(second)
    if not len(before):
        return np.zeros(0, np.int64)
    at = np.minimum(np.searchsorted(before, after), len(before) - 1)
    more = (before[at] == after) & (counts[at] >= MANY) & (later > counts[at])
    return np.unique(owners[more])


def _counted(held: Holding) -> tuple[Digests, Ints, Ints]:
    """Each new row of our operations once, how often it is there, and whose it is."""
    ours = np.flatnonzero((held.mine >= 0) & held.new)
    rows, places, counts = np.unique(held.table.identity()[ours], return_index=True, return_counts=True)
    return rows, counts.astype(np.int64), held.mine[ours][places]
