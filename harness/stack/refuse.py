"""Why an edge cannot be mediated and stays as it was, as far as the files tell. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from harness.edges import Edge
from harness.stack import names as topology
from harness.stack.mentions import addressed
from harness.stack.past_hosts import asked_past_hosts, told
from harness.stack.peers import hands_out_peers
from harness.stack.texts import ImageInfo, Text

CLIENT = "client"
"""The caller's name of an edge on the users' side, `client->api`, unless a service bears that name."""


def udp_ports(config: topology.Config, service: str, images: Mapping[str, ImageInfo]) -> tuple[int, ...]:
    """UDP ports that the files or the image name: an edge carries TCP only."""
    found = set(topology.ports(config, service, "udp"))
    for text in images[service].exposed if service in images else ():
        found |= set(topology.span(text, "udp"))
    return tuple(sorted(found))


def refused(  # noqa: PLR0911 - one reason after another, each its own sentence
    config: topology.Config,
    edge: Edge,
    read: Mapping[str, Sequence[Text]],
    images: Mapping[str, ImageInfo],
    declared_ports: Sequence[int] = (),
) -> str:
    """Why the edge cannot be mediated and stays as it was, or ''."""
    caller, dependency = edge.caller, edge.dependency
    if caller == CLIENT and caller not in topology.services(config):
        return topology.outside(config, dependency)
    off = topology.outside(config, caller)
    if off:
        return off
    mine = [key for key in topology.networks(config, caller) if topology.bridged(config, key)]
    if edge.external:
        if not mine:
            return f"{caller} is on no bridge network"
        if all(topology.internal(config, key) for key in mine):
            return f"{caller} is on internal networks only: no way out"
        return ""
    if caller == dependency:
        return "traffic between replicas of one service uses their addresses"
    off = topology.outside(config, dependency)
    if off:
        return off
    both = topology.shared(config, caller, dependency)
    if not both:
        return f"{caller} and {dependency} share no network"
    if not any(topology.bridged(config, key) for key in both):
        return f"the network {both[0]} is not a bridge network"
    pinned = topology.pinned_hosts(topology.services(config).get(caller, {}))
    for name in edge.names:
        if name in pinned and pinned[name] not in _static(config, dependency):
            return f"{caller} pins {name} to {pinned[name]} (extra_hosts): it calls that, not the service {dependency}"
    udp = udp_ports(config, dependency, images)
    if udp and not declared_ports:
        listed = ", ".join(map(str, udp))
        return f"{dependency} speaks UDP on {listed}, which an edge does not carry; declare the edge with its TCP ports"
    return _spread(config, edge, read) or ("" if declared_ports else _gone_around(config, edge, read))


def _spread(config: topology.Config, edge: Edge, read: Mapping[str, Sequence[Text]]) -> str:
    """By its own names alone an edge would be gone around, by those that others bear too, they would be cut off."""
    answers = {name: who for name, who in topology.spread(config, edge.caller).items() if edge.dependency in who}
    for service in (edge.caller, *topology.sharers(config, edge.caller)) if answers else ():
        for said in addressed(read.get(service, ()), answers):
            who = " and ".join(answers[said.name])
            return f"{edge.caller} calls {said.name} ({said.where}), a name of {who}: Docker spreads its connections over them"
    return "" if edge.names else f"{edge.caller} knows {edge.dependency} by no name that leads to it alone"


def _static(config: topology.Config, service: str) -> set[str]:
    uses = topology.networks(config, service).values()
    return {str(use["ipv4_address"]) for use in uses if use.get("ipv4_address")}


def _gone_around(config: topology.Config, edge: Edge, read: Mapping[str, Sequence[Text]]) -> str:
    """By which addresses, as texts tell. Whoever declares the edge with its ports knows better, and the survey sees who does."""
    caller, dependency = edge.caller, edge.dependency
    static = _static(config, dependency)
    for service in (caller, *topology.sharers(config, caller)):
        for said in addressed(read.get(service, ()), static):
            return f"{caller} addresses {dependency} by its IP {said.name} ({said.where})"
        asked = asked_past_hosts(read.get(service, ()))
        for name in sorted(asked.keys() & {*edge.names}):
            return told(caller, name, asked[name])
    image = str(topology.services(config)[dependency].get("image") or "")
    peers = hands_out_peers(edge, image, read.get(dependency, ()))
    return f"{dependency} hands out addresses of its peers (Redis Cluster or Sentinel, {peers})" if peers else ""
