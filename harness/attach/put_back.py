"""A project made again what it was found to be, from the run's folder alone; and whether it is. Idempotent."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from harness.attach.addresses import Described
from harness.attach.ended import ended_alone, hurt_in
from harness.attach.found import UP, listed
from harness.attach.lodgers import cut_off, ended_in
from harness.attach.look import snapshot
from harness.attach.record import Recorded, recorded
from harness.attach.snapshot import differences
from harness.attach.waiting import by_hand, wake
from harness.errors import CannotRun, NotApplied
from harness.stack.sweep import sweep
from harness.target.takeout import clear, on_target
from harness.world.docker import connect, refusing

PASSES = 2
SETTLES_S = 30.0
"""A container that was just started may take so long to be running."""
LOOK_EVERY_S = 0.5
START_S = 60.0
GRACE_S = 10
"""Docker's own, from the stop signal to the kill."""
UNREADABLE = "what was found there before the run cannot be read any more"


@dataclass(frozen=True)
class Returned:
    """
    left      what of the run is still there, in words
    other     what is other than it was found, a line each
    commands  what a person can type for it
    compared  whether it could be looked at; else why not stands in `other`
    """

    project: str
    left: tuple[str, ...] = ()
    other: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()
    compared: bool = True


def put_back(folder: Path, run: str) -> Returned:
    """Take away all that bears the run's label, let what waited run again, start what ran; then compare. See `gone`."""
    told = recorded(folder)
    if told is None:
        return Returned("", tuple(_swept(run)), (UNREADABLE,))
    with told.reached():
        return _put_back(told, folder, run)


def gone(folder: Path, run: str) -> Returned:
    """Of a run that has put all back: what may still bear its label is taken away, and nothing else is looked at. What has become of
    the project since is its users' affair."""
    told = recorded(folder) or Recorded("")
    with told.reached():
        return Returned(told.project, tuple(_swept(run)))


def _put_back(told: Recorded, folder: Path, run: str) -> Returned:
    hurt = hurt_in(told, folder)
    left = [said for said in (_cleared(folder, run),) if said]
    left += _swept(run)
    left += _started(told, hurt)
    left += _joined_again(told, folder)
    try:
        other, compared = _compared(told, hurt), True
    except CannotRun as error:
        other, compared = [f"{told.project} could not be looked at: {error}"], False
    return Returned(told.project, tuple(left), tuple(other), tuple(_by_hand(told, run, left, other)), compared)


def _swept(run: str) -> list[str]:
    """What bears the run's label goes; what waited runs again, also where a helper could not be removed. What is left."""
    left = sweep(run)
    return [*left, *wake(run)]


def _cleared(folder: Path, run: str) -> str:
    """Toxics of the run's in a Toxiproxy of the project's own, whose proxies were all open when it began; what is wrong, or ''."""
    if not on_target(folder):
        return ""
    from harness.target.record import recorded as target_of

    target = target_of(folder)
    return clear(folder, run, tuple(target.edges) if target else ())


def _compared(told: Recorded, hurt: Collection[str]) -> list[str]:
    """Raises CannotRun where it cannot be looked at."""
    end_s = time.monotonic() + SETTLES_S
    while True:
        now = datetime.now(UTC).isoformat()
        try:
            over = ended_alone(told, listed(told.project), hurt)
            seen = snapshot(told.project, told.places, told.key, told.machine)
        except CannotRun:
            if time.monotonic() > end_s:
                raise
        else:
            other = differences(told.found, seen, now, told.deployed, over)
            if not other or time.monotonic() > end_s:
                return other
        time.sleep(LOOK_EVERY_S)


def _started(told: Recorded, hurt: Collection[str]) -> list[str]:
    """Start whatever ran when it was found, and once more what could not be then: it may need another. What could not be, a line each."""
    wrong: list[str] = []
    for _ in range(PASSES):
        try:
            wrong = _start(told, hurt)
        except (NotApplied, CannotRun) as error:
            wrong = [" ".join(str(error).split())]
        if not wrong:
            break
    return wrong


def _start(told: Recorded, hurt: Collection[str]) -> list[str]:
    """Each by itself; what could not be started, a line each. Raises NotApplied, CannotRun where Docker cannot be asked."""
    wrong = []
    found = listed(told.project)
    over = ended_alone(told, found, hurt)
    with refusing(f"start what ran in {told.project}"):
        client = connect(START_S)
    try:
        for one in found:
            name = str(one["Name"]).lstrip("/")
            if name in over:
                continue
            try:
                with refusing(f"start {name}"):
                    _as_it_ran(client, one, str((told.found.get(f"container {name}") or {}).get("status")))
            except NotApplied as error:
                wrong.append(f"{' '.join(str(error).split())}; docker start {name}")
    finally:
        client.close()
    return wrong


def _joined_again(told: Recorded, folder: Path) -> list[str]:
    """Restart who was left in the network of a container that the run ended; what could not be, a line each."""
    try:
        lost = cut_off(told, listed(told.project), ended_in(folder))
        return _restarted(lost) if lost else []
    except (NotApplied, CannotRun) as error:
        return [" ".join(str(error).split())]


def _restarted(lost: Sequence[Described]) -> list[str]:
    """What could not be restarted, a line each. Raises NotApplied where Docker cannot be reached."""
    wrong = []
    client = connect(START_S)
    try:
        for one in lost:
            name = str(one["Name"]).lstrip("/")
            try:
                with refusing(f"restart {name}, which lives in the network of a container that was ended"):
                    client.api.restart(str(one["Id"]), timeout=int(one["Config"].get("StopTimeout") or GRACE_S))
            except NotApplied as error:
                wrong.append(f"{' '.join(str(error).split())}; docker restart {name}")
    finally:
        client.close()
    return wrong


def _as_it_ran(client: Any, one: Described, was: str) -> None:
    status = str(one["State"]["Status"])
    if was in UP and status in ("exited", "created"):
        client.api.start(str(one["Id"]))
        status = "running"
    if status == "paused" and was != "paused":
        client.api.unpause(str(one["Id"]))
    elif status == "running" and was == "paused":
        client.api.pause(str(one["Id"]))


def _by_hand(told: Recorded, run: str, left: Sequence[str], other: Sequence[str]) -> Iterator[str]:
    """What a person types for the same; nothing where all is as it was."""
    if left:
        yield f"drill mend {run}"
    waiting = [one for one in told.parked if any(one.waits_as in said for said in left)]
    yield from dict.fromkeys(command for one in waiting for command in by_hand(run, one.waits_as, one.name))
    if other and not left:
        yield f"docker compose -p {told.project} ps --all"
