"""Find the edges of a project: declared by the drill, inferred from its files. What cannot be mediated is kept, with the reason."""

from __future__ import annotations

import difflib
import ipaddress
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from harness.edges import Edge, Known, edge_id
from harness.errors import UsageError
from harness.stack import names as topology
from harness.stack.mentions import Mention, addresses, loopback_ports, mentions
from harness.stack.project import Project
from harness.stack.speaks import PORTS, guess
from harness.stack.texts import ImageInfo, Text, texts

CLIENT = "client"
"""The caller's name of an edge on the users' side, `client->api`, unless a service bears that name."""


@dataclass
class _Heard:
    """What was heard of one pair so far."""

    known: list[Known] = field(default_factory=list)
    ports: set[int] = field(default_factory=set)
    schemes: list[str] = field(default_factory=list)
    strong: bool = False
    weak: bool = False


@dataclass(frozen=True)
class Found:
    """The edges, and sentences about what is none (`api depends on migrate, which …`)."""

    edges: tuple[Edge, ...]
    notes: tuple[str, ...] = ()


def find_edges(
    project: Project, declared: Sequence[Any] = (), image_info: Mapping[str, ImageInfo] | None = None
) -> tuple[Edge, ...]:
    """All edges of the project; see `found` for what is none. Raises UsageError for a declared edge that cannot be meant."""
    return found(project, declared, image_info).edges


def found(project: Project, declared: Sequence[Any] = (), image_info: Mapping[str, ImageInfo] | None = None) -> Found:
    """Read the project's files (nothing is started) and say what calls what, how that is known, and what cannot be an edge."""
    config = project.config
    images = image_info or {}
    read = {name: texts(config, name, project.directory, images.get(name)) for name in topology.services(config)}
    heard: dict[tuple[str, str], _Heard] = {}
    notes: list[str] = []
    for service in topology.services(config):
        _hear(config, service, read[service], heard)
    edges = {}
    for (caller, dependency), said in heard.items():
        edge = _edge(config, caller, dependency, said, images)
        if edge is None:
            notes.append(
                f"{caller} depends on {dependency}, which listens on no known port and is named nowhere else: no edge"
            )
        else:
            edges[edge.id] = replace(edge, refused=_refused(config, edge, read, images))
    for edge in _loopbacks(config, read):
        edges.setdefault(edge.id, edge)
    for entry in declared:
        edge = _declared(config, entry, edges, images)
        edges[edge.id] = (
            edge if edge.refused else replace(edge, refused=_refused(config, edge, read, images, _ports(entry)))
        )
    return Found(tuple(edges.values()), tuple(notes))


def _hear(config: topology.Config, service: str, read: Sequence[Text], heard: dict[tuple[str, str], _Heard]) -> None:
    """Add what one service's texts, links and depends_on say; a service in another's network namespace speaks for its owner."""
    caller = topology.owner(config, service)
    known_as: dict[str, str] = {}
    for other in topology.services(config):
        target = topology.owner(config, other)
        if target == caller and topology.replicas(config, caller) < 2:
            continue
        for name in topology.names(config, caller, other):
            known_as.setdefault(name, target)
    environment = {text.key: text.body for text in read if text.kind == "environment"}
    for text in read:
        for mention in mentions(text, known_as, environment):
            _add(heard, caller, known_as[mention.name], mention, text, service)
    body = topology.services(config)[service]
    for target in topology.links(config, caller):
        if target in topology.services(config):
            said = heard.setdefault((caller, topology.owner(config, target)), _Heard())
            said.known.append(Known("inferred", "links"))
            said.strong = True
    for target, how in (body.get("depends_on") or {}).items():
        dependency = topology.owner(config, target)
        condition = (how or {}).get("condition", "")
        if dependency != caller and condition != "service_completed_successfully":
            heard.setdefault((caller, dependency), _Heard()).known.append(Known("inferred", "depends_on"))


def _add(
    heard: dict[tuple[str, str], _Heard], caller: str, dependency: str, mention: Mention, text: Text, service: str
) -> None:
    if caller == dependency and not mention.speaks:
        return  # its own name, in its own settings: only a URL to itself means its other replicas
    if not mention.strong and text.kind == "file":
        return  # a bare word in a file says nothing
    said = heard.setdefault((caller, dependency), _Heard())
    where = mention.where if service == caller else f"{mention.where} of {service}"
    if Known("inferred", where) not in said.known:
        said.known.append(Known("inferred", where))
    said.strong |= mention.strong
    said.weak |= not mention.strong
    if mention.port:
        said.ports.add(mention.port)
    if mention.speaks:
        said.schemes.append(mention.speaks)


