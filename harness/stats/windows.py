"""A stretch cut into short windows: how many requests of each count against a condition, and whether that shows it broken."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from harness.stats.columns import FOREVER
from harness.stats.condition import Condition
from harness.stats.fold import Part, counted
from harness.stats.interval import needed_for_percentile, needed_for_ratio

if TYPE_CHECKING:
    from harness.ledger import Rows

ALPHA = 0.05


def needed(condition: Condition) -> int:
    """The fewest requests that can show that a condition holds; 0 where time alone shows it (a rate)."""
    if condition.metric == "rate":
        return 0
    return (
        needed_for_ratio(condition.value) if condition.quantile is None else needed_for_percentile(condition.quantile)
    )


class Grid:
    """Per window of the stretch, how many requests are surely bad and how many may become so, for each condition."""

    def __init__(
        self,
        rows: Rows,
        conditions: Sequence[Condition],
        start_s: float,
        known_s: float,
        step_s: float,
        per_hold: int,
        now_s: float | None,
    ) -> None:
        self.per_hold, self.step_s = max(per_hold, 1), step_s
        self.alpha = ALPHA / self.per_hold  # so many windows are looked at in a hold, and one bad one starts it anew
        count = max(0, math.floor((known_s - start_s) / step_s + 1e-9))
        self.counted = shares(rows, conditions, start_s, known_s, step_s, count, now_s)

    def state(self, first: int, windows: int | None) -> bool | None:
        """Of the hold of so many windows (None: of all there are) that begins with this one: False when it is bad for sure,
        None when it may become so.

        It is bad when a window in it is, or its first windows together: a stack that is only a little ill shows it in no
        single window, but not in many that begin the hold.
        """
        mine, maybe = slice(first, None if windows is None else first + windows), False
        for condition, low, high, n in self.counted:
            if self._bad(condition, low[mine], n[mine]):
                return False
            maybe = maybe or self._bad(condition, high[mine], n[mine])
        return None if maybe else True

    def shown(self, first: int) -> int | None:
        """How many windows a hold that begins with this one takes until it has the requests that can show each condition; a
        whole hold at the least. None: more than there are."""
        import numpy as np

        windows = self.per_hold
        for condition, _, _, n in self.counted:
            if least := needed(condition):
                reached = int(np.searchsorted(np.cumsum(n[first:]), least)) + 1
                windows = max(windows, reached)
        there = max((len(n) for _, _, _, n in self.counted), default=0) - first
        return windows if windows <= max(there, self.per_hold) else None

    def _bad(self, condition: Condition, k: Any, n: Any) -> bool:
        import numpy as np

        windows = exceeds(condition, k, n, self.alpha, self.step_s)
        together = self.step_s * np.arange(1, len(k) + 1)
        prefixes = exceeds(condition, np.cumsum(k), np.cumsum(n), ALPHA, together)  # costs one window when wrong
        return bool(windows.any() or prefixes.any())


def shares(
    rows: Rows,
    conditions: Sequence[Condition],
    start_s: float,
    known_s: float,
    step_s: float,
    count: int,
    now_s: float | None,
) -> list[tuple[Condition, Any, Any, Any]]:
    """(condition, surely bad, possibly bad, all) requests of each window, in the sense of the condition; for a rate: ok ones."""
    import numpy as np

    asked = [one for one in conditions if one.op.startswith("<") == (one.metric != "rate")]
    sure, maybe, every = ([np.zeros(count, np.int64) for _ in asked] for _ in range(3))

    def per_window(due_us: Any, which: Any = None) -> Any:
        index = ((due_us / 1e6 - start_s) / step_s + 1e-9).astype(np.int64)
        return np.bincount(index if which is None else index[which], minlength=count)[:count]

    for request in {one.request for one in asked}:
        for part in counted(rows, start_s, known_s, request, now_s):
            due_us = part.ended_us()
            waits = per_window(part.open_us)
            n = per_window(due_us) + waits
            for i, condition in enumerate(asked):
                if condition.request != request:
                    continue
                marked = per_window(due_us, against(condition, part))
                overdue = per_window(part.open_us, _overdue(condition, part, now_s))
                sure[i] += marked + (waits if condition.metric == "rate" else overdue)
                maybe[i] += marked + (0 if condition.metric == "rate" else waits)
                every[i] += n
    return list(zip(asked, sure, maybe, every, strict=True))


def against(condition: Condition, part: Part) -> Any:
    """Of the requests that have ended, those that count against the condition; for a rate: for it."""
    from harness.ledger import OUTCOMES

    ok = OUTCOMES.index("ok")
    if condition.quantile is not None:
        answered = part.of_ended(part.answered)
        return (answered == FOREVER) | (answered > condition.value * 1e3)
    outcome = part.of_ended(part.outcome)
    return outcome == ok if condition.metric == "rate" else outcome != ok


def _overdue(condition: Condition, part: Part, now_s: float | None) -> Any:
    """Of the requests that wait, those that have waited longer than the condition's percentile may be."""
    if condition.quantile is None or now_s is None:
        return part.open_us < 0  # none
    return now_s * 1e6 - part.open_us > condition.value * 1e3


def exceeds(condition: Condition, k: Any, n: Any, alpha: float, length_s: Any) -> Any:
    """Element by element: whether k of n shows, with error probability alpha, that the condition does not hold there."""
    import numpy as np

    if condition.metric == "rate":
        from scipy.special import pdtr  # P(at most k of a Poisson with this mean)

        return pdtr(k, condition.value * length_s) <= alpha
    from scipy.special import betaincinv  # the one-sided Clopper-Pearson lower bound

    limit = condition.value if condition.metric == "errors" else 1 - (condition.quantile or 0.0)
    some = k > 0
    low = np.zeros(len(k))
    low[some] = betaincinv(k[some], n[some] - k[some] + 1, alpha)
    return low > limit
