"""Files that a command line asks for, each where it says."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.errors import UsageError


def write_asked(path: Path, text: str) -> None:
    """The file, whole, and its folder. Raises UsageError where the disk refuses."""
    from harness.judging import write_whole

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, text)
    except OSError as error:
        raise not_written(path, error) from None


def not_written(path: Path, error: OSError) -> UsageError:
    from harness.errors import UsageError

    return UsageError(f"{path} cannot be written: {error.strerror or error}")
