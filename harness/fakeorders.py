"""A fake shop behind the fake load: what it was asked for and what it keeps, as data, so that whole order books run in milliseconds.

For tests, yours too. A drill's sources are read by name: `orders: {is: store, command: {run: [orders]}}` is `rows["orders"]`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import NotApplied

if TYPE_CHECKING:
    from harness.drill.readers import Reader
    from harness.orders.readers.rows import Row


class FakeShop:
    """
    rows     of each source, as they stand now; a source that is not among them cannot be read
    keeps    what is written down of an answered order: by default a row in `orders`, by key, where it was answered well
    changed  called before each reading, with the source's name
    """

    def __init__(self, folder: Path, op: str, *sources: str) -> None:
        self.rows: dict[str, list[Row]] = {name: [] for name in sources}
        self.keeps: Callable[[str, bool], None] = self._keep
        self.changed: Callable[[str], None] = lambda _source: None
        self._op = op
        self._book = folder / "orders" / "asked-0.jsonl"
        self._book.parent.mkdir(parents=True, exist_ok=True)

    def asked(self, row: int, well: bool) -> None:
        """The load has sent an order as this row of its ledger, and was answered so (FakeLoad.asked)."""
        key = f"key-{row}"
        with self._book.open("a") as book:
            book.write(json.dumps({"row": row, "op": self._op, "key": key}) + "\n")
        self.keeps(key, well)

    def read(self, reader: Reader) -> Iterator[Row]:
        """See run.readings.Read."""
        name = reader.what
        self.changed(name)
        if name not in self.rows:
            raise NotApplied(f"{name} does not answer")
        yield from list(self.rows[name])

    def _keep(self, key: str, well: bool) -> None:
        if well:
            self.rows["orders"].append({"key": key, "id": f"id-{key}", "amount": 100})
