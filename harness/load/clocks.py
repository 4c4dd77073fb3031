"""How far another machine's clocks are from ours, by round trips: the fastest one is the best bounded (as in NTP, RFC 5905 §8).

Whatever the network did, the true difference lies within half of the round trip's length of the estimate.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

ROUND_TRIPS = 20


@dataclass(frozen=True)
class Trip:
    """One round trip, in ns: asked and heard on the clock here, answered on the other one; by the walls' clocks answered there and heard here."""

    asked: int
    answered: int
    heard: int
    wall_there: int = 0
    wall_here: int = 0


@dataclass(frozen=True)
class Offset:
    """The other clock minus this one, true to ± uncertainty, in ns; `wall`: the same of the walls' clocks."""

    offset: int
    uncertainty: int
    wall: int = 0


def offset(trips: Iterable[Trip]) -> Offset:
    """Raises ValueError without a round trip."""
    best = min(trips, key=lambda trip: trip.heard - trip.asked)
    half = (best.heard - best.asked) // 2
    return Offset(best.answered - (best.asked + half), half, best.wall_there - (best.wall_here - half))
