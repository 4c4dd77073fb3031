"""The way of a page, hop by hop, from the rule to the person: the first hop that broke, and what proves those before it. Pure.

    rule loaded, evaluated, pending, firing         Prometheus' own rules and alerts, each second
    sent, received                                  its counters, and Alertmanager holding the alert
    routed, not held back                           the receivers that Alertmanager means it for, silences, inhibitions
    delivered                                       the delivery itself, or Alertmanager's counter of those that failed
    acknowledged                                    a provider's own state, which nobody here sees

A hop is done, broken, or cannot be told; what comes after a hop that is done proves the ones before it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from harness import alerting
from harness.alerting import Episode
from harness.expectations import broken_rules, page_groups, page_receivers, page_url, selected
from harness.expectations.external_labels import in_prometheus
from harness.expectations.notifications import Notification
from harness.expectations.page_held_back import not_held_back
from harness.expectations.page_hops import BROKEN, DONE, OPEN, UNTOLD, Hop, Sought, Way, risen
from harness.expectations.page_waiting import waiting
from harness.facts import AlertChanged, AlertRouted, DeliveryCounted, Paged, RuleSeen
from harness.journal import Journal

FIRING, SENT, RECEIVED = 3, 4, 5  # the places of those hops
UNSEEN = "Prometheus could not be looked at all the time"


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
    makers = _makers(journal, sought)
    made = (
        _loaded(journal, sought),
        _evaluated(journal, sought, makers),
        _pending(journal, inner, firing, makers),
        _firing(journal, sought, firing),
        _sent(journal, sought, firing),
        _received(journal, sought, held),
        _routed(journal, sought, held),
        not_held_back(journal, sought, held),
        _answered(journal, sought, held, firing, pages),
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
            fired = bool(firing or held)  # else nobody knows: all that is known is that there was no page
            hops.append(replace(hop, reason="missed") if broke and number > FIRING and not fired else hop)
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


def _makers(journal: Journal, sought: Sought) -> tuple[RuleSeen, ...]:
    """The rules that may make it; where none bears its labels, those of its name."""
    mine = alerting.rules(journal, sought.alert, sought.limit_s, sought.labels)
    return mine or alerting.rules(journal, sought.alert, sought.limit_s)


def _evaluated(journal: Journal, sought: Sought, mine: Sequence[RuleSeen]) -> Hop:
    if ill := broken_rules.too_long(journal, mine, sought.from_s, sought.limit_s):
        return Hop("evaluated", BROKEN, str(ill), reason="rule_broken", facts=(ill.seen,))
    if not mine or not alerting.watched(journal, sought.from_s, sought.limit_s):
        return Hop("evaluated", UNTOLD, UNSEEN)
    every = f"every {mine[0].interval_s:g} s" if mine[0].interval_s else "without an error"
    return Hop("evaluated", DONE, every)


def _pending(journal: Journal, sought: Sought, firing: Sequence[Episode], makers: Sequence[RuleSeen]) -> Hop:
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
    why = selected.missed(journal, makers, sought.from_s, sought.limit_s)
    said = f"its expression never held{f': {why.said}' if why.said else ''}"
    return Hop("pending", BROKEN, said, reason=why.reason, decide=why.decide)


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
    sent = risen(known, "prometheus_notifications_sent_total", firing[0].from_s)
    lost = [
        fact
        for name in ("prometheus_notifications_dropped_total", "prometheus_notifications_errors_total")
        for fact in risen(known, name, firing[0].from_s)
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
    if held and (not meant or sought.receiver not in ("", *meant)):
        whom = page_receivers.why_meant(journal, meant, sought.receiver, held[-1].labels)
        said = f"Alertmanager means it for {', '.join(meant) or 'nobody'}{whom}"
        return Hop("routed", BROKEN, said, reason="wrong_receiver", facts=tuple(held[-1:]))
    names = page_receivers.meant(held, sought.receiver)
    if names and all(page_receivers.silent(journal, name, sought.limit_s) for name in names):
        said = f"{', '.join(names)} sends nothing to anybody"
        return Hop("routed", BROKEN, said, reason="wrong_receiver", facts=tuple(held[-1:]))
    return Hop("routed", DONE, f"to {', '.join(meant)}", facts=tuple(held[-1:])) if held else Hop("routed", UNTOLD, "")


def _answered(
    journal: Journal,
    sought: Sought,
    held: Sequence[AlertRouted],
    firing: Sequence[Episode],
    pages: Sequence[Paged],
) -> Hop:
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
    if (cut := page_groups.left_out(journal, held, sought.receiver, since_s, sought.limit_s)) is not None:
        said, decide = page_groups.cut_short(cut), page_groups.WHOLE
        return Hop("delivered", UNTOLD, said, reason="not_observable", decide=decide, facts=(cut,))
    kinds = page_receivers.kinds(journal, meant, sought.limit_s)
    known = [one for one in journal.of(DeliveryCounted, server="alertmanager") if one.at_s <= sought.limit_s]
    refused = [
        one
        for one in risen(known, "alertmanager_notifications_failed_total", since_s)
        if one.labels.get("integration", "") in ("", *kinds)  # what fails elsewhere says nothing of this page
    ]
    if refused:
        how = ", ".join(value for name, value in sorted(refused[-1].labels.items()) if value)
        said = f"Alertmanager counts failed notifications{f' ({how})' if how else ''}: {refused[-1].value:g} by then"
        return Hop("delivered", BROKEN, said, reason="not_delivered", facts=tuple(refused[-1:]))
    lost = Hop("delivered", BROKEN, "no delivery arrived where its URL points", reason="not_delivered")
    return waiting(journal, sought, held, firing) or lost
