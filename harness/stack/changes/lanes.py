"""The two services of ours: drill-lanes holds one address per edge, drill-toxiproxy runs in its network namespace."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

from harness.edges import Edge
from harness.stack import names as topology
from harness.stack.changes.identity import RUN_LABEL

LANES = "drill-lanes"
TOXIPROXY = "drill-toxiproxy"
OUTSIDE = "drill-outside"
COPIES_LABEL = "io.drill.copies"
"""Where the copies of the run's bind mounts are, so that teardown by label alone finds them too."""
NO_HOMES: Mapping[str, str] = {}
API_PORT = 61474
"""Not Toxiproxy's usual 8474, on which a Toxiproxy of the user's own stack may listen and need a proxy of ours."""


def lanes(
    config: dict[str, Any],
    edges: Sequence[Edge],
    addresses: Sequence[str],
    *,
    run_id: str,
    harness_image: str,
    toxiproxy_image: str,
    api_port: int,
    homes: Mapping[str, str] = NO_HOMES,
    copies: str = "",
) -> tuple[dict[str, Any], list[str]]:
    """Add both services. Lanes are on every bridge network (so that Toxiproxy finds each dependency by its own name)
    and on
    one with a way out, for external hosts and the published API."""
    new = copy.deepcopy(config)
    labels = {RUN_LABEL: run_id}
    used = dict.fromkeys(key for name in topology.services(config) for key in topology.networks(config, name))
    mine: dict[str, Any] = {key: {} for key in used if topology.bridged(config, key)}
    mine |= {key: {"ipv4_address": address} for key, address in homes.items() if key in mine}
    networks = new.setdefault("networks", {})
    if all(topology.internal(config, key) for key in mine):
        networks[OUTSIDE] = {**(networks.get(OUTSIDE) or {}), "labels": labels}
        mine[OUTSIDE] = {}
    holder: dict[str, Any] = {
        "image": harness_image,
        "command": ["python3", "-m", "harness.inside", "lanes", *addresses],
        "networks": mine,
        "cap_drop": ["ALL"],
        "cap_add": ["NET_ADMIN"],
        "read_only": True,
        # One client address towards each dependency: ports of closed connections must be usable again at once.
        "sysctls": {"net.ipv4.ip_local_port_range": "1024 65535", "net.ipv4.tcp_tw_reuse": "1"},
        "ports": [
            {"mode": "host", "host_ip": "127.0.0.1", "target": API_PORT, "published": str(api_port), "protocol": "tcp"}
        ],
        "labels": {**labels, COPIES_LABEL: copies} if copies else labels,
        "stop_grace_period": "1s",
    }
    gateways = sorted({edge.upstream for edge in edges if edge.address and edge.external and _is_gateway(config, edge)})
    if gateways:
        holder["extra_hosts"] = [f"{name}=host-gateway" for name in gateways]
    new.setdefault("services", {})[LANES] = holder
    new["services"][TOXIPROXY] = {
        "image": toxiproxy_image,
        "command": ["-host=0.0.0.0", f"-port={API_PORT}"],
        "network_mode": f"service:{LANES}",
        "restart": "unless-stopped",
        "labels": labels,
        "stop_grace_period": "1s",
    }
    return new, [f"services.{LANES}, services.{TOXIPROXY}: added, on the networks {', '.join(mine)}"]


def _is_gateway(config: Mapping[str, Any], edge: Edge) -> bool:
    return topology.pinned_hosts(topology.services(config).get(edge.caller, {})).get(edge.dependency) == "host-gateway"
