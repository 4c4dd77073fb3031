"""One thing that is wrong in a file, with its place: `file:line:column: what`, the source line and a caret below."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from harness.errors import UsageError

_WIDEST = 140  # a source line longer than a terminal is wide is cut around the caret


@dataclass(frozen=True)
class Problem:
    """`line` and `column` count from 1; line 0: the place is no line of a file (`--set`), and `file` says it all."""

    file: str
    line: int
    column: int
    what: str
    source: str = ""
    severity: Literal["error", "warning"] = "error"

    @property
    def where(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file

    def __str__(self) -> str:
        head = f"{self.where}: {'warning: ' if self.severity == 'warning' else ''}{self.what}"
        if not self.line or not self.source.strip():
            return head
        start = max(0, self.column - _WIDEST // 2) if len(self.source) > _WIDEST else 0
        shown = self.source.expandtabs(1)[start : start + _WIDEST]
        shown = "".join(char if char.isprintable() else "�" for char in shown)
        return f"{head}\n    {shown}\n    {' ' * (self.column - 1 - start)}^"


class Invalid(UsageError):
    """A drill with problems; `found` has them one by one, the text has them all."""

    def __init__(self, found: Iterable[Problem]) -> None:
        self.found = tuple(sorted(found, key=lambda p: (p.file, p.line, p.column)))
        super().__init__(*(str(problem) for problem in self.found))


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """\" (did you mean 'delay'?)\", or '' when nothing is near."""
    names = list(known)
    close = difflib.get_close_matches(word, names, n=1, cutoff=0.6)
    if not close:
        folded = {name.casefold().replace("-", "_"): name for name in names}
        close = [folded[key] for key in [word.casefold().replace("-", "_")] if key in folded]
    return f" (did you mean '{close[0]}'?)" if close else ""


def no_service(what: str, name: str, services: Sequence[str]) -> str:
    """That a service is not there, with the one that is meant, or all that are."""
    near = did_you_mean(name, services) or f"; there are {', '.join(services)}"
    return f"{what}: there is no service '{name}' in the stack{near}"


def shown_path(path: Path) -> str:
    """A path as it is printed: relative to the working directory where it lies below it."""
    full = os.path.abspath(path)
    near = os.path.relpath(full)
    return full if near.startswith("..") else near
