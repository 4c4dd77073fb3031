"""Whose mend may not need the clean-up ladder goes first: a proxy that is wedged delays no other's mend."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

from harness.world.ladder import Turn

OTHERS_S = 30.0  # the longest that a mend which needs the ladder lets others go first: they have 3 s for each call


class LadderQueue:
    """Of one reconciler, and on its lock, which `tried` and `turn` are called with; `join` is called without.

    turn   on the ladder, among those who climb it from outside of the run too
    """

    def __init__(self, lock: threading.Condition, turn: Turn) -> None:
        self._lock = lock
        self._turn = turn
        self._untried: set[str] = set()  # holders whose mend has not been tried the ordinary way yet
        self._climbs = 0

    def join(self, holder: str) -> None:
        self._untried.add(holder)

    def tried(self, holder: str) -> None:
        self._untried.discard(holder)
        self._lock.notify_all()

    @contextlib.contextmanager
    def turn(self, holder: str) -> Iterator[bool]:
        """Once the others were tried; whether somebody climbed meanwhile, here or from outside of the run."""
        self.tried(holder)
        climbs = self._climbs
        self._lock.wait_for(lambda: not self._untried, OTHERS_S)
        with self._turn() as waited:
            yield waited or climbs != self._climbs
            self._climbs += 1
