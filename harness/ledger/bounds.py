"""Where in a ledger a stretch of time lies. Rows are nearly, but not surely, in the order in which they were due.

The earliest and the latest due time of each block of rows is looked up once, also of a ledger that grows: a row's due
time never changes. A stretch is then read from the blocks that can hold any of it, instead of from all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from harness.ledger.rows import Rows

BLOCK = 16384  # rows: so many fit a processor's cache


class Bounds:
    """The due times between which each whole block lies. The rows after these may lie anywhere: one block more, and what has begun of the
    next, so that the columns of a ledger that grows are never short (numpy keeps up to seven freed buffers of each length below 1 kB)."""

    def __init__(self, block: int = BLOCK) -> None:
        self.block = block
        self._earliest = np.zeros(0, np.int64)
        self._latest = np.zeros(0, np.int64)

    def blocks(self, rows: Rows, start_us: int, until_us: int) -> list[slice]:
        """The blocks of these rows that can hold one due in [start_us, until_us), in order."""
        count = len(rows.array)
        whole = max(0, count // self.block - 1)
        if whole != len(self._earliest):
            self._look(rows, whole)
        found = np.flatnonzero((self._latest >= start_us) & (self._earliest < until_us)).tolist()
        rest = [slice(whole * self.block, count)] if count else []
        return [*(slice(i * self.block, (i + 1) * self.block) for i in found), *rest]

    def keep(self, rows: int) -> None:
        """Only the first so many rows stay as they were looked at."""
        whole = rows // self.block
        self._earliest, self._latest = self._earliest[:whole], self._latest[:whole]

    def _look(self, rows: Rows, whole: int) -> None:
        kept = min(whole, len(self._earliest))  # fewer than were known: the file was cut
        earliest, latest = self._earliest[:kept].tolist(), self._latest[:kept].tolist()
        for i in range(kept, whole):
            where = slice(i * self.block, (i + 1) * self.block)
            due_us = rows.array["intended_us"][where]
            earliest.append(int(due_us.min()))
            latest.append(int(due_us.max()))
            rows.release(where)
        self._earliest, self._latest = np.array(earliest, np.int64), np.array(latest, np.int64)
