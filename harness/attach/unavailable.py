"""What a running project cannot offer: exactly which faults and claims of a drill are not available there, and why. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from harness.drill.problem import Problem
from harness.faults.bad_release import BadRelease
from harness.faults.base import Fault
from harness.faults.command import Command
from harness.plan import Plan
from harness.target.unavailable import needs_of

REMOTE = "its Docker is on another machine"


@dataclass(frozen=True)
class Offer:
    """
    project     the Compose project's name
    edges       by edge, '' where a fault on it can be played, else why not
    monitoring  as a plan takes it
    remote      nobody can look from inside of its networks
    """

    project: str
    edges: Mapping[str, str] = field(default_factory=dict)
    monitoring: Mapping[str, str] = field(default_factory=dict)
    remote: bool = False


def on_attached(plan: Plan, offer: Offer) -> Plan:
    """The plan as it can be played there: what is absent said at its place, and what must not be, as an error."""
    absent = {one.id: why for one in plan.injections if (why := _fault(one.fault, offer))}
    absent |= dict(_claims(plan, offer))
    said = tuple(
        replace(plan.drill.problem(id_, f"{id_}: not available on {offer.project}: {why}"), severity="warning")
        for id_, why in absent.items()
    )
    others = tuple(
        one for one in plan.problems if not any(one.what.startswith(f"{id_} will be inconclusive") for id_ in absent)
    )
    return replace(plan, absent=absent, problems=(*others, *_forbidden(plan), *said))


def _fault(fault: Fault, offer: Offer) -> str:
    """Why this fault is not available, or ''."""
    if isinstance(fault, BadRelease):
        return (
            ""
            if fault.commands
            else "Compose would make its containers anew, and they would not be the ones that were found: give the release `commands`"
        )
    if not fault.on_edge or isinstance(fault, Command):
        return ""
    if offer.remote:
        return f"{REMOTE}, and no edge can be shown to be used from here"
    if fault.target in offer.edges:
        return offer.edges[fault.target]
    near = [edge for edge in offer.edges if edge.startswith(fault.target.partition("->")[0])]
    found = f"; found from there: {', '.join(near)}" if near else ""
    return f"no edge {fault.target} was found{found}; if it is there, declare it: stack: {{edges: ['{fault.target}']}}"


def _claims(plan: Plan, offer: Offer) -> Iterator[tuple[str, str]]:
    missing = {
        "pages": "pages go to people as they always do, and drill's mailbox stands only in a stack that it starts itself",
        "traces": "drill's collector of traces stands only in a stack that it starts itself",
    }
    if not offer.monitoring.get("prometheus"):
        missing["prometheus"] = offer.monitoring.get("why") or "no Prometheus was found in it"
    for claim in plan.all_claims:
        if why := next((missing[kind] for kind in needs_of(claim.expectation) if kind in missing), ""):
            yield claim.id, why


def _forbidden(plan: Plan) -> Iterator[Problem]:
    """What the drill asks of a stack that is started for it."""
    drill, document = plan.drill, plan.drill.origin.document
    if drill.stack.candidate:
        what = "a release under test is put only into a stack that drill starts itself; deploy it before"
        yield document.problem(("stack", "candidate"), what)
