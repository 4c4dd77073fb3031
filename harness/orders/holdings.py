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
    others   rows of operations that the run asked for elsewhere: neither ours, nor strange
    torn     how many new rows have an id that stores tie to several keys, and no owner for that
    dated    whether the start was read, so that `new` says something of rows that are not ours
    count    of each operation, how many rows; `fresh`: how many of them are of this run
    former   of each operation, whether rows of it were there before it was first asked for
    """

    source: str
    table: Table
    owner: Digests
    mine: Ints
    new: NDArray[np.bool_]
    others: NDArray[np.bool_]
    torn: int
    dated: bool
    count: Ints
    fresh: Ints
    former: NDArray[np.bool_]

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
        return np.flatnonzero(self.new & (self.owner != NONE) & (self.mine < 0) & ~self.others)

    @property
    def unplaced(self) -> int:
        """New rows that may be of any operation: nameless, unowned or, where no row at all is ours, foreign."""
        told = bool((self.mine >= 0).any())
        return self.nameless + len(self.unowned) + (0 if told else len(self.foreign))


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
    tied, torn = _ties(ties + [starts[name].table for name in stores if name in starts])
    others = operations.asked.others
    sent_s = operations.sent_s()
    found = {}
    for source, table in tables.items():
        by_id, owner, mine = _whose(table, tied, source in stores, operations)
        start = starts.get(source)
        new = np.ones(len(table), bool)
        former = np.zeros(len(operations), bool)
        if start is not None:
            ours = np.flatnonzero(mine >= 0)
            new = _new(table, start.table)
            new[ours] |= sent_s[mine[ours]] <= start.read_s
            there = _whose(start.table, tied, source in stores, operations)[2]
            former[there[there >= 0]] = True
            former &= ~(sent_s <= start.read_s)
        count = np.bincount(mine[mine >= 0], minlength=len(operations)).astype(np.int64)
        fresh = np.bincount(mine[(mine >= 0) & new], minlength=len(operations)).astype(np.int64)
        elsewhere = (mine < 0) & np.isin(owner, others)
        unsure = int(np.count_nonzero(new & (by_id == NONE) & (mine < 0) & np.isin(table.id, torn)))
        dated = start is not None
        found[source] = Holding(source, table, owner, mine, new, elsewhere, unsure, dated, count, fresh, former)
    return found


def _whose(
    table: Table, tied: tuple[Digests, Digests], stores: bool, operations: Operations
) -> tuple[Digests, Digests, Ints]:
    """Of each row, the owner that its id stands for, its owner, and the number of its operation or -1. `stores`: it is a store's."""
    by_id = _owners(table.id, tied)
    told_by_id = table.key == NONE
    if not stores:  # a charge has a key of its own, and the order's id
        strange = (operations.find(table.key) < 0) & ~np.isin(table.key, operations.asked.others)
        told_by_id |= strange & (by_id != NONE)
    owner = np.where(told_by_id, by_id, table.key)
    mine = operations.find(owner)
    mine[owner == NONE] = -1
    return by_id, owner, mine


def _ties(tables: list[Table]) -> tuple[tuple[Digests, Digests], Digests]:
    """Ids, ascending, and the key of each; and ids that say nothing, as they stand beside several keys."""
    none: Digests = np.zeros(0, np.uint64)
    ids, keys = (
        np.concatenate([none, *column]) for column in ([one.id for one in tables], [one.key for one in tables])
    )
    tied = (ids != NONE) & (keys != NONE)
    order = np.lexsort((keys[tied], ids[tied]))
    ids, keys = ids[tied][order], keys[tied][order]
    if not len(ids):
        return (none, none), none
    first = np.flatnonzero(np.concatenate(([True], ids[1:] != ids[:-1])))
    last = np.append(first[1:], len(ids)) - 1
    torn = keys[first] != keys[last]
    return (ids[first][~torn], keys[first][~torn]), ids[first][torn]


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
