"""Requests are answered fast enough, judged on exact percentiles from the time a request was due."""

from __future__ import annotations

import math
from typing import ClassVar

from pydantic import Field, model_validator

from harness.expectations.base import Evidence, Expectation, Reach
from harness.expectations.dropped import undecided, whose
from harness.expectations.requests import cites, slowest_row, stretch
from harness.journal import Window
from harness.quantities import Milliseconds
from harness.stats import Fold, needed_for_percentile
from harness.stats.condition import quantile_of, show_ms
from harness.verdict import Finding, Measure, Outcome, failed, inconclusive, passed

FIELDS = ("p50", "p90", "p95", "p99", "max")


class RespondsWithin(Expectation):
    """Requests are answered within a time, at one or more percentiles.

        expect:
          - responds_within: {request: POST /checkout, p95: 1500ms, p99: 4s}

    Units:   durations, from when the request was *due* to the end of its answer, so that a stall counts for everyone
             who waited in it; with service_time: true from when it was sent. Without `request`: all requests together.
    Counts:  every request due in the phase. One without an answer (time-out, broken connection, dropped) took for ever;
             an answer is an answer whatever its status (errors_below judges that). By name, dropped arrivals keep it from passing
             where they could turn it (harness/expectations/dropped.py).
    Decides: the percentile of this run, which is exact, once the phase is over and all its requests have ended. Too few
             requests (p90 29, p95 59, p99 299) are inconclusive, unless even so few show that the limit is exceeded.
    Source:  nearest rank; the least numbers are those for which the percentile has a 95 % upper bound at all.
    """

    word: ClassVar[str] = "responds_within"
    timed: ClassVar[tuple[str, ...]] = ("not_met",)
    by_errors: ClassVar[bool] = True

    request: str = Field(default="", description="a request's name, such as POST /checkout; all when left out")
    p50: Milliseconds | None = None
    p90: Milliseconds | None = None
    p95: Milliseconds | None = None
    p99: Milliseconds | None = None
    max: Milliseconds | None = None
    service_time: bool = Field(default=False, description="from when it was sent, instead of from when it was due")

    @model_validator(mode="after")
    def _says_something(self) -> RespondsWithin:
        if not self.limits_ms():
            raise ValueError("responds_within needs at least one of p50, p90, p95, p99, max")
        return self

    def limits_ms(self) -> dict[str, float]:
        return {name: value for name in FIELDS if (value := getattr(self, name)) is not None}

    def tolerates(self, finding: Finding) -> float:
        name = finding.because.partition(" ")[0]  # of the lowest percentile that failed (`_subject`)
        return 1 - (quantile_of(name) or 0.0)

    def about(self) -> str:
        return self.request or "all"

    def undecidable(self, reach: Reach) -> str:
        needed = {name: needed_for_percentile(quantile_of(name) or 1.0) for name in self.limits_ms()}
        short = {name: n for name, n in needed.items() if reach.arrivals < n}
        if not short:
            return ""
        which = ", ".join(f"{name} {n}" for name, n in short.items())
        return f"about {reach.arrivals:.0f} requests are due in {reach.window_s:g} s; at least needed are: {which}"

    def needs(self, reach: Reach) -> str:
        return f"{max(needed_for_percentile(quantile_of(name) or 1.0) for name in self.limits_ms())} requests"

    def check(self, evidence: Evidence) -> Finding:
        asked, dropped = whose(evidence, evidence.window, self.request)
        found = stretch(evidence, asked)
        if isinstance(found, Finding):
            return found
        window, requests = found
        limits = self.limits_ms().items()
        findings = [self._one(name, limit, evidence, window, requests, asked, dropped) for name, limit in limits]
        for outcome in (Outcome.FAILED, Outcome.INCONCLUSIVE):
            for finding in findings:
                if finding.outcome is outcome:
                    return finding
        said = "; ".join(finding.because for finding in findings)
        return passed(said, measure=findings[-1].measure, cites=findings[-1].cites)

    def _one(
        self,
        name: str,
        limit_ms: float,
        evidence: Evidence,
        window: Window,
        requests: Fold,
        asked: str,
        dropped: int,
    ) -> Finding:
        quantile = quantile_of(name) or 1.0
        value = requests.percentile_ms(quantile, service=self.service_time)
        assert value is not None
        low, high = value
        measure = Measure(low, high, "ms", "census" if low == high else "censored")
        row = slowest_row(evidence, window, asked, self.service_time)
        cited = (*cites(evidence), *row)
        beside = f"limit {show_ms(limit_ms)}, {requests.n} requests{self._beside(quantile, requests)}"
        rank = max(1, math.ceil(round(quantile * requests.n, 6)))
        was = (
            f"is none: {requests.n - rank + 1} or more had no answer" if math.isinf(low) else f"was {_span(low, high)}"
        )
        said = f"{self._subject(name)} {was} ({beside})"
        needed = needed_for_percentile(quantile)
        if requests.n < needed:
            if requests.percentile_at_least_ms(quantile, service=self.service_time) > limit_ms:
                return failed(said, measure=measure, cites=cited)
            return inconclusive(
                f"{said}: too few requests for {name}",
                reason="too_few",
                decide=f"at least {needed} requests in the window",
                measure=measure,
                cites=cited,
            )
        if high <= limit_ms:
            rank = max(1, math.ceil(round(quantile * (requests.n + dropped), 6)))
            held = rank <= requests.n and requests.ranked_ms(rank, self.service_time)[1] <= limit_ms
            finding = passed(said, measure=measure, cites=cited)
            return finding if held else undecided(finding, dropped)
        if low > limit_ms:
            return failed(said, measure=measure, cites=cited)
        open_ = [f"{requests.waiting} of them had not ended"] if requests.waiting else []
        decide = "the answers to the requests that were still waiting"
        if requests.untold:
            open_.append(f"{requests.untold} failed and did not say whether there was an answer")
            decide = (
                "a locustfile that reports those failures with their `response`, or with the error of the client itself"
            )
        return inconclusive(
            f"{said}: {' and '.join(open_)}",
            reason="unanswered",
            decide=decide,
            measure=measure,
            cites=cited,
        )

    def _subject(self, name: str) -> str:
        return f"{name}{' service time' if self.service_time else ''} of {self.request or 'all requests'}"

    def _beside(self, quantile: float, requests: Fold) -> str:
        """The other of the two times, so that a queue in front of the service shows."""
        other = requests.percentile_ms(quantile, service=not self.service_time)
        name = "from when due" if self.service_time else "service time"
        return f", {name} {_span(*other)}" if other else ""


def _span(low_ms: float, high_ms: float) -> str:
    if math.isinf(low_ms):
        return "none"
    return show_ms(low_ms) if low_ms == high_ms else f"{show_ms(low_ms)} or more"
