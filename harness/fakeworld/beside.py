"""Calls that take time on the fake clock while the story goes on: one of them, or the story, runs at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field

from harness.fakeworld.clock import FakeClock


@dataclass(eq=False)
class _Call:
    """`turn` is given to it, and `back` is its turn given back; `waits` counts its waits and their ends."""

    turn: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    back: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    waits: int = 0


class Beside:
    """A starter whose calls may `wait`: each has a thread, which runs at its instants alone. A story that waits for one of them by
    a lock waits for ever, unless it wakes it."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self._calls: dict[int, _Call] = {}

    def at(self, due_s: float, fn: Callable[[], None]) -> Future[None]:
        """Call fn at its instant, as FakeClock.at does."""
        return self._clock.at(due_s, lambda: self._begin(fn))

    def wait(self, for_s: float) -> None:
        """So long passes for the call that asks, unless it is woken. The story itself does not wait."""
        call = self._calls.get(threading.get_ident())
        if call is None:
            return
        call.waits += 1
        number = call.waits
        self._clock.at(self._clock.now_s() + for_s, lambda: self._go_on(call, number))
        call.back.release()
        call.turn.acquire()

    def wake(self) -> None:
        """Whatever waits goes on to its end, at once, and is not waited for: whoever wakes it may hold what it needs."""
        for call in tuple(self._calls.values()):
            call.waits += 1
            call.turn.release()

    def _begin(self, fn: Callable[[], None]) -> None:
        call = _Call()

        def run() -> None:
            self._calls[threading.get_ident()] = call
            try:
                fn()
            finally:
                del self._calls[threading.get_ident()]
                call.back.release()

        threading.Thread(target=run, daemon=True).start()
        call.back.acquire()

    def _go_on(self, call: _Call, number: int) -> None:
        if call.waits == number:  # else it was woken before
            call.waits += 1
            call.turn.release()
            call.back.acquire()
