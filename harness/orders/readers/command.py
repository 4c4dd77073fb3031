"""Rows that a command prints, a line of JSON each: in a service's container, or on this machine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from harness.drill.readers import CommandReader
from harness.orders.readers.rows import Row, row_of, whole
from harness.orders.readers.said import objects
from harness.world.handles import Reach


def rows(reader: CommandReader, reach: Reach, most_rows: int, most_bytes: int, everything: bool) -> Iterator[Row]:
    """A line that is a list is a row for each of its elements. Raises NotApplied when it fails, or prints something else than JSON."""
    if reader.service:
        said = reach.inside(reader.service, reader.run, {}, reader.timeout_s, most_bytes)
    else:
        said = reach.here(reader.run, reader.timeout_s, most_bytes)
    made = whole if everything else row_of
    for line in objects(said, reader.run[0]):
        yield from (made(element, reader.fields) for element in _listed(line, reader.fields, everything))


def _listed(line: Any, fields: Mapping[str, str], everything: bool) -> Sequence[Any]:
    """The elements of a line. A list whose places `fields` name is one, and so is, where any difference counts, one of plain values:
    they belong together."""
    if not isinstance(line, list) or any(path.partition(".")[0].isdecimal() for path in fields.values()):
        return [line]
    together = everything and not fields and not all(isinstance(one, Mapping) for one in line)
    return [line] if together else line
