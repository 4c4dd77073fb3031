"""Keys, ids and numbers of an order book as columns: a million operations take tens of megabytes, not gigabytes of objects.

A key or an id stands for itself by 64 bits of BLAKE2b; two of a million different ones are taken for one in one of 30 million
runs. Its text is read again only where somebody has to be told of it.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray

Digests = NDArray[np.uint64]
NONE = 0
"""Where a key or an id should be and is not."""


def digest(text: str) -> int:
    """The 64 bits that stand for a key or an id; NONE for ''."""
    if not text:
        return NONE
    found = int.from_bytes(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")
    return found or 1


def text_of(value: Any) -> str:
    """A key or an id as text: of a number its digits; '' for none, and for what is no name at all."""
    if type(value) is str:
        return value
    return "" if value is None or isinstance(value, (bool, dict, list)) else str(value)


def called(key: str, own_id: str) -> str:
    """An operation's key or, where there is none, the service's own id."""
    return key or f"id {own_id}"


@dataclass(frozen=True, eq=False)
class Asked:
    """The attempts that the load wrote down before it sent them, in the order of the file.

    key     of each, its operation's (NONE where none could be read)
    worker, row   where the ledger has it; together with the run they are its request id
    texts   the keys of these places as they were sent
    others  keys that the run sent in other operations: rows of those are nobody's fault here
    """

    key: Digests
    worker: NDArray[np.uint16]
    row: NDArray[np.uint32]
    texts: Callable[[Sequence[int]], list[str]]
    others: Digests = field(default_factory=lambda: np.zeros(0, np.uint64))

    def __len__(self) -> int:
        return len(self.key)

    @staticmethod
    def of(entries: Iterable[tuple[int, str]], worker: int = 0, others: Iterable[str] = ()) -> Asked:
        """Attempts written by hand: (row of the ledger, key); and the keys of other operations."""
        listed = list(entries)
        keys = [key for _, key in listed]
        return Asked(
            np.array([digest(key) for key in keys], np.uint64),
            np.full(len(listed), worker, np.uint16),
            np.array([row for row, _ in listed], np.uint32),
            lambda places: [keys[place] for place in places],
            np.array([digest(key) for key in others if key], np.uint64),
        )


@dataclass(frozen=True, eq=False)
class Numbers:
    """
    A column's numbers.

    values    whole ones as they are, others as floats; 0 for none
    missing   where a row has no number
    empty     where nothing stands in its place: a NULL. What cannot be read as a number is none; nor is what is left out, where no row
              of the reading has that column, which may be misspelled then
    """

    values: NDArray[Any]
    missing: NDArray[np.bool_]
    empty: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Table:
    """
    One reading of a source.

    key, id   of each row; NONE where it has none
    numbers   by column, of those that laws sum
    group     of each row, what its place in the order counts within (Declared.in_order); NONE for none, or not asked
    row       the row of a place as it was read
    """

    key: Digests
    id: Digests
    row: Callable[[int], Mapping[str, Any]]
    numbers: Mapping[str, Numbers] = field(default_factory=dict)
    group: Digests | None = None

    def __len__(self) -> int:
        return len(self.key)

    @staticmethod
    def of(rows: Iterable[Mapping[str, Any]], columns: Iterable[str] = (), in_order: str = "") -> Table:
        """Rows as they were read, in memory."""
        kept = [dict(row) for row in rows]
        builder = TableBuilder(columns, in_order)
        for row in kept:
            builder.add(row)
        return builder.table(kept.__getitem__)

    def identity(self) -> Digests:
        """Of each row, key and id together; and, where laws sum its columns, its numbers."""
        mixed = _mix(self.key, self.id)
        for _, numbers in sorted(self.numbers.items()):
            bits = np.ascontiguousarray(numbers.values).view(np.uint64)
            mixed = _mix(mixed, np.where(numbers.missing, np.uint64(1), bits))
        return mixed

    def agrees(self, other: Table) -> bool:
        """Whether the two readings hold the same rows, in whichever order; of rows in order, in the same."""
        if len(self) != len(other) or not np.array_equal(np.sort(self.identity()), np.sort(other.identity())):
            return False
        return self.group is None or other.group is None or np.array_equal(self.identity(), other.identity())


def _mix(one: Digests, two: Digests) -> Digests:
    """Two columns of digests as one (multiply and add, wrapping)."""
    odd = np.uint64(0x9E3779B97F4A7C15)
    mixed = (one ^ (one >> np.uint64(29))) * odd + two
    return np.asarray((mixed ^ (mixed >> np.uint64(32))) * odd, np.uint64)


class TableBuilder:
    """Takes a table's rows one by one and keeps of each what judging needs."""

    def __init__(self, columns: Iterable[str] = (), in_order: str = "") -> None:
        self._key, self._id, self._group = array("Q"), array("Q"), array("Q")
        self._in_order = in_order
        self._columns = {column: _Column() for column in sorted(columns)}

    def add(self, row: Mapping[str, Any]) -> None:
        self._key.append(digest(text_of(row.get("key"))))
        self._id.append(digest(text_of(row.get("id"))))
        if self._in_order:
            self._group.append(digest(text_of(row.get(self._in_order))))
        for name, column in self._columns.items():
            column.add(row.get(name), named=name in row)

    def table(self, row: Callable[[int], Mapping[str, Any]]) -> Table:
        numbers = {name: column.numbers() for name, column in self._columns.items()}
        group = np.array(self._group, np.uint64) if self._in_order else None
        return Table(np.array(self._key, np.uint64), np.array(self._id, np.uint64), row, numbers, group)


class _Column:
    """Whole numbers while all are whole and fit 64 bits, floats from the first other one on."""

    def __init__(self) -> None:
        self._values: array[Any] = array("q")
        self._missing, self._empty = bytearray(), bytearray()
        self._named = False

    def add(self, value: Any, *, named: bool) -> None:
        number = _number(value)
        self._missing.append(number is None)
        self._empty.append(value is None)
        self._named |= named
        whole = isinstance(number, int) and -(2**63) <= number < 2**63
        if self._values.typecode == "q" and number is not None and not whole:
            self._values = array("d", map(float, self._values))
        self._values.append(0 if number is None else number)

    def numbers(self) -> Numbers:
        kind = np.int64 if self._values.typecode == "q" else np.float64
        missing, empty = (np.frombuffer(bytes(one), np.bool_) for one in (self._missing, self._empty))
        return Numbers(np.array(self._values, kind), missing, empty & self._named)


def _number(value: Any) -> int | float | None:
    """A number, or a text that is one ('12.50', as databases write exact decimals); None for anything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        try:
            value = int(value) if value.strip().lstrip("+-").isdecimal() else float(value)
        except ValueError:
            return None
    if isinstance(value, int):
        return value if abs(value) < 2**1000 else None
    return value if isinstance(value, float) and math.isfinite(value) else None
