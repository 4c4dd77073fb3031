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
from typing import TYPE_CHECKING

from harness.stats.condition import Condition
from harness.stats.fold import Fold, fold
from harness.stats.times import Interval
from harness.stats.windows import ALPHA, Grid, exceeds, shares

if TYPE_CHECKING:
    from harness.ledger import Rows


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
    shown: bool = False,
) -> Recovery:
    """When, at or after start_s, the steady state began that was then held for for_s, all before end_s.

    shown    a hold in which fewer requests are due than can show each condition lasts until there are so many
    until_s  give up looking for beginnings after it (a limit that has passed decides a claim without looking further)
    """
    known_s = end_s if now_s is None else min(end_s, now_s)
    step_s = window_s(for_s)
    grid = Grid(rows, conditions, start_s, known_s, step_s, round(for_s / step_s), now_s)
    low_s, tried = start_s, 0
    while True:
        begin_s = start_s + tried * step_s
        if begin_s > until_s:
            return Recovery(low_s, math.inf, None, tried)
        windows = grid.shown(tried) if shown else grid.per_hold
        length_s = math.inf if windows is None else windows * step_s
        done_s = begin_s + (for_s if windows == grid.per_hold else length_s)
        state = grid.state(tried, windows)
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
    grid = Grid(rows, conditions, start_s, known_s, step_s, round(for_s / step_s), now_s)
    found: list[Interval] = []
    for condition, bad, _, n in grid.counted:
        alone = np.flatnonzero(exceeds(condition, bad, n, grid.alpha, step_s))
        lengths_s = step_s * np.arange(1, len(bad) + 1)
        together = np.flatnonzero(exceeds(condition, np.cumsum(bad), np.cumsum(n), grid.alpha, lengths_s))
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
    grid = Grid(rows, conditions, start_s, known_s, step_s, round(for_s / step_s), now_s)
    shown = [exceeds(condition, bad, n, grid.alpha, step_s) for condition, bad, _, n in grid.counted]
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
    if surely_broken(rows, conditions, for_s, start_s, end_s, now_s):
        return True
    together = all_hold(holds(conditions, rows, start_s, end_s, now_s=now_s))
    return None if together is None else not together


def surely_broken(
    rows: Rows, conditions: Sequence[Condition], for_s: float, start_s: float, end_s: float, now_s: float | None = None
) -> bool:
    """Whether a stretch as long as the hold, or all of [start_s, end_s), shows by itself that a condition does not hold."""
    import numpy as np

    known_s = end_s if now_s is None else min(end_s, now_s)
    step_s = window_s(for_s)
    grid = Grid(rows, conditions, start_s, known_s, step_s, round(for_s / step_s), now_s)
    hold = np.ones(grid.per_hold, np.int64)
    for condition, bad, _, n in grid.counted:
        if not len(bad):
            continue
        k, of = (column.sum(keepdims=True) for column in (bad, n))
        if exceeds(condition, k, of, ALPHA, len(bad) * step_s).any():
            return True
        if len(bad) >= len(hold):
            k, of = (np.convolve(column, hold, "valid") for column in (bad, n))
            if exceeds(condition, k, of, ALPHA, for_s).any():
                return True
    return False


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
    for condition, bad, _, every in shares(rows, conditions, start_s, known_s, known_s - start_s, 1, now_s):
        k, n = int(bad.sum()), int(every.sum())
        limit = condition.value if condition.metric == "errors" else 1 - (condition.quantile or 0.0)
        if condition.metric != "rate" and n and limit > 0:
            found.append(float(betaincinv(k, n - k + 1, ALPHA)) / limit if k else 0.0)
    return max(found, default=None)
