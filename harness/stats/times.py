"""Times of requests, some of them not known yet, by exact rank."""

from __future__ import annotations

import math
from bisect import bisect_right, insort
from collections.abc import Sequence
from typing import Any

from harness.stats.columns import FOREVER

Interval = tuple[float, float]


class Times:
    """Times in µs (FOREVER without an answer) as a list of (column, which of it, None: all), and what others have waited so far (ms).

    They are put together when a rank is first asked for. Each rank asked for splits them (Hoare's selection), so that
    the next one is looked for among fewer.
    """

    def __init__(self, pieces: Sequence[tuple[Any, Any]], never: int, waited_ms: Any) -> None:
        self._pieces = pieces
        self._never = never
        self._waited_ms = waited_ms
        self._values: Any = None
        self._split: list[int] = []  # places that hold what they would in the sorted list

    def ranked_ms(self, rank: int) -> Interval:
        """The rank-th least (1-based): low with those that wait at what they waited, high with them at infinity."""
        import numpy as np

        known = self._known()
        high = _ms(self._at(rank - 1)) if rank <= len(known) else math.inf
        if not len(self._waited_ms):
            return high, high
        known_ms = np.where(known == FOREVER, np.inf, known / 1e3)
        return float(np.partition(np.concatenate([known_ms, self._waited_ms]), rank - 1)[rank - 1]), high

    def _known(self) -> Any:
        import numpy as np

        if self._values is None:
            taken = [column if which is None else np.compress(which, column) for column, which in self._pieces]
            self._values = np.concatenate([*taken, np.full(self._never, FOREVER, np.uint32)])
            self._pieces = ()
        return self._values

    def _at(self, place: int) -> int:
        after = bisect_right(self._split, place)
        before = self._split[after - 1] if after else -1
        if before != place:
            end = self._split[after] if after < len(self._split) else len(self._values)
            self._values[before + 1 : end].partition(place - before - 1)
            insort(self._split, place)
        return int(self._values[place])


def _ms(value_us: int) -> float:
    return math.inf if value_us == FOREVER else value_us / 1e3
