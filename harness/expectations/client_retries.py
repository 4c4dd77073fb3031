"""Requests that the load's own client sent again by itself: one row of the ledger, and to the service perhaps several operations. Pure.

Nobody knows how many of these attempts came to the service. So a claim that counts operations is asked twice, with each reading that
turns it most, and decides only where both say the same.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from harness.expectations.base import Evidence
from harness.expectations.metric_doubts import RETRIED
from harness.ledger import Rows, more
from harness.verdict import Finding, Outcome, inconclusive


def either_way(evidence: Evidence, from_s: float, judge: Callable[[Evidence], Finding]) -> Finding:
    """What `judge` says though each attempt came to the service before from_s or from then on, and none on the other side of it."""
    extra = more(evidence.rows.array["flags"])
    evidence.rows.release(slice(0, len(extra)))
    if not extra.any():
        return judge(evidence)
    later = evidence.rows.intended_s >= from_s
    found = [
        judge(replace(evidence, rows=_repeated(evidence.rows, np.where(side, extra, 0)))) for side in (later, ~later)
    ]
    if found[0].outcome is found[1].outcome:  # what is shown is the reading that says it least
        return found[0 if found[0].outcome is Outcome.FAILED else 1]
    rows = int((extra > 0).sum())
    were = "1 request was" if rows == 1 else f"{rows} requests were"
    return inconclusive(
        f"{were} sent again by the load's own client, and whether each attempt came to the service turns the result: "
        f"{' or '.join(one.because for one in found)}",
        reason="retried",
        decide=RETRIED,
        cites=found[0].cites,
    )


def _repeated(rows: Rows, extra: NDArray[np.int64]) -> Rows:
    return rows.select(np.repeat(np.arange(len(rows)), 1 + extra))
