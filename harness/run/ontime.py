"""Calls a function at an instant of the run's clock: a sleep to just before it, then a short spin.

Each call has a thread of its own, so that one that hangs (a stop with its grace, a wedged Toxiproxy) delays no other.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

from harness.world.handles import Clock

T = TypeVar("T")

EARLY_S = (
    0.001  # wakes so long before the instant, and spins: a sleep ends some 0.06 ms late, and the GIL must be won back
)
SWITCH_S = (
    0.0003  # another thread that computes keeps the GIL for up to this; Python's default of 5 ms would be the lateness
)


class OnTime:
    """`at(due_s, fn)` → Future of fn's result. Lowers the interpreter's switch interval until it is closed."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._closed = threading.Event()
        self._threads: list[threading.Thread] = []
        self._switch_s = sys.getswitchinterval()
        sys.setswitchinterval(min(SWITCH_S, self._switch_s))

    def at(self, due_s: float, fn: Callable[[], T]) -> Future[T]:
        """Call fn at due_s (seconds on the run's clock), at once when that is past, unless the future is cancelled."""
        future: Future[T] = Future()
        if self._closed.is_set():
            future.cancel()
            return future
        thread = threading.Thread(
            target=self._wait_and_call, args=(due_s, fn, future), name=f"at {due_s:g} s", daemon=True
        )
        self._threads = [t for t in self._threads if t.is_alive()] + [thread]
        thread.start()
        return future

    def close(self) -> None:
        """Cancel what is not yet due; what has begun goes on and may be waited for by its future."""
        self._closed.set()
        sys.setswitchinterval(self._switch_s)

    def _wait_and_call(self, due_s: float, fn: Callable[[], T], future: Future[T]) -> None:
        _go_first()
        now_s = self._clock.now_s
        if self._closed.wait(max(0.0, due_s - now_s() - EARLY_S)):
            future.cancel()
            return
        while now_s() < due_s:
            pass
        if not future.set_running_or_notify_cancel():
            return
        try:
            result = fn()
        except BaseException as error:  # handed to whoever asks the future
            future.set_exception(error)
        else:
            future.set_result(result)


def _go_first() -> None:
    """Let this thread run as soon as it wakes, before the stack's own work, where the system allows it (root does)."""
    with contextlib.suppress(OSError, AttributeError):
        os.sched_setscheduler(0, os.SCHED_FIFO | os.SCHED_RESET_ON_FORK, os.sched_param(1))  # 0 is this thread
