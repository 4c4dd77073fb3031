"""One at a time: runs that start together choose address ranges and ports in turn, so that they do not choose the
same."""

from __future__ import annotations

import contextlib
import fcntl
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

WAIT_S = 60.0
"""Another run holds it for the second or two in which its networks are made; one that hangs must not stop everybody."""


@contextlib.contextmanager
def turn(name: str = "stack") -> Iterator[bool]:
    """Hold the lock; yields False when it could not be had in time (Docker then tells of a collision, and we retry)."""
    path = Path(tempfile.gettempdir(), f"drill-{name}-{os.geteuid()}.lock")
    handle = os.open(path, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        yield _locked(handle)
    finally:
        os.close(handle)


def _locked(handle: int) -> bool:
    end_s = time.monotonic() + WAIT_S
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            if time.monotonic() > end_s:
                return False
            time.sleep(0.05)
