"""Live: the requests that ended in the last seconds, and how many wait; those that are due just now would make a slow disaster look small."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.stats.columns import done_us
from harness.stats.fold import Fold, counted
from harness.stats.times import Times

if TYPE_CHECKING:
    from harness.ledger import Rows

BACK_S = 120.0
"""Of requests that were due longer ago nothing is told: most clients gave them up by then."""


def lately(rows: Rows, now_s: float, window_s: float) -> tuple[Fold, int, int]:
    """Those that were answered or given up in the window that ends now, whenever they were due; how many still wait; how many were due in it."""
    import numpy as np

    from harness.ledger import OUTCOMES

    since_us = round((now_s - window_s) * 1e6)
    counts = np.zeros(len(OUTCOMES), np.int64)
    answered, service = [], []
    waiting = untold = due = 0
    for part in counted(rows, now_s - BACK_S, now_s, "", now_s):
        mine = done_us(rows.array[part.first : part.first + len(part.outcome)]) >= since_us
        mine = mine if part.ended is None else mine & part.ended
        known, _ = part.told()
        said = mine if known is None else mine & known
        counts += np.bincount(part.outcome[mine], minlength=len(OUTCOMES))
        answered.append((part.answered, said))
        service.append((part.service, said))
        untold += int(mine.sum() - said.sum())
        waiting += len(part.open_us)
        ours = part.due >= since_us - part.begin_us
        due += int((ours if part.which is None else ours & part.which).sum())
    told = {name: int(count) for name, count in zip(OUTCOMES, counts, strict=True) if name and count}
    of_all, of_sent = (Times(pieces, 0, np.zeros(untold)) for pieces in (answered, service))
    return Fold(now_s - window_s, now_s, "", told, 0, 0, of_all, of_sent, untold), waiting, due
