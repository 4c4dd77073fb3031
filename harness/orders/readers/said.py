"""What a command said that was asked for rows: its lines, or why there are none."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from harness.errors import NotApplied
from harness.orders.readers.rows import parsed
from harness.world.handles import Said

SHOWN = 120
_WRONG = re.compile(r"\b(ERROR|FATAL)\b|^error\b", re.IGNORECASE)


def lines(said: Said, what: str) -> Iterator[bytes]:
    """Its lines without their ends, empty ones left out. Raises NotApplied when it failed, with the last that it said."""
    if said.code:
        raise NotApplied(f"{what} failed: {last(said)}")
    for line in said.out:
        if text := line.strip():
            yield text


def objects(said: Said, what: str) -> Iterator[Any]:
    """A JSON value of each line, a bare number as it is written. Raises NotApplied when it failed, or a line is none."""
    for line in lines(said, what):
        try:
            yield parsed(line)
        except ValueError as error:
            shown = line[:SHOWN].decode("utf-8", "replace")
            raise NotApplied(f"{what} printed a line that is no JSON: {shown}") from error


def last(said: Said) -> str:
    """The last line that says what went wrong, of the errors or else of what it printed; else its last line, or its exit code."""
    words = said.err.strip() or said.out.read(4000).decode("utf-8", "replace").strip()
    told = [line.strip() for line in words.splitlines() if line.strip()]
    wrong = [line for line in told if _WRONG.search(line)]
    return (wrong or told or [f"it ended with {said.code}"])[-1][:500]
