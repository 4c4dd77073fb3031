"""Queues that run away: the load has ended, `settle` is over, and ever more rows of the same messages wait. Pure."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from harness.orders.holdings import Holding, Start, holdings
from harness.orders.operations import Ints, Operations
from harness.orders.tables import Digests, Table

MANY = 10
"""A message that stands so often in a queue was put there again and again: that of an order may go to several receivers."""


def running_away(
    stores: Mapping[str, Table],
    starts: Mapping[str, Start],
    moving: Mapping[str, tuple[Table, Table]],
    operations: Operations,
) -> Ints:
    """Operations of which a row stands MANY times and more in a queue's first reading, and more often still in its second.

    stores   those that were read, which tie ids to keys; `moving`: both readings of each queue that differs in them
    """
    found = [np.zeros(0, np.int64)]
    for name, readings in moving.items():
        found.append(
            _more(*(holdings({**stores, name: one}, starts, tuple(stores), operations)[name] for one in readings))
        )
    return np.unique(np.concatenate(found))


def _more(first: Holding, second: Holding) -> Ints:
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
