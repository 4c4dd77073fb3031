"""A canary's answers against those that the others gave in the same time, request by request: worse, no worse, or not known. Pure.

Both sides are cut into the same six batches: what is slow or broken in one second is so in the next, on either side. An error
whose answer names no version may be either side's: for "worse" it is the others', for "no worse" the canary's.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.expectations.sampled import CONFIDENCE, Bound, times_more
from harness.quantities import figures
from harness.stats.batches import FEWEST, NEEDED_S
from harness.stats.bootstrap import REPLICATES, percentile_ratio
from harness.stats.interval import needed_for_percentile
from harness.stats.proportions import effective, newcombe, p_beyond
from harness.verdict import Outcome

if TYPE_CHECKING:
    from harness.ledger import Rows

TOGETHER = "all together"
LEAST_FOR_P95 = needed_for_percentile(0.95)
_Z2 = 1.6449**2


@dataclass(frozen=True, eq=False)
class Side:
    """By batch, the answers and how many of them were errors; `times_us` of each batch from due to the answer."""

    ns: tuple[int, ...]
    ks: tuple[int, ...]
    times_us: tuple[Any, ...]

    @property
    def n(self) -> int:
        return sum(self.ns)

    @property
    def errors(self) -> int:
        return sum(self.ks)


@dataclass(frozen=True, eq=False)
class Compared:
    """One figure of one request: `p` of the bound says how likely it is were the canary within the margin, `p_within` were it not."""

    name: str
    bound: Bound
    p_within: float
    n: int


def needed(margin: float) -> int:
    """The fewest answers of the canary from which its errors, were there none, are surely within the margin (Wilson)."""
    return 1 if margin >= 1 else 10**12 if margin <= 0 else math.ceil(_Z2 * (1 - margin) / margin)


def sides(
    rows: Rows, version: str, start_s: float, end_s: float, names: Sequence[str]
) -> dict[str, tuple[Side, Side, int]]:
    """By request: the canary's answers, the others', and the errors of neither, of the requests sent in [start, end]."""
    import numpy as np

    from harness.ledger import DONE, NEVER, OUTCOMES

    part = rows.select(rows.counted())
    array = part.array
    sent_s = part.sent_s
    mine = (sent_s >= start_s) & (sent_s <= end_s)
    error = array["outcome"] != OUTCOMES.index("ok")
    answered = (array["state"] == DONE) & (array["took_us"] != NEVER) & (array["version"] != 0)
    canary = array["version"] == rows.versions.index(version)
    took_us = array["sent_us"].astype(np.float64) + array["took_us"]
    which = np.clip(((sent_s - start_s) / max(end_s - start_s, 1e-9) * FEWEST), 0, FEWEST - 1)
    found = {}
    for name in names:
        here = mine & (
            part.at_endpoint(name) if name != TOGETHER else np.isin(array["endpoint"], _numbers(rows, names))
        )
        cut = [here & (np.nan_to_num(which, nan=-1).astype(int) == number) for number in range(FEWEST)]
        one, other = (_side(cut, answered & of, error, took_us) for of in (canary, ~canary))
        found[name] = (one, other, int((here & error & (array["version"] == 0)).sum()))
    return found


def _numbers(rows: Rows, names: Sequence[str]) -> list[int]:
    return [number for number, name in enumerate(rows.endpoints) if name in names]


def _side(cut: Sequence[Any], mine: Any, error: Any, took_us: Any) -> Side:
    return Side(
        tuple(int((batch & mine).sum()) for batch in cut),
        tuple(int((batch & mine & error).sum()) for batch in cut),
        tuple(took_us[batch & mine] for batch in cut),
    )


def errors(name: str, canary: Side, others: Side, unknown: int, margin: float) -> Compared:
    """The difference of the two shares of errors against the margin: Newcombe's interval on the batches' effective totals."""

    def interval(confidence: float) -> tuple[float, float]:
        k1, n1 = effective(canary.ks, canary.ns, confidence)
        k2, n2 = effective(others.ks, others.ns, confidence)
        low, _ = newcombe(k1, n1, k2 + unknown, n2 + unknown, confidence)
        _, high = newcombe(k1 + unknown, n1 + unknown, k2, n2, confidence)
        return low, high

    low, high = interval(CONFIDENCE)
    either = f", and {unknown} that name no version" if unknown else ""
    said = (
        f"{name}: errors {figures(low * 100, signed=True)} to {figures(high * 100, signed=True)} percentage points "
        f"({canary.errors} of {canary.n} against {others.errors} of {others.n}{either}; margin +{margin * 100:g}pp)"
    )
    point = canary.errors / max(canary.n, 1) - others.errors / max(others.n, 1)
    needs = f"{name}: " + _needs(canary.n, others.n, needed(margin), times_more(low, high, point, margin, canary.n))
    p = p_beyond(lambda confidence: interval(confidence)[0], margin)
    bound = Bound(said, low * 100, high * 100, margin * 100, "pp", p, needs)
    return Compared(name, bound, _p_within(lambda confidence: interval(confidence)[1], margin), canary.n)


def p95(name: str, canary: Side, others: Side, margin: float, length_s: float) -> Compared | None:
    """The ratio of the two p95 against the margin, by resampled batches; None where there are too few answers to have one."""
    if min(canary.n, others.n) < LEAST_FOR_P95 or length_s < NEEDED_S or not all((*canary.ns, *others.ns)):
        return None
    ratio = percentile_ratio(canary.times_us, others.times_us, 0.95)
    if ratio is None:
        return None
    low, high = ((end - 1) * 100 for end in ratio.interval(CONFIDENCE))
    point, limit = (ratio.point - 1) * 100, margin * 100
    said = f"{name}: p95 {figures(low, signed=True)} % to {figures(high, signed=True)} % ({figures(point, signed=True)} % here; margin +{limit:g} %)"
    needs = f"{name}: {times_more(low, high, point, limit, canary.n)}"
    p = max(p_beyond(lambda confidence: ratio.interval(confidence)[0], 1 + margin), 1 / (REPLICATES + 1))
    within = max(_p_within(lambda confidence: ratio.interval(confidence)[1], 1 + margin), 1 / (REPLICATES + 1))
    return Compared(name, Bound(said, low, high, limit, "%", p, needs), within, canary.n)


def worse(compared: Sequence[Compared]) -> bool | None:
    """Whether the canary is worse in any figure; False when it is surely within the margin in all; None when not known."""
    outcomes = [one.bound.outcome(len(compared)) for one in compared]
    if Outcome.FAILED in outcomes:
        return True
    return False if outcomes and set(outcomes) == {Outcome.PASSED} else None


def worst(compared: Sequence[Compared]) -> Compared:
    """The figure that is most surely beyond its margin."""
    return min(compared, key=lambda one: (one.bound.p, -one.bound.low / max(one.bound.limit, 1e-9)))


def _p_within(high_at: Callable[[float], float], limit: float) -> float:
    """The one-sided p-value of "it is beyond the limit"."""
    return p_beyond(lambda confidence: -high_at(confidence), -limit)


def _needs(n1: int, n2: int, least: int, more: str) -> str:
    few = min(n1, n2)
    return f"at least {least} answers of the canary and of the others instead of {few}" if few < least else more
