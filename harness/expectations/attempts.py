"""Attempts at a dependency for each operation that users asked for: how much work a service makes of theirs. Pure.

The attempts are a counter's: the dependency's own, or the caller's of its calls. What one operation takes when all is well (a
checkout may ask its database twice) is what the time before the fault shows; so amplification is 1 when all is well.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.expectations.base import Evidence
from harness.expectations.requests import folded
from harness.journal import Window
from harness.series import RawSeries

PROBE = "series"
GAP_S = 60.0  # as the probe promises (harness/probes/series.py)
LAG_S = 1.0
WINDOW_S = 5.0  # the least over which the greatest amplification is looked for: shorter ones tell of single scrapes


@dataclass(frozen=True)
class Ratio:
    """Attempts for each operation in [start_s, end_s]: as counted between scrapes, against the operations due in it.

    An operation due near an edge may have its attempts on the other side of it; over many they even out.
    """

    start_s: float
    end_s: float
    attempts: float
    operations: int

    @property
    def each(self) -> float:
        return self.attempts / self.operations


def ratio(evidence: Evidence, selector: str, request: str, window: Window) -> Ratio | None:
    """Over the whole window, from the first scrape in it to the last. None: nothing was counted, or nothing asked for."""
    found = [one.between(window.start_s, window.end_s) for one in evidence.series.get(selector, ())]
    found = [one for one in found if len(one) >= 2]
    if not found:
        return None
    start_s, end_s = min(float(one.t_s[0]) for one in found), max(float(one.t_s[-1]) for one in found)
    return _between(evidence, found, request, start_s, end_s)


def windows(evidence: Evidence, selector: str, request: str, window: Window) -> list[Ratio]:
    """The same over stretches of 5 s or more, from scrape to scrape."""
    found = [one.between(window.start_s, window.end_s) for one in evidence.series.get(selector, ())]
    found = [one for one in found if len(one) >= 2]
    times = sorted({float(at_s) for one in found for at_s in one.t_s})
    ratios, start_s = [], times[0] if times else 0.0
    for at_s in times:
        if at_s - start_s >= WINDOW_S:
            told = _between(evidence, found, request, start_s, at_s)
            ratios += [told] if told is not None else []
            start_s = at_s
    return ratios


def _between(
    evidence: Evidence, found: Sequence[RawSeries], request: str, start_s: float, end_s: float
) -> Ratio | None:
    rises = [rise for one in found if (rise := one.increase(start_s, end_s)) is not None]
    operations = folded(evidence, start_s, end_s, request).n
    if not rises or operations == 0:
        return None
    return Ratio(start_s, end_s, sum(rises), operations)
