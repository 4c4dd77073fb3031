"""Whom a fault touches beside the services that it names: who lives in the network of a released container is made anew with it."""

from __future__ import annotations

from harness.facts import Aimed, ContainerSeen, Injecting
from harness.journal import Journal

RELEASE = "bad_release"


def touches(journal: Journal, fault: Injecting, container: str, service: str) -> bool:
    """Whether the fault is on this container of the service: of replicas, on those that it chose."""
    aimed = journal.first(Aimed, fault=fault.fault)
    if aimed is not None and container not in aimed.containers:
        return False
    targets = fault.target.split("+")
    return service in targets or (fault.kind == RELEASE and not landlords(journal, container).isdisjoint(targets))


def landlords(journal: Journal, container: str) -> frozenset[str]:
    """The services in whose network it was seen to live (`network_mode: service:api`)."""
    homes = {seen.network_of for seen in journal.of(ContainerSeen, container=container) if seen.network_of}
    return frozenset(seen.service for home in homes for seen in journal.of(ContainerSeen, container=home)[:1])
