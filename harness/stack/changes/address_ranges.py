"""Explicit address ranges for every bridge network, with the edges' addresses reserved so that no container gets
them."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

from harness.edges import Edge
from harness.stack import names as topology
from harness.stack.subnets import Range


def address_ranges(
    config: dict[str, Any], ranges: Mapping[str, Sequence[Range]], edges: Sequence[Edge] = ()
) -> tuple[dict[str, Any], list[str]]:
    """Write the chosen ranges; static addresses, gateways and pools move along with a range that had to move."""
    new, lines = copy.deepcopy(config), []
    for key, chosen in ranges.items():
        network = new.setdefault("networks", {}).setdefault(key, {}) or {}
        new["networks"][key] = network
        old: dict[str, dict[str, Any]] = {
            str(part.get("subnet") or ""): part for part in (network.get("ipam") or {}).get("config") or ()
        }
        reserved = {
            f"drill-{number}": edge.address
            for number, edge in enumerate(e for e in edges if e.network == key and e.address)
        }
        parts = []
        for one in chosen:
            given = next(
                (part for subnet, part in old.items() if subnet and one.given and str(one.given) == _canonical(subnet)),
                {},
            )
            part = {"subnet": str(one.used)}
            if given.get("gateway"):
                part["gateway"] = one.moved(given["gateway"])
            if given.get("ip_range"):
                start, _, prefix = given["ip_range"].partition("/")
                part["ip_range"] = f"{one.moved(start)}/{prefix}"
            aux = {name: one.moved(str(value)) for name, value in (given.get("aux_addresses") or {}).items()}
            aux |= reserved if one.used.version == 4 else {}
            if aux:
                part["aux_addresses"] = aux  # type: ignore[assignment]
            parts.append(part)
            if one.is_moved:
                lines.append(
                    f"networks.{key}: range {one.given} is in use here → {one.used}, static addresses moved along"
                )
        network["ipam"] = {**(network.get("ipam") or {}), "config": parts}
        _move_static(new, key, chosen)
        lines += [f"networks.{key}: range {one.used}" for one in chosen if not one.given]
    return new, lines


def _canonical(subnet: str) -> str:
    import ipaddress

    return str(ipaddress.ip_network(subnet, strict=False))


def _move_static(config: dict[str, Any], network: str, chosen: Sequence[Range]) -> None:
    for name, body in (config.get("services") or {}).items():
        uses = body.get("networks")
        if not isinstance(uses, dict) or not uses.get(network) or topology.owner(config, name) != name:
            continue
        for word, version in (("ipv4_address", 4), ("ipv6_address", 6)):
            address = uses[network].get(word)
            for one in chosen:
                if address and one.used.version == version:
                    uses[network][word] = address = one.moved(str(address))
