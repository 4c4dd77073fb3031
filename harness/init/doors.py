"""Where users come in, so that load goes there: what answers HTTP, or may, the best first. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from harness.edges import Edge
from harness.init.kinds import admin, watcher
from harness.init.seen import Spoken
from harness.stack import names as topology

_DOORS = {"gateway", "proxy", "frontend", "front", "web", "www", "edge", "ingress", "nginx", "caddy", "traefik", "haproxy", "envoy", "kong", "bff", "portal", "storefront", "site"}  # fmt: skip
"""As names tell, which decides where nothing else does."""
MOST_OTHERS = 3


def targets(config: topology.Config, spoken: Sequence[Spoken], edges: Sequence[Edge]) -> tuple[Spoken, ...]:
    """What answers HTTP, first what users would call: published, with pages, called by nobody, calling others."""
    calls = _Calls(config, edges)

    def rank(one: Spoken) -> tuple[int, ...]:
        return (
            not watcher(config, one.service),
            not admin(config, one.service),
            bool(one.good),
            one.port in _published(config, one.service),
            not calls.called(one.service),
            calls.calls(one.service) > 0,
            any("html" in page.kind or "json" in page.kind for page in one.good),
            calls.calls(one.service),
            not calls.looked_at(one.service),
            _door(one.service),
        )

    return tuple(sorted(spoken, key=rank, reverse=True))


def unasked(config: topology.Config, edges: Sequence[Edge], http: Collection[str]) -> tuple[tuple[str, int], ...]:
    """Services and their ports as the files alone tell, where nothing was started, first what users would call: `http` are
    'service:port' that may answer HTTP."""
    calls = _Calls(config, edges)
    places = [(name, int(port)) for name, _, port in (one.rpartition(":") for one in http)]
    places += [
        (name, port)
        for name in topology.services(config)
        if topology.replicas(config, name) and not topology.outside(config, name)
        for port in topology.ports(config, name)
    ]

    def rank(place: tuple[str, int]) -> tuple[int, ...]:
        name, port = place
        return (
            not watcher(config, name),
            not admin(config, name),
            f"{name}:{port}" in http,
            port in _published(config, name),
            not calls.called(name),
            calls.calls(name),
            not calls.looked_at(name),
            _door(name),
        )

    return tuple(sorted(dict.fromkeys(places), key=rank, reverse=True))


def others(config: topology.Config, edges: Sequence[Edge], ranked: Sequence[tuple[str, int]]) -> tuple[str, ...]:
    """The next best services after the first of `targets` or `unasked`, each as 'service:port'; none that is only called."""
    calls = _Calls(config, edges)
    first: dict[str, int] = {}
    for service, port in ranked:
        first.setdefault(service, port)
    rest = [name for name in list(first)[1:] if calls.calls(name) or not calls.called(name)]
    return tuple(f"{name}:{first[name]}" for name in rest if not watcher(config, name))[:MOST_OTHERS]


class _Calls:
    """Who calls whom. What only looks at others calls all that it looks at: that says least of where users come in."""

    def __init__(self, config: topology.Config, edges: Sequence[Edge]) -> None:
        looks = {name for name in topology.services(config) if watcher(config, name)}
        self._pairs = {(edge.caller, edge.dependency) for edge in edges if edge.caller not in looks}
        self._looked_at = {edge.dependency for edge in edges if edge.caller in looks}

    def calls(self, service: str) -> int:
        return sum(1 for caller, _ in self._pairs if caller == service)

    def called(self, service: str) -> bool:
        return any(dependency == service for _, dependency in self._pairs)

    def looked_at(self, service: str) -> bool:
        return service in self._looked_at


def _door(service: str) -> bool:
    return bool(_DOORS & set(re.findall(r"[a-z]+", service.lower())))


def _published(config: topology.Config, service: str) -> set[int]:
    return {int(port["target"]) for port in topology.services(config)[service].get("ports") or ()}
