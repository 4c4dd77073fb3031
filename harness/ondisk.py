"""What a power cut must not take: a file that was written, and its name in its folder."""

from __future__ import annotations

import os
from pathlib import Path


def settle(path: Path) -> None:
    """Return once the file's content and its name are on the disk (fsync of both, see man 2 fsync). Raises OSError."""
    for one in (path, path.parent):
        descriptor = os.open(one, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
