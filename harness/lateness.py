"""How late the load sent its first requests, and whether that is too late for what the drill claims. Pure.

The gate of a run waits until it is not, and the judge asks again of all that came before the first injection.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from harness.expectations.responds_within import RespondsWithin
from harness.stats.columns import Block, blocks
from harness.stats.condition import Condition

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from harness.expectations.base import Expectation
    from harness.ledger import Rows

SHARE = 0.1  # of the tightest latency that is claimed
FLOOR_MS = 50.0  # what a busy machine's scheduler does to anybody
STEP_S = 1.0


def tightest_ms(expectations: Iterable[Expectation], steady: Iterable[object]) -> float:
    """The smallest latency that a drill claims, or that its steady state asks for; infinite without any."""
    limits = [ms for one in expectations if isinstance(one, RespondsWithin) for ms in one.limits_ms().values()]
    conditions = [one for one in steady if isinstance(one, Condition)]
    limits += [one.value for one in conditions if one.quantile is not None and one.op.startswith("<")]
    return min(limits, default=math.inf)


def late(rows: Rows, start_s: float, end_s: float, tightest: float) -> str:
    """How late first requests were sent in a stretch, where that is too late; else ''. One that is not sent yet may be thought about."""
    import numpy as np

    late_us = np.concatenate([np.zeros(0, np.uint32), *_late_us(rows, start_s, end_s)])
    if not len(late_us):
        return ""
    quantile = 0.99 if len(late_us) >= 100 else 0.9
    rank = math.ceil(quantile * len(late_us))
    value = float(np.partition(late_us, rank - 1)[rank - 1]) / 1e3
    limit = max(FLOOR_MS, SHARE * tightest if math.isfinite(tightest) else 0.0)
    return f"{value:.0f} ms late (p{100 * quantile:g}; limit {limit:.0f} ms)" if value > limit else ""


def in_time_from(rows: Rows, start_s: float, now_s: float, tightest: float) -> float:
    """From when on requests have been sent in time until now, looked for second by second after start_s."""
    seconds = itertools.takewhile(lambda at_s: at_s < now_s, itertools.count(start_s + STEP_S, STEP_S))
    return next((at_s for at_s in seconds if not late(rows, at_s, now_s, tightest)), now_s)


def first_requests(rows: Rows, start_s: float, end_s: float) -> Iterator[tuple[Block, slice, NDArray[np.bool_]]]:
    """The first requests of the arrivals due in [start, end): by block, the slice in which they lie and which of it they are."""
    from harness.ledger import ASIDE, DEPENDENT, UNGATED

    start_us, end_us = round(start_s * 1e6), round(end_s * 1e6)
    for block in blocks(rows, start_us, end_us):
        where, mask = block.within(start_us, end_us)
        first = (block.flags[where] & (ASIDE | DEPENDENT | UNGATED)) == 0
        yield block, where, first if mask is None else first & mask


def _late_us(rows: Rows, start_s: float, end_s: float) -> Iterator[NDArray[np.uint32]]:
    """How late the first requests that were sent were sent."""
    from harness.ledger import NEVER

    for block, where, first in first_requests(rows, start_s, end_s):
        place = slice(block.first + where.start, block.first + where.stop)
        sent = rows.array["sent_us"][place][first]
        rows.release(place)
        yield sent[sent != NEVER]
