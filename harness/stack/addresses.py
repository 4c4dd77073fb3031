"""Where this machine reaches the services of a run's stack."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from harness.edges import Edge
from harness.errors import UsageError
from harness.stack import names as topology
from harness.stack.inward import inner_address
from harness.stack.refuse import CLIENT
from harness.stack.resolve import Chosen

Place = tuple[str, int]
"""A service and a port that it listens on."""


def place_of(config: topology.Config, target: str) -> Place:
    """Of 'service:port'. Raises UsageError for what is none of the project."""
    service, _, port = target.rpartition(":")
    if service not in topology.services(config):
        raise UsageError(
            f"{target!r}: there is no service {service!r}; there are {', '.join(topology.services(config))}"
        )
    if not port.isdigit():
        raise UsageError(f"{target!r}: write service:port, such as api:8080")
    return service, int(port)


def address_of(config: topology.Config, chosen: Chosen, target: str) -> tuple[str, int]:
    """Of 'service:port'. Raises UsageError for what is not published."""
    service, port = place_of(config, target)
    front = next(
        (edge for edge in chosen.edges if edge.caller == CLIENT and edge.dependency == service and edge.address), None
    )
    if front and CLIENT not in topology.services(config):
        return (front.address, port)
    home = topology.owner(config, service)
    if topology.outside(config, service) == f"{service} has network_mode: host":
        return ("127.0.0.1", port)
    static = inner_address(config, home, chosen.ranges, chosen.edges)
    if static:
        return (static, port)
    given = chosen.ports.get((home, port, "tcp"))
    if not given:
        raise UsageError(f"{target} is not published")
    return ("127.0.0.1", given[0])


def front_edges(
    config: topology.Config, places: Sequence[Place], edges: Sequence[Edge], say: Callable[[str], object]
) -> tuple[Edge, ...]:
    """A published service with replicas gets an edge on the users' side: one port on the host reaches only one of
    them."""
    there = {edge.id for edge in edges}
    found = {}
    for service, port in places:
        edge = Edge(CLIENT, service, names=(service,), ports=(port,))
        count = topology.replicas(config, service)
        if count > 1 and edge.id not in there:
            found[edge.id] = edge
            say(f"{service} has {count} replicas: load reaches them through an edge, {edge.id}")
    return tuple(found.values())
