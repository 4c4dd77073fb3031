"""Of operations that are half there, which half there is and which is missing. Pure."""

from __future__ import annotations

from collections import Counter

import numpy as np

from harness.orders.audit import Audit, Class
from harness.orders.declared import EFFECT, STORE, Declared


def halves(found: Class, audit: Audit, declared: Declared) -> str:
    """'27 in orders without payments, 1 in payments without orders', the most first."""
    stores, effects = (tuple(name for name in declared.of(role) if name in audit.held) for role in (STORE, EFFECT))
    names = (*stores, *effects)
    has = np.array([audit.held[name].count[found.operations] > 0 for name in names], bool)
    kinds, counts = np.unique(has.T, axis=0, return_counts=True)
    told: Counter[str] = Counter()
    for kind, count in zip(kinds.tolist(), counts.tolist(), strict=True):
        there = {name for name, held in zip(names, kind, strict=True) if held}
        asked = effects if there & {*stores} else stores
        told[_half(sorted(there, key=names.index), [name for name in asked if name not in there])] += count
    for source, _ in found.strangers:
        told[_half([source], stores)] += 1
    return ", ".join(f"{count} in {half}" for half, count in told.most_common())


def _half(there: list[str], missing: list[str] | tuple[str, ...]) -> str:
    return f"{' and '.join(there)} without {' and '.join(missing)}"
