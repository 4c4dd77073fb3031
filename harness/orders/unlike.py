"""Sources that name their rows as no request does: keys of their own or in another spelling, ids that tie to no order. Pure.

Whose such rows are cannot be told, so the source counts as not read: what it holds is neither strange, nor missing elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from harness.orders.book import Unread
from harness.orders.declared import EFFECT, STORE, Declared
from harness.orders.holdings import Holding
from harness.orders.operations import Ints, Operations
from harness.orders.tables import NONE, called, text_of
from harness.quantities import numbered

SOME = 100
"""So many ids tell of what kind all of a source's are: reading one again takes a look into the file."""
SPARSE = 20
"""Where fewer than one number in so many is an order's, those of other rows would not fit."""


def unlike(held: Mapping[str, Holding], declared: Declared, operations: Operations) -> dict[str, Unread]:
    """By source whose rows cannot be told apart, why."""
    if not len(operations):
        return {}
    sent = operations.names([0])[0]
    found = {}
    for name, one in held.items():
        why = (_nameless(one) or _another_language(one, sent)) if declared.sources[name] in (STORE, EFFECT) else ""
        if declared.sources[name] != STORE:
            why = why or _ids_of_two(one) or _chance(one)
        if name in declared.own_ids:
            why = why or _numbered(one)
        if why:
            found[name] = Unread(reason="keys_unreadable", why=why)
    return found


def _nameless(one: Holding) -> str:
    """None of its new rows has a key or an id, and none that is ours: it was not read where they stand."""
    if not one.nameless or one.nameless < np.count_nonzero(one.new) or bool((one.mine >= 0).any()):
        return ""
    rows = numbered(one.nameless, "new row")
    return f"of {rows} of {one.source} none has a key or an id: `fields`, or the query's columns, say where they stand"


def _another_language(one: Holding, sent: str) -> str:
    """No row at all is of an operation of ours, though new ones have a key or an id."""
    strange = np.union1d(one.foreign, one.unowned)
    if not len(strange) or bool((one.mine >= 0).any()):
        return ""
    return f"no row of {one.source} can be tied to a key that was sent, such as {sent}: it has {_named(one, strange)}"


def _ids_of_two(one: Holding) -> str:
    if not one.torn:
        return ""
    rows = f"{numbered(one.torn, 'row')} of {one.source} {'has an id' if one.torn == 1 else 'have ids'}"
    return f"{rows} that the stores tie to more than one key"


def _chance(one: Holding) -> str:
    """Its keys are its own, and its ids fit orders only in part: they may be its own as well, and fit by chance."""
    keyed = (one.table.key != NONE) & ~one.others
    by_key = keyed & (one.owner == one.table.key)
    apart, tied = np.flatnonzero(one.new & by_key), np.flatnonzero(one.new & keyed & ~by_key)
    if not len(tied) or not len(apart) or bool((by_key & (one.mine >= 0)).any()) or not _serial(one, tied):
        return ""
    return (
        f"the keys of {one.source} are its own, and its ids tie only {len(tied)} of {numbered(len(tied) + len(apart), 'row')} to an "
        f"order: none of them fits {_named(one, apart)}"
    )


def _numbered(one: Holding) -> str:
    """It has ids alone, whole numbers without great gaps, each once: a table's own numbers fit the orders' as well."""
    new, ids = np.flatnonzero(one.new), one.table.id[one.new]
    tied = new[one.owner[new] != NONE]
    if not len(tied) or bool((one.table.key[new] != NONE).any()) or len(np.unique(ids)) < len(ids):
        return ""
    some = tied[np.linspace(0, len(tied) - 1, min(len(tied), SOME)).astype(np.int64)]
    names = [text_of(one.table.row(int(place)).get("id")) for place in some]
    if not all(name.isdecimal() for name in names):
        return ""
    numbers = [int(name) for name in names]
    if max(numbers) - min(numbers) >= SPARSE * len(tied):
        return ""
    return (
        f"the ids of {one.source} are small whole numbers, which fit orders whether they are the order's or the rows' own; where it is "
        "the order's, the drill says so: `id_of: order`, or `order_id AS id`, `fields: {id: order_id}`"
    )


def _serial(one: Holding, places: Ints) -> bool:
    """Whether these ids may be counted up by the source itself, and so be like others' by chance: whole numbers, none of them twice."""
    if len(np.unique(one.table.id[places])) < len(places):
        return False
    return all(text_of(one.table.row(place).get("id")).isdecimal() for place in places[:SOME].tolist())


def _named(one: Holding, places: Ints) -> str:
    row = one.table.row(int(places[0]))
    return called(text_of(row.get("key")), text_of(row.get("id")))
