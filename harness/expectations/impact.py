"""What users feel of a fault stays within bounds: errors, slowness, and the error budget that it costs."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import ClassVar

from pydantic import Field, model_validator

from harness.expectations.base import Evidence, Expectation, Reach
from harness.expectations.dropped import undecided, whose, with_dropped
from harness.expectations.errors_below import Allowed
from harness.expectations.requests import cites, error_rows, slowest_row
from harness.expectations.sampled import CONFIDENCE, Bound, decide, in_batches, times_more
from harness.journal import Window
from harness.quantities import Milliseconds, Ratio, Seconds, spell
from harness.stats import needed_for_percentile
from harness.stats.batches import NEEDED_S, Batch
from harness.stats.condition import show_ms
from harness.stats.interval import needed_to_pass
from harness.stats.proportions import clustered, design_effect, p_beyond
from harness.verdict import Finding, Outcome


class Impact(Expectation):
    """What users feel stays within bounds, in this run and in runs like it.

        expect:
          - impact: {request: POST /checkout, errors: 5%, p95: 800ms}
          - impact: {errors: 5%, slo: 99.9%, period: 720h, budget: 2%}

    Units:   shares in percent, a duration from when a request was due; `budget` is the share of the error budget of the
             `slo` over `period` (720h) that a stretch of this length spends.
    Counts:  every request due in the phase, in 6 to 12 equal batches (so the phase lasts 30 s or more). Errors as in
             errors_below; a request without an answer is slower than any limit.
    Decides: by a 95 % bound on either side that takes account of requests failing together: passed only when the whole
             interval is within the limit, failed only when all of it is beyond. errors_below is about this run's count
             alone, which is exact; this one asks what to expect of the service, and so needs more requests.
    Source:  Korn-Graubard on batches, harness/stats/proportions.py; for p95 the share of requests beyond the limit against
             5 %, and in milliseconds Woodruff's interval. Burn rate: error ratio / (1 - slo), times length / period.
    """

    word: ClassVar[str] = "impact"
    timed: ClassVar[tuple[str, ...]] = ("not_met",)
    by_errors: ClassVar[bool] = True
    sampling: ClassVar[bool] = True

    request: str = Field(default="", description="a request's name, such as POST /checkout; all when left out")
    errors: Ratio | None = Field(default=None, description="the greatest share of errors")
    p95: Milliseconds | None = Field(default=None, description="nineteen of twenty requests are answered within it")
    budget: Ratio | None = Field(default=None, description="the greatest share of the error budget that it may spend")
    slo: Ratio | None = Field(default=None, description="the objective whose error budget is meant, such as 99.9%")
    period_s: Seconds = Field(
        default=720 * 3600.0, alias="period", gt=0, description="of the objective; 720h (30 days)"
    )
    allow: tuple[Allowed, ...] = Field(default=(), description="outcomes that are no errors here")

    @model_validator(mode="after")
    def _says_something(self) -> Impact:
        if self.errors is None and self.p95 is None and self.budget is None:
            raise ValueError("impact needs at least one of errors, p95, budget")
        if (self.budget is None) != (self.slo is None):
            raise ValueError("`budget` is a share of an objective's error budget: it needs `slo`, and `slo` needs it")
        if self.slo is not None and not 0 < self.slo < 1:
            raise ValueError("`slo` is a share between 0 % and 100 %, such as 99.9%")
        return self

    def about(self) -> str:
        return self.request or "all"

    def undecidable(self, reach: Reach) -> str:
        if reach.window_s < NEEDED_S:
            return f"it lasts {spell(reach.window_s)}, and six batches of five seconds need {NEEDED_S:g}s"
        needed = {f"{name} {limit * 100:g}%": needed_to_pass(limit) for name, limit in self._limits(reach.window_s)}
        needed |= {"p95": needed_for_percentile(0.95)} if self.p95 is not None else {}
        short = [f"{what} {n}" for what, n in needed.items() if reach.arrivals < n]
        if not short:
            return ""
        return (
            f"about {reach.arrivals:.0f} requests are due in {reach.window_s:g} s; to be sure even without a single error, "
            f"at least needed are: {', '.join(short)}"
        )

    def needs(self, reach: Reach) -> str:
        least = [needed_to_pass(limit) for _, limit in self._limits(reach.window_s)]
        least += [needed_for_percentile(0.95)] if self.p95 is not None else []
        return f"{max(least)} requests, {NEEDED_S:g}s"

    def _limits(self, length_s: float) -> Iterator[tuple[str, float]]:
        """Each limit on the share of errors."""
        if self.errors is not None:
            yield "errors", self.errors
        if self.budget is not None and self.slo is not None:
            yield "budget", min(1.0, self.budget / self._spent(1.0, length_s))

    def _spent(self, ratio: float, length_s: float) -> float:
        """The share of the budget that this share of errors spends in a stretch so long, at an even rate."""
        assert self.slo is not None
        return ratio / (1 - self.slo) * length_s / self.period_s

    def check(self, evidence: Evidence) -> Finding:
        asked, dropped = whose(evidence, evidence.window, self.request)
        found = in_batches(evidence, asked, self.allow)
        if isinstance(found, Finding):
            return found
        window, cut = found
        rows = error_rows(evidence, window, asked, self.allow) or slowest_row(evidence, window, asked, False)
        cited = (*cites(evidence), *rows)
        finding = self._judged(cited, window, cut)
        if not dropped or finding.outcome is not Outcome.PASSED:
            return finding
        with_them = self._judged(cited, window, with_dropped(evidence, cut))
        return finding if with_them.outcome is Outcome.PASSED else undecided(finding, dropped)

    def _judged(self, cited: tuple[str, ...], window: Window, cut: Sequence[Batch]) -> Finding:
        bounds = []
        if self.errors is not None:
            bounds.append(self._errors(cut, self.errors))
        if self.p95 is not None:
            bounds.append(_slow(cut, self.p95))
        if self.budget is not None:
            bounds.append(self._budget(cut, self.budget, window.length_s))
        ks, ns = [batch.errors for batch in cut], [batch.n for batch in cut]
        details = (
            ("window", f"{window.start_s:.3f} s to {window.end_s:.3f} s, {len(cut)} batches"),
            ("requests per batch", " ".join(str(n) for n in ns)),
            ("errors per batch", " ".join(str(k) for k in ks)),
            ("design effect of errors", f"{design_effect(ks, ns):.3g}"),
        )
        return decide(bounds, cited, details)

    def _errors(self, cut: Sequence[Batch], limit: float) -> Bound:
        ks, ns = [batch.errors for batch in cut], [batch.n for batch in cut]
        low, high = clustered(ks, ns, CONFIDENCE)
        said = f"errors {_span(low, high)} in like runs ({sum(ks)} of {sum(ns)} here, limit {limit * 100:g}%)"
        p = p_beyond(lambda confidence: clustered(ks, ns, confidence)[0], limit)
        needs = times_more(low, high, sum(ks) / sum(ns), limit, sum(ns))
        return Bound(said, low * 100, high * 100, limit * 100, "%", p, needs)

    def _budget(self, cut: Sequence[Batch], limit: float, length_s: float) -> Bound:
        """The same interval, in shares of the budget."""
        errors = self._errors(cut, min(1.0, limit / self._spent(1.0, length_s)))
        low, high = (self._spent(end / 100, length_s) for end in (errors.low, errors.high))
        said = (
            f"{_span(low, high)} of the error budget of {(self.slo or 0) * 100:g}% over {self.period_s / 3600:g}h "
            f"(limit {limit * 100:g}%)"
        )
        return Bound(said, low * 100, high * 100, limit * 100, "%", errors.p, errors.needs)


def _slow(cut: Sequence[Batch], limit_ms: float) -> Bound:
    """p95 within the limit is the same as at most 5 % of the requests beyond it."""
    import numpy as np

    ns = [batch.n for batch in cut]
    slow = [batch.slower_than(limit_ms) for batch in cut]
    p = p_beyond(lambda confidence: clustered(slow, ns, confidence)[0], 0.05)
    low_share, high_share = clustered(slow, ns, CONFIDENCE)
    times_ms = np.sort(np.concatenate([batch.times_us for batch in cut])) / 1e3
    point = float(times_ms[math.ceil(round(0.95 * len(times_ms), 6)) - 1])
    fast = [n - batch.slower_than(point) for batch, n in zip(cut, ns, strict=True)]
    low, high = (_at(times_ms, level) for level in clustered(fast, ns, CONFIDENCE))
    # the decision is by the share beyond the limit; the interval in ms, a read-out of its own, may not contradict it
    if low_share > 0.05:
        low = max(low, math.nextafter(limit_ms, math.inf))
    elif high_share <= 0.05:
        high = min(high, limit_ms)
    else:
        low, high = min(low, limit_ms), max(high, math.nextafter(limit_ms, math.inf))
    said = (
        f"p95 {show_ms(low)} to {show_ms(high)} in like runs ({show_ms(point)} here, {sum(slow)} of {sum(ns)} beyond the "
        f"limit of {show_ms(limit_ms)})"
    )
    needs = times_more(low_share, high_share, sum(slow) / sum(ns), 0.05, sum(ns))
    return Bound(said, low, high, limit_ms, "ms", p, needs)


def _at(times_ms: object, level: float) -> float:
    import numpy as np

    values = np.asarray(times_ms)
    return float(values[min(len(values), max(1, math.ceil(round(level * len(values), 6)))) - 1])


def _span(low: float, high: float) -> str:
    return f"{low * 100:.3g}% to {high * 100:.3g}%"
