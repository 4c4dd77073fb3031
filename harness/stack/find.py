"""Find the edges of a project: declared by the drill, inferred from its files. What cannot be mediated is kept, with
the reason."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from harness.edges import Edge, Known
from harness.stack import names as topology
from harness.stack.declared import declared_edge, ports_of
from harness.stack.known_ports import known_ports
from harness.stack.mentions import Mention, addressed, loopback_ports, mentions
from harness.stack.observed import servers
from harness.stack.project import Project
from harness.stack.refuse import refused
from harness.stack.speaks import guess
from harness.stack.texts import ImageInfo, Text, texts
from harness.stack.unread import own_texts

TAGS = 20
"""`redis:7` may be an image and its tag: a port below counts only where no other is known."""


@dataclass
class _Heard:
    """What was heard of one pair so far.

    ports      those that are named, and where
    tags       ports so low that they may be an image's tag
    written    names beside the dependency's own, and where they are written: made by Compose or Docker, or spelled otherwise
    by_others  ports at which others call the dependency, where this caller only depends on it, and who tells them
    """

    known: list[Known] = field(default_factory=list)
    ports: dict[int, str] = field(default_factory=dict)
    tags: dict[int, Known] = field(default_factory=dict)
    schemes: list[str] = field(default_factory=list)
    written: dict[str, str] = field(default_factory=dict)
    by_others: dict[int, str] = field(default_factory=dict)
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
    """All edges of the project; see `found` for what is none. Raises UsageError for a declared edge that cannot be
    meant."""
    return found(project, declared, image_info).edges


def found(project: Project, declared: Sequence[Any] = (), image_info: Mapping[str, ImageInfo] | None = None) -> Found:
    """Read the project's files (nothing is started) and say what calls what, how that is known, and what cannot be an
    edge."""
    config = project.config
    images = image_info or {}
    read = own_texts(
        config,
        {
            name: texts(config, name, project.directory, images.get(name), project.files)
            for name in topology.services(config)
        },
    )
    heard: dict[tuple[str, str], _Heard] = {}
    notes: list[str] = []
    for service in topology.services(config):
        _hear(config, service, read[service], heard)
    _ports_by_others(config, heard, images)
    edges = {}
    for (caller, dependency), said in heard.items():
        edge = _edge(config, caller, dependency, said, images)
        if edge is not None:
            edges[edge.id] = replace(edge, refused=refused(config, edge, read, images))
            one = _single(topology.generated(config, dependency), said.written)
            if one and topology.replicas(config, dependency) > 1:
                notes.append(_no_single_one(caller, dependency, one, said.written[one]))
        elif _depends(said):
            notes.append(
                f"{caller} depends on {dependency}, which listens on no known port and which it names nowhere: no edge"
            )
    for edge in (*_loopbacks(config, read), *_literals(config, read)):
        edges.setdefault(edge.id, edge)
    common = (pair for caller in topology.services(config) for pair in topology.spread(config, caller).items())
    notes += [
        f"{name} is a name of {' and '.join(who)}: Docker spreads connections over them, so it stays as it was"
        for name, who in dict.fromkeys(common)
    ]
    for entry in declared:
        edge = declared_edge(config, entry, edges, images)
        edges[edge.id] = (
            edge if edge.refused else replace(edge, refused=refused(config, edge, read, images, ports_of(entry)))
        )
    return Found(tuple(edges.values()), tuple(notes))


def _hear(config: topology.Config, service: str, read: Sequence[Text], heard: dict[tuple[str, str], _Heard]) -> None:
    """Add what one service's texts, links and depends_on say; a service in another's network namespace speaks for its
    owner."""
    caller = topology.owner(config, service)
    known_as: dict[str, str] = {}
    made = topology.qualified(config, caller)
    borne, spread = topology.bearers(config, caller), topology.spread(config, caller)
    for other in topology.services(config):
        target = topology.owner(config, other)
        if target == caller and topology.replicas(config, caller) < 2:
            continue
        known_as |= dict.fromkeys(topology.names(config, caller, other, borne), target)
        made |= dict.fromkeys(topology.generated(config, other), target)
    for name, who in spread.items():
        if name in who and name != caller:
            known_as[name] = name  # the edge is told, and refused
    environment = {text.key: text.body for text in read if text.kind == "environment"}
    for text in read:
        for mention in mentions(text, made | known_as, environment):
            pair = (caller, known_as.get(mention.name) or made[mention.name])
            beside = () if mention.name in spread else _beside_its_own(mention, known_as)
            _add(heard, pair, mention, text, service, beside)
    body = topology.services(config)[service]
    for target in topology.links(config, caller):
        if target in topology.services(config):
            said = heard.setdefault((caller, topology.owner(config, target)), _Heard())
            said.strong = True
            if Known("inferred", "links") not in said.known:
                said.known.append(Known("inferred", "links"))
    for target, how in (body.get("depends_on") or {}).items():
        if target not in topology.services(config):
            continue  # `required: false`, of a profile that is off
        dependency = topology.owner(config, target)
        condition = (how or {}).get("condition", "")
        if dependency != caller and condition != "service_completed_successfully":
            heard.setdefault((caller, dependency), _Heard()).known.append(Known("inferred", "depends_on"))


def _beside_its_own(mention: Mention, known_as: Mapping[str, str]) -> tuple[str, ...]:
    """The names that the place needs beside the dependency's own: one that was made, and each as it is written there."""
    return tuple(name for name in dict.fromkeys((mention.name, mention.written)) if name not in known_as)


