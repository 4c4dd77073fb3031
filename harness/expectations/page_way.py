"""The way of a page, hop by hop, from the rule to the person: the first hop that broke, and what proves those before it. Pure.

    rule loaded, evaluated, pending, firing         Prometheus' own rules and alerts, each second
    sent, received                                  its counters, and Alertmanager holding the alert
    routed, not held back                           the receivers that Alertmanager means it for, silences, inhibitions
    delivered                                       the delivery itself, or Alertmanager's counter of those that failed
    acknowledged                                    a provider's own state, which nobody here sees

A hop is done, broken, or cannot be told; what comes after a hop that is done proves the ones before it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from harness import alerting
from harness.alerting import Episode
from harness.expectations import broken_rules, page_receivers, page_url, selected
from harness.expectations.external_labels import in_prometheus
from harness.expectations.notifications import Notification
from harness.facts import AlertChanged, AlertRouted, DeliveryCounted, Fact, Paged, SilenceSeen
from harness.journal import Journal
from harness.verdict import Details

DONE, BROKEN, UNTOLD = "done", "broken", "not observable"
OPEN = "not reached"
FIRING, SENT, RECEIVED = 3, 4, 5  # the places of those hops
MUTES_TOLD = "Alertmanager 0.28 or later, which tells what it mutes, or a run in which no time interval does"
UNSEEN = "Prometheus could not be looked at all the time"


@dataclass(frozen=True)
class Hop:
    """`reason` is the code of a finding whose page ended here, `decide` what would tell where that cannot be told."""

    name: str
    state: str
    said: str
    reason: str = ""
    decide: str = ""
    facts: tuple[Fact, ...] = ()


@dataclass(frozen=True)
class Way:
    """The hops in their order, those after the broken one as not reached."""

    hops: tuple[Hop, ...]

    @property
    def broke(self) -> Hop | None:
        return next((hop for hop in self.hops if hop.state == BROKEN), None)

    @property
    def unseen(self) -> Hop | None:
        """Where the page may have gone on and nobody here could see it."""
        return next((hop for hop in self.hops if hop.state == UNTOLD and hop.reason), None)

    @property
    def facts(self) -> tuple[Fact, ...]:
        return tuple(fact for hop in self.hops for fact in hop.facts)

    def details(self) -> Details:
        return tuple((hop.name, f"{hop.state}{f': {hop.said}' if hop.said else ''}") for hop in self.hops)


@dataclass(frozen=True)
class Sought:
    """The page that a claim is about, and the stretch in which it should have come. receiver '': any; url '': wherever it came."""

    alert: str
    labels: Mapping[str, str]
    receiver: str
    from_s: float
    limit_s: float
    url: str = ""

    def about(self, alert: str, labels: Mapping[str, str]) -> bool:
        return alerting.named(alert, self.alert) and alerting.bears(labels, self.labels)


def way_of(journal: Journal, sought: Sought, came: Sequence[Notification] = ()) -> Way:
    """How far the page came; `came` are the notifications that arrived for it in time."""
    inner = replace(sought, labels=in_prometheus(journal, sought.alert, sought.labels, sought.limit_s))
    firing = [
        episode
        for episode in alerting.episodes(journal, sought.alert, inner.labels)
        if episode.from_s <= sought.limit_s and episode.until_s > sought.from_s
    ]
    held = [
        seen
        for seen in journal.of(AlertRouted, since_s=sought.from_s, until_s=sought.limit_s)
        if sought.about(seen.alert, seen.labels) and seen.state != "gone"
    ]
    pages = tuple(note.first for note in came)
    made = (
        _loaded(journal, sought),
        _evaluated(journal, sought),
        _pending(journal, inner, firing),
        _firing(journal, sought, firing),
        _sent(journal, sought, firing),
        _received(journal, sought, held),
        _routed(journal, sought, held),
        _not_held_back(journal, sought, held),
        _answered(journal, sought, held, pages),
        Hop("acknowledged", UNTOLD, "a mailbox stands where the provider would; nobody can acknowledge there"),
    )
    # Prometheus' counters tell of all alerts together: that something was sent proves nothing of this one.
    proven = max((number for number, hop in enumerate(made) if hop.state == DONE and number != SENT), default=-1)
    sure = proven if pages else min(proven, RECEIVED)  # a page that came was held back at another time, if at all
    hops: list[Hop] = []
    broke = False
    for number, hop in enumerate(made):
        if broke:
            hops.append(Hop(hop.name, OPEN, ""))
        elif number < sure and hop.state != DONE:  # seen later on the way, so it was passed here
            hops.append(Hop(hop.name, DONE, f"for it was seen {made[proven].name}"))
        else:
            broke = hop.state == BROKEN
            # Nobody knows whether it fired: all that is known is that there was no page.
            hops.append(replace(hop, reason="missed") if broke and number > FIRING and not firing else hop)
    return Way(tuple(hops))


def _loaded(journal: Journal, sought: Sought) -> Hop:
    mine = alerting.rules(journal, sought.alert, sought.limit_s)
    if not mine and not alerting.watched(journal, sought.from_s, sought.limit_s):
        return Hop("rule loaded", UNTOLD, UNSEEN)
    if not mine:
        said = f"Prometheus has no alerting rule {sought.alert}"
        return Hop("rule loaded", BROKEN, said, reason="rule_missing")
    return Hop(
        "rule loaded", DONE, f"{mine[0].rule} in {mine[0].group.rpartition(';')[2] or 'a group'}", facts=mine[:1]
    )


def _evaluated(journal: Journal, sought: Sought) -> Hop:
    mine = alerting.rules(journal, sought.alert, sought.limit_s)
    if ill := broken_rules.too_long(journal, mine, sought.from_s, sought.limit_s):
        return Hop("evaluated", BROKEN, str(ill), reason="rule_broken", facts=(ill.seen,))
    if not mine or not alerting.watched(journal, sought.from_s, sought.limit_s):
        return Hop("evaluated", UNTOLD, UNSEEN)
    every = f"every {mine[0].interval_s:g} s" if mine[0].interval_s else "without an error"
    return Hop("evaluated", DONE, every)


def _pending(journal: Journal, sought: Sought, firing: Sequence[Episode]) -> Hop:
    pending = [
        change
        for change in journal.of(AlertChanged, state="pending", since_s=sought.from_s, until_s=sought.limit_s)
        if sought.about(change.alert, change.labels)
    ]
    if pending:
        return Hop("pending", DONE, f"since {pending[0].at_s:.1f} s", facts=tuple(pending[:1]))
    if firing:
        return Hop("pending", DONE, "it fired at once", facts=(firing[0].began,))
    if not alerting.watched(journal, sought.from_s, sought.limit_s):
        return Hop("pending", UNTOLD, UNSEEN)
    rules = alerting.rules(journal, sought.alert, sought.limit_s)
    why = selected.missed(journal, rules, sought.from_s, sought.limit_s)
    said = f"its expression never held{f': {why.said}' if why.said else ''}"
    return Hop("pending", BROKEN, said, reason=why.reason)


def _firing(journal: Journal, sought: Sought, firing: Sequence[Episode]) -> Hop:
    if firing:
        return Hop("firing", DONE, f"since {firing[0].from_s:.1f} s", facts=(firing[0].began,))
    if not alerting.watched(journal, sought.from_s, sought.limit_s):
        return Hop("firing", UNTOLD, UNSEEN)
    return Hop("firing", BROKEN, "its expression held, but not as long as its rule asks", reason="pending_only")


def _sent(journal: Journal, sought: Sought, firing: Sequence[Episode]) -> Hop:
    """By Prometheus' own counters; nothing sent, or all of it failed, is where it ended."""
    known = [one for one in journal.of(DeliveryCounted, server="prometheus") if one.at_s <= sought.limit_s]
    if not firing or not known:
        return Hop("sent", UNTOLD, "Prometheus' own counters were not read" if firing else "")
    there = [one for one in known if one.counter == "prometheus_notifications_alertmanagers_discovered"]
    if there and there[-1].value == 0:
        return Hop("sent", BROKEN, "Prometheus knows of no Alertmanager", reason="fired_not_routed", facts=(there[-1],))
    sent = _risen(known, "prometheus_notifications_sent_total", firing[0].from_s)
    lost = [
        fact
        for name in ("prometheus_notifications_dropped_total", "prometheus_notifications_errors_total")
        for fact in _risen(known, name, firing[0].from_s)
    ]
    if lost:
        said = f"{lost[-1].counter} rose to {lost[-1].value:g} after it fired"
        return Hop("sent", BROKEN, said, reason="fired_not_routed", facts=tuple(lost[-1:]))
    if sent:
        return Hop("sent", DONE, f"{sent[0].counter} rose after it fired", facts=tuple(sent[:1]))
    return Hop("sent", UNTOLD, "its counters did not rise after it fired, and may not have been read since")


