"""A request's deadline, and waiting that ends when it does.

A driver that is told to give up may itself wait for a server that does not answer. So nobody waits for the giving up:
the answer goes out in time, and the call is left alone for a moment more: mostly it ends by itself, and its connection
stays whole (a new one costs more than the call, just when everything is slow). Then it is cancelled until it lets go.
All calls are made so that ending after their answer does no harm.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine
from contextvars import ContextVar
from typing import Any, TypeVar

T = TypeVar("T")

_until: ContextVar[float] = ContextVar("until", default=float("inf"))
_letting_go: set[asyncio.Task[None]] = set()

ALONE_S = 1.0
LET_GO_S = 0.3


class TooLate(Exception):
    """Something did not end within its limit; the message says what."""


def begin(budget_s: float) -> None:
    """This task, and what it starts, must be done in so many seconds."""
    _until.set(time.monotonic() + budget_s)


def left_s() -> float:
    return _until.get() - time.monotonic()


async def within(limit_s: float, work: Coroutine[Any, Any, T], what: str) -> T:
    """The work's result; TooLate when neither limit nor deadline leaves it more time. It then
    ends behind our back."""
    limit_s = min(limit_s, left_s())
    if limit_s <= 0:
        work.close()
        raise TooLate(f"no time left for {what}")
    task = asyncio.ensure_future(work)
    try:
        done, _ = await asyncio.wait((task,), timeout=limit_s)
    except asyncio.CancelledError:
        _leave(task)
        raise
    if done:
        return task.result()
    _leave(task)
    raise TooLate(f"{what} took longer than {limit_s:.2f} s")


def _leave(task: asyncio.Task[Any]) -> None:
    behind = asyncio.ensure_future(_until_it_lets_go(task))
    _letting_go.add(behind)
    behind.add_done_callback(_letting_go.discard)


async def _until_it_lets_go(task: asyncio.Task[Any]) -> None:
    """The first cancellation asks the server to stop, which may take for ever; the next ones end that."""
    await asyncio.wait((task,), timeout=ALONE_S)
    while not task.done():
        task.cancel()
        await asyncio.wait((task,), timeout=LET_GO_S)
    if not task.cancelled():
        task.exception()  # looked at, so that nobody complains that it was not
