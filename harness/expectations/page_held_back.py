"""Whether Alertmanager held a page back: a silence by its matchers, an inhibition by the alert that does it, a route by the time
interval that mutes it. Of several alerts that a page may be about, only when each is. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from harness import alerting
from harness.expectations import page_receivers
from harness.expectations.page_hops import BROKEN, DONE, UNTOLD, Hop, Sought, risen
from harness.facts import AlertRouted, DeliveryCounted, SilenceSeen
from harness.journal import Journal

NAME = "neither silenced nor inhibited"
MUTES_TOLD = "Alertmanager 0.28 or later, which tells what it mutes, or a run in which no time interval does"


def aimed(held: Sequence[AlertRouted], receiver: str) -> list[AlertRouted]:
    """Of alerts as Alertmanager held them, those meant for the receiver ('': for any)."""
    return [seen for seen in held if receiver in ("", *seen.receivers)]


def last_of_each(held: Sequence[AlertRouted]) -> list[AlertRouted]:
    """How each alert was held last."""
    return list({seen.fingerprint: seen for seen in held}.values())


def not_held_back(journal: Journal, sought: Sought, held: Sequence[AlertRouted]) -> Hop:
    last = last_of_each(aimed(held, sought.receiver))
    quiet = [seen for seen in last if seen.state == "suppressed"]
    muted = [seen for seen in last if seen not in quiet and _muted(seen, sought.receiver)]
    if not last or len(quiet) + len(muted) < len(last):
        return _perhaps_muted(journal, sought, [seen for seen in last if seen not in quiet])
    return _suppressed(journal, quiet[0]) if quiet else _muted_by(muted[0], sought.receiver)


def _suppressed(journal: Journal, seen: AlertRouted) -> Hop:
    if seen.silenced_by:
        silences: Sequence[SilenceSeen] = journal.of(SilenceSeen, silence=seen.silenced_by[0])
        what = f" ({', '.join(silences[-1].matchers)}; by {silences[-1].by or 'nobody named'})" if silences else ""
        said = f"silenced, by silence {seen.silenced_by[0]}{what}"
        return Hop(NAME, BROKEN, said, reason="suppressed", facts=(seen, *silences[-1:]))
    others = [s for s in journal.of(AlertRouted) if s.fingerprint and s.fingerprint in seen.inhibited_by]
    by = f"{others[-1].alert}{alerting.shown(others[-1].labels)}" if others else "another alert"
    return Hop(NAME, BROKEN, f"inhibited, by {by}", reason="suppressed", facts=(seen, *others[-1:]))


def _muted(seen: AlertRouted, receiver: str) -> bool:
    """A muted alert stays `active`. Whether it is muted tells the API (since 0.28), or a counter of all alerts together (0.27)."""
    meant = page_receivers.meant([seen], receiver)
    return bool(meant) and all(name in seen.muted for name in meant)


def _muted_by(seen: AlertRouted, receiver: str) -> Hop:
    meant = page_receivers.meant([seen], receiver)
    by = ", ".join(dict.fromkeys(seen.muted[name] for name in meant))
    said = f"muted, by the time interval {by} of its route to {', '.join(meant)}"
    return Hop(NAME, BROKEN, said, reason="suppressed", facts=(seen,))


def _perhaps_muted(journal: Journal, sought: Sought, held: Sequence[AlertRouted]) -> Hop:
    meant = page_receivers.meant(held, sought.receiver)
    routes = page_receivers.with_time_intervals(journal, meant, sought.limit_s)
    if not routes or any(seen.mutes_told for seen in held):
        return Hop(NAME, DONE if held else UNTOLD, "")
    where = f"the time interval {', '.join(routes[0].time_intervals)} of its route to {routes[0].receiver}"
    known = [one for one in journal.of(DeliveryCounted, server="alertmanager") if one.at_s <= sought.limit_s]
    since_s = held[0].at_s if held else sought.from_s
    counted = [
        one
        for one in risen(known, "alertmanager_notifications_suppressed_total", since_s)
        if one.labels.get("reason", "").endswith("time_interval")
    ]
    if counted:
        said = f"muted, by {where}: Alertmanager counts {counted[-1].value:g} so held back by then"
        return Hop(NAME, BROKEN, said, reason="suppressed", facts=(*counted[-1:], *routes[:1]))
    said = f"whether it was muted, by {where}, this Alertmanager does not tell"
    return Hop(NAME, UNTOLD, said, reason="not_observable", decide=MUTES_TOLD, facts=tuple(routes[:1]))