def _received(journal: Journal, sought: Sought, held: Sequence[AlertRouted]) -> Hop:
    if held:
        return Hop("received", DONE, f"Alertmanager held it at {held[0].at_s:.1f} s", facts=tuple(held[:1]))
    if not journal.watched("silences", "", sought.from_s, sought.limit_s, 5.0, 1.0):
        return Hop("received", UNTOLD, "Alertmanager could not be looked at all the time")
    return Hop("received", BROKEN, "Alertmanager never held it", reason="fired_not_routed")


def _routed(journal: Journal, sought: Sought, held: Sequence[AlertRouted]) -> Hop:
    meant = tuple(dict.fromkeys(name for seen in held for name in seen.receivers))
    if not held:
        return Hop("routed", UNTOLD, "")
    if not meant or sought.receiver not in ("", *meant):
        whom = page_receivers.why_meant(journal, meant, sought.receiver, held[-1].labels)
        said = f"Alertmanager means it for {', '.join(meant) or 'nobody'}{whom}"
        return Hop("routed", BROKEN, said, reason="wrong_receiver", facts=tuple(held[-1:]))
    return Hop("routed", DONE, f"to {', '.join(meant)}", facts=tuple(held[-1:]))


def _not_held_back(journal: Journal, sought: Sought, held: Sequence[AlertRouted]) -> Hop:
    """A silence by its matchers, an inhibition by the alert that does it, a route by the time interval that mutes it."""
    quiet = [seen for seen in held if seen.state == "suppressed"]
    name = "neither silenced nor inhibited"
    if not quiet:
        return _not_muted(name, journal, sought, held)
    last = quiet[0]
    if last.silenced_by:
        silences = journal.of(SilenceSeen, silence=last.silenced_by[0])
        what = f" ({', '.join(silences[-1].matchers)}; by {silences[-1].by or 'nobody named'})" if silences else ""
        said = f"silenced, by silence {last.silenced_by[0]}{what}"
        return Hop(name, BROKEN, said, reason="suppressed", facts=(last, *silences[-1:]))
    others = [s for s in journal.of(AlertRouted) if s.fingerprint and s.fingerprint in last.inhibited_by]
    by = f"{others[-1].alert}{alerting.shown(others[-1].labels)}" if others else "another alert"
    return Hop(name, BROKEN, f"inhibited, by {by}", reason="suppressed", facts=(last, *others[-1:]))


