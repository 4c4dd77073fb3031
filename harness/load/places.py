"""Where in the user's locustfiles something is, or went wrong: file:line."""

from __future__ import annotations

import contextlib
import inspect
import os
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any


class Places:
    def __init__(self, locustfiles: Sequence[Path]) -> None:
        self.name = named([path.name for path in locustfiles])
        self._shown = named([str(path) for path in locustfiles])
        self._files = frozenset(str(path.resolve()) for path in locustfiles)
        self._folders = tuple(str(path.resolve().parent) + os.sep for path in locustfiles)

    def __str__(self) -> str:
        return self._shown

    def of_error(self, error: BaseException) -> str:
        """Of the innermost frame of the error that lies in a locustfile, or beside one; the files where none does."""
        frames = [frame for frame in traceback.extract_tb(error.__traceback__) if not _installed(frame.filename)]
        for frame in reversed(frames):
            if frame.filename in self._files:
                return f"{frame.filename}:{frame.lineno}"
        for frame in reversed(frames):
            if frame.filename.startswith(self._folders):
                return f"{frame.filename}:{frame.lineno}"
        return str(self)

    def of_frame(self, frame: Any) -> str:
        """Where a greenlet that is not running stands, in a locustfile; or ''."""
        while frame is not None:
            if frame.f_code.co_filename in self._files:
                return f"{frame.f_code.co_filename}:{frame.f_lineno}"
            frame = frame.f_back
        return ""


def named(files: Sequence[str]) -> str:
    """The first, and how many more there are."""
    return files[0] if len(files) == 1 else f"{files[0]} and {len(files) - 1} more"


def place_of_class(cls: type) -> str:
    """Where it begins; the file alone of one that a call has made; '' where not even that is known."""
    try:
        file = inspect.getfile(cls)
    except (OSError, TypeError):
        return ""
    with contextlib.suppress(OSError):
        return f"{file}:{inspect.getsourcelines(cls)[1]}"
    return file


def _installed(file: str) -> bool:
    return f"{os.sep}site-packages{os.sep}" in file
