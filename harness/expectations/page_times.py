"""Of the alerts of one name those that fired, or cleared, when a page says. Pure.

They are found by their times, so that of a thousand alerts each is not held against each; those that cleared when many all-clears
say alike are gone through once.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from harness.alerting import Episode
from harness.expectations.notifications import LAG_S
from harness.surroundings import MOST_SKEW_S

HAIR_S = 1e-6
"""Sums of times are rounded."""
Placed = dict[int, Episode]
"""By their places in the order in which they were given."""


@dataclass(frozen=True)
class Cleared:
    """Those that cleared about an instant, the nearest of them so far from it; `late` are others that fired only after it."""

    placed: Placed
    every: list[Episode]
    least_s: float
    late: Placed


class PageTimes:
    """`slack_s`: by how much another Prometheus may have been earlier."""

    def __init__(self, episodes: Sequence[Episode], slack_s: float) -> None:
        self._episodes, self._slack_s = episodes, slack_s
        self._begins = sorted((one.from_s, place) for place, one in enumerate(episodes))
        self._ends = sorted((one.until_s, place) for place, one in enumerate(episodes))
        self._cleared: dict[tuple[float, float], Cleared] = {}

    def just_then(self, fired_s: float, cleared_s: float = math.nan) -> list[Episode]:
        """Those that fired at the one instant, or cleared at the other (NaN: none): the nearest, and as near but for a skew."""
        least_s = self._least_s(fired_s, cleared_s, MOST_SKEW_S)
        least_s = self._least_s(fired_s, cleared_s, LAG_S) if math.isinf(least_s) else least_s
        most_s = min(LAG_S, least_s + MOST_SKEW_S)
        over, fired = self._over(cleared_s, most_s), self._fired(fired_s, cleared_s, most_s)
        if fired.keys() <= over.placed.keys():
            return over.every
        return [one for _, one in sorted((over.placed | fired).items(), key=lambda placed: placed[0])]

    def _least_s(self, fired_s: float, cleared_s: float, most_s: float) -> float:
        """How far the nearest is; infinite where none is so near."""
        fired = self._fired(fired_s, cleared_s, most_s).values()
        return min([self._over(cleared_s, most_s).least_s, *(gap_s(one, fired_s, cleared_s) for one in fired)])

    def _over(self, cleared_s: float, most_s: float) -> Cleared:
        key = cleared_s, most_s
        if math.isnan(cleared_s):
            return Cleared({}, [], math.inf, {})
        if key not in self._cleared:
            near = {
                place: self._episodes[place]
                for place in sorted(_around(self._ends, cleared_s, most_s))
                if abs(self._episodes[place].until_s - cleared_s) <= most_s
            }
            placed = {place: one for place, one in near.items() if one.from_s <= cleared_s}
            late = {place: one for place, one in near.items() if place not in placed}
            least_s = min((abs(one.until_s - cleared_s) for one in placed.values()), default=math.inf)
            self._cleared[key] = Cleared(placed, list(placed.values()), least_s, late)
        return self._cleared[key]

    def _fired(self, fired_s: float, cleared_s: float, most_s: float) -> Placed:
        """Those that it fell in, or nearly, so near to their beginning; of those that fired only after it cleared, to their end."""
        near = {place: self._episodes[place] for place in _around(self._begins, fired_s, most_s)}
        over = self._over(cleared_s, most_s)
        return {
            place: one
            for place, one in (near | over.late).items()
            if lies_in(one, fired_s, cleared_s, self._slack_s) and gap_s(one, fired_s, cleared_s) <= most_s
        }


def _around(known: Sequence[tuple[float, int]], at_s: float, most_s: float) -> Iterator[int]:
    """The places of what lies so near to an instant, of instants in their order."""
    for number in range(bisect_left(known, (at_s - most_s - HAIR_S, -1)), len(known)):
        time_s, place = known[number]
        if time_s > at_s + most_s + HAIR_S:
            return
        yield place


def lies_in(one: Episode, fired_s: float, cleared_s: float, slack_s: float) -> bool:
    """Whether what fired then may be this: it began in it, or ended with it."""
    over = one.from_s <= cleared_s and abs(one.until_s - cleared_s) <= slack_s
    return over or one.from_s - slack_s <= fired_s < one.until_s


def gap_s(one: Episode, fired_s: float, cleared_s: float) -> float:
    """How far from its beginning the one instant is, or from its end the other, where that is nearer."""
    gap_s = abs(one.from_s - fired_s)
    return gap_s if math.isnan(cleared_s) else min(gap_s, abs(one.until_s - cleared_s))
