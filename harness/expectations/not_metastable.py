"""When the trigger is gone, the trouble is gone: a service does not keep itself down by its own retries."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import ClassVar

from pydantic import Field

from harness.expectations.attempt_background import ASIDE_DECIDE
from harness.expectations.attempt_factor import Factor, factor
from harness.expectations.base import Evidence, Expectation, Reach
from harness.expectations.no_regression import baseline
from harness.expectations.recovers import away_of, held_until_s
from harness.expectations.requests import cites, error_rows, folded, load_was_watched, not_begun, slowest_row
from harness.journal import Window
from harness.landings import mends
from harness.quantities import Milliseconds, Seconds, figures, spell
from harness.stats import Fold
from harness.stats.batches import batch, batches
from harness.stats.condition import show_ms
from harness.stats.proportions import clustered, effective, newcombe, p_beyond
from harness.verdict import Finding, Measure, failed, inconclusive, passed

GOOD = 0.9  # of the goodput before the fault: less than this, surely, in the last third is "not back"
SAME_LOAD = 0.02
WATCHED = 5.0  # times as long as the fault was on: what has not come back by then will not
CONFIDENCE = 0.90
RISES = 0.98  # its reason is another one where goodput rises: of a hundred that stay low, chance lets one seem to
SHORTEST_HOLD_S = 90.0  # its last third holds six batches


@dataclass(frozen=True)
class Goodput:
    """Of the requests due in each batch, those answered `ok` within the limit."""

    good: tuple[int, ...]
    n: tuple[int, ...]

    def interval(self, confidence: float = CONFIDENCE) -> tuple[float, float]:
        return clustered(self.good, self.n, confidence)


class NotMetastable(Expectation):
    """After the fault the service does as much as before, and is not kept down by work that it makes for itself.

        then:
          - not_metastable: {for: 120s, within: 1s}
          - not_metastable: {for: 180s, attempts: 'payment_attempts_total{job="api"}', amplification: 1.3}

    Units:   `for` is how long it is watched after the phase's end (1m30s or more); `within` what a good answer may take (the
             load's time-out when left out); `amplification` a factor on the usual attempts for each operation. Stands in `then` alone.
    Counts:  goodput: requests answered `ok` within the time, of all that were due, in the last third of `for` against the
             steady state before the first fault. With `attempts` (a selector of counters) also what is asked of the dependency.
    Decides: only with the fault shown to be gone by the witness and the load within 2 % of what it was. Passed when goodput is
             surely at least 0.9 of what it was and attempts are within the limit (beyond it and yet no more a second than before,
             they are open: background; unhurt where the faults never broke the steady state, so that nothing was tried). Failed
             when it is surely less, and the reason tells why: metastable (attempts stay amplified), permanent_damage (they do
             not), slow_recovery (it rises), not_back (attempts were not counted, or may be others').
    Source:  Bronson et al., Metastable Failures in Distributed Systems (HotOS 2021); Huang et al., Metastable Failures in the
             Wild (OSDI 2022). Open arrivals are needed: users that wait for answers take the load away themselves.
    """

    word: ClassVar[str] = "not_metastable"
    timed: ClassVar[tuple[str, ...]] = ("metastable", "slow_recovery", "permanent_damage", "not_back")
    by_errors: ClassVar[bool] = True
    sampling: ClassVar[bool] = True

    for_s: Seconds = Field(
        default=120.0,
        alias="for",
        ge=SHORTEST_HOLD_S,
        examples=["2m", "90s"],
        description=f"watched so long after the phase, {spell(SHORTEST_HOLD_S)} or more",
    )
    within: Milliseconds | None = Field(default=None, description="what a good answer may take; the load's time-out")
    request: str = Field(default="", description="a request's name, such as POST /checkout; all when left out")
    attempts: str = Field(default="", description="a selector of counters of the attempts at the dependency")
    amplification: float = Field(default=1.3, ge=1, description="attempts may be so many times the usual ones")

    def about(self) -> str:
        return self.request or "all"

    def late_s(self) -> float | None:
        return self.for_s

    def decided_in(self, evidence: Evidence) -> Window | None:
        window = evidence.window
        if window is None:
            return None
        end_s = window.start_s + self.for_s
        return Window(end_s - self.for_s / 3, end_s)

    def stands(self, evidence: Evidence, finding: Finding) -> bool:
        return self.by_time(finding) and finding.reason != "slow_recovery"  # it comes back, only late

    def series(self) -> tuple[str, ...]:
        return (self.attempts,) if self.attempts else ()

    def undecidable(self, reach: Reach) -> str:
        if not reach.then:
            return "not_metastable is about the time after a phase: write it under `then`"
        if not reach.faulted:
            return "there is no fault in this phase that could leave anything behind"
        if reach.closed:
            return "users that wait for their answers (load: users) take the load away themselves: it needs `arrivals`"
        return ""

    def doubtful(self, reach: Reach) -> str:
        long_s = WATCHED * reach.hurt_s
        if self.for_s >= long_s:
            return ""
        return (
            f"it is watched for {spell(self.for_s)} after a fault of {spell(reach.hurt_s)}: a backlog of that size may drain by "
            f"itself later; {spell(long_s)} would tell"
        )

    def needs(self, reach: Reach) -> str:
        return f"{spell(self.for_s)} after the phase, at the rate of before"

    def check(self, evidence: Evidence) -> Finding:  # noqa: PLR0911 (one return for each thing there is to say)
        journal, window = evidence.journal, evidence.window
        if window is None:
            return not_begun(evidence)
        start_s, end_s = window.start_s, window.start_s + self.for_s
        until_s = held_until_s(journal, start_s)
        if journal.end_s < end_s + evidence.timeout_s and not evidence.over:
            return self._open(evidence, f"{spell(self.for_s)} after the phase were not over at {journal.end_s:.1f} s")
        if until_s < end_s - 1e-6:
            return self._open(evidence, f"the stack was left alone for {until_s - start_s:.1f} s only")
        before = baseline(evidence)
        if before is None or not all(load_was_watched(journal, *span) for span in (_of(before), (start_s, end_s))):
            return inconclusive(
                "the load was not seen at work all the time before the first fault and after it",
                reason="not_watched",
                decide="a sample of the load process every second, before the first fault and after",
                cites=cites(evidence),
            )
        on = [id_ for id_, gone in mends(journal, evidence.faults, evidence.rows).items() if gone.outcome != "landed"]
        on += [id_ for id_ in evidence.faults if id_ not in mends(journal, evidence.faults, evidence.rows)]
        if on:
            return inconclusive(
                f"not shown to be gone: {', '.join(on)}",
                reason="trigger_on",
                decide="looks of the witness that show each fault gone",
                cites=cites(evidence),
            )
        usual, base = folded(evidence, *_of(before), self.request), folded(evidence, start_s, end_s, self.request)
        if not usual.n or not base.n or not _alike(usual, base):
            return inconclusive(
                f"{figures(base.rate_per_s)} requests a second were due after the fault, {figures(usual.rate_per_s)} before it",
                reason="load_changed",
                decide="the same rate of arrivals before the first fault and after it",
                cites=cites(evidence),
            )
        return self._judged(evidence, before, Window(start_s, end_s))

    def _open(self, evidence: Evidence, because: str) -> Finding:
        return inconclusive(
            because,
            reason="window_open",
            decide=f"{spell(self.for_s)} of load after the phase, without another fault",
            cites=cites(evidence),
        )

    def _judged(self, evidence: Evidence, before: Window, after: Window) -> Finding:
        third_s = after.end_s - self.for_s / 3
        last = self._goodput(evidence, third_s, after.end_s)
        # before the fault the stretch may be short: it is the measure, and counted whole
        whole = batch(evidence.rows, *_of(before), self.request)
        usual = whole.good_within(self._limit_ms(evidence)) / whole.n
        if usual == 0:
            return inconclusive(
                f"not one of {whole.n} requests before the first fault was answered well within "
                f"{show_ms(self._limit_ms(evidence))}, so that there was no goodput to lose",
                reason="no_evidence",
                decide="a `within` that the steady state keeps, and a `request` that is answered well in it",
                cites=cites(evidence),
            )
        limit = GOOD * usual
        low, high = last.interval()
        third = Window(third_s, after.end_s)
        amplified = (
            factor(evidence, self.attempts, self.request, before, third, self.amplification) if self.attempts else None
        )
        hysteresis = self._hysteresis(evidence, usual, after)
        within = show_ms(self._limit_ms(evidence))
        said = (
            f"in the last third of {spell(self.for_s)} after the fault {low * 100:.3g}% to {high * 100:.3g}% of the requests "
            f"were answered well within {within} ({sum(last.good)} of {sum(last.n)}; {usual * 100:.3g}% before the first fault, "
            f"limit {GOOD:g} of it){self._told(amplified)}"
        )
        measure = Measure(round(low * 100, 4), round(high * 100, 4), "%", "sampling")
        rows = error_rows(evidence, third, self.request, ()) or slowest_row(evidence, third, self.request, False)
        cited = (*cites(evidence), *rows)
        details = (
            ("window", f"{after.start_s:.3f} s to {after.end_s:.3f} s, last third from {third_s:.3f} s"),
            ("good per batch", " ".join(str(k) for k in last.good)),
            ("requests per batch", " ".join(str(n) for n in last.n)),
            ("goodput lost since the fault", f"{hysteresis * 100:.3g}%"),
        )
        # P(as few good ones), were goodput just at the limit: the same bound, of those that were not good
        bad = [n - k for k, n in zip(last.good, last.n, strict=True)]
        p = p_beyond(lambda confidence: clustered(bad, last.n, confidence)[0], 1 - limit)
        if high < limit:
            finding = failed(
                said,
                reason="slow_recovery"
                if self._rises(evidence, after)
                else "not_back"
                if amplified is None or (amplified.beyond and not amplified.sure)
                else "metastable"
                if amplified.sure
                else "permanent_damage",
                measure=measure,
                cites=cited,
                details=details,
            )
        elif low < limit:
            finding = inconclusive(
                said,
                reason="straddles",
                decide="more requests, or a longer `for`",
                measure=measure,
                cites=cited,
                details=details,
            )
        elif self.attempts and amplified is None:
            finding = inconclusive(
                said,
                reason="not_counted",
                decide=f"a scraped counter {self.attempts}, before the fault and after it",
                measure=measure,
                cites=cited,
                details=details,
            )
        elif amplified is not None and amplified.sure:
            finding = failed(said, reason="amplified", measure=measure, cites=cited, details=details)
        elif amplified is not None and amplified.beyond:
            finding = inconclusive(
                said, reason="background", decide=ASIDE_DECIDE, measure=measure, cites=cited, details=details
            )
        else:
            reason = "met" if (away := away_of(evidence, after.start_s)).broke else "unhurt"
            said += (
                "" if away.broke else "; the faults never broke the steady state, so that it was not put to the test"
            )
            finding = passed(said, reason=reason, measure=measure, cites=cited, details=details)
        return replace(finding, p_value=round(p, 9)) if finding.reason != "amplified" else finding

    def _rises(self, evidence: Evidence, after: Window) -> bool:
        """Whether goodput surely rose from the middle third of the time to the last."""
        third_s = self.for_s / 3
        middle = self._goodput(evidence, after.start_s + third_s, after.end_s - third_s)
        last = self._goodput(evidence, after.end_s - third_s, after.end_s)
        return newcombe(*effective(last.good, last.n), *effective(middle.good, middle.n), RISES)[0] > 0

    def _told(self, amplified: Factor | None) -> str:
        if amplified is None:
            return "; attempts were not counted" if self.attempts else ""
        return f"; {amplified}"

    def _goodput(self, evidence: Evidence, start_s: float, end_s: float) -> Goodput:
        parts, limit_ms = batches(evidence.rows, start_s, end_s, self.request), self._limit_ms(evidence)
        return Goodput(tuple(part.good_within(limit_ms) for part in parts), tuple(part.n for part in parts))

    def _hysteresis(self, evidence: Evidence, usual: float, after: Window) -> float:
        """The share of the usual goodput that was lost from the end of the fault on: H of the definition."""
        cut_up = self._goodput(evidence, *_of(after))
        lost = [max(0.0, usual - k / n) for k, n in zip(cut_up.good, cut_up.n, strict=True) if n]
        return sum(lost) / len(lost) / usual if lost and usual else 0.0

    def _limit_ms(self, evidence: Evidence) -> float:
        return self.within if self.within is not None else evidence.timeout_s * 1000


def _alike(usual: Fold, now: Fold) -> bool:
    """The same rate, but for 2 % and for what chance does to random arrivals (three standard deviations)."""
    chance = 3 * math.sqrt(1 / usual.n + 1 / now.n)
    return abs(now.rate_per_s / usual.rate_per_s - 1) <= SAME_LOAD + chance


def _of(window: Window) -> tuple[float, float]:
    return window.start_s, window.end_s
