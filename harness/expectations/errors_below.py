"""The share of requests that end in error stays at or below a limit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from harness.expectations.base import Evidence, Expectation, Reach
from harness.expectations.dropped import undecided, whose
from harness.expectations.requests import cites, error_rows, stretch
from harness.journal import Window
from harness.quantities import Ratio, figures
from harness.stats import Fold, needed_for_ratio
from harness.stats.fold import counted
from harness.stats.interval import needed_to_pass
from harness.verdict import Finding, Measure, failed, inconclusive, passed

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

TARDY = "ended in error without those that took too long"
"""Told of a failure that time-outs and dropped arrivals alone brought about: other errors hardly come of a want of processors."""
GAVE_UP = {"408": "4xx", "504": "5xx"}
"""Answers that tell of a time-out on the way, and the outcomes that they are."""
Allowed = Literal["4xx", "5xx", "timeout", "conn", "wrong"]


class ErrorsBelow(Expectation):
    """At most this share of requests ends in error.

        expect:
          - errors_below: {request: POST /checkout, ratio: 2%}
          - errors_below: {ratio: 0.5%, allow: [4xx]}

    Units:   a share in percent; 0% allows none. Without `request`: all requests together.
    Counts:  every request due in the phase. An error is everything but `ok`: 4xx and 5xx answers, time-outs, broken
             connections, answers that the locustfile calls wrong, and, among all requests, arrivals that were dropped; by
             name, those keep it from passing where they could turn it (harness/expectations/dropped.py).
             `allow` names outcomes that are no errors here (4xx, 5xx, timeout, conn, wrong).
    Decides: by the exact count of this run, once the phase is over; requests that still wait leave it open when they
             could turn it. It passes only where one error alone would not exceed the limit (2 % needs 50 requests).
    Source:  the ledger. The Clopper-Pearson interval in the text says what a like run could have shown.
    """

    word: ClassVar[str] = "errors_below"

    request: str = Field(default="", description="a request's name, such as POST /checkout; all when left out")
    ratio: Ratio = Field(description="the greatest share of errors")
    allow: tuple[Allowed, ...] = Field(default=(), description="outcomes that are no errors here")

    def by_time(self, finding: Finding) -> bool:
        return any(name == TARDY for name, _ in finding.details)

    def tolerates(self, finding: Finding) -> float:
        return self.ratio

    def about(self) -> str:
        return self.request or "all"

    def undecidable(self, reach: Reach) -> str:
        needed = needed_for_ratio(self.ratio)
        if reach.arrivals >= needed:
            return ""
        return (
            f"about {reach.arrivals:.0f} requests are due in {reach.window_s:g} s, and one error among fewer than "
            f"{needed} exceeds {self.ratio * 100:g}%"
        )

    def needs(self, reach: Reach) -> str:
        return f"{needed_for_ratio(self.ratio)} requests"

    def doubtful(self, reach: Reach) -> str:
        wanted = needed_to_pass(self.ratio)
        if self.ratio <= 0 or reach.arrivals >= wanted:
            return ""
        return (
            f"about {reach.arrivals:.0f} requests are due in {reach.window_s:g} s: even without an error they do not show that "
            f"like runs stay below {self.ratio * 100:g}%; {wanted} would"
        )

    def check(self, evidence: Evidence) -> Finding:
        asked, dropped = whose(evidence, evidence.window, self.request)
        found = stretch(evidence, asked)
        if isinstance(found, Finding):
            return found
        window, requests = found
        ratio = requests.error_ratio(*self.allow)
        assert ratio is not None
        low, high = ratio
        measure = Measure(low * 100, high * 100, "%", "census" if low == high else "censored")
        errors = requests.errors_but(*self.allow)
        like = " to ".join(f"{figures(share * 100, 2)}%" for share in requests.error_interval(*self.allow))
        said = (
            f"{errors} of {requests.n} requests{f' {self.request}' if self.request else ''} ended in error, "
            f"{low * 100:.3g}% (limit {self.ratio * 100:g}%{self._kinds(requests)}; like runs: {like})"
        )
        rows = error_rows(evidence, window, asked, self.allow) if errors else ()
        cited = (*cites(evidence), *rows)
        if low > self.ratio:
            tardy = requests.gave_up + self._gave_up_for(evidence, window, asked)
            others = (requests.errors_but(*{*self.allow, "timeout", "dropped"}) - tardy) / requests.n
            details = ((TARDY, f"{others * 100:.3g}%"),) if others <= self.ratio else ()
            return failed(said, measure=measure, cites=cited, details=details)
        if high > self.ratio:
            return inconclusive(
                f"{said}: {requests.waiting} had not ended",
                reason="unanswered",
                decide="the answers to the requests that were still waiting",
                measure=measure,
                cites=cited,
            )
        needed = needed_for_ratio(self.ratio)
        if requests.n < needed:
            return inconclusive(
                f"{said}: too few to tell",
                reason="too_few",
                decide=f"at least {needed} requests in the window",
                measure=measure,
                cites=cited,
            )
        finding = passed(said, measure=measure, cites=cited)
        with_them = (errors + requests.waiting + dropped) / (requests.n + dropped)
        return finding if with_them <= self.ratio else undecided(finding, dropped)

    def _gave_up_for(self, evidence: Evidence, window: Window, asked: str) -> int:
        """How many were answered by somebody on the way, or the service itself, whose own time-out had run out."""
        array = evidence.rows.array
        return sum(
            int(part.of_ended(service_gave_up(array[part.first : part.first + len(part.outcome)], self.allow)).sum())
            for part in counted(evidence.rows, window.start_s, window.end_s, asked, None)
        )

    def _kinds(self, requests: Fold) -> str:
        kinds = [f"{n} {name}" for name, n in requests.counts.items() if name != "ok" and name not in self.allow]
        kinds += [f"{requests.gave_up} never answered"] if requests.gave_up else []
        return f": {', '.join(kinds)}" if kinds else ""


def service_gave_up(array: NDArray[Any], allow: Sequence[str] = ()) -> NDArray[np.bool_]:
    """Which of the ledger's rows were answered by somebody on the way, or the service itself, whose own time-out had run out."""
    import numpy as np

    from harness.ledger import OUTCOMES

    found = np.zeros(len(array), np.bool_)
    for status, kind in GAVE_UP.items():
        if kind not in allow:
            found |= (array["status"] == int(status)) & (array["outcome"] == OUTCOMES.index(kind))
    return found
