"""A call of the user's own code for so long and no longer: one that never ends must keep nothing else from its end.

It is made in a process beside this one, which the kernel ends at the limit whatever it does: a loop, a sleep, a socket that never
answers, and a regular expression that lets no other thread of Python run. What it leaves behind in its memory is gone with it.
"""

from __future__ import annotations

import contextlib
import math
import os
import pickle
import signal
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.context import ForkProcess

T = TypeVar("T")

LEAVES_S = 2.0  # what has answered is gone, and what was ended is seen to be, within so long


class Overran(Exception):
    """It had not ended at the limit."""


class Untold(Exception):
    """It gave back nothing that can be told from one process to another: why, in words."""


def called(fn: Callable[[], T], limit_s: float = math.inf) -> T:
    """What fn gives back. Raises what fn raises, Overran, or Untold. Within such a call, which has its limit, it is called as it is."""
    from multiprocessing import current_process, get_context

    if current_process().daemon:
        return fn()
    fork = get_context("fork")
    hears, tells = fork.Pipe(duplex=False)
    beside = fork.Process(target=_answer, args=(fn, limit_s, tells), daemon=True)
    beside.start()
    tells.close()
    with hears:
        try:
            raised, answer = _heard(hears, beside, limit_s)
        finally:
            _end(beside)
    if raised:
        raise answer
    found: T = answer
    return found


def _answer(fn: Callable[[], object], limit_s: float, tells: Connection) -> None:
    """In the process beside, which is a group of its own: what it starts is ended with it, and Ctrl-C is not its own to answer."""
    os.setsid()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGALRM):
        signal.signal(number, signal.SIG_DFL)
    if math.isfinite(limit_s):
        signal.setitimer(signal.ITIMER_REAL, limit_s)
    answer: tuple[bool, Any]
    try:
        answer = False, fn()
    except (Exception, SystemExit) as error:
        answer = True, error
    try:
        told = pickle.dumps(answer)
        pickle.loads(told)
    except (
        Exception
    ) as error:  # what pickle says of a text that is none of Python's own, or of an error that wants more
        untold = Untold(
            f"what it {'raised' if answer[0] else 'gave back'} cannot be told: {type(error).__name__}: {error}"
        )
        told = pickle.dumps((True, untold))
    tells.send_bytes(told)


def _heard(hears: Connection, beside: ForkProcess, limit_s: float) -> tuple[bool, Any]:
    if not hears.poll(limit_s + LEAVES_S if math.isfinite(limit_s) else None):
        return True, Overran()
    try:
        answer: tuple[bool, Any] = pickle.loads(hears.recv_bytes())
    except EOFError:
        beside.join(LEAVES_S)
        overran = beside.exitcode == -signal.SIGALRM
        return True, Overran() if overran else Untold(f"it ended its process ({beside.exitcode})")
    beside.join(LEAVES_S)
    return answer


def _end(beside: ForkProcess) -> None:
    """It and all that it started; at once where it has ended."""
    assert beside.pid is not None
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(beside.pid, signal.SIGKILL)
    beside.kill()
    beside.join()
