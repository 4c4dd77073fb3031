"""What may be behind a law that does not hold, other than the service. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from harness.orders.audit import OTHERS, Audit
from harness.orders.counted import left_out
from harness.orders.declared import DEAD, FIGURES, QUEUE, STORE, Declared
from harness.orders.holdings import Start
from harness.orders.laws import Law


def excuse(law: Law, declared: Declared, audit: Audit, starts: Mapping[str, Start]) -> str:
    """The first of them; '' for none."""
    if len(audit.former):
        return "keys were there before the load sent them"
    figures = any(declared.sources[source] == FIGURES for source in law.sources)
    changed = _changed(declared, audit, starts) if figures else iter(())
    return next(changed, "") or next(_hidden(law, declared, audit), "")


def unnamed(rows: int, off: int) -> str:
    """Where so many rows that a law counts name no order: each may be of one at which it is `off`."""
    if not rows or off > rows:
        return ""
    told = "a row that it counts names" if rows == 1 else f"{rows} rows that it counts name"
    return f"{told} no order, and may be of any"


def _changed(declared: Declared, audit: Audit, starts: Mapping[str, Start]) -> Iterator[str]:
    """Who else may have changed figures."""
    if bool(audit.waiting(declared.of(QUEUE, DEAD)).any()):
        yield "operations that still wait or were given up may have changed the figures already"
    if audit.shared and _others_there(declared, audit, starts):
        yield f"{OTHERS}; orders that are not ours may have changed the figures"
    for source in declared.of(QUEUE, DEAD):
        read = source in starts and source in audit.held
        if read and np.count_nonzero(~audit.held[source].new) < len(starts[source].table):
            yield f"what waited in {source} before the load and does no more may have changed the figures"


def _others_there(declared: Declared, audit: Audit, starts: Mapping[str, Start]) -> bool:
    """Whether there are orders that are not ours."""
    stores = [name for name in declared.of(STORE) if name in audit.held]
    return any(name not in starts or len(starts[name].table) or len(audit.held[name].foreign) for name in stores)


def _hidden(law: Law, declared: Declared, audit: Audit) -> Iterator[str]:
    """Sources of which it is not known what they hold of whom, or since when."""
    for source in left_out(law, declared) if law.sources - set(declared.of(QUEUE, DEAD)) else ():
        if source not in audit.held:
            yield f"operations may still wait in {source}, which could not be read"
        elif audit.held[source].unplaced:
            yield f"operations may still wait in {source}, of which nobody knows whose its rows are"
    for source in sorted(law.sources & set(audit.held)):
        held = audit.held[source]
        if not held.dated and (len(held.foreign) or len(held.unowned)):
            yield f"rows of {source} that are not ours may be older than the run, for its start was not read"
