"""The order book on disk: what the load asked for, and the readings of each source; readable after a kill at any instant.

A run's `orders/` holds `asked-<worker>.jsonl`, a line for each attempt, written before it was sent
({"row": 12, "op": "checkout", "key": "…"}: the ledger's row 12 of that worker says what became of it), and for each reading of a
source `<op>.<source>.<reading>.jsonl`, a line for each row ({"key": "…", "id": "…", "amount": 1250}).
"""

from __future__ import annotations

import hashlib
import json
import re
from array import array
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from harness.facts import SourceRead
from harness.orders.book import Unreadable
from harness.orders.declared import Declared
from harness.orders.tables import NONE, Asked, Table, TableBuilder, digest, text_of
from harness.within import within


class FolderBook:
    """One order book of a run's folder. Texts of keys and rows are looked up when somebody is told of them."""

    def __init__(self, folder: Path, name: str, declared: Declared) -> None:
        self._folder, self._name = folder, name
        self.declared = declared

    @cached_property
    def asked(self) -> Asked:
        """The attempts of all workers. No attempts when the load wrote none."""
        keys, rows, workers, offsets, others = array("Q"), array("L"), array("H"), array("Q"), array("Q")
        files: dict[int, Path] = {}
        for path in sorted((self._folder / "orders").glob("asked-*.jsonl")):
            suffix = path.stem.partition("-")[2]
            if not re.fullmatch("[0-9]{1,4}", suffix):
                continue
            worker = int(suffix)
            files[worker] = path
            for offset, entry in _entries(path):
                key = digest(text_of(entry.get("key")))
                if entry.get("op") != self._name:
                    others.append(key)
                elif type(entry.get("row")) is int and 0 <= entry["row"] < 1 << 32:
                    keys.append(key)
                    rows.append(entry["row"])
                    workers.append(worker)
                    offsets.append(offset)

        def texts(places: Sequence[int]) -> list[str]:
            return [text_of(_entry_at(files[workers[place]], offsets[place]).get("key")) for place in places]

        elsewhere = np.unique(np.array(others, np.uint64))
        return Asked(
            np.array(keys, np.uint64),
            np.array(workers, np.uint16),
            np.array(rows, np.uint32),
            texts,
            elsewhere[elsewhere != NONE],
        )

    def table(self, fact: SourceRead) -> Table:
        """The rows of a reading. Raises Unreadable when its file is not there, or not as it was written."""
        try:
            path = within(self._folder, fact.file)
        except OSError as error:
            raise Unreadable(f"{fact.file} cannot be read: {error.strerror}") from None
        in_order = self.declared.in_order.get(fact.source, "")
        builder, offsets, seen = (
            TableBuilder(self.declared.columns(fact.source), in_order),
            array("Q"),
            hashlib.sha256(),
        )
        try:
            with path.open("rb") as file:
                at = 0
                for line in file:
                    seen.update(line)
                    row = json.loads(line.decode())
                    if not isinstance(row, dict):
                        raise Unreadable(f"{fact.file}: line {len(offsets) + 1} is no row")
                    builder.add(row)
                    offsets.append(at)
                    at += len(line)
        except OSError as error:
            raise Unreadable(f"{fact.file} cannot be read: {error.strerror}") from None
        except (ValueError, OverflowError, RecursionError):
            raise Unreadable(f"{fact.file}: line {len(offsets) + 1} is no row") from None
        if len(offsets) != fact.rows or (fact.sha256 and seen.hexdigest() != fact.sha256):
            raise Unreadable(f"{fact.file} is not as it was written when the source was read")
        return builder.table(lambda place: _entry_at(path, offsets[place]))


def books(folder: Path, declared: Mapping[str, Declared]) -> dict[str, FolderBook]:
    """The order books of a run's folder, by name."""
    return {name: FolderBook(folder, name, one) for name, one in declared.items()}


def _entries(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Each line's place and entry; a line torn by a kill is left out."""
    at = 0
    with path.open("rb") as file:
        for line in file:
            try:
                entry = json.loads(line.decode())
            except (ValueError, RecursionError):
                entry = None
            if isinstance(entry, dict):
                yield at, entry
            at += len(line)


def _entry_at(path: Path, offset: int) -> dict[str, Any]:
    with path.open("rb") as file:
        file.seek(offset)
        entry = json.loads(file.readline())
    assert isinstance(entry, dict)
    return entry
