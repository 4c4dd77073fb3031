"""Whose the rows of a source are: tied to operations by key, or by the service's own id of the order; old, or new in this run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.orders.operations import Ints, Operations
from harness.orders.tables import NONE, Digests, Table


@dataclass(frozen=True, eq=False)
class Holding:
    """
    One source's rows, and whose they are.

    owner    of each row, the digest of its operation's key: its own, or the one that its id stands for; NONE where nobody knows
    mine     of each row, the number of its operation, or -1 for a row that is of none of ours
    new      rows of this run: not there at the start, or of an operation that had been asked for by then
    dated    whether the start was read, so that `new` says something of rows that are not ours
    count    of each operation, how many rows; `fresh`: how many of them are of this run
    """

    source: str
    table: Table
    owner: Digests
    mine: Ints
    new: NDArray[np.bool_]
    dated: bool
    count: Ints
    fresh: Ints

    @property
    def nameless(self) -> int:
        """New rows with neither key nor id."""
        return int(np.count_nonzero(self.new & (self.owner == NONE) & (self.table.id == NONE)))

    @property
    def unowned(self) -> Ints:
        """Places of new rows whose id no store ties to a key."""
        return np.flatnonzero(self.new & (self.owner == NONE) & (self.table.id != NONE))

    @property
    def foreign(self) -> Ints:
        """Places of new rows that have a key which the load never sent."""
        return np.flatnonzero(self.new & (self.owner != NONE) & (self.mine < 0))


@dataclass(frozen=True, eq=False)
class Start:
    """A source before the run's operations, or at least before its phases: read by read_s (s)."""

    table: Table
    read_s: float


def holdings(
    tables: Mapping[str, Table], starts: Mapping[str, Start], stores: tuple[str, ...], operations: Operations
) -> dict[str, Holding]:
    """By source. `tables` are of those whose rows speak of operations; `stores` tie ids to keys."""
    ties = [tables[name] for name in stores if name in tables]
    tied = _ties(ties + [starts[name].table for name in stores if name in starts])
    sent_s = operations.sent_s()
    found = {}
    for source, table in tables.items():
        by_id = _owners(table.id, tied)
        strange = (operations.find(table.key) < 0) & (
            by_id != NONE
        )  # a charge has a key of its own, and the order's id
        owner = np.where((table.key == NONE) | strange, by_id, table.key)
        mine = operations.find(owner)
        mine[owner == NONE] = -1
        start = starts.get(source)
        new = np.ones(len(table), bool)
        if start is not None:
            ours = np.flatnonzero(mine >= 0)
            new = _new(table, start.table)
            new[ours] |= sent_s[mine[ours]] <= start.read_s
        count = np.bincount(mine[mine >= 0], minlength=len(operations)).astype(np.int64)
        fresh = np.bincount(mine[(mine >= 0) & new], minlength=len(operations)).astype(np.int64)
        found[source] = Holding(source, table, owner, mine, new, start is not None, count, fresh)
    return found


def _ties(tables: list[Table]) -> tuple[Digests, Digests]:
    """Ids, ascending, and the key of each."""
    if not tables:
        return np.zeros(0, np.uint64), np.zeros(0, np.uint64)
    ids, keys = np.concatenate([table.id for table in tables]), np.concatenate([table.key for table in tables])
    tied = (ids != NONE) & (keys != NONE)
    ids, first = np.unique(ids[tied], return_index=True)
    return ids, keys[tied][first]


def _owners(ids: Digests, tied: tuple[Digests, Digests]) -> Digests:
    known, keys = tied
    if not len(known):
        return np.zeros(len(ids), np.uint64)
    at = np.minimum(np.searchsorted(known, ids), len(known) - 1)
    return np.where((known[at] == ids) & (ids != NONE), keys[at], np.uint64(NONE))


def _new(table: Table, start: Table) -> NDArray[np.bool_]:
    """Of rows that are alike (key and id) as many are old as there were at the start."""
    new = np.ones(len(table), bool)
    if not len(start) or not len(table):
        return new
    kinds, kind = np.unique(_alike(table, start), return_inverse=True)
    old = np.bincount(kind[len(table) :], minlength=len(kinds))
    order = np.argsort(kind[: len(table)], kind="stable")
    ordered = kind[order]
    begins = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1])))
    rank = np.arange(len(ordered)) - np.repeat(begins, np.diff(np.append(begins, len(ordered))))
    new[order] = rank >= old[ordered]
    return new


def _alike(*tables: Table) -> Digests:
    """Key and id of the rows of all tables, one after the other."""
    return np.concatenate([Table(table.key, table.id, table.row).identity() for table in tables])
