"""A claim asked for so long and no longer: a check of the user's own that never ends must not keep a run from its verdict.

It is asked in a process beside this one, which the kernel ends at the limit whatever it does: a loop, a sleep, a socket that never
answers, and a regular expression that lets no other thread of Python run. What it leaves behind in its memory is gone with it.
"""

from __future__ import annotations

import contextlib
import math
import os
import signal
from typing import TYPE_CHECKING

from harness.expectations.asked import asked, broke
from harness.verdict import Finding, inconclusive

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.context import ForkProcess

    from harness.expectations.base import Evidence, Expectation

LEAVES_S = 2.0  # what has answered is gone, and what was ended is seen to be, within so long


def asked_within(expectation: Expectation, evidence: Evidence, limit_s: float = math.inf) -> Finding:
    """As `asked`. A claim of the user's own has `check_limit_s`, or the limit where that is shorter: then it is inconclusive."""
    if type(expectation).__module__.startswith("harness."):
        return asked(expectation, evidence)
    from multiprocessing import get_context

    limit_s = min(limit_s, expectation.check_limit_s)
    fork = get_context("fork")
    hears, tells = fork.Pipe(duplex=False)
    beside = fork.Process(target=_answer, args=(expectation, evidence, limit_s, tells), daemon=True)
    beside.start()
    tells.close()
    with hears:
        try:
            return _heard(hears, beside, limit_s)
        finally:
            _end(beside)


def _answer(expectation: Expectation, evidence: Evidence, limit_s: float, tells: Connection) -> None:
    """In the process beside, which is a group of its own: what it starts is ended with it, and Ctrl-C is not its own to answer."""
    os.setsid()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGALRM):
        signal.signal(number, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, limit_s)
    finding = asked(expectation, evidence)
    try:
        tells.send(finding)
    except Exception as error:  # what pickle says of a text that is none of Python's own
        tells.send(broke(f"its finding cannot be told: {type(error).__name__}: {error}"))


def _heard(hears: Connection, beside: ForkProcess, limit_s: float) -> Finding:
    overran = inconclusive(
        f"the check itself did not end within {limit_s:g} s",
        reason="check_overran",
        decide="an expectation that comes to an end, or more time for it (check_limit_s); judge the stored run again",
    )
    if not hears.poll(limit_s + LEAVES_S):
        return overran
    try:
        found = hears.recv()
    except EOFError:
        beside.join(LEAVES_S)
        return overran if beside.exitcode == -signal.SIGALRM else broke(f"it ended its process ({beside.exitcode})")
    beside.join(LEAVES_S)
    assert isinstance(found, Finding)
    return found


def _end(beside: ForkProcess) -> None:
    """It and all that it started; at once where it has ended."""
    assert beside.pid is not None
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(beside.pid, signal.SIGKILL)
    beside.kill()
    beside.join()
