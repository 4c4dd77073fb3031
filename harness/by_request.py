"""verdict.json's figures of each request name in a stretch of a run, with intervals, by which runs are compared later. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.stats import fold
from harness.stats.fold import counted
from harness.stats.interval import percentile_ranks

if TYPE_CHECKING:
    from harness.ledger import Rows
    from harness.stats.fold import Fold

MOST = 20
"""Names of one stretch, those with the most requests: a locustfile that puts ids into its names has thousands, each asked for once."""


def by_request(rows: Rows, start_s: float, end_s: float, *, now_s: float, given_up_s: float) -> list[dict[str, Any]]:
    """The requests due in [start_s, end_s), a line for each name, by name. Dropped arrivals have none and are in no line.

    now_s, given_up_s   as harness.stats.fold takes them
    """
    import numpy as np

    held = np.zeros(len(rows.endpoints), np.int64)
    for part in counted(rows, start_s, end_s, "", now_s):
        mine = part.endpoint if part.which is None else part.endpoint[part.which]
        held += np.bincount(mine, minlength=len(held))
    most = sorted((-int(count), rows.endpoints[number]) for number, count in enumerate(held) if number and count)[:MOST]
    lines = []
    for name in sorted(name for _, name in most if name):
        seen = fold(rows, start_s, end_s, request=name, now_s=now_s, given_up_s=given_up_s)
        ratio, p95 = seen.error_ratio(), seen.percentile_ms(0.95)
        lines.append(
            {
                "request": name,
                "requests": seen.n,
                "errors": seen.errors,
                "error_ratio": None if ratio is None else ratio[0],
                "error_interval": list(seen.error_interval()),
                "p95_ms": None if p95 is None else p95[0],
                "p95_interval_ms": p95_interval_ms(seen),
            }
        )
    return lines


def p95_interval_ms(seen: Fold) -> list[float | None]:
    """The 95 % interval of the p95 by order statistics; None for a side that so few requests do not bound."""
    low, high = percentile_ranks(seen.n, 0.95)
    return [
        seen.ranked_ms(low)[0] if low >= 1 else None,
        seen.ranked_ms(high)[1] if high <= seen.n else None,
    ]
