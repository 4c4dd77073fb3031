"""What the rollback alone leaves broken (parked messages, a cache, a schema) is healed by the runbook's next step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from pydantic import Field

from harness.expectations import alerts
from harness.expectations.band import GAP_S, PROBE, Band, Look
from harness.expectations.base import Evidence, Reach
from harness.expectations.command_end import ended_ill
from harness.expectations.recovers import PATIENCE
from harness.expectations.requests import still_open, surely_away
from harness.expectations.steps import Step
from harness.facts import (
    Deployed,
    Fact,
    Injected,
    LeverAnswered,
    LeverAsked,
    LeverEnded,
    LeverPulled,
    PhaseSettled,
)
from harness.journal import Window
from harness.quantities import Seconds, spell
from harness.verdict import Finding, Measure, failed, inconclusive, passed


class Healed(Step):
    """Harm that a rollback does not undo is undone by the runbook's next step, and stays undone.

        expect:
          - healed: {by: runbook, command: [./replay.sh], trigger: page OrdersParked, after_rollback: 10s, harm: {query: "sum(orders_parked)", below: 1}, within: 60s}
          - healed: {by: system, harm: {query: "max(queue_age_seconds)", below: 30}, within: 90s}

    Units:   `within` from the phase's beginning to the first answer of the query that is within `harm` and after which none was
             beyond it until the phase's `then` was over. `harm` in the query's own units (PromQL).
    Counts:  the query, asked once a second. `by`, `command`, `shell`, `trigger` and `timeout` as for `rolled_back`. With
             `after_rollback` the step waits until the rollback's command has ended with 0 (without a command: until no container runs
             the bad release any more) and then so long: what the query says meanwhile shows whether the rollback alone heals.
    Decides: once the phase's `then` is over. Inconclusive where the query was never beyond its limit, or was well again before the step
             began: then there was nothing to heal, and the step was not tried. An answer may be as old as a scrape interval, and
             as the query reads back: open (too_near) where `within` ends in that time before the last that was beyond, and where
             the harm is not known to have been there within 5 s of the step's beginning.
    Source:  Prometheus' /api/v1/query, as old as the last scrape; the lever's own facts.
    """

    word: ClassVar[str] = "healed"
    does: ClassVar[str] = "heals"
    timed: ClassVar[tuple[str, ...]] = ("late",)
    by_errors: ClassVar[bool] = True

    harm: Band = Field(description="the number that tells of the harm, and where it belongs")
    within_s: Seconds = Field(
        alias="within", gt=0, description="from the phase's beginning until it is well, and stays so"
    )
    after_rollback_s: Seconds | None = Field(
        default=None,
        alias="after_rollback",
        description="so long after the end of a rollback; not waited for when left out",
    )

    def about(self) -> str:
        return self.by

    @property
    def waits_s(self) -> float | None:
        return self.after_rollback_s

    def asks(self) -> str:
        return f"{self.harm.query} is not {self.harm.limit}: begin the next step of the runbook?"

    def late_s(self) -> float | None:
        return self.within_s

    def patient(self, evidence: Evidence) -> Healed:
        return self.model_copy(update={"within_s": PATIENCE * self.within_s})

    def asked_in(self, evidence: Evidence) -> Window | None:
        window, settled = evidence.window, evidence.journal.first(PhaseSettled, phase=evidence.phase)
        return window if window is None or settled is None else Window(window.start_s, settled.at_s)

    def stands(self, evidence: Evidence, finding: Finding) -> bool:
        """The harm is a number that may be of lateness: users must have been answered with errors meanwhile."""
        window, measure = evidence.window, finding.measure
        if window is None or measure is None or not self.by_time(finding):
            return False
        return surely_away(evidence, window.start_s + self.within_s, window.start_s + measure.low)

    def queries(self) -> tuple[str, ...]:
        return (self.harm.query,)

    def unseen(self, reach: Reach) -> str:
        return alerts.unseen(reach) or super().unseen(reach)

    def undecidable(self, reach: Reach) -> str:
        if reach.then or not reach.faulted:
            return "healed is about a phase with a fault: write it under that phase's `expect`"
        if self.service and not reach.releases:  # then it says what the step touches
            return reach.no_service(self.service)
        if self.service and self.service not in reach.releases:
            return f"no bad_release in this phase is of {self.service}"
        if self.within_s > reach.window_s:
            return f"`within` is {spell(self.within_s)}, but the phase is over after {spell(reach.window_s)}"
        if self.after_rollback_s is not None and not reach.releases:
            return "`after_rollback` waits for a rollback, and there is no bad_release in this phase"
        return ""

    def check(self, evidence: Evidence) -> Finding:
        window = alerts.begun(evidence)
        if isinstance(window, Finding):
            return window
        settled = evidence.journal.first(PhaseSettled, phase=evidence.phase)
        if settled is None:
            return still_open(evidence, window)
        return _Judging(self, evidence, window, settled.seen_s).finding()


class _Judging:
    """What the query told from the phase's beginning until its `then` was over, held against one claim."""

    def __init__(self, claim: Healed, evidence: Evidence, window: Window, end_s: float) -> None:
        self.claim, self.evidence, self.start_s, self.end_s = claim, evidence, window.start_s, end_s
        journal = evidence.journal
        self.looks = claim.harm.looks(journal, self.start_s, end_s)
        beyond = next((look for look in reversed(self.looks) if look.well is False), None)
        self.stale_s = claim.harm.stale_s(journal, beyond.worst) if beyond else 0.0
        self.asked = journal.first(LeverAsked, lever=claim.id, until_s=end_s)
        self.answered = journal.first(LeverAnswered, lever=claim.id, until_s=end_s)
        self.pulled = journal.first(LeverPulled, lever=claim.id, until_s=end_s)
        self.ended = journal.first(LeverEnded, lever=claim.id, until_s=end_s)
        self.rolled_back = self._rollback()

    def finding(self) -> Finding:
        claim, looks = self.claim, self.looks
        if not claim.harm.watched(self.evidence.journal, self.start_s, self.end_s):
            what = f"whether {claim.harm.query} was {claim.harm.limit} is not known"
            never = alerts.never_asked(self.evidence, claim.harm.query, PROBE)
            return never or alerts.not_watched(self.evidence, what, probe=PROBE, target=claim.harm.query)
        if not looks or looks[-1].well is None:
            at = f" at {self._at(looks[-1].at_s)}" if looks else ""
            return self._open(
                f"{claim.harm.query} gave no number{at}",
                reason="no_data",
                decide="a query that gives a number all the time",
            )
        beyond = [number for number, look in enumerate(looks) if look.well is False]
        if not beyond:
            said = f"{claim.harm.query} was never beyond its limit ({claim.harm.limit})"
            return self._open(said, reason="nothing_to_heal", decide="a fault that does this harm")
        last = beyond[-1]
        if last == len(looks) - 1:
            return self._still(looks[last])
        after = next((look for look in looks[last + 1 :] if look.well), looks[-1])
        return self._well(looks[last], after)

    # --- the two ends of the story ---------------------------------------------------------------------------------------

    def _still(self, last: Look) -> Finding:
        """It is not healed at the end: why, as far as is known."""
        claim, ended = self.claim, self.ended
        still = f"{claim.harm.query} was still {last.said} at {self._at(last.at_s)} (limit {claim.harm.limit}){self._alone()}"
        if claim.by == "human" and self.asked is not None and not self.asked.there:
            said = f"nobody could be asked, for there was no terminal; {still}"
            return self._open(said, reason="not_asked", decide="a terminal")
        if ended is not None and ended.exit_code == 0:
            return self._said_done(f"{claim.text} ended with 0 at {self._at(ended.seen_s)}, but {still}", last)
        if ended is not None:
            return self._failed(f"{claim.text} {ended_ill(ended)}; {still}", reason="step_failed", looks=(last,))
        if self.pulled is not None:
            said = f"the step was begun at {self._at(self.pulled.seen_s)}, but {still}"
            return self._failed(said, reason="not_healed", looks=(last,))
        if claim.by == "system":
            return self._failed(f"nothing healed it: {still}", reason="not_healed", looks=(last,))
        return self._never_begun(still, last)

    def _never_begun(self, still: str, last: Look) -> Finding:
        during = Window(self.start_s, self.start_s + self.claim.within_s)
        blind = self.claim.unheard(self.evidence, during)
        if blind is not None and self.asked is None:
            what = f"{self.claim.trigger.said()} could not be seen: {blind.because}"
            said = f"nobody began the step, for {what}; {still}"
            return self._open(said, reason=blind.reason, decide=blind.decide)
        return self._failed(f"{self._unbegun()}; {still}", reason="step_never_begun", looks=(last,))

    def _said_done(self, said: str, last: Look) -> Finding:
        if self._low_s(last) <= self.start_s + self.claim.within_s:
            return self._too_old(said, looks=(last,))
        return self._failed(said, reason="said_done_but_still_broken", looks=(last,))

    def _well(self, last: Look, first: Look) -> Finding:
        """It is well at the end: by the step, and in time?"""
        claim, limit_s = self.claim, self.start_s + self.claim.within_s
        low_s = self._low_s(last)
        measure = Measure(round(low_s - self.start_s, 3), round(first.at_s - self.start_s, 3), "s", "grid")
        well = f"{claim.harm.query} was {first.said} from {self._at(first.at_s)} on"
        begun_s = self.pulled.seen_s if self.pulled is not None else None
        if claim.by != "system" and (begun_s is None or first.at_s <= begun_s):
            how = (
                f"before {claim.text or 'the step'} was begun at {self._at(begun_s)}"
                if begun_s
                else "and no step was begun"
            )
            said = f"{well}, {how}: there was nothing left to heal"
            decide = "a fault whose harm is left when the step begins"
            return self._open(said, reason="nothing_to_heal", decide=decide, measure=measure, looks=(last, first))
        if begun_s is not None and low_s < begun_s - GAP_S:
            said = f"{well}; {self.claim.text or 'the step'} was begun at {self._at(begun_s)}"
            return self._too_old(said, measure=measure, looks=(last, first))
        if low_s > limit_s:
            said = f"{well}, after the limit of {spell(claim.within_s)}{self._alone()}"
            return self._failed(said, reason="late", measure=measure, looks=(last, first), census=False)
        if first.at_s > limit_s:
            said = f"{well}, too near the limit of {spell(claim.within_s)} to tell"
            decide = "a step that is done before its limit by more than a scrape interval"
            return self._open(said, reason="too_near", decide=decide, measure=measure, looks=(last, first))
        return passed(
            f"{well} (limit {spell(claim.within_s)}){self._done()}{self._alone()}",
            measure=measure,
            cites=self._cites((last, first)),
        )

    # --- what is known ---------------------------------------------------------------------------------------------------

    def _rollback(self) -> Fact | None:
        """The end of the rollback that the step waited for."""
        if self.claim.after_rollback_s is None:
            return None
        journal = self.evidence.journal
        ends = journal.of(LeverEnded, exit_code=0, since_s=self.start_s, until_s=self.end_s)
        backs = journal.of(Deployed, by="rollback", since_s=self.start_s, until_s=self.end_s)
        commands = [fact for fact in ends if fact.lever != self.claim.id]
        return next(iter(commands), None) or next(iter(backs), None)

    def _alone(self) -> str:
        """What the rollback alone had come to, with the numbers."""
        if self.rolled_back is None:
            return ""
        ended_s = self.rolled_back.seen_s
        since_s = ended_s + self.stale_s  # what is shown before may be from before the rollback
        until_s = self.pulled.seen_s if self.pulled is not None else self.end_s
        looks = [look for look in self.looks if since_s <= look.at_s <= until_s]
        if not looks or looks[-1].well is not False:
            return ""
        first, last = looks[0], looks[-1]
        return (
            f"; the rollback alone did not heal it: {first.number} after it at {self._at(ended_s)}, and {last.number} "
            f"{last.at_s - ended_s:.1f} s later"
        )

    def _done(self) -> str:
        """Who healed it, and how the command ended."""
        if self.pulled is None:
            return ""
        ended = self.ended
        if ended is None:
            return f"; the step was begun at {self._at(self.pulled.seen_s)}"
        how = f"ended with {ended.exit_code}" if ended.exit_code is not None else ended.detail
        return f"; {self.claim.text} was begun at {self._at(self.pulled.seen_s)} and {how} at {self._at(ended.seen_s)}"

    def _unbegun(self) -> str:
        claim = self.claim
        if claim.by == "human" and self.answered is not None:
            return f"the person at the terminal said {self.answered.text!r}"
        if claim.by == "human" and self.asked is not None:
            return f"nobody answered when asked at {self._at(self.asked.seen_s)}"
        if claim.after_rollback_s is not None and self.rolled_back is None:
            return "no rollback ended, so that the step after it was not begun"
        journal = self.evidence.journal
        out = next(iter(journal.of(Injected, since_s=self.start_s, until_s=self.end_s)), None)
        came = claim.trigger.arrived(journal, self.start_s, out)
        if came is not None and came.high_s <= self.end_s:
            return f"{claim.trigger.said()} came at {self._at(came.high_s)}, and nobody began the step"
        return f"{claim.trigger.said()} never came, so that the step was not begun"

    def _low_s(self, last: Look) -> float:
        """Until when the harm was surely there, by the last answer that showed it."""
        return max(self.start_s, last.at_s - self.stale_s)

    def _too_old(self, said: str, *, looks: Sequence[Look], measure: Measure | None = None) -> Finding:
        said = f"{said}; what the query shows may be {spell(round(self.stale_s, 1))} old, so that nobody knows whether it was well before"
        decide = "a shorter scrape interval, or a query that reads less far back"
        return self._open(said, reason="too_near", decide=decide, measure=measure, looks=looks)

    def _at(self, at_s: float) -> str:
        return f"{at_s - self.start_s:.1f} s"

    def _cites(self, looks: Sequence[Look]) -> tuple[str, ...]:
        facts = (self.rolled_back, self.asked, self.pulled, self.ended, *(look.worst for look in looks))
        return tuple(dict.fromkeys(fact.cite for fact in facts if fact is not None))

    def _failed(
        self, said: str, *, reason: str, looks: Sequence[Look], measure: Measure | None = None, census: bool = True
    ) -> Finding:
        return failed(said, reason=reason, measure=measure, cites=self._cites(looks), census=census)

    def _open(
        self, said: str, *, reason: str, decide: str, measure: Measure | None = None, looks: Sequence[Look] = ()
    ) -> Finding:
        return inconclusive(said, reason=reason, decide=decide, measure=measure, cites=self._cites(looks))
