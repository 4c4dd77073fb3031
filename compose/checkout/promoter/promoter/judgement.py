"""Whether the canary is worse than the others were in the same time: surely, surely not, or not known yet. Pure.

Errors: the interval of the difference of the two shares (Newcombe's, from Wilson's for each) against what is allowed. It is worse
when all of the interval lies beyond, and fine when all of it lies within. p95: the ratio of the buckets' bounds, once both sides
have 60 answers. All groups must be fine; one that is worse is enough.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from promoter.counts import Counts, Key, added

Z = 1.645  # one-sided 95 %
LEAST, LEAST_FOR_P95 = 5, 60
"""Answers of either side from which a difference, and a p95, is spoken of."""


@dataclass(frozen=True)
class Limits:
    errors_more: float
    p95_times: float


@dataclass(frozen=True)
class Group:
    """One comparison: `said` is worse, fine or unsure."""

    name: str
    said: str
    canary: int
    canary_errors: int
    others: int
    others_errors: int
    errors_more: tuple[float, float]
    p95_times: float | None

    def told(self) -> dict[str, object]:
        return asdict(self)


def by_segment(counts: Mapping[Key, Counts], version: str, limits: Limits, *, with_p95: bool) -> list[Group]:
    """The canary's version against all others in the same time, segment by segment. Those that nobody is of are left out."""
    found = []
    for name in sorted({segment for _, segment in counts}):
        canary = added(one for (v, segment), one in counts.items() if v == version and segment == name)
        others = added(one for (v, segment), one in counts.items() if v != version and segment == name)
        if canary.n or others.n:
            found.append(_group(name, canary, others, limits, with_p95))
    return found


def in_total(
    counts: Mapping[Key, Counts], before: Mapping[Key, Counts], limits: Limits, *, with_p95: bool
) -> list[Group]:
    """All answers since the trial began, whoever gave them, against all before it: what a dashboard of the whole service shows."""
    return [_group("total", added(counts.values()), added(before.values()), limits, with_p95)]


def _group(name: str, canary: Counts, others: Counts, limits: Limits, with_p95: bool) -> Group:
    enough = min(canary.n, others.n) >= LEAST
    low, high = difference(canary, others) if enough else (-1.0, 1.0)
    times = _p95_times(canary, others) if with_p95 else None
    slower = times is not None and times > limits.p95_times
    said = "worse" if low > limits.errors_more or slower else "fine" if high <= limits.errors_more else "unsure"
    return Group(
        name, said, int(canary.n), int(canary.errors), int(others.n), int(others.errors),
        (round(low, 4), round(high, 4)), None if times is None else round(times, 2),
    )  # fmt: skip


def _p95_times(canary: Counts, others: Counts) -> float | None:
    one, other = canary.p95_s(), others.p95_s()
    if min(canary.n, others.n) < LEAST_FOR_P95 or one is None or not other:
        return None
    return one / other if math.isfinite(other) else None


def difference(canary: Counts, others: Counts) -> tuple[float, float]:
    """How much greater the canary's share of errors is: the 90 % interval. Both have answers."""
    (p1, low1, high1), (p2, low2, high2) = _wilson(canary), _wilson(others)
    return (p1 - p2) - math.hypot(p1 - low1, high2 - p2), (p1 - p2) + math.hypot(high1 - p1, p2 - low2)


def _wilson(counts: Counts) -> tuple[float, float, float]:
    share, wide = counts.errors / counts.n, Z * Z / counts.n
    middle = (share + wide / 2) / (1 + wide)
    half = Z * math.sqrt(share * (1 - share) / counts.n + wide / (4 * counts.n)) / (1 + wide)
    return share, max(0.0, middle - half), min(1.0, middle + half)
