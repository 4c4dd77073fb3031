"""Seeded chance: one stream for each purpose, so that a planted defect leaves all other chances of its seed as they were."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence


def stream(seed: int, purpose: str) -> random.Random:
    """The stream of a purpose; the same for the same seed on every machine (random.Random hashes text with SHA-512)."""
    return random.Random(f"{seed}/{purpose}")


def levels(chance: random.Random, count: int, persistence: float, spread: float) -> Sequence[float]:
    """A positive level of mean about 1 for each second: the exponential of an AR(1), autocorrelated as real load is.

    persistence   the autocorrelation from one second to the next; spread   the deviation of its logarithm
    """
    value, found = chance.gauss(0.0, spread), []
    fresh = spread * math.sqrt(1 - persistence**2)
    for _ in range(count):
        found.append(math.exp(value - spread**2 / 2))
        value = persistence * value + chance.gauss(0.0, fresh)
    return found


def lognormal(chance: random.Random, median: float, spread: float) -> float:
    return median * math.exp(chance.gauss(0.0, spread))


def times(chance: random.Random, every_s: float, end_s: float) -> list[float]:
    """Instants of a Poisson process of this mean gap, in [0, end_s)."""
    found: list[float] = []
    at_s = chance.expovariate(1 / every_s)
    while at_s < end_s:
        found.append(at_s)
        at_s += chance.expovariate(1 / every_s)
    return found
