"""Why nobody here could have seen a page: its receiver cannot be observed, or its way went on where no mailbox stands. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from harness.expectations import page_receivers
from harness.expectations.base import Evidence, Reach
from harness.expectations.page_way import Way
from harness.expectations.requests import cites
from harness.facts import ReceiverSeen
from harness.verdict import Finding, inconclusive


def not_observable(evidence: Evidence, receiver: str, limit_s: float) -> Finding | None:
    """Why a page to the claimed receiver ('': to any) could not have been seen, or None."""
    seen = evidence.journal.of(ReceiverSeen, until_s=limit_s)
    known = {one.receiver for one in seen if one.observable}
    if receiver in known or (not receiver and known):
        return None
    blind = [one for one in seen if receiver in ("", one.receiver)]
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
    return "" if any(one.observable for one in seen) else page_receivers.unseen(seen[0])
