"""The audit of an order book: what the load was told against what the sources hold. Multiset algebra, exact. Pure.

K acknowledged, X refused, A all that was asked for; O rows of the stores, E of an effect, D of dead letters, Q of queues:

    lost         K - O - D - Q        acknowledged, and nowhere
    dead         K and D              acknowledged, and given up
    stuck        K and Q              acknowledged, and still waiting though all is quiet
    runaway                           in a queue again and again, and ever more often, though nobody asks any more
    phantom      O - A                there, and never asked for
    resurrected  O and X              refused, and done all the same
    duplicated   O(k) > 1, E(k) > 1   there twice, or done twice
    orphan       E - O and O - E      an effect without its order, an order without its effect (neither waiting nor given up)
    reordered                         in a source that must keep an order: before one that was acknowledged before it was sent
    recovered    O and unknown        the client could not know, and it was done: well, and counted

Only what was not there at the start makes anything but a loss. What was done under a key of which there were rows before it was
first asked for (a key of a former run, come again) cannot be told from what was done then: of such an operation only that is
listed which new rows alone prove. Of a class that depends on a source which could not
be read, or names its rows as no request does (unlike), only that is listed which no reading of it could explain.
Source: Jepsen's `total-queue` (lost, unexpected, duplicated, recovered) and `set-full` (a reading that began before an answer
says nothing of what is missing in it); the kafka workload's aborted read, lost write and duplicate are resurrected, lost and duplicated.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from harness.orders.book import Unread
from harness.orders.declared import DEAD, EFFECT, KEYED, QUEUE, STORE, Declared
from harness.orders.holdings import Holding, Start, holdings
from harness.orders.operations import ACKNOWLEDGED, REFUSED, UNKNOWN, Ints, Operations
from harness.orders.runaway import running_away
from harness.orders.tables import NONE, Table
from harness.orders.unlike import unlike

CLASSES = ("lost", "dead", "stuck", "runaway", "phantom", "resurrected", "duplicated", "orphan", "reordered")
"""Classes of what may be wrong, in the order in which they are told; broken laws come after them."""
OTHERS = "others may have ordered on a project that runs already (where nobody does, `alone: true` says so)"
Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Class:
    """
    What of the order book is of one class, which is the reason code of a claim that fails by it.

    operations  their numbers
    strangers   (source, place): rows that belong to no operation of ours, one for each key or id
    doubt       so many of them may be something else, `why`
    parked      so many of the doubt are dead letters that name no order: what they explain was given up
    unread      sources that it depends on and that could not be read: nothing of it can be excluded
    """

    reason: str
    operations: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    strangers: tuple[tuple[str, int], ...] = ()
    doubt: int = 0
    why: str = ""
    parked: int = 0
    unread: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.operations) + len(self.strangers)


@dataclass(frozen=True, eq=False)
class Audit:
    """
    classes    by name, of CLASSES
    recovered  how many operations of unknown outcome were done after all; None where that could not be seen
    former     operations of which a source held rows before they were first asked for
    held       the sources that were read and understood, and whose their rows are
    unread     sources whose rows bear other names than the requests, and how
    shared     others may have ordered meanwhile: what nobody of ours asked for is not known to be strange
    """

    operations: Operations
    classes: Mapping[str, Class]
    recovered: int | None
    former: Ints
    held: Mapping[str, Holding]
    unread: Mapping[str, Unread]
    shared: bool = False

    def acknowledged(self, found: Class) -> Ints:
        """The operations of a class that were acknowledged."""
        return np.asarray(found.operations[self.operations.outcome[found.operations] == ACKNOWLEDGED], np.int64)

    def number(self, outcome: int) -> int:
        """How many operations have this outcome."""
        return int(np.count_nonzero(self.operations.outcome == outcome))

    def waiting(self, sources: tuple[str, ...]) -> Mask:
        """Operations that still wait or were given up, as these queues and dead letters say."""
        return _any(self.held, sources, len(self.operations))


def audit(
    declared: Declared,
    operations: Operations,
    tables: Mapping[str, Table],
    starts: Mapping[str, Start],
    *,
    moving: Mapping[str, tuple[Table, Table]] = MappingProxyType({}),
    shared: bool = False,
) -> Audit:
    """`tables` are the last readings, `starts` those before the load, of the sources that could be read; `moving` the first and the
    last of queues that differ in them. `shared`: see Audit."""
    stores, effects = declared.of(STORE), declared.of(EFFECT)
    queues, dead = declared.of(QUEUE), declared.of(DEAD)
    keyed = {name: tables[name] for name in declared.of(*KEYED) if name in tables}
    every = holdings(keyed, starts, stores, operations)
    misnamed = unlike(every, declared, operations)
    held = {name: one for name, one in every.items() if name not in misnamed}
    size = len(operations)
    acknowledged = operations.outcome == ACKNOWLEDGED
    stored, parked, queued = (_any(held, names, size) for names in (stores, dead, queues))
    away = parked | queued
    former = np.zeros(size, bool)
    for one in held.values():
        former |= one.former

    def unread(*groups: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(name for names in groups for name in names if name not in held)

    def numbers(mask: Mask) -> Ints:
        return np.flatnonzero(mask)

    nothing = np.zeros(size, bool)
    given_up = sum(held[name].unplaced for name in dead if name in held)
    hidden = given_up + sum(held[name].unplaced for name in queues if name in held)
    unsure = hidden + sum(held[name].unplaced for name in stores if name in held)
    fresh = _any(held, stores, size, fresh=True)
    found = [
        Class(
            reason="lost",
            operations=numbers(nothing if unread(stores, dead, queues) else acknowledged & ~stored & ~away & ~former),
            doubt=unsure,
            why="rows that name no key may be theirs",
            parked=given_up,
            unread=unread(stores, dead, queues),
        ),
        Class(
            reason="dead", operations=numbers(acknowledged & _any(held, dead, size, fresh=True)), unread=unread(dead)
        ),
        Class(
            reason="stuck",
            operations=numbers(acknowledged & _any(held, queues, size, fresh=True)),
            unread=unread(queues),
        ),
        Class(
            reason="runaway",
            operations=running_away(
                {name: keyed[name] for name in stores if name in keyed}, starts, moving, operations
            ),
            unread=unread(queues),
        ),
        Class(
            reason="phantom",
            strangers=(phantoms := _strangers(held, stores)),
            doubt=operations.unkeyed + _undated(held, phantoms),
            why="a request whose key could not be read may have asked for them, or they were there before",
            unread=unread(stores),
        ),
        Class(reason="resurrected", operations=numbers((operations.outcome == REFUSED) & fresh), unread=unread(stores)),
        Class(
            reason="duplicated",
            operations=numbers(_twice(held, (*stores, *effects), size)),
            unread=unread(stores, effects),
        ),
        _orphans(held, stores, effects, unread(stores), unread(dead, queues), stored, away | former, hidden, given_up),
        Class(
            reason="reordered",
            operations=numbers(_reordered(declared, held, operations) & ~former),
            unread=tuple(name for name in declared.in_order if name not in held),
        ),
    ]
    if shared:
        found = [
            replace(one, doubt=one.doubt + len(one.strangers), why=OTHERS) if one.strangers else one for one in found
        ]
    known = not unread(stores)
    recovered = int(np.count_nonzero(stored & (operations.outcome == UNKNOWN))) if known else None
    return Audit(
        operations, {one.reason: one for one in found}, recovered, np.flatnonzero(former), held, misnamed, shared
    )


def _any(held: Mapping[str, Holding], names: tuple[str, ...], size: int, *, fresh: bool = False) -> Mask:
    """Operations that at least one of the sources has; `fresh`: has a new row of."""
    found = np.zeros(size, bool)
    for name in names:
        if name in held:
            found |= (held[name].fresh if fresh else held[name].count) > 0
    return found


def _twice(held: Mapping[str, Holding], names: tuple[str, ...], size: int) -> Mask:
    found = np.zeros(size, bool)
    for name in names:
        if name in held:
            found |= held[name].fresh > 1
    return found


def _strangers(held: Mapping[str, Holding], names: tuple[str, ...]) -> tuple[tuple[str, int], ...]:
    """One row for each key in these sources that the load never sent."""
    seen: set[int] = set()
    found = []
    for name in names:
        if name in held:
            for place in held[name].foreign.tolist():
                owner = int(held[name].owner[place])
                if owner not in seen:
                    seen.add(owner)
                    found.append((name, place))
    return tuple(found)


def _undated(held: Mapping[str, Holding], strangers: tuple[tuple[str, int], ...]) -> int:
    """How many of these rows may have been there before the run: the start of their source was not read."""
    return sum(not held[name].dated for name, _ in strangers)


def _orphans(
    held: Mapping[str, Holding],
    stores: tuple[str, ...],
    effects: tuple[str, ...],
    unread_stores: tuple[str, ...],
    unread_away: tuple[str, ...],
    stored: Mask,
    away: Mask,
    hidden: int,
    given_up: int,
) -> Class:
    """Effects without an order, and orders without an effect; what waits or was given up is told as that. `hidden`: so many more may
    wait or have been given up, under no name; `given_up`: of them, dead letters."""
    orders = [held[name] for name in stores if name in held]
    there = np.unique(np.concatenate([one.owner for one in orders])) if orders else np.zeros(0, np.uint64)
    ordered = _any(held, stores, len(stored), fresh=True)
    found = np.zeros(len(stored), bool)
    strangers: tuple[tuple[str, int], ...] = ()
    read = [held[name] for name in effects if name in held]
    for one in read if not unread_away else ():
        found |= ordered & (one.count == 0) & ~away
        if not unread_stores:
            found |= (one.fresh > 0) & ~stored & ~away
            strangers += tuple(_without_order(one, there))
    doubt = hidden + sum(one.unplaced for one in orders) + sum(one.nameless for one in read)
    unread = (*unread_stores, *(name for name in effects if name not in held), *unread_away) if effects else ()
    why = "rows that name no key may belong to them, or they were there before"
    return Class(
        reason="orphan",
        operations=np.flatnonzero(found),
        strangers=strangers,
        doubt=doubt + _undated(held, strangers),
        why=why,
        parked=given_up,
        unread=unread,
    )


def _without_order(effect: Holding, there: NDArray[np.uint64]) -> Iterator[tuple[str, int]]:
    """Rows of an effect that are of none of our operations and of no order that there is, one for each key or id."""
    foreign = effect.foreign
    foreign = foreign[~np.isin(effect.owner[foreign], there)]
    for names, places in ((effect.owner, foreign), (effect.table.id, effect.unowned)):
        _, first = np.unique(names[places], return_index=True)
        yield from ((effect.source, int(place)) for place in places[np.sort(first)])


def _reordered(declared: Declared, held: Mapping[str, Holding], operations: Operations) -> Mask:
    """Operations whose row stands after one of the same group that was sent only when they had been acknowledged."""
    found = np.zeros(len(operations), bool)
    sent_s, done_s = operations.sent_s(), operations.acknowledged_s()
    for name in declared.in_order if len(operations) else ():
        if name not in held:
            continue
        one, group = held[name], held[name].table.group
        assert group is not None
        known = (one.mine >= 0) & (group != NONE) & (operations.outcome[one.mine] == ACKNOWLEDGED)
        places = np.flatnonzero(known)
        places = places[np.sort(np.unique(one.mine[places], return_index=True)[1])]  # what comes again comes later
        places = places[np.argsort(group[places], kind="stable")]
        if not len(places):
            continue
        mine, groups = one.mine[places], group[places]
        begins = np.concatenate(([True], groups[1:] != groups[:-1]))
        latest_s = _latest_before(sent_s[mine], begins)
        found[mine[done_s[mine] < latest_s]] = True
    return found


def _latest_before(values: NDArray[np.float64], begins: Mask) -> NDArray[np.float64]:
    """Of each value, the greatest of those before it in its group; -inf for the first."""
    order = np.argsort(values, kind="stable")
    rank = np.empty(len(values), np.int64)
    rank[order] = np.arange(len(values))
    offset = np.cumsum(begins) * (len(values) + 1)
    greatest = np.maximum.accumulate(rank + offset) - offset
    before = np.concatenate(([0], greatest[:-1]))
    return np.where(begins, -np.inf, values[order[np.maximum(before, 0)]])
