"""A clock that jumps, and which calls into the world fail."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field


class FakeClock:
    """Time passes only in wait_until; what was put on it with `at` is called at its instant, as OnTime does."""

    def __init__(self) -> None:
        self._now_s = 0.0
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()

    def now_s(self) -> float:
        return self._now_s

    def wall_s(self) -> float:
        return 1_800_000_000.0 + self._now_s

    def wait_until(self, at_s: float) -> None:
        while self._due and self._due[0][0] <= at_s:
            due_s, _, fn = heapq.heappop(self._due)
            self._now_s = max(self._now_s, due_s)
            fn()
        self._now_s = max(self._now_s, at_s)

    def at(self, due_s: float, fn: Callable[[], None]) -> Future[None]:
        heapq.heappush(self._due, (due_s, next(self._order), fn))
        return Future()


@dataclass
class Failures:
    """Which calls into the world fail: `raises(n, error)` makes the n-th call from now raise. `calls` counts them all."""

    planned: dict[int, Exception] = field(default_factory=dict)
    calls: int = 0

    def raises(self, number: int, error: Exception) -> None:
        self.planned[self.calls + number] = error

    def pass_by(self) -> None:
        self.calls += 1
        if error := self.planned.get(self.calls):
            raise error
