"""A file's data with the place of every value and key, so that whatever is wrong later can be shown where it stands."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from harness.drill.problem import Problem

Path_ = tuple[str | int, ...]


@dataclass(frozen=True)
class Place:
    """From 1. `file` only where the value does not come from the document's own file (`--set`); then line is 0."""

    line: int
    column: int
    file: str = ""


@dataclass(frozen=True)
class Document:
    """A file's data, and where each value and key stands.

    used   the variables put into each value, as (name, value)
    given  what the command line put in, as it was typed (`load.seed=7`), secrets masked
    """

    file: str
    text: str
    data: Any
    values: dict[Path_, Place] = field(default_factory=dict)
    keys: dict[Path_, Place] = field(default_factory=dict)
    used: dict[Path_, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    given: tuple[str, ...] = ()

    def place(self, path: Path_, *, key: bool = False) -> Place:
        """Of the value (or the key) at `path`, or of the nearest thing around it that is there."""
        while path:
            found = (self.keys.get(path) if key else None) or self.values.get(path)
            if found:
                return found
            path, key = path[:-1], True
        return self.values.get((), Place(1, 1))

    def problem(self, path: Path_, what: str, *, key: bool = False) -> Problem:
        place = self.place(path, key=key)
        lines = self.text.splitlines()
        source = lines[place.line - 1] if 0 < place.line <= len(lines) and not place.file else ""
        return Problem(place.file or self.file, place.line, place.column, what, source)

    def warning(self, path: Path_, what: str) -> Problem:
        return replace(self.problem(path, what), severity="warning")
