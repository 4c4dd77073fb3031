"""What waited in a queue before the load: it is not the load's, and is not waited for after it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from harness.errors import DrillError
from harness.orders.readers import MARKED
from harness.run.readings import Reading, Readings, Sourced


class Backlog:
    """`began` are the readings of queues before the load."""

    def __init__(self, readings: Readings, began: Mapping[str, Reading]) -> None:
        self._readings = readings
        self._began = {name: _names(self._lines(one)) for name, one in began.items()}
        self._looked: dict[tuple[str, int], int] = {}

    def more(self, name: str, source: Sourced, now: Reading) -> int:
        """How many rows wait in a queue that did not before. Rows without a name are never known to be the same."""
        rows, before = now.fact.rows, self._began.get(name)
        if not before or not rows:
            return rows
        if not isinstance(source.reader, MARKED):
            return rows - (_names(self._lines(now)) & before).total()
        if rows > before.total():
            return rows
        if (name, rows) not in self._looked:  # reading it leaves a mark: once for each length
            self._looked[name, rows] = rows - (_names(self._named(source)) & before).total()
        return self._looked[name, rows]

    def _named(self, source: Sourced) -> list[Mapping[str, Any]]:
        try:
            return list(self._readings.read(source.reader))
        except DrillError:
            return []

    def _lines(self, reading: Reading) -> list[Mapping[str, Any]]:
        if not reading.fact.file:
            return []
        with (self._readings.folder / reading.fact.file).open(encoding="utf-8") as file:
            return [json.loads(line) for line in file]


def _names(rows: Iterable[Mapping[str, Any]]) -> Counter[tuple[Any, Any]]:
    """Key and id of each row that has one."""
    names = ((row.get("key"), row.get("id")) for row in rows)
    return Counter(name for name in names if name != (None, None))