def _not_muted(name: str, journal: Journal, sought: Sought, held: Sequence[AlertRouted]) -> Hop:
    """A muted alert stays `active`. Whether it is muted tells the API (since 0.28), or a counter of all alerts together (0.27)."""
    meant = page_receivers.meant(held, sought.receiver)
    muted = [seen for seen in held if meant and all(receiver in seen.muted for receiver in meant)]
    if muted:
        by = ", ".join(dict.fromkeys(muted[0].muted[receiver] for receiver in meant))
        said = f"muted, by the time interval {by} of its route to {', '.join(meant)}"
        return Hop(name, BROKEN, said, reason="suppressed", facts=tuple(muted[:1]))
    routes = page_receivers.with_time_intervals(journal, meant, sought.limit_s)
    if not routes or any(seen.mutes_told for seen in held):
        return Hop(name, DONE if held else UNTOLD, "")
    where = f"the time interval {', '.join(routes[0].time_intervals)} of its route to {routes[0].receiver}"
    known = [one for one in journal.of(DeliveryCounted, server="alertmanager") if one.at_s <= sought.limit_s]
    risen = [
        one
        for one in _risen(known, "alertmanager_notifications_suppressed_total", held[0].at_s)
        if one.labels.get("reason", "").endswith("time_interval")
    ]
    if risen:
        said = f"muted, by {where}: Alertmanager counts {risen[-1].value:g} so held back by then"
        return Hop(name, BROKEN, said, reason="suppressed", facts=(*risen[-1:], *routes[:1]))
    said = f"whether it was muted, by {where}, this Alertmanager does not tell"
    return Hop(name, UNTOLD, said, reason="not_observable", decide=MUTES_TOLD, facts=tuple(routes[:1]))


def _answered(journal: Journal, sought: Sought, held: Sequence[AlertRouted], pages: Sequence[Paged]) -> Hop:
    if pages:
        said = f"{page_url.took(pages[0])}{'' if sought.url else page_url.UNKNOWN}"
        return Hop("delivered", DONE, said, facts=tuple(pages[:1]))
    meant = page_receivers.meant(held, sought.receiver)
    blind = page_receivers.unobservable(journal, meant, sought.limit_s)
    if blind is not None:
        said = page_receivers.unseen(blind)
        return Hop(
            "delivered",
            UNTOLD,
            said,
            reason="not_observable",
            decide=page_receivers.DECIDE,
            facts=(blind,),
        )
    since_s = held[0].at_s if held else sought.from_s
    kinds = page_receivers.kinds(journal, meant, sought.limit_s)
    known = [one for one in journal.of(DeliveryCounted, server="alertmanager") if one.at_s <= sought.limit_s]
    refused = [
        one
        for one in _risen(known, "alertmanager_notifications_failed_total", since_s)
        if one.labels.get("integration", "") in ("", *kinds)  # what fails elsewhere says nothing of this page
    ]
    if refused:
        how = ", ".join(value for name, value in sorted(refused[-1].labels.items()) if value)
        said = f"Alertmanager counts failed notifications{f' ({how})' if how else ''}: {refused[-1].value:g} by then"
        return Hop("delivered", BROKEN, said, reason="not_delivered", facts=tuple(refused[-1:]))
    return Hop("delivered", BROKEN, "no delivery arrived where its URL points", reason="not_delivered")


def _risen(known: Sequence[DeliveryCounted], counter: str, since_s: float) -> list[DeliveryCounted]:
    """Readings of a counter since an instant that are above its reading before; one that was never read before counts from 0."""
    risen: list[DeliveryCounted] = []
    before: dict[tuple[tuple[str, str], ...], float] = {}
    for one in known:
        if one.counter != counter:
            continue
        key = tuple(sorted(one.labels.items()))
        if one.at_s >= since_s and one.value > before.get(key, 0.0):
            risen.append(one)
        before[key] = one.value
    return risen
