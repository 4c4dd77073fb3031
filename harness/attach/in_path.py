"""Edges on which a Toxiproxy stands already: which of its proxies is on the way from whom to whom, as files and its API tell. Pure.

That a caller really goes that way, and no other, its connections must show before anything is injected (attach.proven).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from harness.attach.addresses import Described
from harness.attach.found import Running
from harness.edges import Edge, Known
from harness.stack import names as topology


@dataclass(frozen=True)
class OnTheWay:
    """`edge` has the address and the port at which its caller dials the proxy; `api` is 'service:port' of Toxiproxy's API."""

    edge: Edge
    proxy: str
    api: str


def on_the_way(
    running: Running, edges: Sequence[Edge], api: str, proxies: Mapping[str, Mapping[str, Any]]
) -> list[OnTheWay]:
    """By what `GET /proxies` of the project's Toxiproxy told, and the edges that were found into it."""
    service = api.rpartition(":")[0]
    found = []
    for into in (edge for edge in edges if edge.dependency == service and not edge.external):
        # A port that the caller names tells which proxies it means; where it names none of theirs, it may be any of them.
        named = {name: proxy for name, proxy in proxies.items() if _port(proxy.get("listen")) in into.ports}
        address = _address(running, into.caller, service)
        for name, proxy in (named or proxies).items():
            port, dependency = _port(proxy.get("listen")), _behind(running, service, str(proxy.get("upstream") or ""))
            if not port or not dependency or not address:
                continue
            edge = Edge(
                into.caller,
                dependency,
                names=into.names,
                known=(Known("seen", f"proxy {name} of {service}"),),
                ports=(port,),
                address=address,
                upstream=dependency,
            )
            found.append(OnTheWay(edge, name, api))
    return found


def in_doubt(mediated: Sequence[OnTheWay]) -> dict[str, str]:
    """Edges on which several proxies may be, each with why none is taken."""
    by_edge: dict[str, list[str]] = {}
    for one in mediated:
        by_edge.setdefault(one.edge.id, []).append(one.proxy)
    return {
        edge: f"its Toxiproxy has {' and '.join(names)} to the same place, and which of them its caller dials is not known"
        for edge, names in by_edge.items()
        if len(names) > 1
    }


def with_them(edges: Sequence[Edge], mediated: Sequence[OnTheWay]) -> tuple[Edge, ...]:
    """All edges, those with a Toxiproxy on their way as they are dialled."""
    by_id = {one.edge.id: one.edge for one in mediated}
    known = {edge.id: edge for edge in edges}
    told = {id_: replace(edge, speaks=known[id_].speaks if id_ in known else "") for id_, edge in by_id.items()}
    return (*(told.get(edge.id, edge) for edge in edges), *(edge for id_, edge in told.items() if id_ not in known))


def _behind(running: Running, service: str, upstream: str) -> str:
    """The service that a proxy dials; '' for what is none of the project's."""
    host = upstream.rpartition(":")[0]
    config = running.project.config
    return next((name for name in topology.services(config) if host in topology.names(config, service, name)), "")


def _port(listen: object) -> int:
    """Of '[::]:16379' or '0.0.0.0:16379'; 0 for none."""
    port = str(listen or "").rpartition(":")[2]
    return int(port) if port.isdigit() else 0


def _address(running: Running, caller: str, service: str) -> str:
    """Where the caller reaches it: on the first network that both are on."""
    theirs = dict(_uses(running.up(service)))
    mine = dict(_uses(running.up(caller)))
    return next((address for network, address in theirs.items() if network in mine), "")


def _uses(containers: Sequence[Described]) -> Iterator[tuple[str, str]]:
    for one in containers[:1]:
        for network, use in ((one.get("NetworkSettings") or {}).get("Networks") or {}).items():
            if use.get("IPAddress"):
                yield str(network), str(use["IPAddress"])
