"""One at a time: runs that start together choose address ranges and ports in turn, so that they do not choose the
same."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from harness.flocked import had

WAIT_S = 60.0
"""Another run holds it for the second or two in which its networks are made; one that hangs must not stop everybody."""


@contextlib.contextmanager
def turn(name: str = "stack") -> Iterator[bool]:
    """Hold the lock; yields False when it could not be had in time (Docker then tells of a collision, and we retry)."""
    path = Path(tempfile.gettempdir(), f"drill-{name}-{os.geteuid()}.lock")
    handle = os.open(path, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        yield had(handle, WAIT_S)
    finally:
        os.close(handle)
