"""Addresses for the edges that are put into a running project, and the Compose file of what holds them. Pure.

They lie on networks that are there, at the top of their ranges: Docker gives addresses out from the bottom.
"""

from __future__ import annotations

import copy
import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from harness.edges import Edge
from harness.stack import names as topology
from harness.stack.changes.identity import RUN_LABEL, project_name
from harness.stack.changes.lanes import LANES, OUTSIDE, TOXIPROXY, lanes
from harness.stack.place import ambiguous, lane_addresses, place
from harness.stack.refuse import CLIENT
from harness.stack.subnets import Range

if TYPE_CHECKING:
    from harness.attach.found import Running

Config = dict[str, Any]
Ranges = Mapping[str, Sequence[Range]]
SHARING = ("network_mode", "pid", "ipc")


def not_insertable(config: Config, edge: Edge) -> str:
    """Why no Toxiproxy can be put on this edge while its project runs, or ''."""
    caller, dependency = edge.caller, edge.dependency
    if edge.refused:
        return edge.refused
    if caller == CLIENT and caller not in topology.services(config):
        return "an edge on the users' side is made only in a stack that drill starts itself"
    sharing = [
        other
        for other, body in topology.services(config).items()
        if any(str(body.get(word) or "") == f"service:{caller}" for word in SHARING)
    ]
    if sharing:
        return f"{', '.join(sharing)} shares a namespace with {caller}, and would lose it when another takes its place"
    if not edge.external and ambiguous(config, dependency):
        return (
            f"another service answers to the name {dependency} too, so that it is not known whom Toxiproxy would reach"
        )
    return ""


def sharing_with(running: Running, caller: str) -> str:
    """Why what runs keeps a service's containers from being taken the place of, whatever its files say of it, or ''."""
    named = [(str(one.get("Id")), str(one.get("Name")).lstrip("/")) for one in running.up(caller)]
    sharing = [str(one["Name"]).lstrip("/") for one in running.containers if _lives_in(one, named)]
    if not sharing:
        return ""
    share, lose = ("shares", "it") if len(sharing) == 1 else ("share", "they")
    return f"{' and '.join(sharing)} {share} a namespace with {caller}, and {lose} would lose it when another takes its place"


def _lives_in(one: Mapping[str, Any], named: Sequence[tuple[str, str]]) -> bool:
    """Whether a container is in a namespace of one of these, by their ids and names."""
    host = one.get("HostConfig") or {}
    modes = [str(host.get(word) or "").partition("container:") for word in ("NetworkMode", "PidMode", "IpcMode")]
    owners = [owner for before, said, owner in modes if said and not before and owner]
    return any(owner == name or id_.startswith(owner) for owner in owners for id_, name in named)


def placed(
    config: Config, edges: Sequence[Edge], ranges: Ranges, taken: Mapping[str, Sequence[str]]
) -> tuple[Edge, ...]:
    """The edges with their addresses; one for which there is no room is refused.

    taken   by network, the addresses that are in use on it
    """
    free = [replace(edge, address="", network="", upstream="") for edge in edges]
    return place(_reserving(config, taken), free, ranges)


def ours(
    config: Config,
    edges: Sequence[Edge],
    ranges: Ranges,
    *,
    run: str,
    harness_image: str,
    toxiproxy_image: str,
    api_port: int,
) -> Config:
    """The Compose file of the run's own two containers, on the networks of the project that its edges are on."""
    used = {edge.network for edge in edges if edge.address}
    with_lanes, _ = lanes(
        config,
        edges,
        lane_addresses(edges, ranges),
        run_id=run,
        harness_image=harness_image,
        toxiproxy_image=toxiproxy_image,
        api_port=api_port,
    )
    services = {name: with_lanes["services"][name] for name in (LANES, TOXIPROXY)}
    mine = services[LANES]["networks"]
    services[LANES]["networks"] = {key: use for key, use in mine.items() if key in used or key == OUTSIDE}
    networks: dict[str, Any] = {key: {"name": real_name(config, key), "external": True} for key in sorted(used)}
    if all(topology.internal(config, key) for key in used):
        services[LANES]["networks"][OUTSIDE] = {}
        networks[OUTSIDE] = {"labels": {RUN_LABEL: run}}
    return {"name": project_name(run), "services": services, "networks": networks}


def real_name(config: Config, network: str) -> str:
    """A network's name in Docker, by its key in the file."""
    body = (config.get("networks") or {}).get(network) or {}
    return str(body.get("name") or f"{config.get('name')}_{network}")


def subnets(seen: Mapping[str, Any]) -> tuple[list[Range], list[str]]:
    """Of `docker network inspect`: its ranges, and the addresses on it that are taken."""
    parts = (seen.get("IPAM") or {}).get("Config") or ()
    ranges = [Range(ipaddress.ip_network(part["Subnet"], strict=False)) for part in parts if part.get("Subnet")]
    taken = [str(one.get("IPv4Address") or "").partition("/")[0] for one in (seen.get("Containers") or {}).values()]
    for part in parts:
        taken += [str(part.get("Gateway") or ""), *map(str, (part.get("AuxiliaryAddresses") or {}).values())]
    return ranges, [address for address in taken if address and ":" not in address]


def _reserving(config: Config, taken: Mapping[str, Sequence[str]]) -> Config:
    """The same, with the addresses that are taken kept free of edges."""
    new = copy.deepcopy(config)
    for key, addresses in taken.items():
        body = new.setdefault("networks", {}).setdefault(key, {}) or {}
        parts = [dict(part) for part in (body.get("ipam") or {}).get("config") or ()]
        named = {f"taken-{number}": address for number, address in enumerate(addresses)}
        body["ipam"] = {**(body.get("ipam") or {}), "config": [*parts, {"aux_addresses": named}]}
        new["networks"][key] = body
    return new
