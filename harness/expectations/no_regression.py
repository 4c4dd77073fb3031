"""A stretch is no worse than the steady state before the first fault, or than another phase, but for a margin."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from pydantic import Field, model_validator

from harness.expectations.base import Evidence, Expectation, Reach
from harness.expectations.dropped import undecided, whose, with_dropped
from harness.expectations.errors_below import Allowed
from harness.expectations.margins import more_errors, needed, slower
from harness.expectations.requests import cites, error_rows, folded, load_was_watched, nothing_sent, slowest_row
from harness.expectations.sampled import cut_up, decide, in_batches, too_short, unanswered
from harness.facts import GateHeld, Injecting, PhaseBegan
from harness.journal import Window
from harness.quantities import More, Points, spell
from harness.stats.batches import NEEDED_S, Batch
from harness.verdict import Finding, Outcome, inconclusive

BASELINE = ""


class NoRegression(Expectation):
    """Errors and p95 are no worse than before the first fault, but for a margin.

        expect:
          - no_regression: {request: POST /checkout, errors: +0.5pp, p95: +10%}
          - no_regression: {against: calm, errors: +0.1pp}

    Units:   errors in percentage points more than before, p95 in percent more. Write it in a phase without a fault to ask
             whether all is as it was, in a phase with one to ask whether it was felt.
    Counts:  the requests due in the phase against those of the baseline: the gate's hold up to the first injection, or the
             phase named by `against`; either in 6 to 12 equal batches, so 30 s or more.
    Decides: non-inferiority, which is not "no significant difference": passed only when the whole interval of the difference
             is within the margin, failed only when all of it is beyond. +0.1pp without a single error needs 2 700 requests
             on either side; `drill plan` refuses what the run is too small for.
    Source:  Newcombe's interval on the batches' effective totals (harness/stats/proportions.py); for p95 the ratio by
             resampled batches, seeded (harness/stats/bootstrap.py). Each end is a one-sided 95 % bound.
    """

    word: ClassVar[str] = "no_regression"
    timed: ClassVar[tuple[str, ...]] = ("not_met",)
    by_errors: ClassVar[bool] = True
    sampling: ClassVar[bool] = True

    request: str = Field(default="", description="a request's name, such as POST /checkout; all when left out")
    against: str = Field(default=BASELINE, description="a phase to compare with; the steady state before any fault")
    errors: Points | None = Field(default=None, description="at most so many percentage points more, +0.1pp")
    p95: More | None = Field(default=None, description="at most so much slower, +10%")
    allow: tuple[Allowed, ...] = Field(default=(), description="outcomes that are no errors here")

    @model_validator(mode="after")
    def _says_something(self) -> NoRegression:
        if self.errors is None and self.p95 is None:
            raise ValueError("no_regression needs a margin: errors, p95, or both")
        return self

    def about(self) -> str:
        return self.request or "all"

    def undecidable(self, reach: Reach) -> str:
        if reach.then:
            return "it compares a stretch of known length: write it under `expect` of a phase (one without faults, for after)"
        other = reach.stretches.get(self.against)
        if reach.stretches and other is None:
            return f"there is no phase {self.against!r} to compare with; there are {', '.join(filter(None, reach.stretches))}"
        if other is not None and other.faulted:
            return f"phase {self.against!r} has a fault of its own: compare with one without, or with the steady state"
        least = needed(self.errors, self.p95)
        sides = [("the phase", reach.window_s, reach.arrivals)]
        if other is not None:
            sides.append((f"{self.against or 'the gate'}", other.length_s, other.arrivals))
        for what, length_s, arrivals in sides:
            if length_s < NEEDED_S:
                hint = "; let `steady.for` be longer, or name a phase with `against`" if what == "the gate" else ""
                return f"{what} lasts {spell(length_s)}, and six batches of five seconds need {NEEDED_S:g}s{hint}"
            if arrivals < least:
                return f"about {arrivals:.0f} requests are due in {what}, at least needed are {least}"
        return ""

    def needs(self, reach: Reach) -> str:
        least = needed(self.errors, self.p95)
        return f"{least} requests and {NEEDED_S:g}s, here and in {self.against or 'the gate'}"

    def check(self, evidence: Evidence) -> Finding:  # noqa: PLR0911 (one return for each thing there is to say)
        asked, dropped = whose(evidence, evidence.window, self.request)
        found = in_batches(evidence, asked, self.allow)
        if isinstance(found, Finding):
            return found
        window, these = found
        before = self._before(evidence)
        if isinstance(before, Finding):
            return before
        base = folded(evidence, before.start_s, before.end_s, asked)
        if base.n == 0:
            return nothing_sent(evidence, self.request)
        if base.waiting:
            return unanswered(evidence, base.waiting)
        those = cut_up(evidence, before, asked, self.allow)
        if not those:
            return too_short(evidence, self._name(), before)
        rows = error_rows(evidence, window, asked, self.allow) or slowest_row(evidence, window, asked, False)
        cited = (*cites(evidence), *rows)
        finding = self._judged(cited, window, these, before, those)
        if not dropped or finding.outcome is not Outcome.PASSED:
            return finding
        with_them = self._judged(cited, window, with_dropped(evidence, these), before, those)
        return finding if with_them.outcome is Outcome.PASSED else undecided(finding, dropped)

    def _judged(
        self,
        cited: tuple[str, ...],
        window: Window,
        these: Sequence[Batch],
        before: Window,
        those: Sequence[Batch],
    ) -> Finding:
        bounds = [more_errors(these, those, self.errors, self._name())] if self.errors is not None else []
        ratio = slower(these, those, self.p95, self._name()) if self.p95 is not None else None
        bounds += [ratio] if ratio is not None else []
        details = (
            ("window", _told(window, these)),
            (self._name(), _told(before, those)),
            ("errors per batch", _ks(these)),
            ("errors per batch before", _ks(those)),
        )
        judged = decide(bounds, cited, details) if bounds else None
        if judged is not None and (judged.outcome is Outcome.FAILED or self.p95 is None or ratio is not None):
            return judged
        return inconclusive(
            f"p95 of {self._name()} is not finite: one request of twenty had no answer",
            reason="no_evidence",
            decide="answers on both sides; errors_below says how many are missing",
            cites=cited,
        )

    def _name(self) -> str:
        return f"phase {self.against!r}" if self.against else "the steady state before the first fault"

    def _before(self, evidence: Evidence) -> Window | Finding:
        journal = evidence.journal
        window = journal.window(self.against) if self.against else baseline(evidence)
        if window is None or not window.ended or window.length_s <= 0:
            return inconclusive(
                f"{self._name()} never was",
                reason="not_begun",
                decide="a run that gets that far",
                cites=cites(evidence),
            )
        if not load_was_watched(journal, window.start_s, window.end_s):
            return inconclusive(
                f"the load was not seen at work all the time from {window.start_s:.1f} s to {window.end_s:.1f} s",
                reason="not_watched",
                decide="a sample of the load process every second until after the window",
                cites=cites(evidence),
            )
        return window


def baseline(evidence: Evidence) -> Window | None:
    """The steady state before the first fault: the gate's hold, and what came after it until the first phase or fault."""
    journal = evidence.journal
    held = journal.first(GateHeld)
    ends = [one.at_s for one in (journal.first(Injecting), journal.first(PhaseBegan)) if one is not None]
    return Window(held.at_s - evidence.steady.for_s, min(ends)) if held and ends else None


def _told(window: Window, cut: Sequence[Batch]) -> str:
    n = " ".join(str(batch.n) for batch in cut)
    return f"{window.start_s:.3f} s to {window.end_s:.3f} s, {len(cut)} batches of {n} requests"


def _ks(cut: Sequence[Batch]) -> str:
    return " ".join(str(batch.errors) for batch in cut)
