"""Rows that a command prints, a line of JSON each: in a service's container, or on this machine."""

from __future__ import annotations

from collections.abc import Iterator

from harness.drill.readers import CommandReader
from harness.orders.readers.rows import Row, row_of, whole
from harness.orders.readers.said import objects
from harness.world.handles import Reach


def rows(reader: CommandReader, reach: Reach, most_rows: int, most_bytes: int, everything: bool) -> Iterator[Row]:
    """Raises NotApplied when it fails, or prints something else than JSON."""
    if reader.service:
        said = reach.inside(reader.service, reader.run, {}, reader.timeout_s, most_bytes)
    else:
        said = reach.here(reader.run, reader.timeout_s, most_bytes)
    made = whole if everything else row_of
    yield from (made(element, reader.fields) for element in objects(said, reader.run[0]))
