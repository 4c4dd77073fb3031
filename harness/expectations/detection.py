"""How a run's alerts did as a detector, over all of its faults: what was told in time, and what was told for nothing. Pure.

Which alerts are meant to tell of a fault, and by when, are the phase's own claims: `alert_fires`. Others that a claim of the
phase is about, or that `alert_quiet` allows, may come along. One run has few faults: the shares are wide, and say so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from harness import alerting
from harness.alerting import Episode
from harness.expectations import alerts, by_chance
from harness.expectations.alert_fires import AlertFires
from harness.expectations.alert_quiet import AlertQuiet
from harness.expectations.base import Expectation
from harness.expectations.lasting import lasting
from harness.expectations.page_sent import PageSent
from harness.facts import MonitoringFound
from harness.journal import Journal
from harness.scoring import Score, Trouble, most_per_hour, score
from harness.scoring_trend import Trend, trend


@dataclass(frozen=True)
class Detection:
    """`calm_s` is how long the run was watched without a fault; false_per_hour what it excludes, at 95 %; `trend` decides nothing."""

    score: Score
    calm_s: float
    trend: Trend

    @property
    def false_per_hour(self) -> float | None:
        return most_per_hour(len(self.score.false), self.calm_s) if self.calm_s > 0 else None


def detection(journal: Journal, claims: Sequence[tuple[str, bool, Expectation]]) -> Detection | None:
    """`claims` with their phases, and whether they are about after them. None where no alert was claimed to tell of a fault, or
    Prometheus was not looked at all the time."""
    found, window = journal.last(MonitoringFound), journal.window("")
    fires = [(phase, claim) for phase, then, claim in claims if isinstance(claim, AlertFires) and phase and not then]
    if found is None or not found.prometheus or window is None or not window.ended or not fires:
        return None
    if not alerting.watched(journal, window.start_s, window.end_s):
        return None
    troubles = [_claimed(trouble, fires, claims, journal) for trouble in alerts.troubles(journal)]
    episodes = [episode for episode in alerting.episodes(journal) if episode.from_s < window.end_s]
    scored = score(troubles, episodes, lasting(journal))
    ours = replace(scored, false=tuple(episode for episode in scored.false if episode.from_s >= window.start_s))
    begun = [episode for episode in episodes if episode.from_s >= window.start_s]
    every_s = min((rule.interval_s for rule in alerting.rules(journal, "*", window.end_s)), default=0.0)
    hurt_s = sum(min(t.settled_s, window.end_s) - t.start_s for t in troubles if t.start_s < window.end_s)
    calm_s = max(0.0, window.length_s - hurt_s)
    return Detection(ours, calm_s, trend(troubles, begun, ours, window.end_s, every_s))


def _claimed(
    trouble: Trouble,
    fires: Sequence[tuple[str, AlertFires]],
    claims: Sequence[tuple[str, bool, Expectation]],
    journal: Journal,
) -> Trouble:
    """The trouble with what its phase claims of it."""
    mine = [claim for phase, claim in fires if phase == trouble.name]
    others = [claim for phase, _, claim in claims if phase in ("", trouble.name)]
    may = [name for claim in others if isinstance(claim, AlertQuiet) for name in claim.allow]
    may += [claim.alert for claim in others if isinstance(claim, PageSent) and claim.alert != "*"]

    def meant(episode: Episode) -> bool:
        return any(
            alerting.named(episode.alert, claim.alert) and alerting.bears(episode.labels, claim.labels)
            for claim in mine
        )

    def allowed(episode: Episode) -> bool:
        return any(alerting.named(episode.alert, name) for name in may)

    if not mine:
        return replace(trouble, allowed=allowed)
    begun = journal.phase_began(trouble.name)
    began_s = begun.at_s if begun else trouble.start_s
    limits = [trouble.end_s if claim.within_s is None else began_s + claim.within_s for claim in mine]
    known = {
        one for claim, limit_s in zip(mine, limits, strict=True) for one in _foreseen(trouble, claim, limit_s, journal)
    }
    return replace(trouble, deadline_s=max(limits), meant=meant, allowed=allowed, foreseen=lambda one: one in known)


def _foreseen(trouble: Trouble, claim: AlertFires, limit_s: float, journal: Journal) -> set[Episode]:
    """What its claim takes for no detection: it held before, or fires as often without a fault."""
    mine, from_s = alerting.episodes(journal, claim.alert, claim.labels), trouble.start_s
    before = by_chance.known(journal, mine, from_s, limit_s)
    often = (one for one in mine if from_s < one.from_s and before(one).likely)
    return {*alerts.held(journal, mine, from_s, hurt=True), *often}
