"""What was delivered, held against a claim of a page: it came as claimed, or why it did not. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from harness import alerting
from harness.expectations import (
    alerts,
    by_chance,
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
from harness.expectations.base import Evidence
from harness.expectations.external_labels import in_prometheus
from harness.expectations.notifications import GAP_S, LAG_S, PROBE, Notification, notifications
from harness.expectations.page_hops import DONE, Sought, Way
from harness.expectations.page_way import way_of
from harness.expectations.requests import cites
from harness.facts import Paged
from harness.journal import Window
from harness.quantities import figures, spell
from harness.verdict import Details, Finding, Measure, Outcome, failed, inconclusive, passed

if TYPE_CHECKING:
    from harness.expectations.page_sent import PageSent


class PageJudged:
    """What was seen of one page held against one claim."""

    def __init__(self, claim: PageSent, evidence: Evidence, window: Window) -> None:
        self.claim, self.evidence, self.window = claim, evidence, window
        self.limit_s = alerts.limit_of(evidence, window, claim.within_s)
        self.from_s = self._from_s()
        self.sought = Sought(claim.alert, claim.labels, claim.receiver, self.from_s, self.limit_s, claim.url)

    def _from_s(self) -> float:
        """From when a notification is an answer. An alert may clear before its phase ends: by the mend, or a rollback."""
        evidence = self.evidence
        resolved = evidence.then and self.claim.status == "resolved"
        begun = evidence.journal.phase_began(evidence.phase) if resolved else None
        return begun.at_s if begun else alerts.from_of(evidence, self.window, self.limit_s)

    def finding(self) -> Finding:
        claim, evidence, journal = self.claim, self.evidence, self.evidence.journal
        from_s, limit_s = self.from_s, self.limit_s
        known_s = limit_s if claim.status == "firing" or evidence.over else limit_s + alerting.LAG_S
        if journal.end_s < known_s or math.isinf(limit_s):
            return alerts.time_not_up(evidence, f"whether {self._what()} would be sent in time was not known")
        about = [note for note in notifications(journal) if self._says(note.first)]
        held = claim.status == "firing" and any(
            e.fires_at(from_s) for e in alerting.episodes(journal, claim.alert, claim.labels)
        )
        held_before = page_alerts.held_before(evidence, claim.labels, from_s)
        fresh = [
            note
            for note in about
            if note.at_s > from_s
            and page_alerts.began_s(note.first) >= from_s
            and not (held and note.first.before_s is not None and note.first.starts_s is None)
            and not held_before(note.first)
        ]
        mine = [note for note in fresh if claim.receiver in ("", note.first.receiver)]
        came = [note for note in mine if note.at_s <= limit_s]
        watched = journal.watched(PROBE, "", from_s, limit_s, GAP_S, LAG_S)
        if came and claim.count is None:
            return self._came(came)
        if not watched:
            return alerts.not_watched(
                evidence, f"{self._what()} was {len(came)} times seen", "the mailbox", probe=PROBE
            )
        if claim.count is None or len(came) <= claim.count:
            unsure = page_listed.between(evidence, self.window, mine, limit_s, self._what()) or page_listed.nameless(
                evidence, (from_s, limit_s), claim.receiver, claim.status, self._what(to=False)
            )
            if unsure is not None:
                return unsure
        if came and claim.count is not None:
            return self._counted(came, claim.count)
        return self._none(about, fresh)

    def _what(self, *, to: bool = True) -> str:
        claim = self.claim
        whom = f" to {claim.receiver}" if to and claim.receiver else ""
        kind = "the all-clear" if claim.status == "resolved" else "a page"
        return f"{kind} about {alerts.spoken(claim.alert, claim.labels)}{whom}"

    def _says(self, page: Paged) -> bool:
        return self.sought.about(page.alert, page.labels) and page.status == self.claim.status

    def _stands_for(self, page: Paged) -> bool:
        """Whether a page that was open before the run may have swallowed this one; of one that is not understood nobody knows."""
        claim = self.claim
        named = not page.alert or alerting.named(page.alert, claim.alert)
        return claim.status == "firing" and named and claim.receiver in ("", page.receiver)

    def _came(self, came: Sequence[Notification]) -> Finding:
        claim, evidence, window, first = self.claim, self.evidence, self.window, came[0]
        what = f"{first.first.receiver}'s notification about {alerts.spoken(claim.alert, claim.labels)}"
        if claim.url and (wrong := page_url.elsewhere(evidence, claim.url, came, self.limit_s, what)) is not None:
            return wrong
        if claim.status == "resolved":
            opened = page_open.left_open(evidence, self.sought, first.first, window.start_s, self._what())
            if opened is not None:
                return opened
            if (unfounded := page_all_clear.unfounded(evidence, self.sought, came, self._what())) is not None:
                return unfounded
        elif (often := page_alerts.often(evidence, came, claim.labels, self.from_s, self.limit_s)) is not None:
            return by_chance.finding(evidence, f"{self._what()} was sent at {first.at_s:.1f} s of an alert", often)
        else:
            other = page_alerts.elsewhere(evidence, came, claim.labels, self._what())
            other = other or page_unsent.not_tried(evidence, came, self._what())
            if other is not None:
                return other
        early_s = window.start_s - first.at_s
        after_s = max(0.0, first.at_s - window.start_s)
        least_s = min(after_s, max(0.0, first.low_s - window.start_s))
        fired_s = first.at_s - page_alerts.began_s(first.first)
        floor = alerting.floor(evidence.journal, claim.alert, claim.receiver, first.at_s, claim.labels)
        limit = f" (limit {spell(claim.within_s)})" if claim.within_s is not None else ""
        when = f"{early_s:.1f} s before" if early_s > 0 else f"{after_s:.1f} s after"
        least = f"; it could not in less than {floor}" if floor and claim.status == "firing" else ""
        least += mid_fault.told(evidence, first.at_s) if claim.status == "resolved" else ""
        gone = mid_fault.after_end(evidence, first.at_s) if claim.status == "firing" else ""
        return passed(
            f"{first.first.receiver} was sent {self._what(to=False)} {when} {alerts.start_of(evidence)}{limit}, "
            f"{fired_s:.1f} s after the alert {'cleared' if claim.status == 'resolved' else 'fired'}"
            f"{self._repeats(came)}{gone}{least}",
            measure=Measure(round(least_s, 3), round(after_s, 3), "s", "census" if least_s == after_s else "grid"),
            cites=cites(evidence, *(note.first for note in came[:3])),
            details=self._hops(came),
        )

    def _hops(self, came: Sequence[Notification]) -> Details:
        """How the page came; of an all-clear nothing is told hop by hop."""
        if self.claim.status == "resolved":
            return ()
        return way_of(self.evidence.journal, self.sought, came).details()

    def _counted(self, came: Sequence[Notification], count: int) -> Finding:
        evidence, limit_s = self.evidence, self.limit_s
        pages = page_count.counted(evidence.journal, came, limit_s)
        if (between := pages.between(evidence, self._what(), count)) is not None:
            return between
        known = len(pages.known)
        if known == count:
            return self._came(came)
        if known < count and (unseen := self._others_unseen()) is not None:
            return unseen
        by = "; ".join(f"{p.receiver} {alerting.shown(p.labels)} at {p.at_s:.1f} s" for p in pages.known[:4])
        return failed(
            f"{known} notifications by {limit_s:.1f} s, not {count}: {by}",
            reason="too_many_pages" if known > count else "too_few_pages",
            measure=Measure(known, pages.most, "notifications"),
            cites=cites(evidence, *pages.known[:6]),
        )

    def _others_unseen(self) -> Finding | None:
        """Why there may have been more notifications than were seen."""
        return page_unseen.others(self.evidence, self.sought, f"{self._what()} was not seen {self.claim.count} times")

    @staticmethod
    def _repeats(came: Sequence[Notification]) -> str:
        again = sum(note.deliveries - 1 for note in came)
        return f"; delivered again {again} time{'s' if again > 1 else ''} (retries and repeats)" if again else ""

    def _none(self, about: Sequence[Notification], fresh: Sequence[Notification]) -> Finding:
        claim, evidence, journal = self.claim, self.evidence, self.evidence.journal
        from_s, limit_s = self.from_s, self.limit_s
        limit = f"within {figures(limit_s - self.window.start_s)} s of {alerts.start_of(evidence)}"
        if (unobservable := page_unseen.not_observable(evidence, claim.receiver, limit_s)) is not None:
            return unobservable
        wrong = [n for n in fresh if n.at_s <= limit_s and claim.receiver not in ("", n.first.receiver)]
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
        held_before = page_alerts.held_before(evidence, claim.labels, from_s)
        old = [n for n in told if page_alerts.began_s(n.first) < from_s or held_before(n.first)]
        labels = in_prometheus(journal, claim.alert, claim.labels, limit_s)
        firing = alerts.held_before(evidence, alerting.episodes(journal, claim.alert, labels), from_s)
        if claim.status == "firing" and (firing or any(n.at_s > from_s for n in old)):
            said = firing[0].began if firing else old[0].first
            since = (
                alerts.already(evidence, firing[0], from_s) if firing else f"firing, or pending, before {from_s:.1f} s"
            )
            return inconclusive(
                f"{claim.alert} was {since}, so no page could tell of what came then",
                reason="not_evaluated"
                if firing and alerts.unknown_before(journal, firing[0], from_s)
                else "pre_existing",
                decide="a steady state with `no alert firing`",
                cites=cites(evidence, said),
            )
        if claim.status == "firing" and (never := self._never_could(limit)) is not None:
            return never
        return self._failed(fresh, limit)

    def _never_could(self, limit: str) -> Finding | None:
        """Why no fault could have made it come in time, or None."""
        claim, evidence, journal, limit_s = self.claim, self.evidence, self.evidence.journal, self.limit_s
        said = f"{self._what()} was not sent {limit}"
        slow = alerts.rule_too_slow(evidence, said, claim.alert, claim.labels, claim.within_s, limit_s)
        if slow is not None:
            return slow
        pages = [page for page in journal.of(Paged, until_s=limit_s) if not page.standing]
        early = any(claim.receiver in ("", page.receiver) for page in pages)
        whom = None if early else claim.receiver  # its group may be there: then it does not wait for group_wait
        floor = alerting.floor(journal, claim.alert, whom, limit_s, claim.labels)
        below = floor if floor and claim.within_s is not None and floor.low_s > claim.within_s else None
        if below and not self._to_others():
            return inconclusive(
                f"{said}, and none could have been: it takes at least {below}",
                reason="below_floor",
                decide=f"a `within` above {spell(round(below.high_s, 1))}, or shorter waits",
                cites=cites(evidence),
            )
        rules = alerting.rules(journal, claim.alert, limit_s, claim.labels)
        return alerts.not_evaluated(evidence, said, rules, (self.from_s, limit_s))

    def _to_others(self) -> bool:
        """Whether Alertmanager held it and means it for others, so that no time would have brought it to the one that is claimed."""
        ended = way_of(self.evidence.journal, self.sought).broke
        return ended is not None and ended.reason == "wrong_receiver"

    def _failed(self, fresh: Sequence[Notification], limit: str) -> Finding:
        claim, evidence, journal = self.claim, self.evidence, self.evidence.journal
        from_s, limit_s = self.from_s, self.limit_s
        what = self._what()
        others = [
            note
            for note in notifications(journal)
            if alerting.named(note.first.alert, claim.alert)
            and note.first.status == claim.status
            and from_s < note.at_s <= limit_s
            and not alerting.bears(note.first.labels, claim.labels)
        ]
        if others:
            place, how = alerts.elsewhere(claim.labels, [note.first.labels for note in others])
            return failed(
                f"{what} was not sent {limit}; one about {claim.alert} was, but {how}",
                reason="other_service" if place else "wrong_labels",
                cites=cites(evidence, others[0].first),
            )
        after = [n for n in fresh if n.at_s > limit_s and claim.receiver in ("", n.first.receiver)]
        next_s = next_fault.until_s(evidence, from_s)
        late = [n for n in after if page_alerts.active_s(journal, n.first, claim.labels) <= next_s]
        if late:
            late_s = late[0].at_s - self.window.start_s
            return failed(
                f"{what} came only {late_s:.1f} s after {alerts.start_of(evidence)}, not {limit}",
                reason="late",
                measure=Measure(round(late_s, 3), round(late_s, 3), "s"),
                cites=cites(evidence, late[0].first),
            )
        limit += next_fault.told(journal, after[0].at_s) if after else ""
        if claim.status == "resolved":
            return page_all_clear.not_sent(evidence, self.sought, what, limit)
        way = way_of(journal, self.sought)
        ended = way.broke
        if (gone := page_unseen.gone_unseen(evidence, f"{what} was not seen {limit}", way)) is not None:
            return gone
        unseen = alerts.without(evidence) is None and not alerting.watched(journal, from_s, limit_s)
        if unseen and ended is not None and ended.reason == "missed":
            return alerts.not_watched(
                evidence, f"{what} was not sent {limit}, and whether the alert fired is not known"
            )
        return self._broke(limit, way)

    def _broke(self, limit: str, way: Way) -> Finding:
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
            cites=cites(self.evidence, *way.facts),
            decide=ended.decide,
            details=way.details(),
        )
