"""Where the services of a Compose project send their traces, by OpenTelemetry's own environment variables. Pure.

To a host outside: a collector of ours bears its name there. To a service of the stack: over an edge, on whose way a relay of ours
keeps a copy.

Source: OpenTelemetry specification, "OTLP exporter configuration": OTEL_EXPORTER_OTLP_TRACES_ENDPOINT is taken as it is,
OTEL_EXPORTER_OTLP_ENDPOINT is a base for all signals; …_PROTOCOL is grpc, http/protobuf or http/json. "SDK configuration":
OTEL_SERVICE_NAME goes before service.name in OTEL_RESOURCE_ATTRIBUTES, a list k=v,k=v whose values are percent-encoded.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from urllib.parse import unquote, urlsplit

from harness.edges import Edge
from harness.facts import ExporterSeen
from harness.stack.names import Config, names, owner, pinned_hosts, services
from harness.urls import fixed, place

ENDPOINT, TRACES_ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"
PROTOCOL, TRACES_PROTOCOL = "OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"


GRPC_PORT = 4317
RELAYED_FROM = 14318
"""The first port of the collector on which it relays."""


@dataclass(frozen=True)
class Relayed:
    """Traces of `sender` that go to `receiver`, a service of the stack, over `edge` on `port`; Toxiproxy dials `upstream`."""

    sender: str
    receiver: str
    edge: str
    port: int
    upstream: str


@dataclass(frozen=True)
class Exporting:
    """
    exporters  each service that sends traces, and whether a collector of ours can read them, directly or as a collector of
               the stack's own sends them on
    hosts      host names that the collector must bear, with its ports; of what it could not read too, so that nothing leaves
    senders    the services that send there
    relayed    what goes to a service of the stack, and can be copied on its way
    """

    exporters: tuple[ExporterSeen, ...] = ()
    hosts: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    senders: tuple[str, ...] = ()
    relayed: tuple[Relayed, ...] = ()

    @property
    def held(self) -> tuple[str, ...]:
        """The services that must not start before the collector."""
        return tuple(dict.fromkeys((*self.senders, *(one.sender for one in self.relayed))))

    @property
    def relays(self) -> Mapping[tuple[str, int], int]:
        """By host and port that is passed on to, the collector's own port for it."""
        free = (port for port in count(RELAYED_FROM) if port not in self.ports)
        return {to: next(free) for to in dict.fromkeys((one.upstream, one.port) for one in self.relayed)}

    @property
    def ports(self) -> tuple[int, ...]:
        return tuple(sorted({port for ports in self.hosts.values() for port in ports}))


def exporting(config: Config, edges: Sequence[Edge] = ()) -> Exporting:
    """Read a resolved Compose file. `edges` are those of the run, placed or about to be."""
    seen: list[ExporterSeen] = []
    hosts: dict[str, set[int]] = {}
    senders: list[str] = []
    receivers: dict[str, str] = {}
    relayed: list[Relayed] = []
    for service, body in services(config).items():
        said = {str(key): str(value) for key, value in (body.get("environment") or {}).items() if value is not None}
        url = said.get(TRACES_ENDPOINT) or said.get(ENDPOINT) or ""
        by = said.get("OTEL_TRACES_EXPORTER", "otlp").lower().split(",")
        if (
            not url
            or said.get("OTEL_SDK_DISABLED", "").lower() == "true"
            or not any(one.strip() == "otlp" for one in by)
        ):
            continue
        own = {name: other for other in services(config) for name in names(config, service, other)}
        host, port = place(url)
        protocol = said.get(TRACES_PROTOCOL) or said.get(PROTOCOL) or ""
        why = _why_not(url, host, protocol, own, list(pinned_hosts(body)))
        if host in own and urlsplit(url).scheme == "http":
            edge = _edge(config, service, own[host], host, edges)
            if _speaks_http(protocol, port) and edge is not None and not edge.refused:
                relayed.append(Relayed(service, own[host], edge.id, port, edge.upstream or edge.dependency))
                why = ""
        shown = f"{urlsplit(url).scheme}://{host}:{port}" if host else ""
        seen.append(ExporterSeen(service=service, url=shown, observable=not why, why=why, called=_called(said)))
        if host in own and own[host] != service:
            receivers[service] = own[host]
        if host and host not in own and host not in pinned_hosts(body) and not fixed(host):
            hosts.setdefault(host, set()).update(() if why else (port,))
            senders.append(service)
    return Exporting(
        _sent_on(seen, receivers),
        {host: tuple(sorted(ports)) for host, ports in hosts.items()},
        tuple(senders),
        tuple(relayed),
    )


def _edge(config: Config, service: str, receiver: str, host: str, edges: Sequence[Edge]) -> Edge | None:
    """The edge on which a service reaches a host of the stack: that of whose network it runs in."""
    ends = owner(config, service), owner(config, receiver)
    return next((one for one in edges if (one.caller, one.dependency) == ends and host in one.names), None)


def _speaks_http(protocol: str, port: int) -> bool:
    """Where no protocol is stated the usual port tells (OTLP specification: 4317 is gRPC's)."""
    return protocol.startswith("http") if protocol else port != GRPC_PORT


def _sent_on(seen: Sequence[ExporterSeen], receivers: Mapping[str, str]) -> tuple[ExporterSeen, ...]:
    """Who sends to a service of the stack is seen where that one sends on to where it is seen itself. A collector sends on
    whatever it was sent, by whatever protocol; whether it does shows in the traces that come."""
    observable = {one.service for one in seen if one.observable}
    while more := {one for one, to in receivers.items() if to in observable and one not in observable}:
        observable |= more
    return tuple(replace(one, observable=True, why="") if one.service in observable else one for one in seen)


def _called(said: Mapping[str, str]) -> str:
    """The service.name that an environment gives."""
    pairs = (pair.partition("=") for pair in said.get("OTEL_RESOURCE_ATTRIBUTES", "").split(","))
    listed = next((unquote(value.strip()) for key, _, value in pairs if key.strip() == "service.name"), "")
    return said.get("OTEL_SERVICE_NAME", "").strip() or listed


def _why_not(url: str, host: str, protocol: str, own: Mapping[str, str], pinned: Sequence[str]) -> str:
    """Why a collector in the stack could not read what goes there, and what would change that; '' when it can."""
    scheme = urlsplit(url).scheme
    reasons = {
        "its endpoint is no URL; one on http:// would be seen": not host,
        _received(own.get(host, "")): host in own,
        f"its endpoint is {scheme}://, whose certificate nobody here has; one on http:// would be seen": scheme
        != "http",
        "it sends gRPC; with OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf it would be seen": protocol == "grpc",
        f"the stack's extra_hosts fix the address of {host}; without them it would be seen": host in pinned,
        f"its endpoint is the address {host}; a host name would be seen": fixed(host),
    }
    return next((reason for reason, holds in reasons.items() if holds), "")


def _received(service: str) -> str:
    """What would make visible what a collector or a store of the stack's own is sent."""
    return (
        f"its endpoint is {service}, a service of the stack, which receives it, and on the way it cannot be read: it would be seen "
        f"if it went by HTTP ({PROTOCOL}=http/protobuf, to port 4318) over an edge that `drill edges` lists as mediated, "
        f"if {service} sent it on to a host outside that its own {ENDPOINT} names, or if in the drill the endpoint were a host "
        "outside, such as http://traces.example.test:4318"
    )
