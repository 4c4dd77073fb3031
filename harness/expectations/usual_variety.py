"""Whether the names that a page goes by (its shapes, its titles) go on to vary as they did in calm times. Pure.

Source: Good, The population frequencies of species, Biometrika 40 (1953): the share of answers whose name came once is what the
next one is new with.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass
from functools import cached_property

ALPHA = 0.05
HABIT = 5
OFTEN = 0.01
"""Names that calm times saw once are a habit where they are so many, and so many of the answers: a few odd pages are none."""


@dataclass(frozen=True)
class Variety:
    """Of one page, how many answers had each name, in calm times and now."""

    calm: Counter[str]
    now: Counter[str]

    @property
    def once(self) -> int:
        return sum(n == 1 for n in self.calm.values())

    @cached_property
    def habit(self) -> bool:
        return self.once >= max(HABIT, OFTEN * self.calm.total())

    @cached_property
    def goes_on(self) -> bool:
        """Whether calm times showed names that they had not shown before, and no less often than now. Fisher's exact test."""
        if not self.once:
            return False
        from scipy.stats import hypergeom

        fresh, of = sum(n for name, n in self.now.items() if name not in self.calm), self.now.total()
        return float(hypergeom.sf(fresh - 1, self.calm.total() + of, self.once + fresh, of)) > ALPHA

    def repeated(self, count: int, chance: float) -> bool:
        """Whether a new name came more often than the names of this page do: `chance` is that all of its `count` answers come now."""
        as_often = len(self._counts) - bisect_left(self._counts, count)
        return chance * as_often <= ALPHA

    @cached_property
    def _counts(self) -> list[int]:
        return sorted((self.calm + self.now).values())
