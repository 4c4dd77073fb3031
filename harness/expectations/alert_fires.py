"""An alert fires in time: somebody would know."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import ClassVar

from pydantic import Field

from harness import alerting
from harness.alerting import Episode, Floor
from harness.expectations import (
    alerts,
    broken_rules,
    by_chance,
    known_alerts,
    mid_fault,
    next_fault,
    other_source,
    selected,
)
from harness.expectations.alert_chain import SCRAPES, chain_of
from harness.expectations.base import Evidence, Expectation, Reach
from harness.expectations.by_chance import Before
from harness.expectations.lasting import lasting
from harness.expectations.renewed import renewed
from harness.expectations.replays import Replays
from harness.expectations.requests import cites
from harness.expectations.slow_rules import slow_rule
from harness.facts import AlertChanged, Injected
from harness.journal import Window
from harness.quantities import Seconds, figures, spell
from harness.scoring import flaps_in
from harness.verdict import Finding, Measure, Outcome, failed, inconclusive, passed


class AlertFires(Expectation):
    """An alert of Prometheus fires in time, newly, once, and for whom it should.

        expect:
          - alert_fires: {alert: CheckoutLatencyHigh, labels: {severity: page}, within: 25s}
          - alert_fires: {alert: BudgetBurnsFast, within: 40s, production_equivalent: 5m, flaps: 1}

    Units:   within: a duration from the phase's beginning (in `then` from its end); the whole phase when left out.
             `labels` must be among the alert's own. flaps: how often the same alert may fire anew in the phase.
             holds: true: it fires from then on until the fault begins to be taken out (a release: until its rollback is decided);
             one that begins only when it is out (a release: has left) is late (rule_too_slow: its `for`
             alone is longer than the fault was on).
             production_equivalent: the most that it may take from the fault to the alert where a full window of clean history
             lies before it. A Prometheus that was just started has none, so a rule on long windows fires in a rehearsal far
             sooner than it would in production (or an absolute rate far later).
    Counts:  an alert that begins to fire after the phase's first fault was asked for; one that held only after the next phase's was
             is none of this (missed, and not late). One that fired already, or was pending already, is no detection (inconclusive: pre_existing), nor is one that is pending and never fires, nor one that
             came and went so often without a fault that by chance alone it fires in such a time (in more than 5 % of them).
    Decides: when the phase is over; in `then` when the time is. Failed: late, pending_only, other_service, wrong_labels,
             rule_missing, rule_broken, rule_too_slow (its `for` alone is longer than the time), rule_impossible (its
             expression can never hold: more is asked than it gives), missed, flapping, cleared_early (with `holds`),
             production_late. Where evaluations leave no time for it (with `holds`, a rollback), or none fell into it,
             no fault could be detected (inconclusive: below_floor, not_evaluated, no_series: its rule's `offset` looks back to before
             the run); nor where another source than Prometheus makes the alert (other_source). too_near, with `holds`: it began after
             the rollback of a release was decided, and nobody saw whether this had left by then.
    Source:  Prometheus' /api/v1/rules each second; an alert fires at the time of an evaluation, which is exact. Measured is the
             time since the fault, an interval as wide as its injection; its links, from the effect over the first sample to
             the page, stand in the details. The production time comes from promtool, on the raw series of this run.
    """

    word: ClassVar[str] = "alert_fires"
    timed: ClassVar[tuple[str, ...]] = ("late",)

    alert: str = Field(min_length=1, description="the alert's name, as the rule has it")
    labels: dict[str, str] = Field(default_factory=dict, description="labels that it must have")
    within_s: Seconds | None = Field(default=None, alias="within", description="from the phase's beginning, or its end")
    production_equivalent_s: Seconds | None = Field(
        default=None, alias="production_equivalent", description="the most that it may take with a full history"
    )
    flaps: int = Field(default=0, ge=0, description="how often the same alert may fire anew")

    holds: bool = Field(default=False, description="it must fire until the fault is taken out")

    def about(self) -> str:
        return self.alert

    def late_s(self) -> float | None:
        return self.within_s

    def undecidable(self, reach: Reach) -> str:
        if self.production_equivalent_s is not None and (reach.then or not reach.faulted):
            return "`production_equivalent` counts from a fault: write it in a phase that has one, under `expect`"
        if self.holds and (reach.then or not reach.faulted):
            return "`holds` lasts until a fault is out: write it in a phase that has one, under `expect`"
        return alerts.too_long(reach, self.within_s)

    def unseen(self, reach: Reach) -> str:
        return alerts.unseen(reach)

    def doubtful(self, reach: Reach) -> str:
        if why := known_alerts.no_alert(reach, self.alert, self.labels):
            return why
        if why := known_alerts.never_over(reach, self.alert, self.labels):
            return why
        if reach.then or not reach.faulted or reach.alerts is None or alerting.is_pattern(self.alert):
            return ""
        limit_s = reach.window_s if self.within_s is None else min(self.within_s, reach.window_s)
        return slow_rule(reach.alerts, self.alert, limit_s, reach.history_s, self.production_equivalent_s, self.labels)

    def series(self) -> tuple[str, ...]:
        return (SCRAPES,)

    def check(self, evidence: Evidence) -> Finding:
        journal, window = evidence.journal, alerts.begun(evidence)
        if isinstance(window, Finding):
            return window
        what = alerts.spoken(self.alert, self.labels)
        limit_s = alerts.limit_of(evidence, window, self.within_s)
        if journal.end_s < limit_s or math.isinf(limit_s):
            return alerts.time_not_up(evidence, f"whether {what} fires in time was not known")
        from_s = alerts.from_of(evidence, window, limit_s)
        mine = alerting.episodes(journal, self.alert, self.labels)
        before = alerts.held_before(evidence, mine, from_s)
        old = set(before)
        fresh = [episode for episode in mine if episode.from_s > from_s and episode not in old]
        in_time = [episode for episode in fresh if episode.from_s <= limit_s]
        known = list(map(by_chance.before(evidence, mine, from_s, limit_s), in_time))
        first = min(known, key=lambda one: one.likely, default=None)
        group = first.episode.began.group if first else ""
        floor = alerting.floor(journal, self.alert, until_s=limit_s, labels=self.labels, group=group)
        if first is not None and alerting.watched(journal, from_s, first.episode.from_s, 0.0):
            return self._fired(evidence, window, (from_s, limit_s), first, fresh, floor)
        if not alerting.watched(journal, from_s, limit_s):
            return alerts.not_watched(evidence, f"{what} was {'' if first else 'not '}seen to fire")
        if before:
            return alerts.pre_existing(evidence, what, before[0], from_s)
        return self._not_fired(evidence, window, (from_s, limit_s), fresh, floor)

    def _fired(
        self,
        evidence: Evidence,
        window: Window,
        stretch: tuple[float, float],
        known: Before,
        fresh: list[Episode],
        floor: Floor | None,
    ) -> Finding:
        first, (from_s, limit_s) = known.episode, stretch
        after_s = first.from_s - window.start_s
        injected = evidence.journal.first(Injected, since_s=from_s, until_s=first.from_s)
        low_s = first.from_s - max(from_s, injected.seen_s if injected else from_s)
        measure = Measure(round(low_s, 3), round(first.from_s - from_s, 3), "s", "grid")
        limit = f" (limit {spell(self.within_s)})" if self.within_s is not None else ""
        since = f", {measure} after the fault" if evidence.faults and not evidence.then and evidence.phase else ""
        gone = mid_fault.after_end(evidence, first.from_s)
        least = f"; it could not in less than {floor}" if floor else ""
        said = (
            f"{first.alert}{alerting.shown(first.labels)} fired {after_s:.1f} s after {alerts.start_of(evidence)}"
            f"{limit}{since}{gone}{least}"
        )
        chain = chain_of(evidence, first, from_s)
        replays = Replays.of(evidence, self.alert, self.labels, measure)
        details = (*chain.details(), *replays.details())
        where = (*cites(evidence, first.began), *chain.cites, *replays.cites)
        if (flapping := self._flapping(evidence, window, (from_s, limit_s), fresh, where)) is not None:
            return flapping
        if self.holds and gone:
            claimed = self.alert, self.labels
            if late := mid_fault.began_late(evidence, said, claimed, first.from_s, stretch, floor):
                return replace(late, measure=measure, details=details, cites=(*dict.fromkeys((*late.cites, *where)),))
        if (
            self.holds
            and (early := mid_fault.cleared_early(evidence, self.alert, self.labels, first, fresh)) is not None
        ):
            return early
        if known.likely:
            return by_chance.finding(evidence, said, known)
        said += f"; {known}" if known.episodes else ""
        if self.production_equivalent_s is None:
            return passed(f"{said}{replays.beside()}", measure=measure, cites=where, details=details)
        return replays.judged(said, self.production_equivalent_s, cites=where, details=details)

    def _flapping(
        self,
        evidence: Evidence,
        window: Window,
        stretch: tuple[float, float],
        fresh: list[Episode],
        where: tuple[str, ...],
    ) -> Finding | None:
        """Why it did not fire once: it came and went, or that is not known yet. In `then` until the limit, else while the phase
        lasts; over a whole run it may well fire once for each phase."""
        if not evidence.phase:
            return None
        from_s, limit_s = stretch
        until_s = limit_s if evidence.then else window.end_s
        again = flaps_in(fresh, from_s, until_s, lasting(evidence.journal))
        if again > self.flaps:
            return failed(
                f"{alerts.spoken(self.alert, self.labels)} fired in time, but anew {again} time{'s' if again > 1 else ''} by "
                f"{min(until_s, evidence.journal.end_s):.1f} s: it flaps (limit {self.flaps})",
                reason="flapping",
                measure=Measure(again, again, "times anew"),
                cites=(*where, *(episode.began.cite for episode in fresh[1:4])),
            )
        if not math.isfinite(until_s):
            return alerts.time_not_up(evidence, "whether it fires anew was not known")
        if not alerting.watched(evidence.journal, until_s, until_s):
            return alerts.not_watched(evidence, "it fired in time and was not seen to flap")
        return None

    def _not_fired(
        self,
        evidence: Evidence,
        window: Window,
        stretch: tuple[float, float],
        fresh: list[Episode],
        floor: Floor | None,
    ) -> Finding:
        journal, (from_s, limit_s) = evidence.journal, stretch
        what = alerts.spoken(self.alert, self.labels)
        limit = f"within {figures(limit_s - window.start_s)} s of {alerts.start_of(evidence)}"
        if (never := self._never_could(evidence, f"{what} did not fire {limit}", stretch, floor)) is not None:
            return never
        others = [e for e in alerting.episodes(journal, self.alert) if from_s < e.from_s <= limit_s]
        if others:
            place, how = alerts.elsewhere(self.labels, [episode.labels for episode in others])
            return failed(
                f"{self.alert} fired at {others[0].from_s:.1f} s, but not {what}: {how}",
                reason="other_service" if place else "wrong_labels",
                cites=cites(evidence, others[0].began),
            )
        pending = [
            change
            for change in journal.of(AlertChanged, state="pending", until_s=limit_s)
            if alerting.named(change.alert, self.alert)
            and alerting.bears(change.labels, self.labels)
            and change.at_s > from_s
        ]
        next_s = next_fault.until_s(evidence, from_s)
        late = [episode for episode in fresh if episode.active_s <= next_s]
        if late:
            late_s = late[0].from_s - window.start_s
            chain = chain_of(evidence, late[0], from_s)
            return failed(
                f"{what} fired only {late_s:.1f} s after {alerts.start_of(evidence)}, not {limit}"
                f"{f'; floor {floor}' if floor else ''}",
                reason="late",
                measure=Measure(round(late_s, 3), round(late_s, 3), "s", "grid"),
                cites=(*cites(evidence, late[0].began, *pending[:1]), *chain.cites),
                details=chain.details(),
            )
        limit += next_fault.told(journal, fresh[0].from_s) if fresh else ""
        return self._silent(evidence, f"{what} did not fire {limit}", stretch, pending, floor)

    def _never_could(
        self, evidence: Evidence, said: str, stretch: tuple[float, float], floor: Floor | None
    ) -> Finding | None:
        """Why no fault could have made it fire in time, or None."""
        if (
            slow := alerts.rule_too_slow(evidence, said, self.alert, self.labels, self.within_s, stretch[1])
        ) is not None:
            return slow
        if self.within_s is not None and floor is not None and floor.low_s > self.within_s:
            return inconclusive(
                f"{said}, and no fault could have made it: it takes at least {floor}",
                reason="below_floor",
                decide=f"a `within` above {spell(round(floor.high_s, 1))}, or a rule that waits less",
                cites=cites(evidence),
            )
        rules = alerting.rules(evidence.journal, self.alert, stretch[1], self.labels)
        return alerts.not_evaluated(evidence, said, rules, stretch)

    def _silent(
        self,
        evidence: Evidence,
        said: str,
        stretch: tuple[float, float],
        pending: list[AlertChanged],
        floor: Floor | None,
    ) -> Finding:
        """What is known of an alert that never fired."""
        from_s, limit_s = stretch
        rules = alerting.rules(evidence.journal, self.alert, limit_s, self.labels)
        if broken := broken_rules.too_long(evidence.journal, rules, from_s, limit_s):
            return failed(f"{said}: {broken}", reason="rule_broken", cites=cites(evidence, broken.seen))
        if pending:
            held = f"; its rule waits {floor}" if floor else ""
            held += f"; {again}" if (again := renewed(rules)) else ""
            return failed(
                f"{said}, though it was pending since {pending[0].at_s:.1f} s{held}",
                reason="pending_only",
                cites=cites(evidence, pending[0]),
            )
        if not rules:
            none = alerts.no_rule(evidence.journal, self.alert, self.labels, limit_s)
            other = other_source.made(evidence.journal, self.alert, self.labels, limit_s)
            if other is not None:
                return inconclusive(
                    f"{none}, but {other_source.said(other)}",
                    reason="other_source",
                    decide=other_source.DECIDE,
                    cites=cites(evidence, other),
                )
            return failed(
                f"{none}, so nobody would have known",
                reason="rule_missing",
                cites=cites(evidence),
            )
        why = selected.missed(evidence.journal, rules, from_s, limit_s)
        return Finding(
            Outcome.INCONCLUSIVE if why.decide else Outcome.FAILED,
            why.reason,
            f"{said}: {why.said or 'its expression never held'}",
            cites=cites(evidence, rules[0]),
            decide=why.decide,
            details=selected.shown(evidence.journal, rules, evidence.window.end_s if evidence.window else limit_s),
        )
