"""A circuit breaker: when most calls of late failed, none is made for a while; then one is, to see.

It spares the callers the wait, and the dependency the crowd at its door when it comes back.
"""

from __future__ import annotations

import random
import time
from collections import deque
from collections.abc import Callable

CLOSED, HALF_OPEN, OPEN = 0, 1, 2


class Breaker:
    """Opens when at least `least` calls ended within `window_s` and half of them failed; looks again after `rest_s`, give
    or take a fifth (many callers must not look at the same instant); closes after two good ones in a row."""

    def __init__(
        self,
        changed: Callable[[int], object],
        *,
        window_s: float = 4.0,
        least: int = 10,
        rest_s: float = 2.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._changed, self._window_s, self._least, self._rest_s, self._clock = changed, window_s, least, rest_s, clock
        self._ends: deque[tuple[float, bool]] = deque()
        self._trial_until = 0.0
        self._good = 0
        self._look_at = 0.0
        self.state = CLOSED
        changed(CLOSED)

    def allows(self) -> bool:
        """Whether a call may be made now. Who asks and may, must say how it ended."""
        now = self._clock()
        if self.state == OPEN and now >= self._look_at:
            self._become(HALF_OPEN)
            self._good, self._trial_until = 0, 0.0
        if self.state == HALF_OPEN:
            if now < self._trial_until:
                return False  # somebody else is looking
            self._trial_until = now + self._rest_s  # one that never says how it ended must not close the door for ever
            return True
        return self.state == CLOSED

    def ended(self, well: bool) -> None:
        now = self._clock()
        if self.state == HALF_OPEN:
            self._trial_until = 0.0
            self._good = self._good + 1 if well else 0
            if not well:
                self._open(now)
            elif self._good >= 2:
                self._ends.clear()
                self._become(CLOSED)
            return
        self._ends.append((now, well))
        while self._ends and self._ends[0][0] < now - self._window_s:
            self._ends.popleft()
        failed = sum(not good for _, good in self._ends)
        if self.state == CLOSED and len(self._ends) >= self._least and failed * 2 >= len(self._ends):
            self._open(now)

    def _open(self, now: float) -> None:
        self._look_at = now + self._rest_s * random.uniform(0.8, 1.2)
        self._become(OPEN)

    def _become(self, state: int) -> None:
        if state != self.state:
            self.state = state
            self._changed(state)
