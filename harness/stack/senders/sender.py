"""One service that pages people, or has others page them. Plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from harness.stack import names as topology
from harness.stack.project import Project
from harness.urls import fixed, loopback
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
