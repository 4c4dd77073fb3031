"""Hosts under all the ways in which logs, traces and pages write them: URLs, addresses with ports, names with a search suffix; and
who held an address when. Pure.

Sources: Docker's embedded name server answers to NAME.NETWORK too; ICANN reserves .internal, RFC 6762 .local, RFC 8375 .home.arpa
for names that are no public ones; Kubernetes' names end in .svc.CLUSTER-DOMAIN, Consul's in .consul.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address
from itertools import pairwise

from harness.facts import ContainerChanged, ContainerSeen, Looked
from harness.journal import Journal

_SCHEME = re.compile(
    r"^(?:[a-z][a-z0-9+.-]*:)+//+(?:[^@/]*@)?|^ipv[46]:|^/+"
)  # `jdbc:` before another, gRPC's peers, Java's
_PORT = re.compile(r":\d+$")
_MAPPED = "::ffff:"  # RFC 4291, section 2.5.5.2: an IPv4 address as dual-stack sockets print it
PRIVATE = (".internal", ".local", ".localdomain", ".lan", ".home.arpa", ".svc", ".consul")
"""Domains in which the first label that is a part's name means it; elsewhere `api.example.com` is somebody else's."""
VENDORS = (".docker.internal", ".google.internal", ".compute.internal")
"""Names that a platform gives to hosts of its own."""
BETWEEN_LOOKS_S = 5.0
"""How long before it was first seen an address may have changed hands, where no look before that is known."""


def bare(name: str) -> str:
    """A name without scheme, account, path and port, in lower case: `postgresql://u@Orders-DB:5432/x` is `orders-db`."""
    host = _SCHEME.sub("", name.strip().lower()).partition("/")[0]
    if host.startswith("["):  # an IPv6 address with its port
        return host[1:].partition("]")[0]
    if host.startswith(_MAPPED):
        host = host.removeprefix(_MAPPED)
    return host if _is_address(host) else _PORT.sub("", host)


def _is_address(text: str) -> bool:
    if ":" not in text:
        return False
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def within(host: str, domains: Iterable[str], meant: Callable[[str], str]) -> str:
    """The part that a name with a suffix means: by what stands before one of the domains, or, in a private one, by the first of
    its labels that is a name; '' for none. A service record's own labels (`_postgresql._tcp.db`) say nothing."""
    host = host.rstrip(".")
    if "." not in host or host.endswith(VENDORS):
        return meant(host)
    for domain in domains:
        if host.endswith(f".{domain}") and (part := meant(host.removesuffix(f".{domain}"))):
            return part
    if not (host.endswith(PRIVATE) or ".svc." in host):
        return meant(host)
    labels = [label for label in host.split(".") if not label.startswith("_")]
    return next((part for label in labels[:-1] if (part := meant(label))), "")


@dataclass(frozen=True)
class Held:
    """Who may have held an address from `from_s` on, until the next: nobody is meant where it is not one alone."""

    from_s: float
    services: frozenset[str]


@dataclass(frozen=True)
class Addresses:
    """
    holders   by address of a container, who held it, in order; the last goes on to be meant when it has gone, as callers that
              remember the address go on to dial it
    domains   names of the networks, which Docker appends to those of containers
    """

    holders: Mapping[str, tuple[Held, ...]] = field(default_factory=dict)
    domains: tuple[str, ...] = ()

    @staticmethod
    def of(journal: Journal) -> Addresses:
        """Of all containers. A change is known to have come between two looks; in that time both are possible."""
        looks = [look.seen_s for look in journal.of(Looked, probe="containers")]
        told: dict[str, list[ContainerSeen | ContainerChanged]] = {}
        services: dict[str, str] = {}
        domains: dict[str, None] = {}
        for seen in journal.of(ContainerSeen):
            told.setdefault(seen.container, []).append(seen)
            services[seen.container] = seen.service
            domains |= dict.fromkeys(network.lower() for network in seen.addresses)
        for changed in journal.of(ContainerChanged):
            if changed.event in ("die", "destroy") and changed.container in told:
                told[changed.container].append(changed)
        first_s = min((facts[0].seen_s for facts in told.values()), default=0.0)
        spans: dict[str, list[tuple[float, float, str]]] = {}
        for container, facts in told.items():
            for address, from_s, until_s in _spans(sorted(facts, key=lambda fact: fact.at_s), looks, first_s):
                spans.setdefault(address, []).append((from_s, until_s, services[container]))
        return Addresses({address: tuple(_held(found)) for address, found in spans.items()}, tuple(domains))

    def part(self, address: str, at_s: float | None) -> str:
        """The service that an address meant then (None: whoever held it, if it was one alone in the whole run); '' for none."""
        held = self.holders.get(address, ())
        if at_s is None:
            services = frozenset[str]().union(*(one.services for one in held))
        else:
            services = next((one.services for one in reversed(held) if one.from_s <= at_s), frozenset())
        return next(iter(services)) if len(services) == 1 else ""


def _spans(
    told: Sequence[ContainerSeen | ContainerChanged], looks: Sequence[float], first_s: float
) -> Iterator[tuple[str, float, float]]:
    """Each address of one container with the time in which it may have had it: since ever where the first
    look of all (first_s) found it."""
    since: dict[str, float] = {}
    for fact in told:
        addresses = fact.addresses.values() if isinstance(fact, ContainerSeen) else ()
        now = {address.lower() for several in addresses for address in several.split()}
        at = bisect_left(looks, fact.seen_s)
        earlier_s = looks[at - 1] if at else fact.seen_s - BETWEEN_LOOKS_S
        earlier_s = float("-inf") if earlier_s < first_s else earlier_s
        yield from ((address, since.pop(address), fact.at_s) for address in since.keys() - now)
        since |= dict.fromkeys(now - since.keys(), earlier_s)
    yield from ((address, from_s, float("inf")) for address, from_s in since.items())


def _held(spans: list[tuple[float, float, str]]) -> Iterator[Held]:
    """Who may have held an address at each time. When nobody does, whoever did last is still meant; before the first of all
    it is whoever came first."""
    bounds = sorted({float("-inf"), *(one for span in spans for one in span[:2])})
    last = frozenset({min(spans)[2]})
    for from_s, until_s in pairwise([*bounds, float("inf")]):
        now = frozenset(who for begin_s, end_s, who in spans if begin_s <= from_s and end_s > from_s)
        last = now or last
        if from_s < until_s:
            yield Held(from_s, last)