def _edge(
    config: topology.Config, caller: str, dependency: str, said: _Heard, images: Mapping[str, ImageInfo]
) -> Edge | None:
    listens = _listens(config, dependency, images)
    depends = any(known.where == "depends_on" for known in said.known)
    if not said.strong and not listens and not (said.weak and depends):
        return None  # `depends_on` alone only says what starts first
    ports = tuple(sorted(said.ports | set(listens)))
    image = str(topology.services(config)[dependency].get("image") or "")
    return Edge(
        caller=caller,
        dependency=dependency,
        names=topology.names(config, caller, dependency),
        known=tuple(said.known),
        ports=ports,
        speaks=guess(said.schemes, image, ports),
        also=topology.sharers(config, caller),
    )


def _listens(config: topology.Config, service: str, images: Mapping[str, ImageInfo]) -> tuple[int, ...]:
    """TCP ports that are known before anything runs: the file's, the image's EXPOSE, the healthcheck's, a well-known image's."""
    every = (service, *topology.sharers(config, service))
    found = {port for one in every for port in topology.ports(config, one)}
    for one in every:
        for text in images[one].exposed if one in images else ():
            found |= set(topology.span(text))
        test = (topology.services(config)[one].get("healthcheck") or {}).get("test") or ()
        found |= set(loopback_ports(Text("command", "healthcheck", " ".join(str(part) for part in test))))
    if not found:
        protocol = guess((), str(topology.services(config)[service].get("image") or ""), ())
        found |= {PORTS[protocol]} if protocol else set()
    return tuple(sorted(found))


def udp_ports(config: topology.Config, service: str, images: Mapping[str, ImageInfo]) -> tuple[int, ...]:
    """UDP ports that the files or the image name: an edge carries TCP only."""
    found = set(topology.ports(config, service, "udp"))
    for text in images[service].exposed if service in images else ():
        found |= set(topology.span(text, "udp"))
    return tuple(sorted(found))


def _refused(
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
        return (
            ""
            if any(not topology.internal(config, key) for key in mine)
            else f"{caller} is on internal networks only: no way out"
        )
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
    udp = udp_ports(config, dependency, images)
    if udp and not declared_ports:
        return f"{dependency} speaks UDP on {', '.join(map(str, udp))}, which an edge does not carry; declare the edge with its TCP ports"
    return _by_address(config, caller, dependency, read) or _hands_out_addresses(dependency, read)


def _by_address(config: topology.Config, caller: str, dependency: str, read: Mapping[str, Sequence[Text]]) -> str:
    static = {
        str(use["ipv4_address"]) for use in topology.networks(config, dependency).values() if use.get("ipv4_address")
    }
    for service in (caller, *topology.sharers(config, caller)):
        for text in read.get(service, ()):
            literal = sorted(static & addresses(text))
            if literal:
                return f"{caller} addresses {dependency} by its IP {literal[0]} ({text.where})"
    return ""


def _hands_out_addresses(dependency: str, read: Mapping[str, Sequence[Text]]) -> str:
    for text in read.get(dependency, ()):
        if re.search(r"cluster-enabled\s+yes|--sentinel|redis-sentinel|sentinel\s+monitor", text.body):
            return f"{dependency} hands out addresses of its peers (Redis Cluster or Sentinel, {text.where})"
    return ""


def _loopbacks(config: topology.Config, read: Mapping[str, Sequence[Text]]) -> Iterable[Edge]:
    """Two services in one network namespace that talk over 127.0.0.1: it cannot be an edge, and is said."""
    for service in topology.services(config):
        home = topology.owner(config, service)
        family = [one for one in (home, *topology.sharers(config, home)) if one != service]
        for other in family:
            listens = topology.ports(config, other)
            reach = [
                text.where
                for text in read[service]
                if set(loopback_ports(text)) and (not listens or set(loopback_ports(text)) & set(listens))
            ]
            depends = other in (topology.services(config)[service].get("depends_on") or {})
            if reach or (depends and service != home and other != home):
                where = reach[0] if reach else "depends_on"
                reason = f"{service} and {other} share one network namespace and talk over its loopback"
                yield Edge(service, other, names=("localhost",), known=(Known("inferred", where),), refused=reason)


def _value(entry: Any, key: str) -> Any:
    return entry.get(key) if isinstance(entry, Mapping) else getattr(entry, key, None)


def _ports(entry: Any) -> tuple[int, ...]:
    given = _value(entry, "ports") or _value(entry, "port") or ()
    return (int(given),) if isinstance(given, int | str) else tuple(int(port) for port in given)


def _declared(config: topology.Config, entry: Any, edges: Mapping[str, Edge], images: Mapping[str, ImageInfo]) -> Edge:
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
                *_ports(entry),
                *(() if external else _listens(config, topology.owner(config, dependency), images)),
            }
        )
    )
    speaks = str(_value(entry, "speaks") or base.speaks or "")
    if external and not ports:
        ports = (PORTS[speaks],) if speaks in PORTS else (80, 443)
    image = str(all_services.get(dependency, {}).get("image") or "")
    edge = replace(
        base,
        names=(dependency,) if external else topology.names(config, caller, dependency),
        known=(Known("declared", "drill"), *base.known),
        ports=ports,
        speaks=speaks or ("" if external else guess((), image, ports)),
        also=topology.sharers(config, caller),
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
