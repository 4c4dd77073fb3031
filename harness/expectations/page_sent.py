"""A page is delivered in time, to whom it should: somebody is called."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar, Literal

from pydantic import Field

from harness import alerting
from harness.expectations import (
    alerts,
    by_chance,
    known_alerts,
    mid_fault,
    next_fault,
    page_alerts,
    page_all_clear,
    page_count,
    page_listed,
    page_open,
    page_unseen,
    page_unsent,
    page_url,
)
from harness.expectations.base import Evidence, Expectation, Reach
from harness.expectations.external_labels import in_prometheus
from harness.expectations.notifications import GAP_S, LAG_S, PROBE, Notification, notifications
from harness.expectations.page_hops import DONE, Sought, Way
from harness.expectations.page_way import way_of
from harness.expectations.requests import cites
from harness.expectations.slow_pages import slow_page
from harness.facts import Paged
from harness.journal import Window
from harness.quantities import Seconds, figures, spell
from harness.verdict import Details, Finding, Measure, Outcome, failed, inconclusive, passed


class PageSent(Expectation):
    """A notification about an alert is delivered to its receiver in time.

        expect:
          - page_sent: {receiver: oncall, alert: CheckoutLatencyHigh, labels: {severity: page}, count: 1, within: 35s}

    Units:   within: a duration from the phase's beginning (in `then` from its end); the whole phase when left out.
             count: exactly so many notifications within the time; at least one when left out. `status: resolved` is the
             message that the alert has cleared, and the last word on it: of each alert that the receiver was told of since the
             phase's beginning, and none of them fires when the time is over. url: where the receiver really listens; a page that Alertmanager sends to
             another host or path then fails. Without it nobody knows whether the receiver has the path that is configured.
    Counts:  notifications as they arrive at a mailbox under the host name of the receiver's URL, so that no person is paged.
             One per group key, alert, start and status, and with `count` each repeat of it (Alertmanager's repeat_interval):
             a person is called again. A copy from another Alertmanager is none, and one too soon for a repeat may be a
             retry (inconclusive: retry_or_repeat). Of an alert that began to fire, or was pending, before the phase's
             first fault none counts, nor one of an alert that fires by chance as often (pre_existing), nor, as a late one, of
             an alert that held only after the next phase's fault.
    Decides: when the time is over. Failed: late, too_many_pages, too_few_pages, other_service, wrong_labels, and, by the hop at
             which its way ended, rule_missing, rule_broken, rule_too_slow, rule_impossible, missed, pending_only, fired_not_routed,
             wrong_receiver (also one that sends nothing), wrong_url, suppressed (silenced, inhibited or muted, and by what),
             still_waiting (group_wait, group_interval), not_delivered; never_resolved for an all-clear. Inconclusive:
             pre_existing, other_source (Prometheus has the rule, and what it never fired came), not_observable (nobody here sees that
             receiver, or whether its route is muted, or a delivery left alerts out), inhibitor_unsent (what would hold
             the page back fires, and Alertmanager had not heard of it), no_alertmanager,
             below_floor, not_evaluated, too_near (of a polled list), no_series (its rule's `offset` looks back to
             before the run), and no_series or rule_missing of an all-clear (what is gone is what the alert reads, or its rule, and not
             the trouble).
    Source:  what was received (on a target also what its provider's list shows, between two looks), Alertmanager's
             /api/v2/alerts and silences each second, its configuration, and what both servers
             count of alerts on their way (/metrics). Whether anybody acknowledged is a provider's own state: not observable.
    """

    word: ClassVar[str] = "page_sent"
    timed: ClassVar[tuple[str, ...]] = ("late",)

    alert: str = Field(min_length=1, description="the alert's name, as the rule has it")
    receiver: str = Field(default="", description="the receiver's name in Alertmanager; any when left out")
    labels: dict[str, str] = Field(default_factory=dict, description="labels that the alert must have")
    status: Literal["firing", "resolved"] = Field(default="firing", description="firing, or resolved: the all-clear")
    count: int | None = Field(default=None, ge=1, description="exactly so many notifications; at least one without it")
    within_s: Seconds | None = Field(default=None, alias="within", description="from the phase's beginning, or its end")
    url: str = Field(default="", pattern=r"^$|^http://[^/]", description="where the receiver really listens")

    def about(self) -> str:
        return f"{self.alert}-{self.receiver}" if self.receiver else self.alert

    def late_s(self) -> float | None:
        return self.within_s

    def undecidable(self, reach: Reach) -> str:
        return alerts.too_long(reach, self.within_s)

    def pages(self) -> str:
        return self.alert

    def unseen(self, reach: Reach) -> str:
        return alerts.unseen(reach, pages=True) or page_unseen.planned(reach, self.receiver)

    def doubtful(self, reach: Reach) -> str:
        if why := known_alerts.no_alert(reach, self.alert, self.labels):
            return why
        if why := page_unseen.silent(reach, self.receiver):
            return why
        if reach.then or not reach.faulted or reach.alerts is None or self.status == "resolved":
            return ""
        limit_s = reach.window_s if self.within_s is None else min(self.within_s, reach.window_s)
        return slow_page(reach, self.alert, self.receiver, limit_s, self.labels)

    def check(self, evidence: Evidence) -> Finding:  # noqa: PLR0911 (one return for each thing there is to say)
        journal, window = evidence.journal, alerts.begun(evidence, pages=True)
        if isinstance(window, Finding):
            return window
        limit_s = alerts.limit_of(evidence, window, self.within_s)
        known_s = limit_s if self.status == "firing" or evidence.over else limit_s + alerting.LAG_S
        if journal.end_s < known_s or math.isinf(limit_s):
            return alerts.time_not_up(evidence, f"whether {self._what()} would be sent in time was not known")
        from_s = self._from_s(evidence, window, limit_s)
        about = [note for note in notifications(journal) if self._says(note.first)]
        held = self.status == "firing" and any(
            e.fires_at(from_s) for e in alerting.episodes(journal, self.alert, self.labels)
        )
        held_before = page_alerts.held_before(evidence, self.labels, from_s)
        fresh = [
            note
            for note in about
            if note.at_s > from_s
            and page_alerts.began_s(note.first) >= from_s
            and not (held and note.first.before_s is not None and note.first.starts_s is None)
            and not held_before(note.first)
        ]
        mine = [note for note in fresh if self.receiver in ("", note.first.receiver)]
        came = [note for note in mine if note.at_s <= limit_s]
        watched = journal.watched(PROBE, "", from_s, limit_s, GAP_S, LAG_S)
        if came and self.count is None:
            return self._came(evidence, window, came)
        if not watched:
            return alerts.not_watched(
                evidence, f"{self._what()} was {len(came)} times seen", "the mailbox", probe=PROBE
            )
        if self.count is None or len(came) <= self.count:
            unsure = page_listed.between(evidence, window, mine, limit_s, self._what()) or page_listed.nameless(
                evidence, (from_s, limit_s), self.receiver, self.status, self._what(to=False)
            )
            if unsure is not None:
                return unsure
        if came and self.count is not None:
            return self._counted(evidence, window, came, self.count, limit_s)
        return self._none(evidence, window, (from_s, limit_s), about, fresh)

    def _from_s(self, evidence: Evidence, window: Window, limit_s: float) -> float:
        """From when a notification is an answer. An alert may clear before its phase ends: by the mend, or a rollback."""
        begun = evidence.journal.phase_began(evidence.phase) if evidence.then and self.status == "resolved" else None
        return begun.at_s if begun else alerts.from_of(evidence, window, limit_s)

    def _what(self, *, to: bool = True) -> str:
        whom = f" to {self.receiver}" if to and self.receiver else ""
        kind = "the all-clear" if self.status == "resolved" else "a page"
        return f"{kind} about {alerts.spoken(self.alert, self.labels)}{whom}"

    def _says(self, page: Paged) -> bool:
        bears = alerting.named(page.alert, self.alert) and alerting.bears(page.labels, self.labels)
        return bears and page.status == self.status

    def _stands_for(self, page: Paged) -> bool:
        """Whether a page that was open before the run may have swallowed this one; of one that is not understood nobody knows."""
        named = not page.alert or alerting.named(page.alert, self.alert)
        return self.status == "firing" and named and self.receiver in ("", page.receiver)

    def _came(self, evidence: Evidence, window: Window, came: Sequence[Notification]) -> Finding:
        first = came[0]
        what = f"{first.first.receiver}'s notification about {alerts.spoken(self.alert, self.labels)}"
        limit_s = alerts.limit_of(evidence, window, self.within_s)
        if self.url and (wrong := page_url.elsewhere(evidence, self.url, came, limit_s, what)) is not None:
            return wrong
        from_s = self._from_s(evidence, window, limit_s)
        if self.status == "resolved":
            sought = self._sought(from_s, limit_s)
            opened = page_open.left_open(evidence, sought, first.first, window.start_s, self._what())
            if opened is not None:
                return opened
            if (unfounded := page_all_clear.unfounded(evidence, sought, came, self._what())) is not None:
                return unfounded
        elif (often := page_alerts.often(evidence, came, self.labels, from_s, limit_s)) is not None:
            return by_chance.finding(evidence, f"{self._what()} was sent at {first.at_s:.1f} s of an alert", often)
        else:
            other = page_alerts.elsewhere(evidence, came, self.labels, self._what())
            other = other or page_unsent.not_tried(evidence, came, self._what())
            if other is not None:
                return other
        early_s = window.start_s - first.at_s
        after_s = max(0.0, first.at_s - window.start_s)
        least_s = min(after_s, max(0.0, first.low_s - window.start_s))
        fired_s = first.at_s - page_alerts.began_s(first.first)
        floor = alerting.floor(evidence.journal, self.alert, self.receiver, first.at_s, self.labels)
        limit = f" (limit {spell(self.within_s)})" if self.within_s is not None else ""
        when = f"{early_s:.1f} s before" if early_s > 0 else f"{after_s:.1f} s after"
        least = f"; it could not in less than {floor}" if floor and self.status == "firing" else ""
        least += mid_fault.told(evidence, first.at_s) if self.status == "resolved" else ""
        return passed(
            f"{first.first.receiver} was sent {self._what(to=False)} {when} {alerts.start_of(evidence)}{limit}, "
            f"{fired_s:.1f} s after the alert {'cleared' if self.status == 'resolved' else 'fired'}"
            f"{self._repeats(came)}{least}",
            measure=Measure(round(least_s, 3), round(after_s, 3), "s", "census" if least_s == after_s else "grid"),
            cites=cites(evidence, *(note.first for note in came[:3])),
            details=self._hops(evidence, window, came),
        )

    def _hops(self, evidence: Evidence, window: Window, came: Sequence[Notification]) -> Details:
        """How the page came; of an all-clear nothing is told hop by hop."""
        if self.status == "resolved":
            return ()
        limit_s = alerts.limit_of(evidence, window, self.within_s)
        from_s = self._from_s(evidence, window, limit_s)
        return way_of(evidence.journal, self._sought(from_s, limit_s), came).details()

    def _counted(
        self, evidence: Evidence, window: Window, came: Sequence[Notification], count: int, limit_s: float
    ) -> Finding:
        pages = page_count.counted(evidence.journal, came, limit_s)
        if (between := pages.between(evidence, self._what(), count)) is not None:
            return between
        known = len(pages.known)
        if known == count:
            return self._came(evidence, window, came)
        if known < count and (unseen := self._others_unseen(evidence, window, limit_s)) is not None:
            return unseen
        by = "; ".join(f"{p.receiver} {alerting.shown(p.labels)} at {p.at_s:.1f} s" for p in pages.known[:4])
        return failed(
            f"{known} notifications by {limit_s:.1f} s, not {count}: {by}",
            reason="too_many_pages" if known > count else "too_few_pages",
            measure=Measure(known, pages.most, "notifications"),
            cites=cites(evidence, *pages.known[:6]),
        )

    def _others_unseen(self, evidence: Evidence, window: Window, limit_s: float) -> Finding | None:
        """Why there may have been more notifications than were seen."""
        sought = self._sought(self._from_s(evidence, window, limit_s), limit_s)
        return page_unseen.others(evidence, sought, f"{self._what()} was not seen {self.count} times")

    @staticmethod
    def _repeats(came: Sequence[Notification]) -> str:
        again = sum(note.deliveries - 1 for note in came)
        return f"; delivered again {again} time{'s' if again > 1 else ''} (retries and repeats)" if again else ""

    def _none(
        self,
        evidence: Evidence,
        window: Window,
        stretch: tuple[float, float],
        about: Sequence[Notification],
        fresh: Sequence[Notification],
    ) -> Finding:
        journal, (from_s, limit_s) = evidence.journal, stretch
        limit = f"within {figures(limit_s - window.start_s)} s of {alerts.start_of(evidence)}"
        if (unobservable := page_unseen.not_observable(evidence, self.receiver, limit_s)) is not None:
            return unobservable
        wrong = [n for n in fresh if n.at_s <= limit_s and self.receiver not in ("", n.first.receiver)]
        if wrong:
            return failed(
                f"{self._what()} was not sent; it went to {wrong[0].first.receiver} at {wrong[0].at_s:.1f} s",
                reason="wrong_receiver",
                cites=cites(evidence, wrong[0].first),
            )
        standing = [page for page in journal.of(Paged, until_s=limit_s) if page.standing and self._stands_for(page)]
        if standing:
            return page_listed.standing(evidence, standing[0], self._what())
        told = [note for note in about if note.at_s <= limit_s]
        held_before = page_alerts.held_before(evidence, self.labels, from_s)
        old = [n for n in told if page_alerts.began_s(n.first) < from_s or held_before(n.first)]
        labels = in_prometheus(journal, self.alert, self.labels, limit_s)
        firing = alerts.held_before(evidence, alerting.episodes(journal, self.alert, labels), from_s)
        if self.status == "firing" and (firing or any(n.at_s > from_s for n in old)):
            said = firing[0].began if firing else old[0].first
            since = (
                alerts.already(evidence, firing[0], from_s) if firing else f"firing, or pending, before {from_s:.1f} s"
            )
            return inconclusive(
                f"{self.alert} was {since}, so no page could tell of what came then",
                reason="not_evaluated"
                if firing and alerts.unknown_before(journal, firing[0], from_s)
                else "pre_existing",
                decide="a steady state with `no alert firing`",
                cites=cites(evidence, said),
            )
        if self.status == "firing" and (never := self._never_could(evidence, stretch, limit)) is not None:
            return never
        return self._failed(evidence, window, (from_s, limit_s), fresh, limit)

    def _never_could(self, evidence: Evidence, stretch: tuple[float, float], limit: str) -> Finding | None:
        """Why no fault could have made it come in time, or None."""
        journal, (_, limit_s) = evidence.journal, stretch
        said = f"{self._what()} was not sent {limit}"
        slow = alerts.rule_too_slow(evidence, said, self.alert, self.labels, self.within_s, limit_s)
        if slow is not None:
            return slow
        pages = [page for page in journal.of(Paged, until_s=limit_s) if not page.standing]
        early = any(self.receiver in ("", page.receiver) for page in pages)
        whom = None if early else self.receiver  # its group may be there: then it does not wait for group_wait
        floor = alerting.floor(journal, self.alert, whom, limit_s, self.labels)
        below = floor if floor and self.within_s is not None and floor.low_s > self.within_s else None
        if below and not self._to_others(evidence, stretch):
            return inconclusive(
                f"{said}, and none could have been: it takes at least {below}",
                reason="below_floor",
                decide=f"a `within` above {spell(round(below.high_s, 1))}, or shorter waits",
                cites=cites(evidence),
            )
        rules = alerting.rules(journal, self.alert, limit_s, self.labels)
        return alerts.not_evaluated(evidence, said, rules, stretch)

    def _to_others(self, evidence: Evidence, stretch: tuple[float, float]) -> bool:
        """Whether Alertmanager held it and means it for others, so that no time would have brought it to the one that is claimed."""
        ended = way_of(evidence.journal, self._sought(*stretch)).broke
        return ended is not None and ended.reason == "wrong_receiver"

    def _failed(
        self,
        evidence: Evidence,
        window: Window,
        stretch: tuple[float, float],
        fresh: Sequence[Notification],
        limit: str,
    ) -> Finding:
        journal, (from_s, limit_s) = evidence.journal, stretch
        what = self._what()
        others = [
            note
            for note in notifications(journal)
            if alerting.named(note.first.alert, self.alert)
            and note.first.status == self.status
            and from_s < note.at_s <= limit_s
            and not alerting.bears(note.first.labels, self.labels)
        ]
        if others:
            place, how = alerts.elsewhere(self.labels, [note.first.labels for note in others])
            return failed(
                f"{what} was not sent {limit}; one about {self.alert} was, but {how}",
                reason="other_service" if place else "wrong_labels",
                cites=cites(evidence, others[0].first),
            )
        after = [n for n in fresh if n.at_s > limit_s and self.receiver in ("", n.first.receiver)]
        next_s = next_fault.until_s(evidence, from_s)
        late = [n for n in after if page_alerts.active_s(journal, n.first, self.labels) <= next_s]
        if late:
            late_s = late[0].at_s - window.start_s
            return failed(
                f"{what} came only {late_s:.1f} s after {alerts.start_of(evidence)}, not {limit}",
                reason="late",
                measure=Measure(round(late_s, 3), round(late_s, 3), "s"),
                cites=cites(evidence, late[0].first),
            )
        limit += next_fault.told(journal, after[0].at_s) if after else ""
        if self.status == "resolved":
            return page_all_clear.not_sent(evidence, self._sought(from_s, limit_s), what, limit)
        way = way_of(journal, self._sought(from_s, limit_s))
        ended = way.broke
        if (gone := page_unseen.gone_unseen(evidence, f"{what} was not seen {limit}", way)) is not None:
            return gone
        unseen = alerts.without(evidence) is None and not alerting.watched(journal, from_s, limit_s)
        if unseen and ended is not None and ended.reason == "missed":
            return alerts.not_watched(
                evidence, f"{what} was not sent {limit}, and whether the alert fired is not known"
            )
        return self._broke(evidence, limit, way)

    def _sought(self, from_s: float, limit_s: float) -> Sought:
        return Sought(self.alert, self.labels, self.receiver, from_s, limit_s, self.url)

    def _broke(self, evidence: Evidence, limit: str, way: Way) -> Finding:
        """The hop at which the page ended is the reason, and every hop is told with what proves it."""
        ended = way.broke
        assert ended is not None, "a page that came is no page that was not sent"
        before = [hop for hop in way.hops[: way.hops.index(ended)] if hop.state == DONE]
        got = f"; it was {before[-1].name} ({before[-1].said})" if before and before[-1].said else ""
        said = f"{self._what()} was not sent {limit}: its way ended at '{ended.name}', for {ended.said}{got}"
        return Finding(
            Outcome.INCONCLUSIVE if ended.decide else Outcome.FAILED,
            ended.reason,
            said,
            cites=cites(evidence, *way.facts),
            decide=ended.decide,
            details=way.details(),
        )
