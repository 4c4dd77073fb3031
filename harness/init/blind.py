"""Which rules are blind to a first drill's fault, whatever they measure: their labels name another part, or what nobody asks for. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.edges import Edge
from harness.expectations.metric_names import Matcher, parsed
from harness.init.choose import Hurt
from harness.init.kinds import STORES
from harness.init.routes import Route
from harness.urls import of_health

DEPENDENCY = ("dependency", "upstream", "backend", "peer", "peer_service", "db_system", "datastore")
"""Labels that name whom a service called."""
OWNER = ("job", "container", "app", "service_name")
"""Labels that name who counted."""
ROUTE = ("route", "path", "handler", "endpoint", "uri", "url", "http_route")
_ALIKE: Mapping[str, tuple[str, ...]] = {
    "postgres": ("postgresql", "pg"),
    "mysql": ("mariadb",),
    "mongodb": ("mongo",),
    "redis": ("valkey",),
    "amqp": ("rabbitmq",),
}
_PARAMETER = re.compile(r"\{.*\}|<.*>|:.+|\*+|\[.*\]")


@dataclass(frozen=True)
class Sight:
    """
    What is hurt, and who could see it.

    hurt     the names that the hurt part goes by; `others`: those of every other part and kind of store
    blind    services that neither call it nor are called on the way to it: its fault lies behind or beside what they count
    asked    the paths that the load asks for, as templates and as they are sent; () where they are not known
    stopped  the service that is stopped, where none of its calls can be hurt; '' otherwise
    idle     whether it asks for nothing but whether a service lives, so that perhaps nothing reaches what is hurt
    """

    hurt: frozenset[str] = frozenset()
    others: frozenset[str] = frozenset()
    blind: frozenset[str] = frozenset()
    asked: tuple[str, ...] = ()
    idle: bool = False
    stopped: str = ""

    def stops(self, selectors: Iterable[str]) -> bool:
        """Whether one of them names, as who counted, the service that is stopped."""
        return any(
            matcher.label in OWNER and matcher.operator in ("=", "=~") and matcher.takes(self.stopped)
            for text in selectors
            for matcher in parsed(text)
            if self.stopped
        )

    def why_blind(self, selectors: Iterable[str]) -> str:
        """Why what these select does not change by the fault; '' where it may."""
        if self.idle:
            return "may see nothing, as the load asks only for a page that tells whether it lives"
        for matcher in (one for text in selectors for one in parsed(text) if one.operator in ("=", "=~")):
            shown = f"{matcher.label}{matcher.operator}{matcher.value!r}"
            if matcher.label in DEPENDENCY and not _any(matcher, self.hurt) and _any(matcher, self.others):
                return f"is about another part ({shown})"
            if matcher.label in OWNER and _only(matcher, self.blind):
                return f"reads what {matcher.value} counts, which is not in front of the fault"
            if matcher.label in ROUTE and self.asked and not _asked(matcher, self.asked):
                return f"is about a route that the load does not ask for ({shown})"
        return ""

    def names(self, selectors: Iterable[str]) -> bool:
        """Whether one of them names what is hurt, and nothing else."""
        return any(
            matcher.label in DEPENDENCY
            and matcher.operator in ("=", "=~")
            and _any(matcher, self.hurt)
            and not _any(matcher, self.others)
            for text in selectors
            for matcher in parsed(text)
        )


def sight(services: Mapping[str, Any], hurt: Hurt, edges: Sequence[Edge], routes: Sequence[Route]) -> Sight:
    """What can be seen of a fault on `hurt`, as edges, images and the load's routes tell."""
    mine = _names(services, hurt.service, edges)
    others = {name for service in services if service != hurt.service for name in _names(services, service, edges)}
    if mine & set(STORES) or hurt.speaks or (hurt.edge is not None and hurt.edge.speaks):  # else it may be any of them
        others |= {name for kind in STORES for name in (kind, *_ALIKE.get(kind, ()))}
    callers = _upstream(hurt.edge.caller, edges) if hurt.edge is not None else set(services)
    on = [route for route in routes if not route.off]
    asked = tuple(path for route in on for path in (route.path, route.example))
    idle = bool(on) and all(of_health(route.path) for route in on)
    stopped = "" if hurt.edge is not None else hurt.service
    return Sight(frozenset(mine), frozenset(others - mine), frozenset(set(services) - callers), asked, idle, stopped)


def _names(services: Mapping[str, Any], service: str, edges: Sequence[Edge]) -> set[str]:
    """A service's names: its own, those by which it is called, and its kind of store's."""
    into = [edge for edge in edges if edge.dependency == service]
    image = str((services.get(service) or {}).get("image") or "").rpartition("/")[2].partition(":")[0]
    found = {service, *(name for edge in into for name in edge.names)}
    words = {edge.speaks for edge in into} | set(re.findall(r"[a-z]+", image.lower()))
    for kind in STORES:
        alike = (kind, *_ALIKE.get(kind, ()))
        if words & set(alike):
            found |= set(alike)
    return {name.lower() for name in found}


def _upstream(service: str, edges: Sequence[Edge]) -> set[str]:
    """A service with all who call it, by others too."""
    found, left = {service}, [service]
    while left:
        here = left.pop()
        for edge in edges:
            if edge.dependency == here and edge.caller not in found:
                found.add(edge.caller)
                left.append(edge.caller)
    return found


def _any(matcher: Matcher, names: Collection[str]) -> bool:
    lower = Matcher(matcher.label, matcher.operator, matcher.value.lower())
    return any(lower.takes(name) for name in names)


def _only(matcher: Matcher, blind: Collection[str]) -> bool:
    """Whether it takes services, and each of them is one of these: a regular expression takes any."""
    return matcher.operator == "=" and matcher.value in blind


def _asked(matcher: Matcher, paths: Sequence[str]) -> bool:
    """Whether it may take one of these paths; a route may be told without the place under which a proxy serves it."""
    if matcher.operator == "=~":
        return any(matcher.takes(tail) for path in paths for tail in _tails(path))
    wanted = matcher.value.rpartition(" ")[2]
    return not wanted.startswith("/") or any(_fits(wanted, tail) for path in paths for tail in _tails(path))


def _tails(path: str) -> list[str]:
    """'/api/orders/7', '/orders/7' and '/7': as seen from behind a prefix, with and without a last slash."""
    parts = path.partition("?")[0].strip("/").split("/")
    tails = ["/" + "/".join(parts[begin:]) for begin in range(len(parts))]
    return [*tails, *(f"{tail}/" for tail in tails if tail != "/")]


def _fits(route: str, path: str) -> bool:
    ours, theirs = route.strip("/").split("/"), path.strip("/").split("/")
    return len(ours) == len(theirs) and all(
        one == other or _PARAMETER.fullmatch(one) or _PARAMETER.fullmatch(other)
        for one, other in zip(ours, theirs, strict=True)
    )
