"""The person at the terminal: whether one is there, and what was typed. Never waits."""

from __future__ import annotations

import os
import select
import sys
from typing import TextIO


class Terminal:
    """Implements handles.People. What was typed before somebody was asked is not an answer, and is passed over by `there`."""

    def __init__(self, source: TextIO | None = None) -> None:
        self._source = sys.stdin if source is None else source
        self._typed = ""

    def there(self) -> bool:
        try:
            if not self._source.isatty():
                return False
            while self._read():
                pass
        except (OSError, ValueError):  # closed, or none at all
            return False
        self._typed = ""
        return True

    def heard(self) -> str | None:
        try:
            self._read()
        except (OSError, ValueError):
            return None
        line, newline, rest = self._typed.partition("\n")
        if not newline:
            return None
        self._typed = rest
        return line.strip()

    def _read(self) -> bool:
        """Take what is there now; whether there was any."""
        descriptor = self._source.fileno()
        ready, _, _ = select.select([descriptor], [], [], 0)
        text = os.read(descriptor, 4096).decode(errors="replace") if ready else ""
        self._typed += text
        return bool(text)
