"""Which rows of its sources a law counts. Pure.

What is new in this run; of an order that is not ours, and of which a row is new, all rows, where all of the law's sources name orders:
it was begun before, and is finished now. And of a store or an effect, nothing of an operation that still waits or was given up where
the law does not say.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from harness.orders.audit import Audit
from harness.orders.declared import DEAD, KEYED, QUEUE, Declared
from harness.orders.laws import Law
from harness.orders.tables import NONE, Digests

Masks = Mapping[str, NDArray[np.bool_]]


def counted(law: Law, declared: Declared, audit: Audit) -> Masks:
    """By source of the law whose rows name orders, the rows that it counts."""
    sources = [source for source in sorted(law.sources) if declared.sources[source] in KEYED]
    away = _owners(
        audit, {name: audit.held[name].owner != NONE for name in left_out(law, declared) if name in audit.held}
    )
    begun = _owners(audit, {name: _strange(audit, name) for name in sources}) if splits(law, declared) else away[:0]
    found = {}
    for source in sources:
        held = audit.held[source]
        found[source] = held.new | ((held.mine < 0) & np.isin(held.owner, begun))
        if declared.sources[source] not in (QUEUE, DEAD):
            found[source] &= ~np.isin(held.owner, away)
    return found


def once(law: Law, audit: Audit, masks: Masks) -> Masks:
    """The same, of an operation's rows that are alike in what the law sums only the first."""
    found = {}
    for source, mask in masks.items():
        held, places = audit.held[source], np.flatnonzero(mask)
        columns = [held.table.numbers[column].values[places].view(np.uint64) for column in sorted(law.columns(source))]
        alike = np.stack([held.owner[places], *columns], axis=1)
        first = np.unique(alike, axis=0, return_index=True)[1] if len(places) else places
        found[source] = np.zeros(len(mask), bool)
        found[source][places[first]] = True
    return found


def left_out(law: Law, declared: Declared) -> tuple[str, ...]:
    """Queues and dead letters that a law does not name: it is not about what is in them."""
    return tuple(source for source in declared.of(QUEUE, DEAD) if source not in law.sources)


def splits(law: Law, declared: Declared) -> bool:
    """Whether it can be held against each order: all of its terms are sums over rows that name one."""
    keyed = all(declared.sources[source] in KEYED for source in law.sources)
    return keyed and not any(term.at_start or not term.source for term in law.terms)


def _strange(audit: Audit, source: str) -> NDArray[np.bool_]:
    held = audit.held[source]
    return np.asarray(held.new & (held.mine < 0) & (held.owner != NONE), np.bool_)


def _owners(audit: Audit, rows: Masks) -> Digests:
    """Whose these rows are."""
    none: Digests = np.zeros(0, np.uint64)
    return np.unique(np.concatenate([none, *(audit.held[source].owner[mask] for source, mask in rows.items())]))
