"""A timer that is on time: gevent's own wakes in whole milliseconds (epoll_wait), a timerfd within the kernel's
precision."""

from __future__ import annotations

import contextlib
import ctypes
import os
from collections.abc import Callable
from time import CLOCK_MONOTONIC

import gevent

_ABSOLUTE = 1  # TFD_TIMER_ABSTIME


class _Spec(ctypes.Structure):
    _fields_ = (
        ("every_s", ctypes.c_long),
        ("every_ns", ctypes.c_long),
        ("at_s", ctypes.c_long),
        ("at_ns", ctypes.c_long),
    )


_libc = ctypes.CDLL(None, use_errno=True)


class Timer:
    """Calls `fired` in gevent's hub, where it must not block, when the monotonic clock reaches the time that was set
    last."""

    def __init__(self, fired: Callable[[], None]) -> None:
        self._fd = _libc.timerfd_create(CLOCK_MONOTONIC, os.O_NONBLOCK | os.O_CLOEXEC)
        if self._fd < 0:
            raise OSError(ctypes.get_errno(), "timerfd_create")
        self._fired = fired
        self._spec = _Spec()
        self._pointer = ctypes.byref(self._spec)
        self._set = _libc.timerfd_settime
        self._watcher = gevent.get_hub().loop.io(self._fd, 1)
        self._watcher.start(self._ready)

    def set(self, at_ns: int) -> None:
        """Fire at this time of CLOCK_MONOTONIC; at once when it has passed."""
        self._spec.at_s, self._spec.at_ns = divmod(max(1, at_ns), 1_000_000_000)
        self._set(self._fd, _ABSOLUTE, self._pointer, None)

    def _ready(self) -> None:
        with contextlib.suppress(BlockingIOError):
            os.read(self._fd, 8)
            self._fired()

    def close(self) -> None:
        self._watcher.stop()
        self._watcher.close()
        os.close(self._fd)
