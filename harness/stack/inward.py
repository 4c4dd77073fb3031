"""Services on internal networks alone: Docker publishes nothing of them, so the host reaches them at an address of
their own."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

from harness.edges import Edge
from harness.stack import names as topology
from harness.stack.subnets import Range, by_version, static_addresses


def inward(config: topology.Config, service: str) -> bool:
    """Whether it is on networks, and all of them are internal."""
    nets = topology.networks(config, service)
    return bool(nets) and all(topology.internal(config, key) for key in nets)


def inner_address(
    config: topology.Config, service: str, ranges: Mapping[str, Sequence[Range]], edges: Sequence[Edge]
) -> str:
    """The address it gets in this run: the file's own static one, else one from the middle of the range, far from what
    Docker gives out and from the edges; '' for a service that can be published."""
    if not inward(config, service):
        return ""
    key, use = next(iter(topology.networks(config, service).items()))
    home = by_version(ranges, key)
    if home is None:
        return ""
    if use.get("ipv4_address"):
        return home.moved(str(use["ipv4_address"]))
    busy = {edge.address for edge in edges} | {home.moved(one) for one in static_addresses(config, key)}
    middle = home.used.num_addresses // 2 + sorted(topology.services(config)).index(service)
    places = (str(home.used[number]) for number in range(middle, home.used.num_addresses - 1))
    return next((place for place in places if place not in busy), "")


def pinned(config: dict[str, Any], service: str, address: str) -> dict[str, Any]:
    """The file with that address on the service's first network; unchanged for ''."""
    if not address:
        return config
    new = copy.deepcopy(config)
    uses = topology.networks(new, service)
    first = next(iter(uses))
    new["services"][service]["networks"] = {**uses, first: {**uses[first], "ipv4_address": address}}
    return new
