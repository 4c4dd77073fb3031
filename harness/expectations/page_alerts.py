"""Which alert a page is about, and whether that would have come without the fault. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence

from harness import alerting
from harness.agreeing import Agreeing
from harness.alerting import NO_LABELS, Episode, Identity
from harness.expectations import alerts, by_chance, other_source, page_times
from harness.expectations.base import Evidence
from harness.expectations.by_chance import Before
from harness.expectations.external_labels import in_prometheus
from harness.expectations.notifications import LAG_S, Notification
from harness.expectations.page_times import PageTimes
from harness.expectations.requests import cites
from harness.facts import Paged, RuleSeen
from harness.journal import Journal
from harness.surroundings import MOST_SKEW_S
from harness.verdict import Finding, inconclusive

Labels = Mapping[str, str]


def began_s(page: Paged) -> float:
    """When what the notification tells of happened: the alert fired, or cleared."""
    told_s = page.ends_s if page.status == "resolved" else page.starts_s
    earliest_s = page.at_s if page.before_s is None else page.before_s
    return earliest_s if told_s is None else told_s


def active_s(journal: Journal, page: Paged, labels: Labels) -> float:
    """Since when the alert holds, or held, that it is about; as far as is known."""
    mine = of_page(journal, page, labels)
    return min((episode.active_s for episode in mine), default=_fired_s(page))


def held_before(evidence: Evidence, labels: Labels, from_s: float) -> Callable[[Paged], bool]:
    """Whether a page's alert was pending before the fault already: it would have come without it."""
    held: dict[str, set[Episode]] = {}

    def of(page: Paged) -> bool:
        if page.status != "firing":
            return False
        if page.alert not in held:
            known = candidates(evidence.journal, page, labels)
            held[page.alert] = set(alerts.held_before(evidence, known.episodes, from_s))
        mine = of_page(evidence.journal, page, labels)
        return bool(mine) and held[page.alert].issuperset(mine)

    return of


def often(
    evidence: Evidence, came: Sequence[Notification], labels: Labels, from_s: float, limit_s: float
) -> Before | None:
    """What is known of the alert of the first, where all are of alerts that fire so often that they would have come without the fault;
    else None."""
    known: list[Before] = []
    before: dict[str, Callable[[Episode], Before]] = {}
    for note in came:
        page = note.first
        if page.alert not in before:
            about = candidates(evidence.journal, page, labels)
            before[page.alert] = by_chance.before(evidence, about.episodes, from_s, limit_s)
        each = [before[page.alert](episode) for episode in of_page(evidence.journal, page, labels)]
        if not each or not all(one.likely for one in each):
            return None
        known += each
    return known[0]


def strange(journal: Journal, page: Paged, labels: Labels) -> bool:
    """Whether it is about an alert that Prometheus has a rule for, and was not seen to fire: whether what made it held before the
    fault nobody knows. Of a list of pages nobody knows when an alert of it fired."""
    if page.before_s is not None or page.starts_s is None or of_page(journal, page, labels):
        return False
    return bool(journal.of(RuleSeen, kind="alerting", rule=page.alert, until_s=page.at_s))


def looked_for(journal: Journal, page: Paged) -> bool:
    """Whether somebody looked at Prometheus when the alert of such a page fired."""
    return page.starts_s is not None and alerting.watched(journal, page.starts_s, page.at_s, 0.0)


def elsewhere(evidence: Evidence, came: Sequence[Notification], labels: Labels, what: str) -> Finding | None:
    """That all of them, `what` in words, are about an alert that Prometheus was not seen to fire; None where one is not."""
    first = came[0].first
    if not all(strange(evidence.journal, note.first, labels) for note in came):
        return None
    if not looked_for(evidence.journal, first):
        return alerts.not_watched(evidence, f"{what} was sent at {first.at_s:.1f} s, its alert was not seen to fire")
    return inconclusive(
        f"{what} was sent at {first.at_s:.1f} s, but {other_source.said(first)}",
        reason="other_source",
        decide=other_source.DECIDE,
        cites=cites(evidence, first),
    )


