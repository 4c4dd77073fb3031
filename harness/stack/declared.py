"""Edges that the drill declares, joined with what the files say of the same edge. Pure."""

from __future__ import annotations

import difflib
import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from harness.edges import Edge, Known, edge_id
from harness.errors import UsageError
from harness.stack import names as topology
from harness.stack.known_ports import known_ports
from harness.stack.refuse import CLIENT
from harness.stack.speaks import PORTS, guess
from harness.stack.texts import ImageInfo


def _value(entry: Any, key: str) -> Any:
    return entry.get(key) if isinstance(entry, Mapping) else getattr(entry, key, None)


def ports_of(entry: Any) -> tuple[int, ...]:
    given = _value(entry, "ports") or _value(entry, "port") or ()
    return (int(given),) if isinstance(given, int | str) else tuple(int(port) for port in given)


def declared_edge(
    config: topology.Config, entry: Any, edges: Mapping[str, Edge], images: Mapping[str, ImageInfo]
) -> Edge:
    """One entry of the drill's `edges:`, joined with what the files say of the same edge."""
    try:
        caller, dependency = edge_id(str(entry if isinstance(entry, str) else _value(entry, "edge")))
    except ValueError as error:
        raise UsageError(f"edges: {error}") from error
    all_services = topology.services(config)
    if caller not in all_services and caller != CLIENT:
        raise UsageError(f"edges: {caller}->{dependency}: there is no service {caller!r}{_meant(caller, all_services)}")
    external = dependency not in all_services
    if external and "." not in dependency and not _pinned(config, caller, dependency):
        raise UsageError(
            f"edges: {caller}->{dependency}: there is no service {dependency!r}{_meant(dependency, all_services)}"
        )
    base = edges.get(f"{caller}->{dependency}") or Edge(caller, dependency, external=external)
    ports = tuple(
        sorted(
            {
                *base.ports,
                *ports_of(entry),
                *(() if external else known_ports(config, topology.owner(config, dependency), images)),
            }
        )
    )
    speaks = str(_value(entry, "speaks") or base.speaks or "")
    if external and not ports:
        ports = (PORTS[speaks],) if speaks in PORTS else (80, 443)
    image = str(all_services.get(dependency, {}).get("image") or "")
    own = () if external else topology.names(config, caller, dependency)
    answers = {
        name.lower() for name in (*own, *topology.generated(config, dependency), *topology.qualified(config, caller))
    }
    written = (name for name in base.names if name.lower() in answers)  # beside its own: made, or spelled otherwise
    edge = replace(
        base,
        names=(dependency,) if external else tuple(dict.fromkeys((*own, *written))),
        known=(Known("declared", "drill"), *base.known),
        ports=ports,
        speaks=speaks or ("" if external else guess((), image, ports)),
        also=topology.sharers(config, caller),
        lodgers=topology.sharers(config, dependency),
        refused="",
    )
    return replace(edge, refused=_misdeclared(config, edge, bool(_value(entry, "off"))))


def _misdeclared(config: topology.Config, edge: Edge, off: bool) -> str:
    if off:
        return "switched off by the drill"
    caller, dependency = edge.caller, edge.dependency
    if edge.external and _literal(dependency):
        return f"{dependency} is an address; an edge needs a name"
    for service in (caller, dependency):
        home = topology.owner(config, service) if service in topology.services(config) else service
        if home != service:
            if topology.owner(config, caller) == (topology.owner(config, dependency) if not edge.external else ""):
                return f"{caller} and {dependency} share one network namespace and talk over its loopback"
            other = f"{home}->{dependency}" if service == caller else f"{caller}->{home}"
            return f"{service} runs in the network of {home}; the edge is {other}"
    return ""


def _literal(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _meant(name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, list(known), n=1)
    return f" (did you mean {close[0]!r}?)" if close else f"; there are {', '.join(known)}"


def _pinned(config: topology.Config, caller: str, host: str) -> bool:
    return host in topology.pinned_hosts(topology.services(config).get(caller, {}))
