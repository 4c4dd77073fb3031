"""An alert clears in time once its cause is out."""

from __future__ import annotations

import math
from typing import ClassVar

from pydantic import Field

from harness import alerting
from harness.alerting import Episode
from harness.expectations import alerts
from harness.expectations.base import Evidence, Expectation, Reach
from harness.expectations.requests import cites, not_begun
from harness.journal import Window
from harness.quantities import Seconds, spell
from harness.verdict import Finding, Measure, failed, inconclusive, passed


class AlertClears(Expectation):
    """An alert that fired in a phase is clear in time after it.

        then:
          - alert_clears: {alert: CheckoutLatencyHigh, within: 40s}

    Units:   within: a duration from the phase's end. Stands in `then` alone. `labels` must be among the alert's own.
    Counts:  every such alert that fired in the phase or since. One that fires again within the time must be clear again.
    Decides: when the time is over: passed when none fires then, failed when one does. An alert that never fired has
             nothing to clear (inconclusive: never_fired). A rule's keep_firing_for above the time is below_floor.
    Source:  Prometheus' /api/v1/rules each second; an alert clears at the time of an evaluation. Measured is the interval
             between that evaluation and the one before.
    """

    word: ClassVar[str] = "alert_clears"

    alert: str = Field(min_length=1, description="the alert's name, as the rule has it")
    labels: dict[str, str] = Field(default_factory=dict, description="only alerts with these labels")
    within_s: Seconds = Field(alias="within", description="from the phase's end")

    def about(self) -> str:
        return self.alert

    def late_s(self) -> float | None:
        return self.within_s

    def undecidable(self, reach: Reach) -> str:
        return "" if reach.then else "alert_clears is about the time after a phase: write it under `then`"

    def unseen(self, reach: Reach) -> str:
        return alerts.unseen(reach)

    def check(self, evidence: Evidence) -> Finding:  # noqa: PLR0911 (one return for each thing there is to say)
        journal, window = evidence.journal, evidence.window
        if window is None:
            return not_begun(evidence)
        if (missing := alerts.without(evidence)) is not None:
            return missing
        what = alerts.spoken(self.alert, self.labels)
        limit_s = window.start_s + self.within_s
        if journal.end_s < limit_s:
            return alerts.time_not_up(evidence, f"whether {what} clears in time was not known")
        begun = journal.phase_began(evidence.phase)
        since_s = begun.at_s if begun else window.start_s
        mine = [
            episode
            for episode in alerting.episodes(journal, self.alert, self.labels)
            if episode.from_s <= limit_s and episode.until_s > since_s
        ]
        if not alerting.watched(journal, window.start_s, limit_s):
            return alerts.not_watched(evidence, f"{what} was {'' if mine else 'not '}seen to fire")
        if not mine:
            return inconclusive(
                f"{what} did not fire in {evidence.phase!r}, so there was nothing to clear",
                reason="never_fired",
                decide="an alert that fires in the phase",
                cites=cites(evidence),
            )
        still = [episode for episode in mine if episode.fires_at(limit_s)]
        limit = f"of the end of {evidence.phase!r} (limit {spell(self.within_s)})"
        if still:
            return self._fires_on(evidence, window, still, limit)
        last = max(mine, key=lambda episode: episode.until_s)
        high_s = max(0.0, last.until_s - window.start_s)
        before_s = last.ended.before_s if last.ended else None
        low_s = max(0.0, min(high_s, (last.until_s if before_s is None else before_s) - window.start_s))
        again = sum(1 for episode in mine if episode.from_s > window.start_s)
        flaps = f"; it fired anew {again} time{'s' if again > 1 else ''} after the phase" if again else ""
        return passed(
            f"{what} was clear within {high_s:.1f} s {limit}{flaps}",
            measure=Measure(round(low_s, 3), round(high_s, 3), "s", "grid"),
            cites=cites(evidence, last.began, last.ended),
        )

    def _fires_on(self, evidence: Evidence, window: Window, still: list[Episode], limit: str) -> Finding:
        keeps = max((rule.keep_firing_s for rule in alerting.rules(evidence.journal, self.alert)), default=0.0)
        what = f"{still[0].alert}{alerting.shown(still[0].labels)}"
        if keeps > self.within_s:
            return inconclusive(
                f"{what} was not clear {limit}, and it could not be: its rule keeps it firing for {keeps:g} s",
                reason="below_floor",
                decide=f"a `within` above {spell(keeps)}",
                cites=cites(evidence, still[0].began),
            )
        until_s = max(episode.until_s for episode in still)
        when = "it never cleared" if math.isinf(until_s) else f"it cleared only after {until_s - window.start_s:.1f} s"
        return failed(
            f"{what} was still firing {self.within_s:g} s after the end of {evidence.phase!r}; {when}",
            reason="late",
            measure=Measure(
                round(self.within_s, 3),
                math.inf if math.isinf(until_s) else round(until_s - window.start_s, 3),
                "s",
                "censored" if math.isinf(until_s) else "grid",
            ),
            cites=cites(evidence, still[0].began, still[0].ended),
        )
