"""The mailbox of a run: it stands before all that page people before the first of them starts; what they really run is held against that."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from harness.errors import CannotRun, NotApplied, NotLetIn
from harness.facts import ReceiverSeen
from harness.urls import loopback, place
from harness.world.pager import Pager
from harness.world.receivers import paging

if TYPE_CHECKING:
    from harness.run.session import Session
    from harness.run.together import Together
    from harness.stack.played_on import PlayedOn
    from harness.stack.senders.sender import Sender
    from harness.world.alertmanager import Alertmanager

READY_S = 15.0
"""An Alertmanager that answers nothing so long after the stack was ready is not asked for its configuration any longer."""


def put_mailbox(session: Session, stack: PlayedOn, senders: Sequence[Sender], closing: Together) -> Pager | None:
    """Under every host name that they page, on every network that they are on; None where that is nowhere. Each receiver of theirs
    is recorded, and each rule by which alerts hold back others. Raises CannotRun where it does not start: pages would leave the stack."""
    from harness.stack.changes.identity import RUN_LABEL
    from harness.world.attached import Place

    sending = [one for one in senders if one.hosts]
    on = {one.service: stack.attachments(one.service) for one in sending}
    networks = {name: address for places in on.values() for name, address in places}
    hosts = _hosts([one for one in sending if on[one.service]])
    pager = None
    if networks:
        place = Place(
            f"{stack.project_name}-pager", {RUN_LABEL: session.folder.run}, tuple(networks.items()), tuple(hosts)
        )
        ports = sorted({port for given in hosts.values() for port in given})
        pager = Pager(place, ports, session.clock, session.clock.opened_ns, session.record)
        closing.callback(pager.close)
        try:
            pager.start()
        except NotApplied as error:
            raise CannotRun(f"pages would leave the stack: {error}") from error
    for one in senders:
        lost = "" if on.get(one.service, True) else f"{one.service} is on no network of the project"
        for seen in _receivers(one):
            session.record(replace(seen, observable=False, why=lost) if lost and seen.observable else seen)
    for rule in dict.fromkeys(rule for one in senders if one.known is not None for rule in one.known.inhibits):
        session.record(rule)
    return pager


def _hosts(senders: Sequence[Sender]) -> Mapping[str, tuple[int, ...]]:
    hosts: dict[str, tuple[int, ...]] = {}
    for one in senders:
        for host, ports in one.hosts.items():
            hosts[host] = tuple(sorted({*hosts.get(host, ()), *ports}))
    return hosts


def _receivers(sender: Sender) -> tuple[ReceiverSeen, ...]:
    if sender.known is not None:
        return sender.known.receivers
    return (ReceiverSeen(receiver="", why=sender.why),) if sender.why else ()


def really_pages(session: Session, sender: Sender, alertmanager: Alertmanager) -> None:
    """Whom an Alertmanager that runs really pages. Raises CannotRun where the mailbox was put before others: nothing is hurt then."""
    text = _asked(alertmanager)
    try:
        runs, inhibits = ((ran := paging(text)).receivers, ran.inhibits) if text else ((), ())
    except ValueError:
        return
    names = {seen.receiver for seen in runs}
    if not names:
        return
    if sender.known is None:
        for rule in inhibits:
            session.record(rule)
        for seen in runs:
            session.record(replace(seen, observable=False, why=f"it was not known before it ran: {sender.why}"))
        past = ", ".join(f"{seen.receiver} ({seen.kind})" for seen in runs if seen.kind and not _kept(seen, sender))
        if past:
            session.display.say(f"warning: {sender.service} runs with receivers that may reach real people: {past}")
    elif names != {seen.receiver for seen in sender.known.receivers}:
        read = ", ".join(dict.fromkeys(seen.receiver for seen in sender.known.receivers))
        raise CannotRun(
            f"pages would leave the stack: {sender.service} runs with the receivers {', '.join(sorted(names))}, and not with those "
            f"of the configuration that was read ({read}), before which the mailbox stands; mount the configuration as it is to be read"
        )


def _kept(seen: ReceiverSeen, sender: Sender) -> bool:
    host = place(seen.url)[0]
    return host in sender.hosts or (sender.lone and loopback(host))


def _asked(alertmanager: Alertmanager) -> str:
    end_s = time.monotonic() + READY_S
    while True:
        try:
            return alertmanager.config()
        except NotLetIn:  # which is said by whoever looks at it
            return ""
        except NotApplied:
            if time.monotonic() > end_s:
                return ""
            time.sleep(0.25)
