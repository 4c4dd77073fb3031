"""Attempts that no operation of the load made: health checks, pollers, a worker on its own clock. Pure.

How many of a counter's attempts are theirs nobody wrote down: none, or all. They do not become fewer when users do, and so look like
retries of the operations that are left; but there are no more of them than the time before the fault can hold.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.expectations.attempts import Ratio
from harness.quantities import figures

ASIDE_DECIDE = (
    "a selector that leaves out what asks without users (a label of the caller or the route, or the caller's own counter of these "
    "calls), or as many operations in the phase as before the fault"
)


@dataclass(frozen=True)
class Background:
    """
    per_s  attempts of a target each second before the fault, were all of them made beside the load
    ahead  so many more than at that even rate had come at most at any time: what works in batches does
    """

    per_s: float
    ahead: float = 0.0

    @staticmethod
    def of(usual: Ratio, cells: Sequence[Ratio]) -> Background:
        """Of the time before the fault, and of that cut into cells."""
        per_s = usual.attempts / usual.targets_s
        ahead, now = 0.0, 0.0
        for one in cells:
            now = max(0.0, now + one.attempts - per_s * one.targets_s)
            ahead = max(ahead, now)
        return Background(per_s, ahead)

    @staticmethod
    def none() -> Background:
        return Background(0.0)

    def most(self, targets_s: float) -> float:
        return self.per_s * targets_s + self.ahead

    def told(self, counted: Ratio) -> str:
        """Why so many attempts may be others' than the load's."""
        return (
            f"but {figures(counted.attempts / counted.targets_s)} attempts a second of each target are no more, but for chance, than "
            f"before the fault (up to {figures(self.most(counted.targets_s) / counted.targets_s)}): health checks, pollers or workers may be "
            "among them, which go on when users ask less"
        )
