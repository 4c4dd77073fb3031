"""Which alert a page is about, and whether that would have come without the fault. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from harness import alerting
from harness.alerting import Episode
from harness.expectations import alerts, by_chance
from harness.expectations.base import Evidence
from harness.expectations.by_chance import Before
from harness.expectations.external_labels import in_prometheus
from harness.expectations.notifications import LAG_S, Notification
from harness.facts import Paged
from harness.journal import Journal

Labels = Mapping[str, str]


def began_s(page: Paged) -> float:
    """When what the notification tells of happened: the alert fired, or cleared."""
    told_s = page.ends_s if page.status == "resolved" else page.starts_s
    earliest_s = page.at_s if page.before_s is None else page.before_s
    return earliest_s if told_s is None else told_s


def active_s(journal: Journal, page: Paged, labels: Labels) -> float:
    """Since when the alert holds, or held, that it is about; as far as is known."""
    fired_s = began_s(page) if page.starts_s is None else page.starts_s
    _, mine = _episodes(journal, page, labels, fired_s)
    return min((alerting.active_s(journal, episode) for episode in mine), default=fired_s)


def held_before(evidence: Evidence, page: Paged, labels: Labels, from_s: float) -> bool:
    """Whether its alert was pending before the fault already: it would have come without it."""
    about, mine = _episodes(evidence.journal, page, labels, began_s(page))
    held = alerts.held_before(evidence, about, from_s)
    return page.status == "firing" and bool(mine) and all(episode in held for episode in mine)


def often(
    evidence: Evidence, came: Sequence[Notification], labels: Labels, from_s: float, limit_s: float
) -> Before | None:
    """What is known of the alert of the first, where all are of alerts that fire so often that they would have come without the fault;
    else None."""
    known: list[Before] = []
    for note in came:
        about, mine = _episodes(evidence.journal, note.first, labels, began_s(note.first))
        each = [by_chance.before(evidence, about, episode, from_s, limit_s) for episode in mine]
        if not each or not all(one.likely for one in each):
            return None
        known += each
    return known[0]


def _episodes(journal: Journal, page: Paged, labels: Labels, began: float) -> tuple[list[Episode], list[Episode]]:
    """The alerts that such a page may be about, and those that this one is. Alertmanager may have added labels."""
    about = alerting.episodes(journal, page.alert, in_prometheus(journal, page.alert, labels))
    mine = [
        episode
        for episode in about
        if alerting.bears(page.labels, episode.labels) and episode.from_s - LAG_S <= began < episode.until_s
    ]
    return about, mine
