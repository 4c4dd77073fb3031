"""How long users were without an answer, from arrivals alone: stretches in which nothing that was due was answered well.

Arrivals are points, so an outage's ends are known only between two of them. Of a stretch whose first bad arrival was due at
a and whose last at b, after a good one at p and before one at q, the outage lasted between b - a and q - p; p and q are the
window's own ends where no good arrival stands there. A stretch of one bad arrival lasted between 0 and q - p.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from harness.stats.times import Interval


@dataclass(frozen=True)
class Outages:
    """
    total     seconds of all stretches together, between so many and so many
    longest   of the longest
    stretches how many there are
    first     place of the first arrival of the longest among those given, and `last` of its last; -1 without any
    """

    total: Interval = (0.0, 0.0)
    longest: Interval = (0.0, 0.0)
    stretches: int = 0
    first: int = -1
    last: int = -1


def outages(due_s: Any, bad: Any, start_s: float, end_s: float) -> Outages:
    """Of arrivals due at these seconds (ascending) in [start_s, end_s), and whether each was answered badly."""
    import numpy as np

    bad = np.asarray(bad, bool)
    if not bad.any():
        return Outages()
    edges = np.flatnonzero(np.diff(np.concatenate([[False], bad, [False]]).astype(np.int8)))
    first, last = edges[::2], edges[1::2] - 1
    known_s = np.concatenate([[start_s], np.asarray(due_s, float), [end_s]])
    least_s = known_s[last + 1] - known_s[first + 1]
    most_s = known_s[last + 2] - known_s[first]
    longest = int(np.argmax(most_s))
    return Outages(
        (float(least_s.sum()), float(most_s.sum())),
        (float(least_s.max()), float(most_s.max())),
        len(first),
        int(first[longest]),
        int(last[longest]),
    )
