"""Reading a source of truth as a drill declares it: one small file per way, all through `world.handles.Reach`, none writes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from harness.drill.readers import CommandReader, HttpReader, RabbitmqReader, Reader, RedisReader, SqlReader
from harness.errors import NotApplied
from harness.orders.readers import command, http, rabbitmq, redis, sql
from harness.orders.readers.rows import Row
from harness.world.handles import Reach

MOST_ROWS = 2_000_000
MOST_BYTES = 512 << 20
"""Of one reading: a table of two million orders at 250 bytes each. More is not read by a rehearsal."""

WAYS: tuple[tuple[type[Reader], Callable[[Any, Reach, int, int, bool], Iterator[Row]]], ...] = (
    (SqlReader, sql.rows),
    (HttpReader, http.rows),
    (RedisReader, redis.rows),
    (RabbitmqReader, rabbitmq.rows),
    (CommandReader, command.rows),
)


MARKED = (RabbitmqReader,)
"""Those whose reading leaves a mark on what is read: it is done as seldom as can be, and a glance does without."""


def read(
    reader: Reader,
    reach: Reach,
    most_rows: int = MOST_ROWS,
    most_bytes: int = MOST_BYTES,
    *,
    everything: bool = False,
) -> Iterator[Row]:
    """The rows of a source, in its own order. Raises NotApplied with the reason when it cannot be read whole.

    everything   all that an element holds, not only its key, id and numbers: for comparing, where any difference is one
    """
    way = next(way for cls, way in WAYS if isinstance(reader, cls))
    return _bounded(way(reader, reach, most_rows, most_bytes, everything), most_rows)


def glance(
    reader: Reader,
    reach: Reach,
    most_rows: int = MOST_ROWS,
    most_bytes: int = MOST_BYTES,
    *,
    everything: bool = False,
) -> Iterator[Row]:
    """The same without leaving a mark: how many rows there are, and whether they change. Raises NotApplied."""
    if isinstance(reader, RabbitmqReader):
        return _bounded(rabbitmq.counted(reader, reach, most_rows, most_bytes), most_rows)
    return read(reader, reach, most_rows, most_bytes, everything=everything)


def _bounded(rows: Iterator[Row], most_rows: int) -> Iterator[Row]:
    try:
        for number, row in enumerate(rows):
            if number == most_rows:
                raise NotApplied(f"it has more than {most_rows} rows")
            yield row
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError, OSError) as error:
        raise NotApplied(f"what was answered cannot be read: {type(error).__name__}: {error}") from error
