"""Take every fault of a run out of the world with nothing but its run folder: no harness is needed."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import subprocess
from collections.abc import Callable, Collection
from functools import partial
from pathlib import Path
from typing import Any

from harness import errors
from harness.facts import Aimed, Fact, Injected, Injecting, Mended, NotInjected, NotMended
from harness.following import Following
from harness.journal import Writer
from harness.run.folder import RunFolder
from harness.safety.clock import clock_of
from harness.safety.openfaults import TOLD, open_faults
from harness.safety.proxies import clear
from harness.safety.undo import COMMAND, undo
from harness.stack.release_commands import NOTE
from harness.target import takeout as target
from harness.world.docker import Patience
from harness.world.docker_cli import TIMED_OUT, gone

TOXIPROXY = "drill-toxiproxy"
RELEASE = "bad_release"
PUT_BACK_S = 60.0  # a container has its grace to stop


def own_writer(folder: RunFolder, who: str) -> Writer:
    """A journal file of our own in somebody else's run, on that run's clock."""
    return Writer(folder.facts, who, clock_of(folder).now_s)


def take_out(folder: RunFolder, writer: Writer, why: str) -> tuple[str, ...]:
    """Remove all toxics, open all proxies, wake all containers that a fault of this run hurt. Returns what is still on.

    Records one fact per fault that was open, out only where it was read back as out. Idempotent.
    """
    still_on = []
    begun_s = clock_of(folder).now_s()
    journal = Following(folder.path, (*TOLD, Aimed)).journal()
    opened = open_faults(journal)
    patience = Patience()
    hurt = {fault.target: fault.fault for fault in opened if "->" in fault.target}
    toxics_out = ""
    if hurt and target.on_target(folder.path):
        toxics_out = target.clear(folder.path, folder.run, hurt)
    elif hurt:
        toxics_out = clear(
            folder, journal, hurt, writer.write, lambda: _restart(folder), lambda: _remove(folder, patience)
        )
    for fault in opened:
        under_way = not any(journal.of(kind, fault=fault.fault) for kind in (Injected, NotInjected))
        if "->" in fault.target:
            error = toxics_out
        elif fault.kind == RELEASE:
            error = _tried(patience, partial(_put_back, folder, fault, under_way))
        elif fault.kind == COMMAND:
            error = undo(folder, fault)
        else:
            aimed = journal.first(Aimed, fault=fault.fault)
            only = aimed.containers if aimed else ()
            error = _tried(patience, partial(_wake, folder, fault, under_way, only))
        fact: Fact = Mended(fault=fault.fault, begun_s=begun_s, why=why)
        if error:
            fact = NotMended(fault=fault.fault, error=error, commands=by_hand(folder, fault))
            still_on.append(fault.fault)
        writer.write(fact, durable=True)
    return tuple(still_on)


def _tried(patience: Patience, take_out: Callable[[], str]) -> str:
    """What is wrong after it was tried, and tried again once a Docker that was away is back; '' when it is out."""
    try:
        return patience.insist(take_out)
    except errors.DrillError as error:
        return str(error)


def by_hand(folder: RunFolder, fault: Injecting) -> tuple[str, ...]:
    """What a person can type who wants it out."""
    if fault.kind == COMMAND or "restore" in fault.stated:
        return tuple(str(fault.stated[word]) for word in ("undo", "restore") if word in fault.stated)
    if target.on_target(folder.path):
        return (f"drill mend {folder.run}",)
    return (f"docker rm -f $(docker ps -aq --filter label=io.drill.run={folder.run})",)


def _remove(folder: RunFolder, patience: Patience) -> None:
    """Toxiproxy's container. Raises NotApplied."""
    from harness.world.docker import refusing

    with refusing("remove Toxiproxy's container"):
        for container in patience.insist(lambda: _containers(folder, TOXIPROXY)):
            container.remove(force=True)