class Candidates:
    """The alerts of one name in Prometheus, of which each page about it is one."""

    def __init__(self, journal: Journal, alert: str, wanted: frozenset[tuple[str, str]]) -> None:
        self.episodes = alerting.episodes(journal, alert, in_prometheus(journal, alert, dict(wanted)))
        every_s = max((rule.interval_s for rule in journal.of(RuleSeen, rule=alert)), default=0.0)
        self.slack_s = max(LAG_S, every_s)  # another Prometheus may have evaluated it as much earlier
        self.agreeing = Agreeing((one.labels, one) for one in self.episodes)
        self._same: dict[Identity, list[Episode]] = {}
        for one in self.episodes:
            self._same.setdefault(one.identity, []).append(one)
        self._times = PageTimes(self.episodes, self.slack_s)
        self._just_then: dict[tuple[float, float], list[Episode]] = {}

    def just_then(self, page: Paged) -> list[Episode]:
        """Those that fired when it says, whatever their labels."""
        key = _fired_s(page), _cleared_s(page)
        if key not in self._just_then:
            self._just_then[key] = self._times.just_then(*key)
        return self._just_then[key]

    def same(self, found: Sequence[Episode]) -> list[Episode]:
        """All episodes of the alerts that these are of."""
        every = [one for identity in {each.identity for each in found} for one in self._same[identity]]
        return sorted(every, key=lambda one: one.from_s)


def candidates(journal: Journal, page: Paged, labels: Labels = NO_LABELS) -> Candidates:
    """The alerts in Prometheus that a page may be about."""
    return journal.once(Candidates, page.alert, frozenset(labels.items()))


def of_page(journal: Journal, page: Paged, labels: Labels = NO_LABELS) -> list[Episode]:
    """Those that it is about: of those whose labels it bears the one with the most. Where it bears none's, some may have been dropped on
    its way: whose labels it does not gainsay, and that fired when it says; or rewritten: whichever fired just then."""
    known = candidates(journal, page, labels)
    agreeing = [one for one in known.agreeing.of(page.labels) if _lies_in(page, one, known.slack_s)]
    borne = [one for one in agreeing if alerting.bears(page.labels, one.labels)]
    most = max((len(one.labels) for one in borne), default=0)
    if borne:
        return _nearest(page, [one for one in borne if len(one.labels) == most])
    listed = page.before_s is not None or page.starts_s is None
    dropped = [one for one in agreeing if listed or _gap_s(page, one) <= known.slack_s]
    return _nearest(page, dropped) if dropped or listed else known.just_then(page)


def told_s(journal: Journal, pages: Iterable[Paged], labels: Labels = NO_LABELS) -> dict[Episode, float]:
    """Those that some of these are about, and when the last of these came. What many pages are about alike is gone through once."""
    last: dict[int, tuple[list[Episode], float]] = {}
    for page in pages:
        about = of_page(journal, page, labels)
        _, at_s = last.get(id(about), (about, page.at_s))
        last[id(about)] = about, max(at_s, page.at_s)
    told: dict[Episode, float] = {}
    for about, at_s in last.values():
        told |= {one: max(at_s, told.get(one, at_s)) for one in about}
    return told


def _fired_s(page: Paged) -> float:
    return began_s(page) if page.starts_s is None else page.starts_s


def _cleared_s(page: Paged) -> float:
    return began_s(page) if page.status == "resolved" else math.nan


def _lies_in(page: Paged, episode: Episode, slack_s: float) -> bool:
    """Whether what it tells of may be this episode: it began in it, or (of an all-clear) ended with it."""
    return page_times.lies_in(episode, _fired_s(page), _cleared_s(page), slack_s)


def _gap_s(page: Paged, episode: Episode) -> float:
    """How far the instant that it tells, at which its alert fired or cleared, lies from this one's."""
    return page_times.gap_s(episode, _fired_s(page), _cleared_s(page))


def _nearest(page: Paged, found: Sequence[Episode]) -> list[Episode]:
    """Those that fired when it says; all where none did."""
    least_s = min((_gap_s(page, one) for one in found), default=0.0)
    return [one for one in found if least_s > LAG_S or _gap_s(page, one) <= least_s + MOST_SKEW_S]
