"""The ledger of a worker that died, closed for it: what was recorded stays, what was under way is nobody's answer."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from harness.ledger.layout import ASIDE, DONE, DTYPE, LOST
from harness.ledger.reading import begun


def abandon(folder: Path, worker: int) -> int:
    """Cut the worker's file to its rows and set those that it had not finished aside (`LOST`), so that no service is blamed for an
    answer that nobody was there to hear. Returns how many those are. To be called when nobody writes the file any more.

    Raises OSError; a worker without a file has no rows.
    """
    path = folder / f"{worker}.rows"
    if not path.exists():
        return 0
    used = begun(path)
    with path.open("r+b") as file:
        file.truncate(used * DTYPE.itemsize)
        if not used:
            return 0
        rows = np.memmap(file, DTYPE, "r+", shape=(used,))
        open_ = np.flatnonzero(rows["state"] != DONE)
        rows["flags"][open_] |= ASIDE | LOST
        rows.flush()
        os.fsync(file.fileno())
    return len(open_)
