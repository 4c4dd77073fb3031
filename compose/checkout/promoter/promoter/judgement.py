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
LEAST_FOR_P95 = 60


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


def compare(
    counts: Mapping[Key, Counts], version: str, limits: Limits, *, by_segment: bool, with_p95: bool
) -> list[Group]:
    """The canary's version against all others; for each segment, or for all in one sum. Segments that nobody is of are left out."""
    names = sorted({segment for _, segment in counts})
    groups = [(name, (name,)) for name in names] if by_segment else [("total", tuple(names))]
    found = []
    for name, segments in groups:
        canary = added(one for (v, segment), one in counts.items() if v == version and segment in segments)
        others = added(one for (v, segment), one in counts.items() if v != version and segment in segments)
        if canary.n or others.n:
            found.append(_group(name, canary, others, limits, with_p95))
    return found


def _group(name: str, canary: Counts, others: Counts, limits: Limits, with_p95: bool) -> Group:
    low, high = difference(canary, others)
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
    """How much greater the canary's share of errors is: the 90 % interval. (-1, 1) while one of them has no answers."""
    if canary.n <= 0 or others.n <= 0:
        return -1.0, 1.0
    (p1, low1, high1), (p2, low2, high2) = _wilson(canary), _wilson(others)
    return (p1 - p2) - math.hypot(p1 - low1, high2 - p2), (p1 - p2) + math.hypot(high1 - p1, p2 - low2)


def _wilson(counts: Counts) -> tuple[float, float, float]:
    share, wide = counts.errors / counts.n, Z * Z / counts.n
    middle = (share + wide / 2) / (1 + wide)
    half = Z * math.sqrt(share * (1 - share) / counts.n + wide / (4 * counts.n)) / (1 + wide)
    return share, max(0.0, middle - half), min(1.0, middle + half)
