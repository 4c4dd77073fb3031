"""Goodput: good answers that came in during a stretch, per second, whenever they were asked for.

Unlike a condition's `rate`, which counts the requests that were due in the stretch: there one that waits may still end well, so that
of a service that hangs nothing is known before the time-outs. Here what has not come has not come.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.stats.fold import counted

if TYPE_CHECKING:
    from harness.ledger import Rows

LATEST_S = 300.0  # an answer that took longer is no good one to anybody


def goodput_per_s(rows: Rows, start_s: float, end_s: float, request: str = "") -> float:
    """Requests whose answer `ok` came in [start_s, end_s), per second. 0 for a stretch without length."""
    import numpy as np

    from harness.ledger import OUTCOMES

    ok, came = OUTCOMES.index("ok"), 0
    for part in counted(rows, start_s - LATEST_S, end_s, request, end_s):
        good = part.of_ended(part.outcome) == ok
        at_us = part.ended_us()[good] + part.of_ended(part.answered)[good].astype(np.int64)
        came += int(((at_us >= start_s * 1e6) & (at_us < end_s * 1e6)).sum())
    return came / (end_s - start_s) if end_s > start_s else 0.0
