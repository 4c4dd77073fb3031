"""Which containers of a project have ended by themselves while a run was on it, as a job does: that is not the run's to undo."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from harness.aimed import ANY, aimed_at
from harness.attach.addresses import Described
from harness.attach.found import UP, service_of
from harness.attach.record import Recorded
from harness.facts import Injecting
from harness.following import Following


def hurt_in(told: Recorded, folder: Path) -> frozenset[str]:
    """The services that faults of the run aimed at, from either end of an edge, those that it deployed, and the names of the containers
    that it stopped to put another in their place."""
    aimed = aimed_at(Following(folder, (Injecting,)).journal())
    return frozenset(aimed | set(told.deployed) | {one.name for one in told.parked})


def ended_alone(told: Recorded, now: Sequence[Described], hurt: Collection[str]) -> frozenset[str]:
    """By name, those that ran when they were found and have since ended with 0, which nobody starts again and no fault aimed at."""
    return frozenset(
        name
        for one in now
        if (name := str(one["Name"]).lstrip("/")) not in hurt
        and (told.found.get(f"container {name}") or {}).get("status") in UP
        and one["State"].get("Status") == "exited"
        and one["State"].get("ExitCode") == 0
        and not _started_again(one)
        and not {service_of(one), ANY} & set(hurt)
    )


def _started_again(one: Described) -> bool:
    policy = ((one.get("HostConfig") or {}).get("RestartPolicy") or {}).get("Name")
    return policy not in (None, "", "no")