def _restart(folder: RunFolder) -> None:
    """Toxiproxy's container. Raises NotApplied."""
    from harness.world.docker import refusing

    found = _containers(folder, TOXIPROXY)
    if not found:
        raise errors.NotApplied("its container is gone")
    with refusing("restart Toxiproxy's container"):
        for container in found:
            container.restart(timeout=1)


def _containers(folder: RunFolder, service: str) -> list[Any]:
    """The run's containers of a service. Raises NotApplied."""
    from harness.world.docker import connect, refusing

    with refusing(f"find the containers of {service}"):
        labels = [_label(folder), f"com.docker.compose.service={service}"]
        return list(connect().containers.list(all=True, filters={"label": labels}))


def _wake(folder: RunFolder, fault: Injecting, under_way: bool, only: Collection[str]) -> str:
    """Start or unpause the containers of a hurt service, and read back; '' when they are as before, or gone.

    only        the containers that were chosen, where the fault was on some of its replicas; () for all
    `under_way`: Docker may just be stopping one, which is a fault that begins only when we have looked.
    Raises DockerAway, so that it is tried again.
    """
    from harness.world.docker import refusing

    found = [one for one in _containers(folder, fault.target) if not only or one.name in only]
    with refusing(f"wake {fault.target}"):
        for container in found:
            if container.status == "paused":
                container.unpause()
            elif fault.kind != "pause" and container.status == "exited":
                container.start()
            elif under_way:
                return f"{fault.target} was still being hurt ({fault.kind}), so that waking it could come too early"
        for container in found:
            container.reload()
            if container.status == "paused" or (fault.kind != "pause" and container.status == "exited"):
                return f"{container.name} is {container.status}"
    return ""


def _put_back(folder: RunFolder, fault: Injecting, under_way: bool) -> str:
    """Start the services of a bad release as the run's Compose file states them, which is the good one; '' when Compose did."""
    from harness.stack.compose import Compose

    if under_way:
        return f"{fault.target} was still being deployed, so that putting it back could come too early"
    if noted(folder, fault):
        return restored(folder)
    notes = folder.stack_notes()
    files = notes.get("files") or [str(folder.path)]
    compose = Compose(str(notes.get("project", "")), folder.path / "compose.yaml", Path(files[0]).parent)
    try:
        answer = compose.up(fault.target.split("+"), PUT_BACK_S, "--no-deps")
    except errors.DrillError as error:
        return str(error)
    if gone(answer) and answer.code != TIMED_OUT:
        raise errors.DockerAway(f"docker compose up {fault.target}: {answer.why}")
    return "" if answer.ok else f"docker compose up {fault.target}: {answer.why}"


def noted(folder: RunFolder, fault: Injecting) -> bool:
    """Whether this release left a note of the command that puts it back."""
    return bool(_note(folder)) and _note(folder).get("fault") == fault.fault


def _note(folder: RunFolder) -> dict[str, Any]:
    try:
        told = json.loads((folder.path / NOTE).read_text())
    except (OSError, ValueError):  # none, or torn by a kill: then nothing had been changed yet
        return {}
    return told if isinstance(told, dict) else {}


def restored(folder: RunFolder) -> str:
    """Run the command that the release left behind for this; '' when it ended with 0."""
    told = _note(folder)
    shown = shlex.join(told["command"])
    try:
        ended = subprocess.run(
            told["command"],
            cwd=told["folder"],
            env={**os.environ, **told["environment"]},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,  # a pipe would be waited for as long as anything that it started holds it
            stderr=subprocess.DEVNULL,
            timeout=told["within_s"],
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"{shown}: {error}"
    if ended.returncode:
        return f"{shown} ended with {ended.returncode}"
    with contextlib.suppress(OSError):  # a disk that is read-only by now: it is run once more the next time
        (folder.path / NOTE).unlink(missing_ok=True)
    return ""


def _label(folder: RunFolder) -> str:
    return f"io.drill.run={folder.run}"
