"""A dependency in trouble is not asked far more often than users ask: retries stay within a budget."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from harness.expectations import alerts
from harness.expectations.attempt_background import ASIDE_DECIDE, Background
from harness.expectations.attempt_cells import WINDOW_S, Cells, background, cells
from harness.expectations.attempts import GAP_S, LAG_S, PROBE, Ratio, ratio
from harness.expectations.base import Evidence, Expectation, Reach
from harness.expectations.client_retries import either_way
from harness.expectations.no_regression import baseline
from harness.expectations.requests import cites, stretch
from harness.quantities import spell
from harness.verdict import Finding, Measure, failed, inconclusive, passed

MOST = 40.0
TURNS = 4.0  # operations that a stretch may hold too many or too few at its edges


class RetriesBounded(Expectation):
    """The dependency gets at most so many times the attempts for each operation that it got before the fault.

        expect:
          - retries_bounded: {attempts: 'payment_attempts_total{job="api"}', request: POST /checkout, at_most: 1.3}

    Units:   a factor; 1 is what one operation takes when all is well, as the time before the first fault shows.
    Counts:  the rise of the counter `attempts` (a selector: the caller's of its calls, or the dependency's own of what it
             was asked) between scrapes, over stretches of 5 s or more, against the operations due in them and those let go
             in them that were held up before; from the last scrape before the phase to the first after it.
    Decides: failed when any stretch of the phase is surely beyond, whatever was under way, and has more attempts a second than
             before the fault too: health checks, pollers and workers that are counted do not become fewer with the operations
             (background). Passed when the phase is over, every target was scraped all the time, and none is. A counter at the
             dependency does not see attempts that were refused: where it stands at the caller, it does; and one of a process that
             ends loses its last ones. Requests that the load's own client sends again are one operation, or several: it decides
             where both readings say the same (retried).
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

    def needs(self, reach: Reach) -> str:
        return f"{self._least:.0f} operations"

    @property
    def _least(self) -> float:
        """So many operations that a few which have their attempts on the other side of an edge do not turn a stretch."""
        return min(MOST, TURNS / max(self.at_most - 1, TURNS / MOST))

    def unseen(self, reach: Reach) -> str:
        return alerts.unseen(reach)

    def series(self) -> tuple[str, ...]:
        return (self.attempts,)

    def check(self, evidence: Evidence) -> Finding:
        window = evidence.window
        return either_way(evidence, window.start_s if window else 0.0, self._checked)

    def _checked(self, evidence: Evidence) -> Finding:
        found = stretch(evidence, self.request)
        if isinstance(found, Finding):
            return found
        window, _ = found
        if self.attempts not in evidence.series:
            return self._open(
                evidence,
                f"raw samples of {self.attempts} were not kept in this run",
                "not_recorded",
                "a run with this claim in its drill, in which Prometheus answers",
            )
        before = baseline(evidence)
        usual = ratio(evidence, self.attempts, self.request, before) if before is not None else None
        if before is None or usual is None or usual.attempts == 0 or usual.lost:
            because = f" ({usual.lost})" if usual is not None and usual.lost else ""
            return self._open(
                evidence,
                f"{self.attempts} counted nothing to go by before the first fault{because}",
                "not_counted",
                "a counter of attempts that is scraped before the fault and in it",
            )
        if not evidence.journal.watched(PROBE, "", window.start_s, window.end_s, GAP_S, LAG_S):
            return self._open(
                evidence,
                f"{self.attempts} was not read all the time",
                "not_watched",
                "a look of the probe series until after the window",
            )
        seen = cells(evidence, self.attempts, self.request, window, usual)
        if seen.waits and not evidence.over:
            return self._open(evidence, seen.unread, "window_open", "a scrape of every target after the window")
        aside = background(evidence, self.attempts, self.request, before, usual)
        return self._judged(evidence, usual, seen, aside)

    def _judged(self, evidence: Evidence, usual: Ratio, seen: Cells, aside: Background) -> Finding:
        sure, during = seen.beyond(usual, self.at_most, aside), seen.joined(self._least)
        unsure = None if sure else seen.beyond(usual, self.at_most, Background.none())
        worst = sure or unsure or max(during, key=lambda one: one.each, default=None)
        if worst is None:
            return self._open(
                evidence, f"{self.attempts}: {seen.unread}", "not_counted", "a counter scraped in the phase"
            )
        factors = sorted(one.each / usual.each for one in during)
        factor, counted = worst.each / usual.each, worst.counted
        said = (
            f"{factor:.2f} times the usual attempts for each operation from {counted.start_s:.1f} s to {counted.end_s:.1f} s "
            f"({counted.attempts:.0f} for {worst.operations:.0f} operations; before the fault {usual.attempts:.0f} for "
            f"{usual.operations:.0f}; limit {self.at_most:g})"
        )
        measure = Measure(round(factors[0], 4), round(max(factors[-1], factor), 4), "times", "grid")
        details = (("query", self.attempts), ("factors", " ".join(f"{one.each / usual.each:.2f}" for one in during)))
        if sure is not None:
            return failed(said, reason="amplified", measure=measure, cites=cites(evidence), details=details)
        if seen.unread:
            return self._open(
                evidence,
                f"{seen.unread}; elsewhere {said}",
                "not_watched",
                "a scrape of every target at its usual interval from before the phase until after it, of processes that live "
                "through it (where the caller ends, the dependency's own counter)",
                details,
            )
        if unsure is not None:
            return self._open(
                evidence, f"{said}; {aside.told(counted)}", reason="background", decide=ASIDE_DECIDE, details=details
            )
        if factor > self.at_most or worst.operations < self._least:
            return self._open(
                evidence,
                f"{said}, which may be by chance, or of what had been held up before",
                "too_few",
                f"{self._least:.0f} operations and more, well within the phase, and scrapes that are nearer to each other",
                details,
            )
        return passed(said, measure=measure, cites=cites(evidence), details=details)

    def _open(
        self, evidence: Evidence, because: str, reason: str, decide: str, details: tuple[tuple[str, str], ...] = ()
    ) -> Finding:
        return inconclusive(because, reason=reason, decide=decide, cites=cites(evidence), details=details)
