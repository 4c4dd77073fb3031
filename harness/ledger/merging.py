"""Several workers' rows made one, by intended time, while they are written: what is settled is merged once, the rest at each look.

A look costs what is not settled, however long the load has gone on: settled rows stay where they were put, and the rest is laid behind
them, over the rest of the look before.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from harness.ledger.bounds import BLOCK, Bounds
from harness.ledger.layout import DONE, DTYPE, KINDS, LOST
from harness.ledger.rows import Rows


class Written(Protocol):
    """One worker's file as far as it was read: its first `used` rows, and what the numbers in them mean."""

    worker: int
    array: NDArray[Any]
    used: int
    names: dict[str, dict[int, str]]


class Part(NamedTuple):
    """Rows, and of each its worker and its number there."""

    array: NDArray[Any]
    worker: NDArray[np.uint16]
    number: NDArray[np.uint32]


NOTHING = Part(np.zeros(0, DTYPE), np.zeros(0, np.uint16), np.zeros(0, np.uint32))


class Merging:
    """The numbers of names are made one numbering, which only grows; a row that is settled is not looked at again."""

    def __init__(self, block: int = BLOCK) -> None:
        self._bounds = Bounds(block)
        self._names: dict[str, dict[str, int]] = {kind: {"": 0} for kind in KINDS}
        self._held = NOTHING  # the settled rows, and room behind them
        self._settled = 0
        self._until: dict[int, int] | None = None  # by worker, how many of its rows are settled

    def rows(self, files: Sequence[Written]) -> Rows:
        """All rows. Of the first look, and so of a whole ledger that is read once, exactly in order; of later ones nearly, as one
        worker's rows are. Those of the look before are no longer whole."""
        if self._until is None:
            self._until = {}
        else:
            self._settle(files, self._until)
        self._bounds.keep(self._settled)
        until = self._laid([self._part(file, self._until.get(file.worker, 0), file.used) for file in files])
        endpoints, versions, shapes = (tuple(self._names[kind]) for kind in KINDS)
        array, worker, number = self._held
        return Rows(array[:until], worker[:until], number[:until], endpoints, versions, shapes, bounds=self._bounds)

    def _settle(self, files: Sequence[Written], until: dict[int, int]) -> None:
        """Take in the rows that nobody changes any more, up to the first that somebody may."""
        horizon_us = min(_first_open_us(file, until.get(file.worker, 0)) for file in files)
        ready = []
        for file in files:
            begin = until.get(file.worker, 0)
            new = file.array[begin : file.used]
            waiting = np.flatnonzero(~_final(new) | (new["intended_us"] >= horizon_us))
            until[file.worker] = end = begin + (int(waiting[0]) if len(waiting) else len(new))
            ready.append(self._part(file, begin, end))
        self._settled = self._laid(ready)

    def _laid(self, parts: Sequence[Part]) -> int:
        """Lay these rows, in order, behind the settled ones; how many rows there are then."""
        until = self._settled + sum(len(part.array) for part in parts)
        if until > len(self._held.array):
            array, worker, number = (_roomier(column, self._settled, 2 * until) for column in self._held)
            self._held = Part(array, worker, number)
        fresh, behind = _ordered(parts), slice(self._settled, until)
        self._held.array[behind], self._held.worker[behind], self._held.number[behind] = fresh
        return until

    def _part(self, file: Written, begin: int, end: int) -> Part:
        array = file.array[begin:end].copy()
        for kind in KINDS:
            own, known = named(file.names[kind]), self._names[kind]
            places = np.array([known.setdefault(name, len(known)) for name in own], array.dtype[kind])
            numbers = array[kind]
            array[kind] = np.where(numbers < len(own), places[np.minimum(numbers, len(own) - 1)], 0)
        number = np.arange(begin, begin + len(array), dtype=np.uint32)
        return Part(array, np.full(len(array), file.worker, np.uint16), number)


def _first_open_us(file: Written, begin: int) -> float:
    """When the first row that may still change was due; those of a dead worker change no more."""
    new = file.array[begin : file.used]
    waiting = np.flatnonzero(~_final(new))
    return float(new[int(waiting[0])]["intended_us"]) if len(waiting) else math.inf


def _final(rows: NDArray[Any]) -> NDArray[np.bool_]:
    return np.asarray((rows["state"] == DONE) | ((rows["flags"] & LOST) != 0))


def _roomier(column: NDArray[Any], kept: int, room: int) -> NDArray[Any]:
    """A copy of the first rows that were kept, with room for so many; what nobody has written takes no memory."""
    grown = np.empty(room, column.dtype)
    grown[:kept] = column[:kept]
    return grown


def _ordered(parts: Sequence[Part]) -> Part:
    array, worker, number = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    order = np.argsort(array["intended_us"], kind="stable")
    return Part(array[order], worker[order], number[order])


def named(names: Mapping[int, str]) -> tuple[str, ...]:
    """The names by their numbers; a number without one is ''."""
    return tuple(names.get(number, "") for number in range(max(names) + 1))
