"""Second attempts: few, apart, and never so many that they are the load.

Each call saves up a tenth of a retry; a retry costs one. So a dependency in trouble gets at most a tenth more calls, and
the ten that were saved up.
"""

from __future__ import annotations

import random


class Budget:
    def __init__(self, share: float = 0.1, saved: float = 10.0) -> None:
        self._share, self._most, self._saved = share, saved, saved

    def earn(self) -> None:
        """A first attempt is made."""
        self._saved = min(self._most, self._saved + self._share)

    def spend(self) -> bool:
        """Whether a second may be."""
        if self._saved < 1:
            return False
        self._saved -= 1
        return True


def pause_s(attempt: int) -> float:
    """How long to wait before attempt 2, 3, …: at random up to a limit that doubles, so that those who failed together do
    not come back together."""
    return random.uniform(0.01, 0.04 * 2.0 ** (attempt - 1))
