"""An alert fires in time: somebody would know."""

from __future__ import annotations

import math
from typing import ClassVar

from pydantic import Field

from harness import alerting
from harness.alerting import Episode, Floor
from harness.expectations import alerts
from harness.expectations.base import Evidence, Expectation, Reach
from harness.expectations.requests import cites, not_begun
from harness.facts import AlertChanged, Injected
from harness.journal import Window
from harness.quantities import Seconds, spell
from harness.verdict import Finding, Measure, failed, inconclusive, passed


class AlertFires(Expectation):
    """An alert of Prometheus fires in time, newly, and for whom it should.

        expect:
          - alert_fires: {alert: CheckoutLatencyHigh, labels: {severity: page}, within: 25s}

    Units:   within: a duration from the phase's beginning (in `then` from its end); the whole phase when left out.
             `labels` must be among the alert's own; others do not matter.
    Counts:  an alert that begins to fire after the phase's first fault was asked for. One that fired already is no
             detection (inconclusive: pre_existing), nor is a pending one.
    Decides: when the time is over. Failed: late, pending_only, other_service, wrong_labels, rule_missing, missed.
             Where the rule's own waits exceed the time, no fault could be detected in it (inconclusive: below_floor).
    Source:  Prometheus' /api/v1/rules each second; an alert fires at the time of an evaluation, which is exact. Measured is
             the time since the fault, an interval as wide as its injection; its floor is scrape + evaluation + `for`.
    """

    word: ClassVar[str] = "alert_fires"

    alert: str = Field(min_length=1, description="the alert's name, as the rule has it")
    labels: dict[str, str] = Field(default_factory=dict, description="labels that it must have")
    within_s: Seconds | None = Field(default=None, alias="within", description="from the phase's beginning, or its end")

    def about(self) -> str:
        return self.alert

    def late_s(self) -> float | None:
        return self.within_s

    def undecidable(self, reach: Reach) -> str:
        return alerts.too_long(reach, self.within_s)

    def unseen(self, reach: Reach) -> str:
        return alerts.unseen(reach)

    def check(self, evidence: Evidence) -> Finding:  # noqa: PLR0911 (one return for each thing there is to say)
        journal, window = evidence.journal, evidence.window
        if window is None:
            return not_begun(evidence)
        if (missing := alerts.without(evidence)) is not None:
            return missing
        what = alerts.spoken(self.alert, self.labels)
        limit_s = alerts.limit_of(evidence, window, self.within_s)
        if journal.end_s < limit_s or math.isinf(limit_s):
            return alerts.time_not_up(evidence, f"whether {what} fires in time was not known")
        from_s = alerts.from_of(evidence, window, limit_s)
        mine = alerting.episodes(journal, self.alert, self.labels)
        before = [episode for episode in mine if episode.fires_at(from_s)]
        held = {episode.identity for episode in before}
        fresh = [episode for episode in mine if episode.from_s > from_s and episode.identity not in held]
        first = next((episode for episode in fresh if episode.from_s <= limit_s), None)
        floor = alerting.floor(journal, self.alert, until_s=limit_s)
        if first is not None and alerting.watched(journal, from_s, first.from_s, 0.0):
            return self._fired(evidence, window, from_s, first, floor)
        if not alerting.watched(journal, from_s, limit_s):
            return alerts.not_watched(evidence, f"{what} was {'' if first else 'not '}seen to fire")
        if before:
            since = before[0].began
            return inconclusive(
                f"{what} was firing already since {since.at_s:.1f} s, before {from_s:.1f} s, so it detected nothing",
                reason="pre_existing",
                decide="a steady state with `no alert firing`",
                cites=cites(evidence, since),
            )
        return self._not_fired(evidence, window, (from_s, limit_s), fresh, floor)

    def _fired(self, evidence: Evidence, window: Window, from_s: float, first: Episode, floor: Floor | None) -> Finding:
        after_s = first.from_s - window.start_s
        injected = evidence.journal.first(Injected, since_s=from_s, until_s=first.from_s)
        low_s = first.from_s - max(from_s, injected.seen_s if injected else from_s)
        measure = Measure(round(low_s, 3), round(first.from_s - from_s, 3), "s", "grid")
        limit = f" (limit {spell(self.within_s)})" if self.within_s is not None else ""
        since = f", {measure} after the fault" if evidence.faults and not evidence.then and evidence.phase else ""
        least = f"; it could not in less than {floor}" if floor else ""
        return passed(
            f"{first.alert}{alerting.shown(first.labels)} fired {after_s:.1f} s after {_where(evidence)}{limit}{since}{least}",
            measure=measure,
            cites=cites(evidence, first.began),
        )

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
        limit = f"within {limit_s - window.start_s:.3g} s of {_where(evidence)}"
        if self.within_s is not None and floor is not None and floor.low_s > self.within_s:
            return inconclusive(
                f"{what} did not fire {limit}, and no fault could have made it: it takes at least {floor}",
                reason="below_floor",
                decide=f"a `within` above {spell(round(floor.high_s, 1))}, or a rule that waits less",
                cites=cites(evidence),
            )
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
            for change in journal.of(AlertChanged, alert=self.alert, state="pending", until_s=limit_s)
            if alerting.bears(change.labels, self.labels) and change.at_s > from_s
        ]
        if fresh:
            late_s = fresh[0].from_s - window.start_s
            return failed(
                f"{what} fired only {late_s:.1f} s after {_where(evidence)}, not {limit}{f'; floor {floor}' if floor else ''}",
                reason="late",
                measure=Measure(round(late_s, 3), round(late_s, 3), "s", "grid"),
                cites=cites(evidence, fresh[0].began, *pending[:1]),
            )
        if pending:
            held = f"; its rule waits {floor}" if floor else ""
            return failed(
                f"{what} was pending since {pending[0].at_s:.1f} s but did not fire {limit}{held}",
                reason="pending_only",
                cites=cites(evidence, pending[0]),
            )
        if not alerting.rules(journal, self.alert, limit_s):
            return failed(
                f"Prometheus has no alerting rule {self.alert}: nobody would have known",
                reason="rule_missing",
                cites=cites(evidence),
            )
        return failed(f"{what} did not fire {limit}", reason="missed", cites=cites(evidence))


def _where(evidence: Evidence) -> str:
    if not evidence.phase:
        return "the gate"
    return f"the end of {evidence.phase!r}" if evidence.then else f"the beginning of {evidence.phase!r}"
