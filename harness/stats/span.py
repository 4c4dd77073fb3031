"""Where in a large ledger a stretch of time lies. Rows are nearly, but not surely, in the order in which they were due.

The earliest and latest row of each block of rows is looked up once for each Rows; a stretch is then read from the blocks
that can hold any of it, instead of from all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from harness.ledger import Rows

BLOCK = 16384
_bounds: WeakKeyDictionary[Rows, tuple[int, Any, Any]] = WeakKeyDictionary()


def span(rows: Rows, start_us: int, until_us: int) -> slice:
    """A slice of the rows that holds every row due in [start_us, until_us), and others."""
    import numpy as np

    count = len(rows.array)
    if count <= 4 * BLOCK:
        return slice(0, count)
    known = _bounds.get(rows)
    if known is None or known[0] != count:
        intended = rows.array["intended_us"]
        edges = np.arange(0, count, BLOCK)
        known = (count, np.minimum.reduceat(intended, edges), np.maximum.reduceat(intended, edges))
        _bounds[rows] = known
    _, earliest, latest = known
    blocks = np.flatnonzero((latest >= start_us) & (earliest < until_us))
    if not len(blocks):
        return slice(0, 0)
    return slice(int(blocks[0]) * BLOCK, min(count, (int(blocks[-1]) + 1) * BLOCK))
