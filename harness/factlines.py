"""Facts from the lines of a journal's files: all of a text, those of some kinds from a place in a file on, and what a file has grown by."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from harness.facts import Fact, from_dict, kind_of

STEP = 1000  # lines: some hundredths of a second


def decoded(text: bytes) -> Iterator[dict[str, Any]]:
    """Each line that is a JSON object; a line torn by a kill is left out."""
    for line in text.split(b"\n"):  # no other character ends a line: one may stand in a text
        try:
            data = json.loads(line)
        except (ValueError, RecursionError):  # UnicodeDecodeError and JSONDecodeError are both ValueErrors
            continue
        if isinstance(data, dict):
            yield data


def facts_in(text: bytes) -> Iterator[Fact]:
    """Each line that is a whole fact of a kind that this version knows."""
    for data in decoded(text):
        try:
            fact = from_dict(data)
        except TypeError:  # a known kind without its fields: not a whole line
            continue
        if fact is not None:
            yield fact


def of_kinds(path: Path, kinds: Iterable[type[Fact]], offset: int = 0) -> Iterator[list[Fact]]:
    """Facts of these kinds in a file, from this byte on, of STEP lines at a time; other lines are passed over unread, and so is
    what is written after the first step: a reader that goes slowly comes to an end. Raises OSError."""
    names = {kind_of(kind).encode() for kind in kinds}
    with path.open("rb") as file:
        end = file.seek(0, os.SEEK_END)
        file.seek(offset)
        while file.tell() < end and (lines := list(islice(file, STEP))):
            wanted = [line for line in lines if line.partition(b'"fact":"')[2].partition(b'"')[0] in names]
            yield list(facts_in(b"".join(wanted)))


def number(line: bytes) -> int | None:
    """The number of a whole fact's line; None for what is none."""
    data = next(decoded(line), {})
    number = data.get("number")
    try:
        from_dict(data)
    except TypeError:
        return None
    return number if type(number) is int else None
