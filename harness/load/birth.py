"""In which task a greenlet was born: what it asks is of the arrival that this task serves, also when the task is over; and what one
asks that was born in none belongs to no arrival, whatever its user does meanwhile.

gevent hands a greenlet's spawn_tree_locals on to all that it spawns, threads too. The threads of a pool live longer than what they
work for: there each piece of work brings its own along.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.pool import ThreadPool
from typing import TYPE_CHECKING, Any

import gevent.threadpool
from gevent import getcurrent

if TYPE_CHECKING:
    from harness.load.seat import Seat

KEY = "drill_seat"
POOLS: tuple[tuple[Any, tuple[str, ...]], ...] = (
    (ThreadPoolExecutor, ("submit",)),
    (ThreadPool, ("apply_async", "_map_async", "imap", "imap_unordered")),
    (gevent.threadpool.ThreadPool, ("spawn",)),
)
"""What hands work to threads that are there already: the methods whose first argument is the work."""


def seat_here() -> Seat | None:
    """Of the task in which the greenlet that runs was born, or is."""
    handed_on = getattr(getcurrent(), "spawn_tree_locals", None)
    return handed_on.get(KEY) if handed_on else None


def serve(seat: Seat | None) -> None:
    """From now on this greenlet, and all that it spawns, works for this task; None for none."""
    here: Any = getcurrent()
    handed_on: dict[Any, Any] = dict(getattr(here, "spawn_tree_locals", None) or ())
    handed_on[KEY] = seat
    here.spawn_tree_locals = handed_on


def follow_pools() -> None:
    """Once, before the locustfile is imported."""
    for kind, methods in POOLS:
        for name in methods:
            setattr(kind, name, _bringing(getattr(kind, name)))


def _bringing(original: Callable[..., Any]) -> Callable[..., Any]:
    def hand_over(self: Any, *args: Any, **kwargs: Any) -> Any:
        if args:
            return original(self, _for_this_task(args[0]), *args[1:], **kwargs)
        for name in {"func", "fn"} & kwargs.keys():
            kwargs[name] = _for_this_task(kwargs[name])
        return original(self, **kwargs)

    return hand_over


def _for_this_task(work: Callable[..., Any]) -> Callable[..., Any]:
    seat = seat_here()

    def worked(*args: Any, **kwargs: Any) -> Any:
        serve(seat)
        return work(*args, **kwargs)

    return worked
