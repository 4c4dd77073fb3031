"""An alert clears in time once its cause is out."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import ClassVar

from pydantic import Field

from harness import alerting
from harness.alerting import Episode
from harness.expectations import alerts, calms, known_alerts, mid_fault, standing
from harness.expectations.base import Evidence, Expectation, Reach
from harness.expectations.calms import Calm
from harness.expectations.lasting import lasting
from harness.expectations.recovers import PATIENCE
from harness.expectations.requests import cites, surely_away
from harness.facts import Looked, RuleSeen
from harness.journal import Window
from harness.quantities import Seconds, spell
from harness.scoring import flaps_in
from harness.verdict import Finding, Measure, Outcome, failed, inconclusive, passed


class AlertClears(Expectation):
    """An alert that fired in a phase is clear in time after it, and stays so.

        then:
          - alert_clears: {alert: CheckoutLatencyHigh, within: 40s}

    Units:   within: a duration from the phase's end to the moment from which none fires. Stands in `then` alone. `labels`
             must be among the alert's own.
    Counts:  every such alert that fired in the phase or since. It has cleared when none fires for as long as `steady.for`
             (less, where the next fault comes sooner); one that fires again before starts it anew. While its rule had
             nothing to read nobody knows: that time counts from when its series are there again. One that cleared while the
             fault was still on is told so (`alert_fires: {holds: true}` claims that it does not), and looked at until the time is over.
             Where one fired upon the phase's fault, or after it before the time was up, others that fire since before it (and
             where no fault was on) are not counted, and told; where none did, nothing is decided by those, also where they clear (pre_existing).
    Decides: passed as soon as that was seen; inconclusive where its rule could not have fired any more (no_series,
             rule_missing, rule_broken: the service or the rule is gone, and not the trouble); failed when it surely did not begin within the time: late, flapping (it had
             cleared and fired anew), never_resolved (it still fired at the end). An alert that never fired has nothing to
             clear (inconclusive: never_fired, or rule_missing where no rule makes it). A rule's keep_firing_for that leaves no time is below_floor, and one that was not
             evaluated in it not_evaluated.
    Source:  Prometheus' /api/v1/rules each second; an alert clears at the time of an evaluation. Measured is the interval
             between that evaluation and the one before. What its rule reads is asked of Prometheus when the phases are over.
    """

    word: ClassVar[str] = "alert_clears"
    timed: ClassVar[tuple[str, ...]] = ("late",)
    by_errors: ClassVar[bool] = True

    alert: str = Field(min_length=1, description="the alert's name, as the rule has it")
    labels: dict[str, str] = Field(default_factory=dict, description="only alerts with these labels")
    within_s: Seconds = Field(alias="within", description="from the phase's end")

    def about(self) -> str:
        return self.alert

    def late_s(self) -> float | None:
        return self.within_s

    def patient(self, evidence: Evidence) -> AlertClears:
        return self.model_copy(update={"within_s": PATIENCE * self.within_s})

    def stands(self, evidence: Evidence, finding: Finding) -> bool:
        """The alert may be about lateness: users must have been answered with errors meanwhile."""
        window, measure = evidence.window, finding.measure
        if window is None or measure is None or not self.by_time(finding):
            return False
        return surely_away(evidence, window.start_s + self.within_s, window.start_s + measure.high)

    def undecidable(self, reach: Reach) -> str:
        return "" if reach.then else "alert_clears is about the time after a phase: write it under `then`"

    def unseen(self, reach: Reach) -> str:
        return alerts.unseen(reach)

    def doubtful(self, reach: Reach) -> str:
        if why := known_alerts.no_alert(reach, self.alert, self.labels):
            return why
        mine = [
            rule
            for rule in reach.alerts or ()
            if rule.kind == "alerting" and rule.rule == self.alert and alerting.may_bear(rule, self.labels)
        ]
        if not reach.then or not mine:
            return ""
        first = min(mine, key=alerting.kept_s)
        keeps_s, most_s = alerting.kept_s(first), alerting.kept_s(first) + first.interval_s
        if keeps_s and keeps_s >= self.within_s:
            return (
                f"{self.alert} cannot be clear in {spell(self.within_s)}: its rule's `keep_firing_for` of "
                f"{spell(first.keep_firing_s)} is {spell(keeps_s)} in whole evaluations of {spell(first.interval_s)}"
            )
        if most_s <= self.within_s:
            return ""
        each = {"evaluation": first.interval_s, "keep_firing_for": first.keep_firing_s}
        parts = ", ".join(f"{name} {spell(value_s)}" for name, value_s in each.items() if value_s)
        return (
            f"{self.alert} may take up to {spell(most_s)} to clear ({parts}) from the first scrape after the phase, and it has "
            f"{spell(self.within_s)}; give `within` so much and one scrape interval"
        )

    def check(self, evidence: Evidence) -> Finding:
        journal, window = evidence.journal, alerts.begun(evidence)
        if isinstance(window, Finding):
            return window
        begun = journal.phase_began(evidence.phase)
        since_s = begun.at_s if begun else window.start_s
        every = alerting.episodes(journal, self.alert, self.labels)
        mine = [e for e in every if e.until_s > since_s]
        before = standing.standing(evidence, window, every)
        if not before:
            return self._of(evidence, window, mine)
        own, first = [e for e in mine if e not in before], before[0]
        limit_s = window.start_s + self.within_s
        if not any(standing.upon_s(evidence, window) <= e.from_s < window.start_s for e in own):
            found = self._of(evidence, window, mine)
            alone = not any(e.until_s > window.start_s and e.from_s <= limit_s for e in own)
            if alone and found.outcome is not Outcome.INCONCLUSIVE:
                return self._none_upon(evidence, mine, first, found, limit_s)
            if found.outcome is not Outcome.FAILED or not any(e.until_s > limit_s for e in before):
                return found
        found = self._of(evidence, window, own)
        cited = tuple(dict.fromkeys((*found.cites, first.began.cite)))
        return replace(found, because=f"{found.because}; {standing.told(first)}, and is not counted", cites=cited)

    @staticmethod
    def _none_upon(evidence: Evidence, mine: list[Episode], first: Episode, found: Finding, limit_s: float) -> Finding:
        """That only such fired as did since before the fault, whatever these came to."""
        if evidence.journal.end_s < limit_s:
            return alerts.time_not_up(evidence, f"{standing.told(first)}: whether another fires upon it was not known")
        clear_s = max(e.until_s for e in mine)
        clear = f" (it was clear from {clear_s:.1f} s on)" if clear_s < math.inf else ""
        return inconclusive(
            f"{standing.told(first)}, and no other fired upon it, so there was nothing to clear{clear}",
            reason="pre_existing",
            decide="a steady state with `no alert firing`, and an alert that fires upon the fault",
            cites=found.cites,
        )

    def _of(self, evidence: Evidence, window: Window, mine: list[Episode]) -> Finding:  # noqa: PLR0911 (one return for each thing there is to say)
        """What these came to."""
        journal, what = evidence.journal, alerts.spoken(self.alert, self.labels)
        limit_s = window.start_s + self.within_s
        calm = calms.first(evidence, window, mine, limit_s) if mine else None
        if calm is not None and any(e.from_s <= calm.since_s < math.inf for e in mine):
            cleared = self._cleared(evidence, window, mine, calm)
            if (
                evidence.over
                or journal.end_s >= limit_s
                or not mid_fault.told(evidence, self._last(mine, calm).until_s)
            ):
                return cleared
            return alerts.time_not_up(evidence, f"{cleared.because}: whether its rule had what it reads was not asked")
        if journal.end_s < limit_s:
            return alerts.time_not_up(evidence, f"whether {what} clears in time was not known")
        if not mine and (missing := self._without_rule(evidence, window, limit_s)) is not None:
            return missing
        if calm is not None and calm.why is not None:
            return inconclusive(
                f"{what} does not fire any more, but {calm.why.said}, so that it is clear says nothing"
                f"{mid_fault.told(evidence, max(e.until_s for e in mine if e.until_s < math.inf))}",
                reason=calm.why.reason,
                decide=calm.why.decide,
                cites=cites(evidence, *calm.why.facts),
            )
        if not alerting.watched(journal, window.start_s, limit_s):
            return alerts.not_watched(evidence, f"{what} was {'' if mine else 'not '}seen to fire")
        if not any(e.from_s <= limit_s for e in mine):
            return inconclusive(
                f"{what} did not fire in {evidence.phase!r}, so there was nothing to clear",
                reason="never_fired",
                decide="an alert that fires in the phase",
                cites=cites(evidence),
            )
        if any(
            one.clear_s <= limit_s and not one.again_s <= one.until_s for one in calms.stretches(evidence, window, mine)
        ):
            return inconclusive(
                f"{what} had not been clear for long enough by {journal.end_s:.1f} s",
                reason="window_open",
                decide=f"{spell(evidence.steady.for_s)} of looks after it has cleared",
                cites=cites(evidence),
            )
        return self._fires_on(
            evidence, window, [e for e in mine if e.from_s <= limit_s + evidence.steady.for_s], limit_s
        )

    def _without_rule(self, evidence: Evidence, window: Window, limit_s: float) -> Finding | None:
        """That Prometheus, which was looked at since, never had a rule for it: then there was nothing to clear."""
        journal = evidence.journal
        ever = journal.of(RuleSeen, kind="alerting", until_s=limit_s)
        mine = [one for one in ever if alerting.named(one.rule, self.alert) and alerting.may_bear(one, self.labels)]
        if mine or not journal.of(Looked, probe=alerting.PROBE, since_s=window.start_s, until_s=limit_s):
            return None
        return inconclusive(
            f"{alerts.no_rule(journal, self.alert, self.labels, limit_s)}, so there was nothing to clear",
            reason="rule_missing",
            decide="the alert's name and labels as its rule has them",
            cites=cites(evidence),
        )

    def _cleared(self, evidence: Evidence, window: Window, mine: list[Episode], calm: Calm) -> Finding:
        clear_s = calm.since_s
        last = self._last(mine, calm)
        high_s = max(0.0, clear_s - window.start_s)
        before_s = last.ended.before_s if last.ended else None
        low_s = max(0.0, min(high_s, (last.until_s if before_s is None else before_s) - window.start_s))
        again = sum(1 for episode in mine if window.start_s < episode.from_s < clear_s)
        flaps = f"; it fired anew {again} time{'s' if again > 1 else ''} after the phase" if again else ""
        flaps += f"; {calm.why.said}" if calm.why else ""
        flaps += mid_fault.told(evidence, last.until_s)
        held = f", held for {spell(evidence.steady.for_s)}" if evidence.steady.for_s else ""
        return passed(
            f"{alerts.spoken(self.alert, self.labels)} was clear within {high_s:.1f} s of the end of {evidence.phase!r}"
            f" (limit {spell(self.within_s)}{held}){flaps}",
            measure=Measure(round(low_s, 3), round(high_s, 3), "s", "grid"),
            cites=cites(evidence, last.began, last.ended),
        )

    @staticmethod
    def _last(mine: list[Episode], calm: Calm) -> Episode:
        """The last that was over when it became clear."""
        return max((e for e in mine if e.until_s <= calm.since_s), key=lambda episode: episode.until_s)

    def _fires_on(self, evidence: Evidence, window: Window, mine: list[Episode], limit_s: float) -> Finding:
        last = max(mine, key=lambda episode: episode.until_s)
        rules = alerting.rules(evidence.journal, last.alert, labels=last.labels)
        keeps_s = max(map(alerting.kept_s, rules), default=0.0)
        what = f"{last.alert}{alerting.shown(last.labels)}"
        limit = f"{spell(self.within_s)} after the end of {evidence.phase!r}"
        if keeps_s and keeps_s >= self.within_s:
            every_s = max(rule.interval_s for rule in rules)
            return inconclusive(
                f"{what} was not clear {limit}, and it could not be: its rule keeps it firing for {keeps_s:g} s",
                reason="below_floor",
                decide=f"a `within` above {spell(keeps_s + every_s)}",
                cites=cites(evidence, last.began),
            )
        idle = alerts.not_evaluated(evidence, f"{what} was not clear {limit}", rules, (window.start_s, limit_s))
        if idle is not None:
            return idle
        until_s = last.until_s - window.start_s
        never = math.isinf(until_s)
        again = flaps_in(mine, window.start_s, limit_s + evidence.steady.for_s, lasting(evidence.journal))
        when = "it never cleared" if never else f"it cleared only after {until_s:.1f} s"
        when += f", having fired anew {again} time{'s' if again > 1 else ''}" if again else ""
        how = "was still firing" if last.fires_at(limit_s) else "did not stay clear"
        return failed(
            f"{what} {how} {limit}; {when}",
            reason="flapping" if again else "never_resolved" if never else "late",
            measure=Measure(
                round(min(self.within_s, until_s), 3),
                math.inf if never else round(until_s, 3),
                "s",
                "censored" if never else "grid",
            ),
            cites=cites(evidence, last.began, last.ended),
        )
