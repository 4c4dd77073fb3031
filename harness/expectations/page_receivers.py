"""The receivers that a page may go to, by what Alertmanager means and by its configuration: which of them can be seen here. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from harness.facts import AlertRouted, ReceiverSeen
from harness.journal import Journal

DECIDE = "a receiver with a webhook on http://"


_EQUAL = re.compile(r"(?:^|, )([\w:]+)=(?!~)([^,]*)")
"""The labels and values that what a route asks for names outright."""


def meant(held: Sequence[AlertRouted], receiver: str) -> tuple[str, ...]:
    """Whom Alertmanager means an alert for, of those the one that is claimed ('': all); while it holds none, that one."""
    names = dict.fromkeys(name for seen in held for name in seen.receivers if receiver in ("", name))
    return tuple(names) or ((receiver,) if receiver else ())


def why_meant(journal: Journal, meant: Sequence[str], receiver: str, labels: Mapping[str, str]) -> str:
    """Why an alert goes to these and not to the one that is claimed, as the routes tell, behind their names; '' where they do not."""
    seen = journal.of(ReceiverSeen)
    asks = {one.receiver: one.asks for one in seen if one.asks}
    default = ", the default route" if len(meant) == 1 and asks.get(meant[0]) == ("",) else ""
    if any(one.receiver == receiver and not one.routed for one in seen):
        return f"{default}: no route leads to {receiver}"
    wanted = asks.get(receiver, ())
    misses = [[(name, value) for name, value in _EQUAL.findall(ask) if labels.get(name, "") != value] for ask in wanted]
    if not misses or not all(misses):  # another route before may have taken it
        return default
    names = dict.fromkeys(name for missed in misses for name, _ in missed)
    has = ", ".join(f"{name}={labels[name]}" if name in labels else f"no {name}" for name in names)
    return f"{default}: {receiver} gets what has {' or '.join(wanted)}, and this alert has {has}"


def blind(seen: Iterable[ReceiverSeen]) -> list[ReceiverSeen]:
    """Ways out of receivers that have none which can be seen. One that sends nothing has no way out: nobody hears of it there."""
    every = list(seen)
    observable = {one.receiver for one in every if one.observable}
    return [one for one in every if one.receiver and one.kind and one.receiver not in observable]


def silent(journal: Journal, name: str, until_s: float) -> bool:
    """Whether a receiver sends nothing, as a `null` to which a route leads what nobody shall hear of."""
    seen = journal.of(ReceiverSeen, receiver=name, until_s=until_s)
    return bool(name and seen) and not any(one.kind or one.observable for one in seen)


def unobservable(journal: Journal, names: Sequence[str], until_s: float) -> ReceiverSeen | None:
    """The first of these receivers where a page would not have been seen: any will do for the claim. Without names it may have gone
    to any there is to which a route leads."""
    every = blind(journal.of(ReceiverSeen, until_s=until_s))
    return next((one for one in every if (one.receiver in names if names else one.routed)), None)


def unseen(one: ReceiverSeen) -> str:
    return f"pages to {one.receiver} cannot be seen: {one.why}"


def kinds(journal: Journal, names: Sequence[str], until_s: float) -> tuple[str, ...]:
    """The kinds of the receivers' ways out that can be seen, as Alertmanager's counters call them (`integration`)."""
    seen = journal.of(ReceiverSeen, until_s=until_s, observable=True)
    return tuple(dict.fromkeys(one.kind for one in seen if not names or one.receiver in names))


def with_time_intervals(journal: Journal, names: Sequence[str], until_s: float) -> list[ReceiverSeen]:
    """The receivers, where a route with time intervals leads to each of them; [] where one has none."""
    seen = [one for one in journal.of(ReceiverSeen, until_s=until_s) if one.receiver in names and one.time_intervals]
    return seen if {one.receiver for one in seen} == set(names) else []
