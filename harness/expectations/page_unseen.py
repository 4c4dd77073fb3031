"""Why nobody here could have seen a page: its receiver cannot be observed, or its way went on where no mailbox stands. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from harness.expectations import page_groups, page_receivers
from harness.expectations.base import Evidence, Reach
from harness.expectations.page_hops import Sought, Way
from harness.expectations.page_unheard import Unheard
from harness.expectations.requests import cites
from harness.facts import AlertRouted, Paged, ReceiverSeen
from harness.verdict import Finding, inconclusive


def not_observable(evidence: Evidence, receiver: str, limit_s: float) -> Finding | None:
    """Why a page to the claimed receiver ('': to any) could not have been seen, or None."""
    seen = evidence.journal.of(ReceiverSeen, until_s=limit_s)
    known = {one.receiver for one in seen if one.observable}
    if receiver in known or (not receiver and known):
        return None
    mine = [one for one in seen if receiver in ("", one.receiver)]
    blind = [one for one in mine if one.kind or not one.receiver]
    if mine and not blind:  # all of them send nothing, and that is known
        return None
    if blind:
        return unobservable(evidence, "", blind[0])
    has = ", ".join(sorted(known)) or "none"
    return inconclusive(
        f"Alertmanager's configuration has no receiver {receiver!r}; observable are: {has}"
        if receiver
        else "no receiver of Alertmanager's configuration is known",
        reason="not_observable",
        decide="the receiver's name as Alertmanager's configuration has it",
        cites=cites(evidence),
    )


def unobservable(evidence: Evidence, what: str, blind: ReceiverSeen) -> Finding:
    """`what` did not come, and where it may have gone cannot be seen."""
    return inconclusive(
        f"{what}{', but ' if what else ''}{page_receivers.unseen(blind)}",
        reason="not_observable",
        decide=page_receivers.DECIDE,
        cites=cites(evidence, blind),
    )


def elsewhere(evidence: Evidence, lost: Unheard | None) -> Finding | None:
    """That such a page may have called somebody whom nobody here sees; None for none."""
    if lost is None:
        return None
    return inconclusive(
        str(lost),
        reason="not_observable",
        decide=page_receivers.DECIDE,
        cites=(*cites(evidence, lost.receiver), lost.cite),
    )


def left_out(evidence: Evidence, what: str, cut: Paged) -> Finding:
    """`what` did not come, and may be among the alerts that a delivery left out."""
    return inconclusive(
        f"{what}, but {page_groups.cut_short(cut)}",
        reason="not_observable",
        decide=page_groups.WHOLE,
        cites=cites(evidence, cut),
    )


def others(evidence: Evidence, sought: Sought, what: str) -> Finding | None:
    """Why there may have been more pages than were seen: Alertmanager means the alert also for who cannot be seen, or a delivery left
    alerts out. None where there were not."""
    journal, limit_s = evidence.journal, sought.limit_s
    held = [
        seen
        for seen in journal.of(AlertRouted, until_s=limit_s)
        if sought.about(seen.alert, seen.labels) and seen.state != "gone"
    ]
    names = page_receivers.meant(held, sought.receiver)
    if names and (blind := page_receivers.unobservable(journal, names, limit_s)) is not None:
        return unobservable(evidence, what, blind)
    cut = page_groups.left_out(journal, held, sought.receiver, sought.from_s, limit_s)
    return None if cut is None else left_out(evidence, what, cut)


def gone_unseen(evidence: Evidence, what: str, way: Way) -> Finding | None:
    """`what` did not come, and its way may have ended where it cannot be seen; None where that is known to have been elsewhere."""
    hop = way.unseen  # never behind the one that broke: what comes after that is not reached
    if hop is None:
        return None
    return inconclusive(
        f"{what}; its way is known up to '{hop.name}': {hop.said}",
        reason=hop.reason,
        decide=hop.decide,
        cites=cites(evidence, *way.facts),
        details=way.details(),
    )


def planned(reach: Reach, receiver: str) -> str:
    """Why a page to the claimed receiver will not be seen, told at plan time, or ''."""
    if reach.receivers is None:
        return ""
    seen: Sequence[ReceiverSeen] = [one for one in reach.receivers if receiver in ("", one.receiver)]
    if not seen:
        has = ", ".join(dict.fromkeys(one.receiver for one in reach.receivers)) or "none"
        return f"Alertmanager's configuration has no receiver {receiver!r}; it has {has}"
    blind = page_receivers.blind(seen)
    return page_receivers.unseen(blind[0]) if blind and not any(one.observable for one in seen) else ""


def silent(reach: Reach, receiver: str) -> str:
    """That nobody can ever be sent a page there, told at plan time, or ''."""
    seen = [one for one in reach.receivers or () if receiver in ("", one.receiver)]
    if seen and not any(one.routed for one in seen):
        return f"no page can come: no route leads to {seen[0].receiver}"
    nothing = bool(seen) and not any(one.kind or one.observable for one in seen)
    return f"no page can come: {seen[0].receiver} sends nothing to anybody" if nothing else ""
