"""What the claims share that are decided by a sample: the stretch in batches, and a bound held against a limit.

Such a claim is not about this run's count (see errors_below, which is exact) but about runs like it: it passes only where
the whole interval is within the limit, and fails only where all of it is beyond. Both ends are one-sided 95 % bounds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from harness.expectations.base import Evidence
from harness.expectations.requests import cites, stretch
from harness.journal import Window
from harness.stats.batches import NEEDED_S, Batch, batches
from harness.verdict import Details, Finding, Measure, Outcome, failed, inconclusive, passed

CONFIDENCE = 0.90  # two-sided: each end is a one-sided 95 % bound


@dataclass(frozen=True)
class Bound:
    """One figure against its limit, both in `unit`; `p` is the one-sided p-value of the limit being kept.

    needs   what would have decided it, where neither end does
    """

    said: str
    low: float
    high: float
    limit: float
    unit: str
    p: float
    needs: str

    def outcome(self, parts: int) -> Outcome:
        """A claim of several parts fails by any of them: each is held to its share of the error probability (Bonferroni)."""
        if self.low > self.limit and self.p * parts <= 0.05:
            return Outcome.FAILED
        return Outcome.PASSED if self.high <= self.limit else Outcome.INCONCLUSIVE


def decide(bounds: Sequence[Bound], cited: tuple[str, ...], details: Details) -> Finding:
    """The finding of all parts: failed by any, passed by all."""
    outcomes = [bound.outcome(len(bounds)) for bound in bounds]
    p = min(1.0, min(bound.p for bound in bounds) * len(bounds))
    worst = next((o for o in (Outcome.FAILED, Outcome.INCONCLUSIVE) if o in outcomes), Outcome.PASSED)
    shown = [bound for bound, outcome in zip(bounds, outcomes, strict=True) if outcome is worst]
    said = "; ".join(bound.said for bound in shown)
    measure = Measure(round(shown[0].low, 6), round(shown[0].high, 6), shown[0].unit, "sampling")
    if worst is Outcome.FAILED:
        finding = failed(said, reason="not_met", measure=measure, cites=cited, details=details)
    elif worst is Outcome.PASSED:
        finding = passed(said, measure=measure, cites=cited, details=details)
    else:
        finding = inconclusive(
            f"{said}: the limit lies within",
            reason="straddles",
            decide="; ".join(bound.needs for bound in shown),
            measure=measure,
            cites=cited,
            details=details,
        )
    return with_p(finding, p)


def with_p(finding: Finding, p: float) -> Finding:
    return replace(finding, p_value=round(p, 9))


def in_batches(evidence: Evidence, request: str, allowed: Sequence[str] = ()) -> tuple[Window, list[Batch]] | Finding:
    """The claim's window and its batches, or why nothing can be said of it."""
    found = stretch(evidence, request)
    if isinstance(found, Finding):
        return found
    window, requests = found
    if requests.waiting:
        return unanswered(evidence, requests.waiting)
    cut = cut_up(evidence, window, request, allowed)
    return (window, cut) if cut else too_short(evidence, "the window", window)


def unanswered(evidence: Evidence, waiting: int) -> Finding:
    return inconclusive(
        f"{waiting} requests had not ended",
        reason="unanswered",
        decide="the answers to the requests that were still waiting",
        cites=cites(evidence),
    )


def cut_up(evidence: Evidence, window: Window, request: str, allowed: Sequence[str] = ()) -> list[Batch]:
    return batches(evidence.rows, window.start_s, window.end_s, request, allowed)


def too_short(evidence: Evidence, what: str, window: Window) -> Finding:
    return inconclusive(
        f"{what} lasted {window.length_s:.1f} s: too short for six batches of five seconds",
        reason="too_few",
        decide=f"{NEEDED_S:g} s or more, better 60 s",
        cites=cites(evidence),
    )


def times_more(low: float, high: float, point: float, limit: float, n: int) -> str:
    """How many requests would have decided it, were the figure truly as measured: an interval narrows with their root."""
    distance = abs(limit - point)
    reach = (high - point) if limit >= point else (point - low)
    if distance <= 0 or reach <= 0:
        return "a limit further from what was measured"
    factor = (reach / distance) ** 2
    if factor > 1000:
        return "a limit further from what was measured"
    return f"about {round(n * factor * 1.1, -1):.0f} requests instead of {n}, if it is truly as measured"
