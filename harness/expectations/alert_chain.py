"""From a fault to its page, link by link: effect, sample, active, fired, page. Each has another owner. Pure.

    effect → sample    the instrumentation: the next scrape after the fault was on, as fine as the real scrapes lie
    sample → active    the rule: the first evaluation at which its expression held; what exceeds the grid is its own window
    active → fired     its `for`, in whole evaluations
    fired → page       the routing: group_wait of a new group, else the next group_interval, and the delivery

Evaluations and deliveries have times of their own and are exact; a fault is put on in a stretch, and a scrape lies after it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from harness import alerting
from harness.alerting import Episode, Link
from harness.expectations.base import Evidence
from harness.expectations.instants import Instant
from harness.expectations.notifications import Notification, notifications
from harness.expectations.page_alerts import of_page
from harness.facts import Injected, ReceiverSeen
from harness.verdict import Details

LINKS = (
    ("effect", "sample", "instrumentation"),
    ("sample", "active", "rule"),
    ("active", "fired", "for"),
    ("fired", "page", "routing"),
)
SCRAPES = "up"
"""The series whose samples tell when each target was scraped."""
HAIR_S = 0.005  # stamps of different sources are rounded to milliseconds


@dataclass(frozen=True)
class Chain:
    """`at` has the instants that are known, `bounds` what each link may take by the intervals alone, by its later end."""

    at: Mapping[str, Instant]
    bounds: Mapping[str, Link]

    def links(self) -> Iterator[tuple[str, str, str, float, float]]:
        """(from, to, owner, low_s, high_s) for each two neighbours that are known."""
        for one, other, owner in LINKS:
            if one in self.at and other in self.at:
                first, then = self.at[one], self.at[other]
                yield one, other, owner, max(0.0, then.low_s - first.high_s), max(0.0, then.high_s - first.low_s)

    @property
    def cites(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(instant.cite for instant in self.at.values() if instant.cite))

    def details(self) -> Details:
        """A line for each link: what it took, what its intervals allow, whose it is."""
        found = []
        for one, other, owner, low_s, high_s in self.links():
            took = f"{low_s:.2f} s" if high_s - low_s < HAIR_S else f"{low_s:.2f} to {high_s:.2f} s"
            found.append((f"{one} → {other}", f"{took} ({owner}){self._beside(other, low_s, high_s)}"))
        return tuple(found)

    def _beside(self, other: str, low_s: float, high_s: float) -> str:
        link = self.bounds.get(other)
        if link is None:
            return ""
        beyond = ""
        if low_s > link.high_s + HAIR_S:
            why = "the window that the rule looks at" if other == "active" else "more than its intervals explain"
            beyond = f"; {low_s - link.high_s:.2f} s or more are {why}"
        elif high_s < link.low_s - HAIR_S:
            beyond = "; sooner than that"
        made_of = f", {link.made_of}" if link.made_of else ""
        return f": by its intervals {link.low_s:g} to {round(link.high_s, 3):g} s{made_of}{beyond}"


def chain_of(evidence: Evidence, episode: Episode, from_s: float) -> Chain:
    """The way of one alert, as far as it is known; `from_s` is when the first fault of the phase was asked for."""
    journal = evidence.journal
    at: dict[str, Instant] = {}
    injected = next(
        (
            fact
            for fact in journal.of(Injected, since_s=from_s, until_s=episode.from_s)
            if fact.fault in evidence.faults and not evidence.then
        ),
        None,
    )
    floor = alerting.floor(journal, episode.alert, "", episode.from_s, episode.labels)
    bounds = dict(floor.links) if floor else {}
    if injected is not None:
        at["effect"] = Instant(max(from_s, injected.begun_s), injected.seen_s, injected.cite)
        at["sample"] = _sample(evidence, at["effect"], bounds.get("sample"))
    at["active"] = _active(episode)
    at["fired"] = Instant(episode.from_s, episode.from_s, episode.began.cite)
    if (page := page_of(evidence, episode)) is not None:
        at["page"] = Instant(min(page.at_s, max(page.low_s, episode.from_s)), page.at_s, page.first.cite)
        bounds["page"] = _routing(evidence, page)
    return Chain(at, bounds)


def page_of(evidence: Evidence, episode: Episode) -> Notification | None:
    """The first notification that this alert fires."""
    for note in notifications(evidence.journal):
        first = note.first
        mine = first.alert == episode.alert and first.status == "firing" and first.at_s >= episode.from_s - HAIR_S
        if mine and episode in of_page(evidence.journal, first):
            return note
    return None


def _sample(evidence: Evidence, effect: Instant, link: Link | None) -> Instant:
    """The first scrape that can show the effect: of the target that is scraped soonest, and of the one scraped last."""
    low_s, high_s = math.inf, -math.inf
    for target in evidence.series.get(SCRAPES, ()):
        after = target.t_s[np.searchsorted(target.t_s, effect.low_s) :]
        surely = target.t_s[np.searchsorted(target.t_s, effect.high_s) :]
        if len(after) and len(surely):
            low_s, high_s = min(low_s, float(after[0])), max(high_s, float(surely[0]))
    if math.isinf(low_s):
        return Instant(effect.low_s, effect.high_s + (link.high_s if link else 0.0))
    return Instant(low_s, high_s)


def _active(episode: Episode) -> Instant:
    """The evaluation since which the expression holds: Prometheus tells it itself; else the one at which it was first seen to."""
    return Instant(episode.active_s, episode.active_s, episode.active.cite)


def _routing(evidence: Evidence, page: Notification) -> Link:
    """group_wait for a group that is new; one that was there is told of at its next interval."""
    first = page.first
    waits = evidence.journal.of(ReceiverSeen, receiver=first.receiver, until_s=page.at_s)
    before = [
        note
        for note in notifications(evidence.journal)
        if note.first.receiver == first.receiver and note.first.group_key == first.group_key and note.at_s < page.at_s
    ]
    if before:
        interval_s = max((seen.group_interval_s for seen in waits), default=0.0)
        return Link(0.0, interval_s + alerting.DELIVERY_S, f"group_interval {interval_s:g} s, for its group was there")
    wait_s = [seen.group_wait_s for seen in waits]
    told = f"group_wait {min(wait_s):g} s" if wait_s else ""
    return Link(min(wait_s, default=0.0), max(wait_s, default=0.0) + alerting.DELIVERY_S, told)
