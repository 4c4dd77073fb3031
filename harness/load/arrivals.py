"""When arrivals are due: from stretches of rates to instants, by formula and so without drift. Pure.

Times are seconds after the load's beginning. After the last segment its end rate is held for ever.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Segment:
    """for_s seconds in which the rate goes in a straight line from one to the other, in arrivals per second."""

    for_s: float
    from_rate: float
    to_rate: float

    def __post_init__(self) -> None:
        if not (self.for_s > 0 and math.isfinite(self.for_s)):
            raise ValueError(f"a stretch of arrivals must last some time, not {self.for_s:g} s")
        if not (0 <= self.from_rate < math.inf and 0 <= self.to_rate < math.inf):
            raise ValueError(f"a rate cannot be negative: {self.from_rate:g} to {self.to_rate:g}")

    @property
    def count(self) -> float:
        return self.for_s * (self.from_rate + self.to_rate) / 2

    def count_until(self, at_s: float) -> float:
        """Arrivals due in its first at_s seconds."""
        return at_s * (self.from_rate + (self.to_rate - self.from_rate) * at_s / self.for_s / 2)

    def when(self, count: float) -> float:
        """The inverse of `count_until`, 0 <= count <= self.count: the stable root of the quadratic, also for a slope
        near 0."""
        slope = (self.to_rate - self.from_rate) / self.for_s
        root = math.sqrt(max(0.0, self.from_rate**2 + 2 * slope * count))
        return 2 * count / (self.from_rate + root) if count > 0 else 0.0


def rate_at(segments: Sequence[Segment], at_s: float) -> float:
    """Arrivals per second at a moment; 0 before the beginning and without segments."""
    if at_s < 0 or not segments:
        return 0.0
    for segment in segments:
        if at_s < segment.for_s:
            return segment.from_rate + (segment.to_rate - segment.from_rate) * at_s / segment.for_s
        at_s -= segment.for_s
    return segments[-1].to_rate


def expected_count(segments: Sequence[Segment], start_s: float, end_s: float) -> float:
    """How many arrivals are due in [start_s, end_s), on average where they are Poisson."""
    return _until(segments, end_s) - _until(segments, start_s)


def _until(segments: Sequence[Segment], at_s: float) -> float:
    total, left_s = 0.0, max(0.0, at_s)
    for segment in segments:
        if left_s <= segment.for_s:
            return total + segment.count_until(left_s)
        total += segment.count
        left_s -= segment.for_s
    return total + left_s * (segments[-1].to_rate if segments else 0.0)


def instants(segments: Sequence[Segment], *, poisson: bool = False, seed: int | None = None) -> Iterator[float]:
    """The instants at which arrivals are due, in order, without end unless the held rate is 0.

    The n-th is where the cumulative rate reaches n: evenly spaced at a constant rate, the first at 0. With `poisson` it
    is where the cumulative rate reaches the sum of n+1 exponential gaps of mean 1 (time change): a Poisson process of
    exactly that rate, the same again for the same seed.
    """
    counts = _poisson_counts(seed) if poisson else map(float, _naturals())
    count = next(counts)
    began_s, passed = 0.0, 0.0
    for segment in segments:
        while count < passed + segment.count:
            yield began_s + segment.when(count - passed)
            count = next(counts)
        passed += segment.count
        began_s += segment.for_s
    held = segments[-1].to_rate if segments else 0.0
    while held > 0:
        yield began_s + (count - passed) / held
        count = next(counts)


def _naturals() -> Iterator[int]:
    number = 0
    while True:
        yield number
        number += 1


def _poisson_counts(seed: int | None) -> Iterator[float]:
    chance = random.Random(seed)
    total = 0.0
    while True:
        total += chance.expovariate(1.0)
        yield total
