"""What a running project cannot offer: exactly which faults and claims of a drill are not available there, and why. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from harness.attach.lodgers import ENDS
from harness.drill.problem import Problem
from harness.expectations.steps import Step
from harness.faults.bad_release import BadRelease
from harness.faults.base import Fault
from harness.faults.command import Command
from harness.plan import Plan
from harness.plan_names import unobserved
from harness.target.unavailable import needs_of, people_paged, told

REMOTE = "its Docker is on another machine"
COMPOSE_UP = re.compile(r"\bcompose\b[^;&|\n]*\sup\b")
"""In a command, which may have options between."""


@dataclass(frozen=True)
class Offer:
    """
    project     the Compose project's name
    edges       by edge, '' where a fault on it can be played, else why not
    there       those of them on which a Toxiproxy of the project's own stands; the others are put in
    monitoring  as a plan takes it
    remote      nobody can look from inside of its networks
    lodgers     by service, the containers that live in the network of one of its own
    may_page    something of it could page people upon a fault
    """

    project: str
    edges: Mapping[str, str] = field(default_factory=dict)
    there: Collection[str] = ()
    monitoring: Mapping[str, str] = field(default_factory=dict)
    remote: bool = False
    lodgers: Mapping[str, Sequence[str]] = field(default_factory=dict)
    may_page: bool = True


def on_attached(plan: Plan, offer: Offer) -> Plan:
    """The plan as it can be played there: what is absent said at its place, and what must not be, as an error."""
    faults = [one.fault for one in plan.injections]
    deployed = {name for fault in faults if isinstance(fault, BadRelease) and fault.commands for name in fault.targets}
    absent = {one.id: why for one in plan.injections if (why := _fault(one.fault, offer, deployed))}
    absent |= dict(_claims(plan, offer))
    others, said = told(plan, offer.project, absent)
    # Monitoring may not run there now: the claims that need it are absent, and say why.
    unseen = tuple(unobserved(plan.drill, plan.services))
    others = tuple(problem for problem in others if problem not in unseen)
    paged = people_paged(plan, offer.project, absent) if offer.may_page else ()
    warned = (*_remaking(plan, offer, absent), *_cutting_off(plan, offer), *paged)
    return replace(plan, absent=absent, problems=(*others, *_forbidden(plan), *said, *warned))


def _fault(fault: Fault, offer: Offer, deployed: Collection[str]) -> str:
    """Why this fault is not available, or ''.

    deployed   the services that commands of the drill's releases deploy
    """
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
    caller = _caller(fault)
    if offer.edges.get(fault.target) == "" and fault.target not in offer.there and caller in deployed:
        return (
            f"a bad release of this drill deploys {caller}, and its commands would make anew the container that is put in its place; "
            "play one of them at a time: --skip leaves the other out"
        )
    if fault.target in offer.edges:
        return offer.edges[fault.target]
    near = [edge for edge in offer.edges if edge.startswith(caller)]
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


def _remaking(plan: Plan, offer: Offer, absent: Mapping[str, str]) -> Iterator[Problem]:
    """A warning for each command of the drill's own that may make anew what is put in a caller's place."""
    faults = [one.fault for one in plan.injections if one.fault.on_edge and one.id not in absent]
    callers = sorted({_caller(fault) for fault in faults if fault.target not in offer.there})
    for id_, text in _commands(plan) if callers else ():
        if COMPOSE_UP.search(text):
            what = (
                f"{id_}: its command runs docker compose up, which must not touch {' and '.join(callers)} while an edge is put in "
                "there: name the services that it is about, and give it --no-deps"
            )
            yield replace(plan.drill.problem(id_, what), severity="warning")


def _cutting_off(plan: Plan, offer: Offer) -> Iterator[Problem]:
    """A warning for each fault that leaves others without the network that they live in."""
    for one in plan.injections:
        names = offer.lodgers.get(one.fault.target, ()) if one.fault.kind() in ENDS else ()
        if names:
            live, lose = ("lives", "has") if len(names) == 1 else ("live", "have")
            what = (
                f"{one.id}: {' and '.join(names)} {live} in the network of {one.fault.target}, and {lose} none from then on "
                "until the end of the run, when drill restarts what was left so"
            )
            yield replace(plan.drill.problem(one.id, what), severity="warning")


def _commands(plan: Plan) -> Iterator[tuple[str, str]]:
    """By the id of what has it, each command that is run on this machine, as a text."""
    for one in plan.injections:
        if isinstance(one.fault, Command):
            yield one.id, "; ".join(map(" ".join, (one.fault.run, one.fault.undo)))
        if isinstance(one.fault, BadRelease) and one.fault.commands:
            yield one.id, "; ".join(map(" ".join, (one.fault.commands.deploy, one.fault.commands.restore)))
    for claim in plan.all_claims:
        if isinstance(claim.expectation, Step):
            yield claim.id, claim.expectation.text


def _caller(fault: Fault) -> str:
    return fault.target.partition("->")[0]


def _forbidden(plan: Plan) -> Iterator[Problem]:
    """What the drill asks of a stack that is started for it."""
    drill, document = plan.drill, plan.drill.origin.document
    if drill.stack.candidate:
        what = "a release under test is put only into a stack that drill starts itself; deploy it before"
        yield document.problem(("stack", "candidate"), what)
