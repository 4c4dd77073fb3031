"""Whether conditions hold over a stretch, and since when: gate, guards, `recovers` and settling ask here.

Since when, by windows: the stretch is cut into short windows. A window is *bad* when it shows by itself that a
condition does not hold (exact one-sided bound, corrected for the number of windows of a hold). The steady state began
at the first window from which on none is bad for as long as it must be held, the first few together are not, and all
requests of that time together meet every condition. Its beginning lies between the last window that did not do and the end of the first
that did. A relapse within the hold starts it anew.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.stats.columns import FOREVER
from harness.stats.condition import Condition
from harness.stats.fold import Fold, Part, counted, fold
from harness.stats.times import Interval

if TYPE_CHECKING:
    from harness.ledger import Rows

ALPHA = 0.05


@dataclass(frozen=True)
class Held:
    """One condition and what was measured, as (low, high): `holds` is None while it cannot be said."""

    condition: Condition
    value: Interval | None
    holds: bool | None
    n: int

    def __str__(self) -> str:
        if self.value is None:
            return f"{self.condition}: no requests"
        low, high = (self.condition.show(value) for value in self.value)
        return f"{self.condition}: {low if low == high else f'{low} to {high}'}"


def measured(condition: Condition, folded: Fold) -> Interval | None:
    """The condition's figure in a fold of its own requests, as (low, high). None without requests, but for a rate."""
    if condition.metric == "errors":
        return folded.error_ratio()
    if condition.metric == "rate":
        return folded.ok_per_s
    assert condition.quantile is not None
    return folded.percentile_ms(condition.quantile)


def look(condition: Condition, folded: Fold) -> Held:
    """One condition on one fold."""
    value = measured(condition, folded)
    if value is None:
        return Held(condition, None, None, 0)
    low, high = condition.says(value[0]), condition.says(value[1])
    return Held(condition, value, low if low == high else None, folded.n)


def holds(
    conditions: Sequence[Condition],
    rows: Rows,
    start_s: float,
    end_s: float,
    *,
    now_s: float | None = None,
    given_up_s: float = math.inf,
) -> tuple[Held, ...]:
    """Each condition over the requests intended in [start_s, end_s), as far as known at now_s."""
    folds = {
        request: fold(rows, start_s, end_s, request=request, now_s=now_s, given_up_s=given_up_s)
        for request in {condition.request for condition in conditions}
    }
    return tuple(look(condition, folds[condition.request]) for condition in conditions)


def all_hold(held: Sequence[Held]) -> bool | None:
    """True when every one holds, False when one does not, None when it cannot be said (or there is none)."""
    if any(one.holds is False for one in held):
        return False
    return True if held and all(one.holds for one in held) else None


@dataclass(frozen=True)
class Recovery:
    """When the steady state began: in [low_s, high_s]; high_s is infinite when it was not seen to be held.

    open_s  the first beginning that cannot be decided yet (still being held, answers still awaited); None: all decided
    tried   how many beginnings were refuted before
    """

    low_s: float
    high_s: float
    open_s: float | None = None
    tried: int = 0

    @property
    def held(self) -> bool:
        return math.isfinite(self.high_s)


def window_s(for_s: float) -> float:
    """The windows' length for a hold of for_s: a second, but a hold has at least 4 of them and at most 20."""
    return max(for_s / 20, min(1.0, for_s / 4))


def steady_from(
    rows: Rows,
    conditions: Sequence[Condition],
    for_s: float,
    start_s: float,
    end_s: float,
    now_s: float | None = None,
    *,
    given_up_s: float = math.inf,
    until_s: float = math.inf,
) -> Recovery:
    """When, at or after start_s, the steady state began that was then held for for_s, all before end_s.

    until_s  give up looking for beginnings after it (a limit that has passed decides a claim without looking further)
    """
    known_s = end_s if now_s is None else min(end_s, now_s)
    step_s = window_s(for_s)
    grid = _Grid(rows, conditions, start_s, known_s, step_s, round(for_s / step_s), now_s)
    low_s, tried = start_s, 0
    while True:
        begin_s = start_s + tried * step_s
        if begin_s > until_s:
            return Recovery(low_s, math.inf, None, tried)
        done_s = begin_s + for_s
        state = grid.state(tried)
        if state is not False:
            if done_s > known_s + 1e-9:
                return Recovery(low_s, math.inf, begin_s if begin_s <= known_s else known_s, tried)
            pooled = all_hold(holds(conditions, rows, begin_s, done_s, now_s=now_s, given_up_s=given_up_s))
            state = pooled if state else (False if pooled is False else None)
        if state is None:
            return Recovery(low_s, math.inf, begin_s, tried)
        if state:
            return Recovery(low_s, begin_s + step_s, None, tried)
        low_s, tried = begin_s, tried + 1


