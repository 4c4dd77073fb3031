"""A dependency in trouble is not asked far more often than users ask: retries stay within a budget."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from harness.expectations import alerts
from harness.expectations.attempts import GAP_S, LAG_S, PROBE, WINDOW_S, ratio, windows
from harness.expectations.base import Evidence, Expectation, Reach
from harness.expectations.no_regression import baseline
from harness.expectations.requests import cites, stretch
from harness.quantities import spell
from harness.verdict import Finding, Measure, failed, inconclusive, passed


class RetriesBounded(Expectation):
    """The dependency gets at most so many times the attempts for each operation that it got before the fault.

        expect:
          - retries_bounded: {attempts: 'payment_attempts_total{job="api"}', request: POST /checkout, at_most: 1.3}

    Units:   a factor; 1 is what one operation takes when all is well, as the time before the first fault shows.
    Counts:  the rise of the counter `attempts` (a selector: the caller's of its calls, or the dependency's own of what it
             was asked) between scrapes, over stretches of 5 s or more, against the operations due in them.
    Decides: failed when any stretch of the phase is beyond; passed when the phase is over and none was. A counter at the
             dependency does not see attempts that were refused: where it stands at the caller, it does.
    Source:  raw samples (never rate() or increase()), the ledger. 1.1 is the usual budget of a retry policy.
    """

    word: ClassVar[str] = "retries_bounded"

    attempts: str = Field(min_length=1, description="a selector of counters of the attempts at the dependency")
    request: str = Field(default="", description="the operation, by a request's name; all when left out")
    at_most: float = Field(ge=1, description="so many times as many as before the fault")

    def about(self) -> str:
        return "".join(c if c.isalnum() or c == "_" else "-" for c in self.attempts)[:40].strip("-")

    def undecidable(self, reach: Reach) -> str:
        if reach.window_s < 2 * WINDOW_S:
            return f"it lasts {spell(reach.window_s)}, and stretches of {WINDOW_S:g}s between scrapes need twice that"
        return ""

    def unseen(self, reach: Reach) -> str:
        return alerts.unseen(reach)

    def series(self) -> tuple[str, ...]:
        return (self.attempts,)

    def check(self, evidence: Evidence) -> Finding:
        found = stretch(evidence, self.request)
        if isinstance(found, Finding):
            return found
        window, _ = found
        before = baseline(evidence)
        usual = ratio(evidence, self.attempts, self.request, before) if before is not None else None
        during = windows(evidence, self.attempts, self.request, window)
        if before is None or usual is None or usual.attempts == 0 or not during:
            return inconclusive(
                f"{self.attempts} counted nothing {'in the phase' if usual and usual.attempts else 'before the first fault'}",
                reason="not_counted",
                decide="a counter of attempts that is scraped at least every 5 s, before the fault and in it",
                cites=cites(evidence),
            )
        if not evidence.journal.watched(PROBE, "", window.start_s, window.end_s, GAP_S, LAG_S):
            return inconclusive(
                f"{self.attempts} was not read all the time",
                reason="not_watched",
                decide="a look of the probe series until after the window",
                cites=cites(evidence),
            )
        worst = max(during, key=lambda one: one.each)
        factors = sorted(one.each / usual.each for one in during)
        said = (
            f"{factors[-1]:.2f} times the usual attempts for each operation from {worst.start_s:.1f} s to {worst.end_s:.1f} s "
            f"({worst.attempts:.0f} for {worst.operations} operations; before the fault {usual.attempts:.0f} for "
            f"{usual.operations}; limit {self.at_most:g})"
        )
        measure = Measure(round(factors[0], 4), round(factors[-1], 4), "times", "grid")
        details = (("query", self.attempts), ("factors", " ".join(f"{one.each / usual.each:.2f}" for one in during)))
        if factors[-1] > self.at_most:
            return failed(said, reason="amplified", measure=measure, cites=cites(evidence), details=details)
        return passed(said, measure=measure, cites=cites(evidence), details=details)
