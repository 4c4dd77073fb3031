"""Operations: attempts under one key, and what the client was told of each, from the ledger.

acknowledged   an attempt was answered as it must be, below 400
refused        every attempt surely did nothing: answered 4xx, or never connected
unknown        anything else: an error of the server, a time-out, a reset, an answer that says "perhaps" (408, 409, 425, 429, 499),
               no answer at all though the locustfile called it a success; a redirect that was followed to where it failed, for
               the order may stand whose page could not be shown; a refusal of what the client had sent before by itself

A refusal after an attempt of unknown outcome says nothing of that one, so the operation stays unknown.
Source: Jepsen's ok, fail and info; a 5xx is info.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.ledger import AGAIN, NEVER, OUTCOMES, REDIRECTED, UNREACHED, Rows
from harness.orders.tables import NONE, Asked, Digests

REFUSED, UNKNOWN, ACKNOWLEDGED = range(3)
PERHAPS = (408, 409, 425, 429, 499)
"""Answers of 4xx that do not say that nothing was done: time-out, conflict with an attempt under way, too early or too many,
the caller gone."""
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Operations:
    """
    key       of each operation, ascending
    outcome   REFUSED, UNKNOWN or ACKNOWLEDGED
    attempts  places in `asked`, those of one operation together; operation i has attempts[starts[i]:starts[i + 1]]
    place     of each attempt, its place in `rows`, or -1 where the ledger does not have it
    unkeyed   requests that were sent and bore no key that could be read
    """

    key: Digests
    outcome: NDArray[np.int8]
    attempts: Ints
    starts: Ints
    place: Ints
    asked: Asked
    rows: Rows
    unkeyed: int

    def __len__(self) -> int:
        return len(self.key)

    def find(self, keys: Digests) -> Ints:
        """Of each key, its operation's number, or -1."""
        if not len(self.key):
            return np.full(len(keys), -1, np.int64)
        at = np.minimum(np.searchsorted(self.key, keys), len(self.key) - 1)
        return np.where(self.key[at] == keys, at, -1)

    def of(self, operation: int) -> Ints:
        """An operation's attempts, as places in `asked`, in the order in which they were made."""
        return self.attempts[self.starts[operation] : self.starts[operation + 1]]

    def names(self, operations: Any) -> list[str]:
        """The keys of these operations as they were sent."""
        return self.asked.texts([int(place) for place in self.attempts[self.starts[operations]]])

    def sent_s(self) -> NDArray[np.float64]:
        """When the first attempt of each operation was sent; nan where none was."""
        return self._least(_at(self.rows.sent_s, self.place, np.nan))

    def acknowledged_s(self) -> NDArray[np.float64]:
        """When each was first acknowledged; nan where it was not."""
        told = attempt_outcomes(self.rows, self.place) == ACKNOWLEDGED
        return self._least(np.where(told, _at(self.rows.done_s, self.place, np.nan), np.nan))

    def repeated(self) -> int:
        """How many attempts were sent when their operation had been acknowledged already: they asked for nothing new."""
        operation = np.repeat(np.arange(len(self)), np.diff(self.starts))
        sent_s = _at(self.rows.sent_s, self.place[self.attempts], np.nan)
        return int(np.count_nonzero(sent_s > self.acknowledged_s()[operation]))

    def _least(self, of_attempts: NDArray[np.float64]) -> NDArray[np.float64]:
        if not len(self.key):
            return np.zeros(0)
        found = np.fmin.reduceat(of_attempts[self.attempts], self.starts[:-1])
        return np.asarray(found, np.float64)


def operations(asked: Asked, rows: Rows, request: str, until_s: float) -> Operations:
    """The operations behind the attempts. An answer that came after `until_s` acknowledges nothing that was looked for then."""
    place = _places(asked, rows)
    outcome = attempt_outcomes(rows, place)
    late = _at(rows.done_s, place, np.nan) > until_s
    outcome[late & (outcome == ACKNOWLEDGED)] = UNKNOWN
    keyed = np.flatnonzero(asked.key != NONE)
    attempts = keyed[np.argsort(asked.key[keyed], kind="stable")]
    keys = asked.key[attempts]
    firsts = np.flatnonzero(np.concatenate(([True], keys[1:] != keys[:-1]))) if len(keys) else np.zeros(0, np.int64)
    told = np.maximum.reduceat(outcome[attempts], firsts) if len(keys) else np.zeros(0, np.int8)
    starts = np.append(firsts, len(keys)).astype(np.int64)
    unkeyed = _unkeyed(rows, request, place[keyed])
    return Operations(keys[firsts], told.astype(np.int8), attempts, starts, place, asked, rows, unkeyed)


def attempt_outcomes(rows: Rows, place: Ints) -> NDArray[np.int8]:
    """Of each attempt what its own answer says: REFUSED, UNKNOWN or ACKNOWLEDGED."""
    found = np.full(len(place), UNKNOWN, np.int8)
    there = place >= 0
    entries = rows.array[place[there]]
    status, answered = entries["status"], entries["outcome"] == OUTCOMES.index("ok")
    refusal = (answered | (entries["outcome"] == OUTCOMES.index("4xx"))) & (status >= 400) & (status < 500)
    refusal &= ~np.isin(status, PERHAPS)
    refusal |= (entries["flags"] & UNREACHED) != 0
    part = np.where(answered & (status >= 200) & (status < 400), ACKNOWLEDGED, UNKNOWN)
    part[refusal & ((entries["flags"] & (REDIRECTED | AGAIN)) == 0)] = REFUSED
    found[there] = part
    return found


def _places(asked: Asked, rows: Rows) -> Ints:
    """Where the ledger has each attempt, by worker and number; -1 where it does not."""
    found = np.full(len(asked), -1, np.int64)
    for worker in np.unique(asked.worker):
        theirs = np.flatnonzero(rows.worker == worker)
        if not len(theirs):
            continue
        numbers = rows.number[theirs]
        of_number = np.full(int(numbers.max()) + 1, -1, np.int64)
        of_number[numbers] = theirs
        mine = np.flatnonzero((asked.worker == worker) & (asked.row < len(of_number)))
        found[mine] = of_number[asked.row[mine]]
    return found


def _unkeyed(rows: Rows, request: str, keyed: Ints) -> int:
    sent = rows.at_endpoint(request) & (rows.array["sent_us"] != NEVER)
    sent[keyed[keyed >= 0]] = False
    return int(np.count_nonzero(sent))


def _at(column: NDArray[np.float64], place: Ints, default: float) -> NDArray[np.float64]:
    if not len(column):
        return np.full(len(place), default)
    return np.where(place >= 0, column[place], default)
