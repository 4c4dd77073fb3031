"""The harness's own memory while a run goes: flat, and looked through without long pauses."""

from __future__ import annotations

import contextlib
import ctypes
import gc
from collections.abc import Callable, Iterator

EVERY_S = 60.0
QUIET_S = 1.0
"""No fault is to begin or end for so long: a collection holds every thread up for some milliseconds."""


@contextlib.contextmanager
def settled() -> Iterator[None]:
    """What lives by now (imports, the drill, the stack's description) is looked at no more until the block ends: with some 70,000
    objects from imports alone a full collection takes tenths of a second, without them milliseconds."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


class Tidy:
    """Called each second of a run, with the instant and whether a fault begins or ends soon: once a minute a full collection, and what
    the C library holds unused is given back.

    CPython keeps freed tuples for the next of their length, up to 2,000 of each length below 20 (Objects/tupleobject.c), 5 MB in all.
    They fill over an hour, because `tuple(generator)` is made at one length and freed at another, and only a full collection
    empties them. By itself it comes when a quarter as many objects were added as there are: in a run, where memory is flat, never.
    What is made and thrown away between things that stay leaves holes in the C library's heap; only `malloc_trim` gives their pages
    back (malloc_trim(3), glibc; other libraries do without).
    """

    def __init__(self) -> None:
        self._next_s = 0.0
        self._trim: Callable[[int], int] = getattr(ctypes.CDLL(None), "malloc_trim", lambda pad: 0)

    def __call__(self, now_s: float, quiet: bool) -> None:
        if quiet and now_s >= self._next_s:
            self._next_s = now_s + EVERY_S
            gc.collect()
            self._trim(0)
