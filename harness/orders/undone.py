"""Acknowledged operations that are not done, where a queue holds messages which nobody can read. Pure.

How many messages stay says nothing of whose they are. But where they no more become fewer and the stack was waited for as long as the
drill would have, an acknowledged operation that is in no store, or of which an effect is missing, still waits there, or is lost or
half there: which of these it is, the messages would tell, and each is a failure.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from harness.orders.audit import Audit, Class
from harness.orders.declared import DEAD, EFFECT, QUEUE, STORE, Declared
from harness.orders.operations import ACKNOWLEDGED


def undone(declared: Declared, audit: Audit, counted: Mapping[str, tuple[int, int]]) -> Class:
    """`counted`: of queues that could be counted alone, how many rows each had in its two readings. Nothing where some queue may still be
    worked off: it became shorter, or was not counted."""
    held, size = audit.held, len(audit.operations)
    queues, stores = declared.of(QUEUE), declared.of(STORE)
    blind = [name for name in queues if name not in held]
    if not blind or not all(name in counted and 0 < counted[name][0] <= counted[name][1] for name in blind):
        return Class(reason="stuck")
    stored, ordered, lacking = np.zeros(size, bool), np.zeros(size, bool), np.zeros(size, bool)
    for name in stores:
        if name in held:
            stored |= held[name].count > 0
            ordered |= held[name].fresh > 0
    for name in declared.of(EFFECT):
        if name in held:
            lacking |= held[name].count == 0
    missing = ordered & lacking
    if all(name in held for name in stores):
        missing |= ~stored
    missing &= (audit.operations.outcome == ACKNOWLEDGED) & ~audit.waiting(declared.of(QUEUE, DEAD))
    missing[audit.former] = False
    doubt = sum(held[name].unplaced for name in (*stores, *queues, *declared.of(DEAD)) if name in held)
    doubt += sum(held[name].nameless for name in declared.of(EFFECT) if name in held)
    return Class(
        reason="stuck", operations=np.flatnonzero(missing), doubt=doubt, why="rows that name no key may be theirs"
    )
