"""Give each edge its address: on a network that both ends share, from the top of the range, kept free of containers.
Pure."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

from harness.edges import Edge
from harness.stack import names as topology
from harness.stack.subnets import Range, by_version, static_addresses

SPARE = 3
"""Addresses of a range that no container gets: network, broadcast, gateway."""


def place(config: topology.Config, edges: Sequence[Edge], ranges: Mapping[str, Sequence[Range]]) -> tuple[Edge, ...]:
    """The same edges with address, network and upstream; one that has no room is refused with that reason."""
    rooms = {key: _room(config, key, ranges) for key in ranges}
    placed = []
    for edge in edges:
        if edge.refused:
            placed.append(edge)
            continue
        address, network = "", ""
        for network in candidates(config, edge):
            address = next(rooms.get(network, iter(())), "")
            if address:
                break
        if not address:
            placed.append(replace(edge, refused=f"no free address on the network {network or '(none)'}"))
        else:
            placed.append(replace(edge, address=address, network=network, upstream=_upstream(config, edge)))
    return tuple(placed)


def candidates(config: topology.Config, edge: Edge) -> tuple[str, ...]:
    """Networks on which the edge's address could live: where the caller reaches it, bridge networks alone."""
    if edge.external:
        mine = topology.networks(config, edge.caller)
    elif edge.caller in topology.services(config):
        mine = {key: {} for key in topology.shared(config, edge.caller, edge.dependency)}
    else:
        mine = topology.networks(config, edge.dependency)
    return tuple(key for key in mine if topology.bridged(config, key))


def lane_addresses(edges: Sequence[Edge], ranges: Mapping[str, Sequence[Range]]) -> tuple[str, ...]:
    """The placed addresses with their prefix, '172.28.5.254/24', as the lanes container adds them."""
    found = []
    for edge in edges:
        home = by_version(ranges, edge.network)
        if edge.address and home:
            found.append(f"{edge.address}/{home.used.prefixlen}")
    return tuple(found)


def lane_homes(config: topology.Config, ranges: Mapping[str, Sequence[Range]], edges: Sequence[Edge]) -> dict[str, str]:
    """The lanes' own address on networks where services have static ones: they start first, and Docker would give
    them the
    lowest address, which may be one of those."""
    busy = {edge.address for edge in edges}
    found = {key: spare(config, key, ranges, busy) for key in ranges}
    return {key: address for key, address in found.items() if address}


def spare(config: topology.Config, key: str, ranges: Mapping[str, Sequence[Range]], busy: Collection[str]) -> str:
    """An address for a container of ours on a network where services have static ones, which start later; '' elsewhere."""
    if not static_addresses(config, key):
        return ""
    free = [address for address in _room(config, key, ranges) if address not in busy]
    return free[-1] if free else ""


def top_down(network: ipaddress.IPv4Network) -> Iterator[str]:
    """Host addresses from the last to the second; Docker gives them out from the first."""
    for offset in range(network.num_addresses - 2, 1, -1):
        yield str(network[offset])


def _room(config: topology.Config, key: str, ranges: Mapping[str, Sequence[Range]]) -> Iterator[str]:
    """Addresses free for edges: none that the file uses, and never so many that a container would find none."""
    home = by_version(ranges, key)
    if home is None or not isinstance(home.used, ipaddress.IPv4Network):
        return
    body = (config.get("networks") or {}).get(key) or {}
    reserved: set[str] = set()
    pool: ipaddress.IPv4Network | None = None
    for part in (body.get("ipam") or {}).get("config") or ():
        if part.get("gateway"):
            reserved.add(home.moved(part["gateway"]))
        reserved |= {home.moved(str(one)) for one in (part.get("aux_addresses") or {}).values()}
        if part.get("ip_range") and ":" not in part["ip_range"]:
            start, _, prefix = part["ip_range"].partition("/")
            pool = ipaddress.IPv4Network(f"{home.moved(start)}/{prefix}", strict=False)
    containers = 1  # the lanes themselves
    for name in topology.services(config):
        use = topology.networks(config, name).get(key) if topology.owner(config, name) == name else None
        if use is None:
            continue
        if use.get("ipv4_address"):
            reserved.add(home.moved(str(use["ipv4_address"])))
        containers += topology.replicas(config, name)
    left = home.used.num_addresses - SPARE - len(reserved) - containers
    outside_pool = home.used.num_addresses - pool.num_addresses if pool and pool != home.used else 0
    for address in sorted(
        top_down(home.used), key=lambda one: bool(outside_pool) and ipaddress.IPv4Address(one) in (pool or ())
    ):
        if left <= 0:
            return
        if address not in reserved:
            left -= 1
            yield address


def _upstream(config: topology.Config, edge: Edge) -> str:
    """What Toxiproxy dials: the dependency's own name; of an external host the address that the caller's file pins it
    to."""
    if edge.external:
        pinned = topology.pinned_hosts(topology.services(config).get(edge.caller, {})).get(edge.dependency, "")
        return edge.dependency if pinned in ("", "host-gateway") else pinned
    return unique_name(edge.dependency) if ambiguous(config, edge.dependency) else edge.dependency


def ambiguous(config: topology.Config, service: str) -> bool:
    """Whether another service answers to its name somewhere: Toxiproxy stands on all networks and could reach the
    wrong one."""
    for other, body in topology.services(config).items():
        if other == service:
            continue
        answers = [body.get("container_name"), body.get("hostname")]
        for use in topology.networks(config, other).values():
            answers += use.get("aliases") or ()
        if service in answers:
            return True
    return False


def unique_name(service: str) -> str:
    """The alias that an ambiguous dependency gets for Toxiproxy."""
    return f"{service}.drill-upstream"
