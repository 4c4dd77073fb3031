"""Arrivals that were dropped, in a claim about requests by name: they asked nothing, so nobody knows for certain what they would have.

A service that hangs fills `max_in_flight`, and what is due then is dropped: those are the very requests that would have failed.
Where the load asks for one name alone they are of that name. Else any of them may be: they can keep a claim from passing, and never
fail it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from harness.expectations.base import Evidence
from harness.journal import Window
from harness.stats.batches import Batch
from harness.stats.fold import counted
from harness.verdict import Finding, inconclusive


def whose(evidence: Evidence, window: Window | None, request: str) -> tuple[str, int]:
    """By what name to count the requests of a window, and how many more may have been due of it, had they not been dropped."""
    dropped = dropped_in(evidence, window) if request and window is not None and window.ended else 0
    if not dropped:
        return request, 0
    return ("", 0) if _names(evidence) == {request} else (request, dropped)


def dropped_in(evidence: Evidence, window: Window) -> int:
    """How many arrivals due in the window were dropped."""
    from harness.ledger import OUTCOMES

    parts = counted(evidence.rows, window.start_s, window.end_s, "", None)
    return sum(int(part.outcomes()[OUTCOMES.index("dropped")]) for part in parts)


def with_dropped(evidence: Evidence, cut: Sequence[Batch]) -> list[Batch]:
    """The same batches, had every arrival dropped in them asked for this name, and got no answer."""
    import numpy as np

    found = []
    for batch in cut:
        more = dropped_in(evidence, Window(batch.start_s, batch.end_s))
        times_us = np.concatenate([batch.times_us, np.full(more, np.inf)])
        ok = np.concatenate([batch.ok, np.zeros(more, bool)])
        found.append(replace(batch, n=batch.n + more, errors=batch.errors + more, times_us=times_us, ok=ok))
    return found


def undecided(finding: Finding, dropped: int) -> Finding:
    """What would have passed, but for the arrivals that were dropped."""
    said = inconclusive(
        f"{finding.because}; but {dropped} arrivals were dropped, and had they asked for it, it would not hold",
        reason="dropped",
        decide="a greater `max_in_flight`, or the claim on all requests together, which counts them",
        measure=finding.measure,
        cites=finding.cites,
        details=finding.details,
    )
    return replace(said, p_value=finding.p_value)


def _names(evidence: Evidence) -> set[str]:
    """What the load asked for."""
    names, numbers = evidence.rows.endpoints, set[int]()
    for part in counted(evidence.rows, -math.inf, math.inf, "", None):
        mine = part.endpoint if part.which is None else part.endpoint[part.which]
        numbers |= {int(number) for number in set(mine.tolist())}
    return {names[number] for number in numbers} - {""}