def _add(
    heard: dict[tuple[str, str], _Heard],
    pair: tuple[str, str],
    mention: Mention,
    text: Text,
    service: str,
    beside: Sequence[str],
) -> None:
    caller, dependency = pair
    if caller == dependency and not mention.speaks:
        return  # its own name, in its own settings: only a URL to itself means its other replicas
    said = heard.setdefault((caller, dependency), _Heard())
    where = mention.where if service == caller else f"{mention.where} of {service}"
    if mention.port and mention.port < TAGS and not mention.speaks:
        said.tags.setdefault(mention.port, Known("inferred", where))
        return
    if Known("inferred", where) not in said.known:
        said.known.append(Known("inferred", where))
    said.strong |= mention.strong
    said.weak |= not mention.strong
    if mention.port:
        said.ports.setdefault(mention.port, where)
    if mention.speaks:
        said.schemes.append(mention.speaks)
    for name in beside:
        said.written.setdefault(name, mention.where)


def _ports_by_others(
    config: topology.Config, heard: Mapping[tuple[str, str], _Heard], images: Mapping[str, ImageInfo]
) -> None:
    """Give one that only depends on another the ports at which others call that: its own settings may lie in its image. Where
    Prometheus looks for metrics is no such port."""
    scraping = servers(config, "prometheus")
    for (caller, dependency), said in heard.items():
        if said.strong or said.weak or said.ports or not _depends(said) or known_ports(config, dependency, images):
            continue
        for (other, called), theirs in heard.items():
            if called == dependency and other not in (caller, *scraping) and theirs.strong:
                said.by_others |= {port: f"{other}'s {where}" for port, where in theirs.ports.items()}


def _depends(said: _Heard) -> bool:
    return any(known.where == "depends_on" for known in said.known)


def _edge(
    config: topology.Config, caller: str, dependency: str, said: _Heard, images: Mapping[str, ImageInfo]
) -> Edge | None:
    listens = known_ports(config, dependency, images)
    low = {port: how for port, how in said.tags.items() if port in listens or not listens}
    if not (said.strong or low) and not (_depends(said) and (listens or said.weak or said.by_others)):
        return None  # `depends_on` alone only says what starts first, a word alone nothing
    ports = tuple(sorted({*said.ports, *low, *listens, *said.by_others}))
    lent = [Known("inferred", f"port {port} by {where}") for port, where in said.by_others.items()]
    image = str(topology.services(config)[dependency].get("image") or "")
    return Edge(
        caller=caller,
        dependency=dependency,
        names=tuple(dict.fromkeys((*topology.names(config, caller, dependency), *said.written))),
        known=tuple(dict.fromkeys((*said.known, *low.values(), *lent))),
        ports=ports,
        speaks=guess(said.schemes, image, ports),
        also=topology.sharers(config, caller),
        lodgers=topology.sharers(config, dependency),
    )


def _single(generated: Sequence[str], written: Iterable[str]) -> str:
    """The first name that is a single container's, or ''."""
    made = {name.lower() for name in generated}
    return next((name for name in written if name.lower() in made or name.lower().partition(".")[0] in made), "")


def _no_single_one(caller: str, dependency: str, name: str, where: str) -> str:
    return (
        f"{caller} names a single container of {dependency}, {name} ({where}): in a run that name stands for all of them; "
        f"write {dependency} instead"
    )


def _literals(config: topology.Config, read: Mapping[str, Sequence[Text]]) -> Iterable[Edge]:
    """Dependencies that are addressed by their static IP: no name can be pointed elsewhere, so they stay as they
    were."""
    static = {
        str(use["ipv4_address"]): name
        for name in topology.services(config)
        for use in topology.networks(config, name).values()
        if use.get("ipv4_address") and topology.owner(config, name) == name
    }
    for service in topology.services(config):
        caller = topology.owner(config, service)
        for said in addressed(read[service], static):
            if static[said.name] != caller:
                reason = f"{caller} addresses {static[said.name]} by its IP {said.name} ({said.where})"
                yield Edge(caller, static[said.name], known=(Known("inferred", said.where),), refused=reason)


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
            if reach or (depends and home not in (service, other)):
                where = reach[0] if reach else "depends_on"
                reason = f"{service} and {other} share one network namespace and talk over its loopback"
                yield Edge(service, other, names=("localhost",), known=(Known("inferred", where),), refused=reason)
