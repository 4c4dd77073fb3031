"""A lock that survives nothing but a living holder (flock, see man 2 flock), waited for with a limit."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Callable

LOOK_S = 0.05


def had(
    descriptor: int,
    within_s: float,
    waits: Callable[[], object] = lambda: None,
    worth_waiting: Callable[[], bool] = lambda: True,
) -> bool:
    """Take the lock of an open file or folder; whether it was had in time. Closing the descriptor gives it back.

    waits           called once, when somebody else has it
    worth_waiting   asked between looks; False ends the wait
    """
    deadline_s = time.monotonic() + within_s
    told = False
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if not told:
                waits()
            told = True
            if time.monotonic() > deadline_s or not worth_waiting():
                return False
            time.sleep(LOOK_S)
        else:
            return True