def first_bad(
    rows: Rows, conditions: Sequence[Condition], for_s: float, start_s: float, end_s: float, now_s: float | None = None
) -> Interval | None:
    """The first window from start_s on that shows that a condition does not hold: its beginning and its end. None without one.

    A weak ill shows in no single window; then it is all from start_s until it showed, together.
    """
    import numpy as np

    known_s = end_s if now_s is None else min(end_s, now_s)
    step_s = window_s(for_s)
    grid = _Grid(rows, conditions, start_s, known_s, step_s, round(for_s / step_s), now_s)
    found: list[Interval] = []
    for condition, bad, _, n in grid.counted:
        alone = np.flatnonzero(_exceeds(condition, bad, n, grid.alpha, step_s))
        lengths_s = step_s * np.arange(1, len(bad) + 1)
        together = np.flatnonzero(_exceeds(condition, np.cumsum(bad), np.cumsum(n), grid.alpha, lengths_s))
        if len(alone):
            found.append((start_s + float(alone[0]) * step_s, start_s + (float(alone[0]) + 1) * step_s))
        if len(together):
            found.append((start_s, start_s + (float(together[0]) + 1) * step_s))
    return min(found, key=lambda one: (one[1], -one[0]), default=None)


def broken(
    rows: Rows, conditions: Sequence[Condition], for_s: float, start_s: float, end_s: float, now_s: float | None = None
) -> tuple[Interval, ...]:
    """The stretches of windows from start_s on in which a window shows by itself that a condition does not hold: each from the
    beginning of its first to the end of its last. Between two of them lies at least one window that does not show it."""
    import numpy as np

    known_s = end_s if now_s is None else min(end_s, now_s)
    step_s = window_s(for_s)
    grid = _Grid(rows, conditions, start_s, known_s, step_s, round(for_s / step_s), now_s)
    shown = [_exceeds(condition, bad, n, grid.alpha, step_s) for condition, bad, _, n in grid.counted]
    if not shown:
        return ()
    edges = np.flatnonzero(np.diff(np.concatenate(([False], np.any(shown, axis=0), [False])).astype(np.int8)))
    return tuple(
        (start_s + float(first) * step_s, start_s + float(last) * step_s)
        for first, last in zip(edges[::2], edges[1::2], strict=True)
    )


def was_broken(
    rows: Rows, conditions: Sequence[Condition], for_s: float, start_s: float, end_s: float, now_s: float | None = None
) -> bool | None:
    """Whether the steady state was broken in [start_s, end_s): all of it together does not hold, or a stretch as long as the hold
    shows that a condition does not. A hiccup of one window is no broken state. None while it cannot be said."""
    import numpy as np

    known_s = end_s if now_s is None else min(end_s, now_s)
    step_s = window_s(for_s)
    grid = _Grid(rows, conditions, start_s, known_s, step_s, round(for_s / step_s), now_s)
    hold = np.ones(grid.per_hold, np.int64)
    for condition, bad, _, n in grid.counted:
        if len(bad) < len(hold):
            continue
        k, of = (np.convolve(column, hold, "valid") for column in (bad, n))
        if _exceeds(condition, k, of, ALPHA, for_s).any():
            return True
    together = all_hold(holds(conditions, rows, start_s, end_s, now_s=now_s))
    return None if together is None else not together


def contrast(
    rows: Rows, conditions: Sequence[Condition], start_s: float, end_s: float, now_s: float | None = None
) -> float | None:
    """How much more was bad in [start_s, end_s) than the conditions allow: the greatest, over them, of the least share of bad
    requests (one-sided, 95 %) in multiples of the share allowed. None where no condition is one of shares, or none was sent."""
    from scipy.special import betaincinv  # the one-sided Clopper-Pearson lower bound

    found = []
    known_s = end_s if now_s is None else min(end_s, now_s)
    if known_s <= start_s:
        return None
    for condition, bad, _, every in _shares(rows, conditions, start_s, known_s, known_s - start_s, 1, now_s):
        k, n = int(bad.sum()), int(every.sum())
        limit = condition.value if condition.metric == "errors" else 1 - (condition.quantile or 0.0)
        if condition.metric != "rate" and n and limit > 0:
            found.append(float(betaincinv(k, n - k + 1, ALPHA)) / limit if k else 0.0)
    return max(found, default=None)


class _Grid:
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
        self.counted = _shares(rows, conditions, start_s, known_s, step_s, count, now_s)

    def state(self, first: int) -> bool | None:
        """Of the hold that begins with this window: False when it is bad for sure, None when it may become so.

        It is bad when a window in it is, or its first windows together: a stack that is only a little ill shows it in no
        single window, but not in many that begin the hold.
        """
        mine, maybe = slice(first, first + self.per_hold), False
        for condition, low, high, n in self.counted:
            if self._bad(condition, low[mine], n[mine]):
                return False
            maybe = maybe or self._bad(condition, high[mine], n[mine])
        return None if maybe else True

    def _bad(self, condition: Condition, k: Any, n: Any) -> bool:
        import numpy as np

        windows = _exceeds(condition, k, n, self.alpha, self.step_s)
        together = self.step_s * np.arange(1, len(k) + 1)
        prefixes = _exceeds(condition, np.cumsum(k), np.cumsum(n), ALPHA, together)  # costs one window when wrong
        return bool(windows.any() or prefixes.any())


def _shares(
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
                marked = per_window(due_us, _marked(condition, part))
                overdue = per_window(part.open_us, _overdue(condition, part, now_s))
                sure[i] += marked + (waits if condition.metric == "rate" else overdue)
                maybe[i] += marked + (0 if condition.metric == "rate" else waits)
                every[i] += n
    return list(zip(asked, sure, maybe, every, strict=True))


def _marked(condition: Condition, part: Part) -> Any:
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


def _exceeds(condition: Condition, k: Any, n: Any, alpha: float, length_s: Any) -> Any:
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
