"""A service that came back after a release is no worse than before its deployment, but for a margin: non-inferiority."""

from __future__ import annotations

import math
from dataclasses import replace

from pydantic import Field, model_validator

from harness.expectations.base import Evidence, Reach, Stretch
from harness.expectations.margins import more_errors, needed, slower
from harness.expectations.requests import cites, folded, load_was_watched
from harness.expectations.sampled import cut_up, decide, too_short, unanswered
from harness.facts import GateHeld, Injecting
from harness.journal import Window
from harness.quantities import Model, More, Points, spell
from harness.stats.batches import NEEDED_S
from harness.verdict import Finding, Outcome, inconclusive

BEFORE, AFTER = "before the first fault", "after the return"
EARLIER = "; before it, a phase without a fault, or a longer `steady.for`, gives them"


class AsBefore(Model):
    """Margins: `errors: +0.5pp`, `p95: +20%`, one or both.

    Counts:  all requests from the return of the steady state to the end of the window (the phase's `then` included), against
             those from the gate's hold to the first injection; either in 6 to 12 equal batches, so 30 s or more.
    Decides: within only where the whole interval is (each end a one-sided 95 % bound), beyond only where all of it is.
    Source:  as for no_regression (harness/expectations/margins.py).
    """

    errors: Points | None = Field(default=None, description="at most so many percentage points more, +0.5pp")
    p95: More | None = Field(default=None, description="at most so much slower, +20%")

    @model_validator(mode="after")
    def _says_something(self) -> AsBefore:
        if self.errors is None and self.p95 is None:
            raise ValueError("as_before needs a margin: errors, p95, or both")
        return self

    def undecidable(self, reach: Reach) -> str:
        """Why this run is too small for it however soon the release leaves, or ''; of both sides at once."""
        sides = [(AFTER, self._left(reach, 0.0, reach.settle_most))]
        if reach.before is not None:
            sides.append((BEFORE, reach.before))
        few = [f"{_told(stretch)} are {what}" for what, stretch in sides if self._lacks_s(stretch)]
        cure = EARLIER if reach.before is not None and self._lacks_s(reach.before) else ""
        return f"as_before: {' and '.join(few)}, needed are {self._least()}{cure}" if few else ""

    def doubtful(self, reach: Reach, within_s: float) -> str:
        """Why it stays open where the return takes all of `within`, or ''."""
        left = self._left(reach, within_s, reach.settle_least)
        lacks_s = self._lacks_s(left)
        if not lacks_s or self._lacks_s(self._left(reach, 0.0, reach.settle_most)):
            return ""
        longer = f"; a phase longer by {math.ceil(lacks_s)}s would do" if math.isfinite(lacks_s) else ""
        return (
            f"as_before: {_told(left)} are {AFTER} where that takes all of `within`, needed are {self._least()}{longer}"
        )

    def needs(self) -> str:
        return f"{self._least()}, {BEFORE} and {AFTER}"

    def _least(self) -> str:
        return f"{needed(self.errors, self.p95)} requests and {NEEDED_S:g}s"

    def _left(self, reach: Reach, since_s: float, settle: Stretch) -> Stretch:
        """Of the phase from then on, and of its settling: both are compared."""
        left_s = max(0.0, reach.window_s - since_s)
        due = reach.arrivals * left_s / reach.window_s if left_s else 0.0
        return Stretch(left_s + settle.length_s, due + settle.arrivals)

    def _lacks_s(self, stretch: Stretch) -> float:
        """How much longer it would have to be, at its own rate."""
        missing = max(0.0, needed(self.errors, self.p95) - stretch.arrivals)
        rate = stretch.arrivals / stretch.length_s if stretch.length_s else 0.0
        few_s = missing / rate if rate else math.inf if missing else 0.0
        return max(few_s, NEEDED_S - stretch.length_s if stretch.length_s < NEEDED_S - 1e-9 else 0.0)

    def check(self, evidence: Evidence, since_s: float, end_s: float) -> Finding:  # noqa: PLR0911 (one return for each thing there is to say)
        """The answers of [since_s, end_s), from when the steady state was back, against those of before."""
        window, before = Window(since_s, end_s), before_all(evidence)
        if before is None:
            return _open(evidence, f"there was no steady state {BEFORE}", "a gate, and load before the first fault")
        if not load_was_watched(evidence.journal, before.start_s, before.end_s):
            return _open(
                evidence,
                f"the load was not seen at work all the time {BEFORE}",
                "a sample of the load process every second",
            )
        for name, one in (("the time after the return", window), (f"the time {BEFORE}", before)):
            waiting = folded(evidence, one.start_s, one.end_s).waiting
            if waiting:
                return replace(unanswered(evidence, waiting), reason="too_few")
            if one.length_s < NEEDED_S - 1e-9:
                return too_short(evidence, name, one)
        these, those = cut_up(evidence, window, ""), cut_up(evidence, before, "")
        if not sum(batch.n for batch in these) or not sum(batch.n for batch in those):
            return _open(evidence, f"no request was due after the return, or {BEFORE}", "load on both sides")
        bounds = [more_errors(these, those, self.errors, f"the time {BEFORE}")] if self.errors is not None else []
        ratio = slower(these, those, self.p95, f"the time {BEFORE}") if self.p95 is not None else None
        bounds += [ratio] if ratio is not None else []
        found = decide(bounds, cites(evidence), ()) if bounds else None
        if found is not None and found.outcome is Outcome.FAILED:
            return replace(found, reason="worse_than_before")
        if found is None or (self.p95 is not None and ratio is None):
            return _open(evidence, f"p95 is not finite {BEFORE}", "answers to at least 95 of 100 requests")
        return found if found.outcome is Outcome.PASSED else replace(found, reason="too_few")


def before_all(evidence: Evidence) -> Window | None:
    """From the gate's hold to the first injection of the run."""
    held, first = evidence.journal.first(GateHeld), evidence.journal.first(Injecting)
    return Window(held.at_s - evidence.steady.for_s, first.at_s) if held and first else None


def _open(evidence: Evidence, said: str, decide_by: str) -> Finding:
    return inconclusive(said, reason="too_few", decide=decide_by, cites=cites(evidence))


def _told(stretch: Stretch) -> str:
    """'40s with about 240 requests'."""
    due = f" with about {stretch.arrivals:.0f} requests" if math.isfinite(stretch.arrivals) else ""
    return f"{spell(round(stretch.length_s, 3))}{due}"
