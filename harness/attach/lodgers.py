"""Who lives in the network of a container that the run ended and started again, and was left in one that is gone."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from harness.attach.addresses import Described
from harness.attach.found import UP, service_of
from harness.attach.record import Recorded
from harness.facts import Aimed, Injecting
from harness.following import Following

ENDS = ("kill", "stop")
"""The faults after which a container is started, and so has a network of its own anew."""
LIVES_WITH = "container:"


def lodgers(found: Sequence[Described]) -> dict[str, tuple[str, ...]]:
    """By service, the names of those who live in the network of one of its containers."""
    told: dict[str, tuple[str, ...]] = {}
    for owner in found:
        names = tuple(_name(one) for one in found if _home(one) in (str(owner["Id"]), _name(owner)))
        if names:
            told[service_of(owner)] = (*told.get(service_of(owner), ()), *names)
    return told


def ended_in(folder: Path) -> frozenset[str]:
    """The names of the containers that faults of the run ended."""
    journal = Following(folder, (Injecting, Aimed)).journal()
    faults = {fact.fault for fact in journal.of(Injecting) if fact.kind in ENDS}
    return frozenset(name for fact in journal.of(Aimed) if fact.fault in faults for name in fact.containers)


def cut_off(told: Recorded, now: Sequence[Described], ended: Collection[str]) -> list[Described]:
    """Those that ran when they were found, still run, and began before the container did in whose network they live."""
    owners = {key: one for one in now if _name(one) in ended for key in (str(one["Id"]), _name(one))}
    return [
        one
        for one in now
        if one["State"].get("Status") == "running"
        and (told.found.get(f"container {_name(one)}") or {}).get("status") in UP
        and (owner := owners.get(_home(one))) is not None
        and _started(one) < _started(owner)
    ]


def _name(one: Described) -> str:
    return str(one["Name"]).lstrip("/")


def _home(one: Described) -> str:
    """The container in whose network it lives, by its id or its name; '' for its own."""
    mode = str((one.get("HostConfig") or {}).get("NetworkMode") or "")
    return mode.removeprefix(LIVES_WITH) if mode.startswith(LIVES_WITH) else ""


def _started(one: Described) -> str:
    """As it can be compared: a fraction of a second may be left out, and is cut where it ends in zeros."""
    return str(one["State"].get("StartedAt") or "").removesuffix("Z")
