"""A latency histogram laid beside what the load's requests took, bound by bound. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from harness.expectations.counters import Rise
from harness.stats import percentile_ranks

BEYOND = 0.01  # `hidden` is a p99: one request in a hundred may be away from its timer for longer
TELLS = 0.05  # a bound that holds this share of the requests, and not as many of the others, tells the unit
Times = NDArray[np.int64]
Unit = Literal["s", "ms", "us", "ns"]
SECONDS: dict[Unit, float] = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}
_WORDS: dict[Unit, tuple[str, ...]] = {
    "s": ("s", "sec", "secs", "second", "seconds"),
    "ms": ("ms", "msec", "msecs", "milli", "millis", "millisecond", "milliseconds"),
    "us": ("us", "usec", "usecs", "micro", "micros", "microsecond", "microseconds"),
    "ns": ("ns", "nsec", "nsecs", "nano", "nanos", "nanosecond", "nanoseconds"),
}


def unit_of(metric: str) -> Unit | None:
    """The unit that a metric's name tells, by the last word of it that is one; None: it tells none."""
    for word in reversed(metric.lower().replace(":", "_").split("_")):
        for unit, words in _WORDS.items():
            if word in words:
                return unit
    return None


@dataclass(frozen=True, eq=False)
class Buckets:
    """Of one request name: by bound (s, ascending, infinity last), what the bucket rose by; and the load's times in µs, sorted.

    sure, can  of requests that were surely counted, and that can have been; `unclear` more can, and got no answer; `held` more
               were under way while a fault of ours held them up before they came to the service
    last_s     the greatest finite bound of any of its series, also of those that not all have
    """

    request: str
    endpoints: frozenset[int]
    rose: tuple[tuple[float, float], ...]
    sure: Times
    can: Times
    unclear: int
    held: int = 0
    last_s: float = 0.0

    @property
    def name(self) -> str:
        return self.request or "all requests"

    @property
    def count(self) -> float:
        return self.rose[-1][1] if self.rose else 0.0

    @property
    def most(self) -> int:
        return len(self.can) + self.held + self.unclear

    @property
    def finite(self) -> tuple[tuple[float, float], ...]:
        return tuple((le_s, rose) for le_s, rose in self.rose if math.isfinite(le_s))

    def least_at(self, le_s: float) -> int:
        """Requests that were surely counted and answered within le: what the service took is not more."""
        return int(np.searchsorted(self.sure, us(le_s), side="right"))

    def within(self, le_s: float, hidden_us: int) -> int:
        return int(np.searchsorted(self.can, us(le_s) + hidden_us, side="right"))

    def most_at(self, le_s: float, hidden_us: int, beyond: float = BEYOND) -> float:
        """Requests that can have been counted within le, where the askers waited at most `hidden` more."""
        if math.isinf(le_s):
            return self.most
        return self.within(le_s, hidden_us) + self.held + self.unclear + beyond * self.most

    def broken(self, le_s: float, rose: float, hidden_us: int) -> float:
        """By what share of the requests a bucket is out of its bounds; 0 where it is within them."""
        out = max(self.least_at(le_s) - rose, rose - self.most_at(le_s, hidden_us), 0.0)
        return out / max(1, self.most)

    def hidden_us(self, beyond: float = BEYOND) -> int:
        """The least `hidden` with which no bucket is above its upper bound."""
        need = 0
        for le_s, rose in self.finite:
            rank = math.ceil(rose - self.held - self.unclear - beyond * self.most)
            if 0 < rank <= len(self.can):
                need = max(need, int(self.can[rank - 1]) - us(le_s))
        return need

    def at(self, quantile: float) -> tuple[float, float]:
        """The bucket that the quantile's rank falls in, as the service counts: (over, up to) in seconds."""
        low_s = 0.0
        for le_s, rose in self.rose:
            if rose >= quantile * self.count:
                return low_s, le_s
            low_s = le_s
        return low_s, math.inf

    def waited_ms(self, quantile: float) -> tuple[float, float]:
        """The same as the askers measured it: the interval of its order statistics, 95 %."""
        low, high = percentile_ranks(len(self.can), quantile)
        return tuple(  # type: ignore[return-value]
            float(self.can[min(max(rank, 1), len(self.can)) - 1]) / 1e3 if len(self.can) else math.inf
            for rank in (low, high)
        )

    def scaled(self, factor: float) -> Buckets:
        """As if its bounds were of another unit."""
        rose = tuple((le_s * factor, count) for le_s, count in self.rose)
        return replace(self, rose=rose, last_s=self.last_s * factor)


def summed(rises: Sequence[Rise], unit: Unit) -> tuple[tuple[tuple[float, float], ...], float]:
    """By bound (s), over all series that have it, what it rose by; and the greatest finite bound of any. A bound that not every
    series has tells of some alone, and is left out."""
    by_rest: dict[tuple[tuple[str, str], ...], dict[float, float]] = {}
    for rise in rises:
        rest = tuple(sorted((name, value) for name, value in rise.labels.items() if name != "le"))
        by_rest.setdefault(rest, {})[float(rise.labels.get("le", "inf")) * SECONDS[unit]] = rise.value or 0.0
    shared = set.intersection(*map(set, by_rest.values())) if by_rest else set()
    last_s = max((le_s for one in by_rest.values() for le_s in one if math.isfinite(le_s)), default=0.0)
    return tuple((le_s, sum(one[le_s] for one in by_rest.values())) for le_s in sorted(shared)), last_s


def disagreement(found: Iterable[Buckets], hidden_us: int) -> float:
    """By how large a share of its requests the worst bucket is out of its bounds."""
    return max((one.broken(le_s, rose, hidden_us) for one in found for le_s, rose in one.rose), default=0.0)


def other_unit(found: Sequence[Buckets], told: Unit, hidden_us: int, *, sure: bool) -> Unit | None:
    """Another unit in which the buckets are as the load's times have them, though in this one they are not; None: there is none.
    `sure`: the unit is told by the metric's name; where it is not, the unit is taken that is the nearest."""
    by_unit = {unit: [one.scaled(SECONDS[unit] / SECONDS[told]) for one in found] for unit in SECONDS if unit != told}
    fits = {unit: disagreement(its, hidden_us) for unit, its in by_unit.items() if any(map(_tells, its))}
    best = min(fits, key=lambda unit: fits[unit], default=None)
    if best is None or fits[best] >= (1e-9 if sure else disagreement(found, hidden_us)):
        return None
    return best


def _tells(one: Buckets) -> bool:
    """Whether some bound lies among the requests, and not beside them all."""
    return any(TELLS <= rose / max(1.0, one.count) <= 1 - TELLS for _, rose in one.finite)


def us(at_s: float) -> int:
    return round(at_s * 1e6) if math.isfinite(at_s) else np.iinfo(np.int64).max // 2
