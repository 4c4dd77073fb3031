"""What a plan names that is not there, with what was meant: services and edges of the stack, order books of the drill. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from harness.drill.blast_radius import unknown
from harness.drill.guards import DeathGuard
from harness.drill.model import Drill
from harness.drill.problem import Problem, did_you_mean, no_service
from harness.edges import Edge, edge_id
from harness.expectations.orders_kept import OrdersKept

if TYPE_CHECKING:
    from harness.plan import Plan

CLIENT = "client"  # the caller's name of an edge on the users' side


def missing_services(plan: Plan, services: Sequence[str]) -> Iterator[Problem]:
    """Whatever of the drill but its claims names a service that is not there."""
    yield from _load_target(plan.drill, services)
    yield from _declared(plan.drill, services)
    yield from unobserved(plan.drill, services)
    yield from _sources(plan.drill, services)
    yield from _faults(plan, services)
    yield from _radius(plan.drill, services)
    yield from _guards(plan.drill, services)


def _load_target(drill: Drill, services: Sequence[str]) -> Iterator[Problem]:
    service = drill.load.against.service
    if service not in services:
        yield drill.origin.document.problem(("load", "against"), no_service("load.against", service, services))


def _declared(drill: Drill, services: Sequence[str]) -> Iterator[Problem]:
    for number, wish in enumerate(drill.stack.edges):
        caller, _ = edge_id(wish.edge)
        if caller not in services and caller != CLIENT:
            what = no_service(f"stack.edges: {wish.edge}", caller, services)
            yield drill.origin.document.problem(("stack", "edges", number), what)


def unobserved(drill: Drill, services: Sequence[str]) -> Iterator[Problem]:
    """Monitoring that the drill states of a service which is not there."""
    for word in ("prometheus", "alertmanager"):
        stated = getattr(drill.stack.observe, word).at
        service = stated.partition(":")[0]
        if stated not in ("", "off") and service not in services:
            what = no_service(f"stack.observe.{word}", service, services)
            yield drill.origin.document.problem(("stack", "observe", word), what)


def _sources(drill: Drill, services: Sequence[str]) -> Iterator[Problem]:
    """Sources of order books and of the state that are read from a service which is not there."""
    for name, orders in drill.orders.items():
        for source, read in orders.sources.items():
            reader = read.reader
            if reader.place and reader.place not in services:
                what = no_service(f"orders.{name}: {source}", reader.place, services)
                yield drill.origin.document.problem(("orders", name, "sources", source, reader.word, "service"), what)
    for name, kept in drill.state.items():
        reader = kept.reader
        if reader.place and reader.place not in services:
            what = no_service(f"state.{name}", reader.place, services)
            yield drill.origin.document.problem(("state", name, reader.word, "service"), what)


def _faults(plan: Plan, services: Sequence[str]) -> Iterator[Problem]:
    for injection in plan.injections:
        for target in injection.fault.targets if not injection.fault.on_edge else ():
            if target not in services:
                yield plan.drill.problem(injection.id, no_service(injection.id, target, services), "service")


def _radius(drill: Drill, services: Sequence[str]) -> Iterator[Problem]:
    """Names in the drill's own blast radius that the stack does not have."""
    for word, number, name in unknown(drill.blast_radius, services) if drill.blast_radius is not None else ():
        path = ("blast_radius", word, number)
        yield drill.origin.document.problem(path, no_service(f"blast_radius.{word}", name, services))


def _guards(drill: Drill, services: Sequence[str]) -> Iterator[Problem]:
    """Guards on the containers of a service that is not there."""
    for number, guard in enumerate(drill.abort.any):
        for name in (guard.service, *guard.allow) if isinstance(guard, DeathGuard) else ():
            if not set("*?[") & set(name) and name not in services:
                yield drill.origin.document.problem(("abort", "any", number), no_service(str(guard), name, services))


def claims_on_services(plan: Plan, services: Sequence[str]) -> Iterator[tuple[str, Problem]]:
    """Claims about a service that is not there, by id; '*' is every service."""
    for claim in plan.all_claims:
        name = getattr(claim.expectation, "service", "")
        if isinstance(name, str) and name not in ("", "*", *services):
            yield claim.id, plan.drill.problem(claim.id, no_service(claim.id, name, services), "service")


def claims_on_orders(plan: Plan) -> Iterator[Problem]:
    """Claims about an order book that the drill does not have, or that stand in a phase: it is read when all phases are over."""
    known = plan.drill.orders
    for claim in plan.all_claims:
        if not isinstance(claim.expectation, OrdersKept):
            continue
        name = claim.expectation.orders
        if name not in known:
            there = f"; there are {', '.join(known)}" if known else "; the drill has no `orders:`"
            what = f"{claim.id}: no orders {name!r}{did_you_mean(name, known) or there}"
            yield plan.drill.problem(claim.id, what, "orders")
        elif claim.phase:
            what = f"{claim.id}: orders are read when all phases are over; it belongs under the drill's own `expect`"
            yield plan.drill.problem(claim.id, what)


def unfit_edges(plan: Plan, edges: Sequence[Edge], services: Sequence[str], sure: bool) -> Iterator[Problem]:
    """Faults on edges that were not found, or that cannot be hurt. `sure`: all that tells of edges was read."""
    by_id = {edge.id: edge for edge in edges}
    for injection in plan.injections:
        target = injection.fault.target
        if not injection.fault.on_edge:
            continue
        edge = by_id.get(target)
        if edge is None and (meant := _known_as(target, edges)):
            yield plan.drill.problem(injection.id, f"{injection.id}: {meant}", "edge")
        elif edge is None:
            problem = plan.drill.problem(injection.id, f"{injection.id}: {_no_edge(target, by_id, services)}", "edge")
            there = set(edge_id(target)) <= {*services, CLIENT}
            yield problem if sure or not there else replace(problem, severity="warning")
        elif edge.refused:
            what = f"{injection.id}: the edge {target} cannot be hurt: {edge.refused}"
            yield plan.drill.problem(injection.id, what, "edge")


def _known_as(target: str, edges: Sequence[Edge]) -> str:
    """Which edge is meant, where its ends are called by other names: a sidecar's, an alias, a container's name."""
    caller, dependency = edge_id(target)
    for edge in edges:
        if caller in (edge.caller, *edge.also) and dependency in (edge.dependency, *edge.names, *edge.lodgers):
            why = [f"{caller} runs in the network of {edge.caller}"] if caller != edge.caller else []
            if dependency in edge.lodgers:
                why.append(f"{dependency} runs in the network of {edge.dependency}")
            elif dependency != edge.dependency:
                why.append(f"{dependency} is a name of {edge.dependency}")
            return f"no edge {target}: {' and '.join(why)}; the edge is {edge.id}"
    return ""


def _no_edge(target: str, known: dict[str, Edge], services: Sequence[str]) -> str:
    caller, dependency = edge_id(target)
    near = did_you_mean(target, known)
    if services and caller not in services and caller != CLIENT:
        return f"no edge {target}: there is no service '{caller}'{near or did_you_mean(caller, services)}"
    own = [id_ for id_ in known if id_.startswith(f"{caller}->")]
    found = f"; found from {caller}: {', '.join(own)}" if own and not near else ""
    declare = f"stack: {{edges: ['{caller}->{dependency}']}}"
    return f"no edge {target} was found{near}{found}; if it is there, declare it: {declare}"
