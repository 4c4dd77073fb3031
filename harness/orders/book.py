"""What an order book holds, wherever it is kept: the attempts of the load, and the readings of the sources."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from harness.errors import DrillError
from harness.facts import SourceRead
from harness.orders.declared import Declared
from harness.orders.tables import Asked, Table


class Unreadable(DrillError):
    """A reading is not there, or not as it was written."""


@dataclass(frozen=True)
class Unread:
    """Why a source says nothing: a reason code and a sentence; and what was said when it was to be read, where that failed."""

    reason: str
    why: str
    error: str = ""


class Book(Protocol):
    """An order book as judging meets it (harness.orders.disk.FolderBook, or one that is given)."""

    @property
    def declared(self) -> Declared: ...

    @property
    def asked(self) -> Asked: ...

    def table(self, fact: SourceRead) -> Table:
        """The rows of a reading. Raises Unreadable."""
        ...


class GivenBook:
    """An order book written by hand: attempts as (row of the ledger, key), rows by source and reading, keys of other operations."""

    def __init__(
        self,
        declared: Declared,
        asked: Iterable[tuple[int, str]],
        readings: Mapping[tuple[str, str], Iterable[Mapping[str, Any]]],
        others: Iterable[str] = (),
    ) -> None:
        self.declared = declared
        self.asked = Asked.of(asked, others=others)
        self._tables = {
            where: Table.of(rows, declared.columns(where[0]), declared.in_order.get(where[0], ""))
            for where, rows in readings.items()
        }

    def table(self, fact: SourceRead) -> Table:
        try:
            return self._tables[fact.source, fact.reading]
        except KeyError:
            raise Unreadable(f"{fact.source} has no reading {fact.reading}") from None
