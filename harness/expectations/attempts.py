"""Attempts at a dependency for each operation that users asked for: how much work a service makes of theirs. Pure.

The attempts are a counter's: the dependency's own, or the caller's of its calls. What one operation takes when all is well (a
checkout may ask its database twice) is what the time before the fault shows; so amplification is 1 when all is well.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from harness.expectations.base import Evidence
from harness.expectations.requests import folded
from harness.expectations.tallies import Tally, tallies
from harness.journal import Window

PROBE = "series"
GAP_S = 60.0  # as the probe promises (harness/probes/series.py)
LAG_S = 1.0


@dataclass(frozen=True)
class Ratio:
    """Attempts for each operation in [start_s, end_s], each target of the counter read from its last scrape by start_s to its
    last by end_s.

    since_s     the earliest of these scrapes: no attempt counted is older
    operations  due between a target's scrapes, on average over the targets
    targets_s   between a target's scrapes, all targets together
    lost        why some attempts are lost; `unread` when nobody counted for longer than usual; '' when that is not so
    An operation due near an edge may have its attempts on the other side of it; over many they even out.
    """

    start_s: float
    end_s: float
    since_s: float
    attempts: float
    operations: float
    targets_s: float
    lost: str = ""
    unread: str = ""

    @property
    def each(self) -> float:
        return self.attempts / self.operations


def ratio(evidence: Evidence, selector: str, request: str, window: Window) -> Ratio | None:
    """Over the whole window, from when all were scraped in it to the last scrape. None: nothing was counted, or nothing asked for."""
    live = [one for one in tallies(evidence.series, selector) if one.lives(window.start_s, window.end_s)]
    begun = [one.first_from(window.start_s) for one in live if not one.born]
    firsts = [at_s for at_s in begun if at_s is not None and at_s < window.end_s]
    lasts = [at_s for one in live if (at_s := one.last_by(window.end_s)) is not None]
    start_s, end_s = max(firsts, default=window.start_s), max(lasts, default=window.start_s)
    found = between(evidence, live, request, start_s, end_s) if start_s < end_s else None
    return found if found is not None and found.operations and found.targets_s else None


def between(evidence: Evidence, targets: Sequence[Tally], request: str, start_s: float, end_s: float) -> Ratio:
    """Of the targets that were there in that time."""
    live = [one for one in targets if one.lives(start_s, end_s)]
    spans = Counter((_or(one.last_by(start_s), start_s), _or(one.last_by(end_s), end_s)) for one in live)
    due = sum(folded(evidence, *span, request).n * many for span, many in spans.items() if span[0] < span[1])
    return Ratio(
        start_s,
        end_s,
        min((since_s for since_s, _ in spans), default=start_s),
        sum(one.rise(start_s, end_s) for one in live),
        due / max(len(live), 1),
        sum((end - begin) * many for (begin, end), many in spans.items()),
        next(filter(None, (one.forgot(start_s, end_s) for one in live)), ""),
        next(filter(None, (one.unread(start_s, end_s) for one in live)), ""),
    )


def _or(at_s: float | None, other_s: float) -> float:
    return other_s if at_s is None else at_s
