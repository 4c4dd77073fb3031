"""One service that pages people, or has others page them. Plain data."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.stack import names as topology
from harness.stack.project import Project
from harness.urls import fixed, loopback, place
from harness.world.receivers import Paging

BEHIND = "in a Compose file of the drill's own, behind the others in stack.compose"


@dataclass(frozen=True)
class Sender:
    """
    hosts   host names that a mailbox must bear before it starts, with the ports on which it listens
    unkept  what no mailbox keeps from people, each a sentence with the way out
    known   of an Alertmanager: what its configuration says; None where that is not known: `why`
    lone    nobody else is in its network: what it sends to itself reaches nobody
    """

    service: str
    hosts: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    unkept: tuple[str, ...] = ()
    known: Paging | None = None
    why: str = ""
    lone: bool = False


def lone(project: Project, service: str) -> bool:
    """Whether nobody else is in the network of a service, so that what it sends to its own loopback reaches nobody."""
    config = project.config
    own = topology.owner(config, service) == service
    return own and not topology.outside(config, service) and not topology.sharers(config, service)


def names_of(project: Project, service: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names by which a service reaches others of the stack, and names whose address its own hosts file fixes."""
    own = [name for other in project.services for name in topology.names(project.config, service, other)]
    own += topology.spread(project.config, service)
    return tuple(dict.fromkeys(own)), tuple(topology.pinned_hosts(project.services[service]))


def outside(project: Project, service: str, host: str) -> bool | None:
    """Whether what a service sends to a host leaves the stack: None where only the name would lead it there, and a mailbox can bear that."""
    own, pinned = names_of(project, service)
    if host in pinned or (fixed(host) and not loopback(host)):
        return True
    if fixed(host):
        return bool(topology.outside(project.config, service))
    return False if host in own else None


def through(project: Project, service: str, host: str) -> str:
    """The service of the stack that a host is, where it reaches what is outside of the stack, or ''."""
    config = project.config
    for other in project.services if host else ():
        if other != service and host in topology.names(config, service, other):
            inside = topology.networks(config, other)
            return "" if inside and all(topology.internal(config, key) for key in inside) else other
    return ""


def ways_out(
    project: Project, service: str, urls: Iterable[tuple[str, str]], *, proxied: bool = False
) -> tuple[list[str], list[str]]:
    """Of what a service pages, each by its name and a URL: whose pages may reach somebody whatever a mailbox does, and the hosts that
    one must bear."""
    urls = list(urls)
    reaching = [name for name, url in urls if proxied or _reaching(project, service, url)]
    named = [host for _, url in urls if (host := place(url)[0]) and "$" not in host]
    return list(dict.fromkeys(reaching)), [host for host in named if outside(project, service, host) is None]


def _reaching(project: Project, service: str, url: str) -> bool:
    """Whether what goes there may reach somebody: no mailbox can bear the host, and none of the stack that reaches nobody has it."""
    host = place(url)[0]
    if not host or "$" in host or topology.outside(project.config, service):
        return True
    if loopback(host):
        return not lone(project, service)
    away = outside(project, service, host)
    return away is True or (away is False and bool(through(project, service, host)))


def variables(body: Mapping[str, Any]) -> dict[str, str]:
    """The variables that the Compose file gives a service."""
    given = body.get("environment") or {}
    pairs = given.items() if isinstance(given, Mapping) else (str(one).partition("=")[::2] for one in given)
    return {str(name): str(value) for name, value in pairs if value is not None}


def proxied(body: Mapping[str, Any]) -> bool:
    """Whether what it sends goes by way of a proxy."""
    return any(name.lower() in ("http_proxy", "https_proxy") for name in variables(body))


def expanded(text: str, given: Mapping[str, str]) -> str:
    """With the variables that stand in it as a program puts them in ($NAME, ${NAME:-usual}, $__env{NAME}); of what is not known the name stays."""
    return re.sub(
        r"\$(?:(?:__env)?\{(\w+)(?::-?([^}]*))?\}|(\w+))",
        lambda hit: given.get(hit[1] or hit[3]) or hit[2] or hit[0],
        text,
    )
