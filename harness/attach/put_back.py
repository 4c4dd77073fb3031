"""A project made again what it was found to be, from the run's folder alone; and whether it is. Idempotent."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from harness.attach.found import UP, listed
from harness.attach.look import snapshot
from harness.attach.record import Recorded, recorded
from harness.attach.snapshot import differences
from harness.attach.waiting import wake
from harness.errors import CannotRun, NotApplied
from harness.stack.sweep import sweep
from harness.target.takeout import clear, on_target
from harness.world.docker import connect, refusing

SETTLES_S = 30.0
"""A container that was just started may take so long to be running."""
LOOK_EVERY_S = 0.5
START_S = 60.0
UNREADABLE = "what was found there before the run cannot be read any more"


@dataclass(frozen=True)
class Returned:
    """
    left      what of the run is still there, in words
    other     what is other than it was found, a line each
    commands  what a person can type for it
    """

    project: str
    left: tuple[str, ...] = ()
    other: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()


def put_back(folder: Path, run: str) -> Returned:
    """Take away all that bears the run's label, let what waited run again, start what ran; then compare. See `gone`."""
    told = recorded(folder)
    if told is None:
        return Returned("", tuple(sweep(run) or wake(run)), (UNREADABLE,))
    with told.reached():
        return _put_back(told, folder, run)


def gone(folder: Path, run: str) -> Returned:
    """Of a run that has put all back: what may still bear its label is taken away, and nothing else is looked at. What has become of
    the project since is its users' affair."""
    told = recorded(folder) or Recorded("")
    with told.reached():
        return Returned(told.project, tuple(sweep(run) or wake(run)))


def _put_back(told: Recorded, folder: Path, run: str) -> Returned:
    left = [said for said in (_cleared(folder, run),) if said]
    left += sweep(run) or wake(run)
    left += [said for said in (_started(told),) if said]
    other = _compared(told)
    return Returned(told.project, tuple(left), tuple(other), tuple(_by_hand(told, run, left, other)))


def _cleared(folder: Path, run: str) -> str:
    """Toxics of the run's in a Toxiproxy of the project's own, whose proxies were all open when it began; what is wrong, or ''."""
    if not on_target(folder):
        return ""
    from harness.target.record import recorded as target_of

    target = target_of(folder)
    return clear(folder, run, tuple(target.edges) if target else ())


def _compared(told: Recorded) -> Sequence[str]:
    end_s = time.monotonic() + SETTLES_S
    while True:
        now = datetime.now(UTC).isoformat()
        try:
            other = differences(
                told.found, snapshot(told.project, told.places, told.key, told.machine), now, told.deployed
            )
        except CannotRun as error:
            other = [f"{told.project} could not be looked at: {error}"]
        if not other or time.monotonic() > end_s:
            return other
        time.sleep(LOOK_EVERY_S)


def _started(told: Recorded) -> str:
    """Start whatever ran when it was found; why that could not be, or ''."""
    try:
        _start(told)
    except (NotApplied, CannotRun) as error:
        return " ".join(str(error).split())
    return ""


def _start(told: Recorded) -> None:
    ran = {part.removeprefix("container ") for part, one in told.found.items() if one.get("status") in UP}
    paused = {part.removeprefix("container ") for part, one in told.found.items() if one.get("status") == "paused"}
    with refusing(f"start what ran in {told.project}"):
        client = connect(START_S)
        try:
            for one in listed(told.project):
                name, status = str(one["Name"]).lstrip("/"), str(one["State"]["Status"])
                if name in ran and status in ("exited", "created"):
                    client.api.start(str(one["Id"]))
                    status = "running"
                if status == "paused" and name not in paused:
                    client.api.unpause(str(one["Id"]))
                elif status == "running" and name in paused:
                    client.api.pause(str(one["Id"]))
        finally:
            client.close()


def _by_hand(told: Recorded, run: str, left: Sequence[str], other: Sequence[str]) -> Iterator[str]:
    """What a person types for the same; nothing where all is as it was."""
    if left or other:
        yield f"drill mend {run}"
    for one in told.parked if left else ():
        yield f"docker rename {one.waits_as} {one.name} && docker start {one.name}"
