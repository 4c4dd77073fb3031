"""Take every fault of a run out of the world with nothing but its run folder: no harness is needed."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import time
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness import errors
from harness.facts import Aimed, Fact, Injected, Injecting, Mended, NotInjected, NotMended
from harness.journal import Writer, read
from harness.run.clock import MonotonicClock
from harness.run.folder import RunFolder
from harness.safety.openfaults import open_faults
from harness.safety.undo import COMMAND, undo
from harness.stack.release_commands import NOTE

if TYPE_CHECKING:
    from harness.world.toxiproxy import Server

TRIES = 3
RELEASE = "bad_release"
PUT_BACK_S = 60.0  # a container has its grace to stop
READ_BACK_S = 0.3  # a harness that lives and did not answer makes what it wants so again within 0.25 s


def own_writer(folder: RunFolder, who: str) -> Writer:
    """A journal file of our own in somebody else's run, on that run's clock."""
    return Writer(folder.facts, who, clock_of(folder).now_s)


def clock_of(folder: RunFolder) -> MonotonicClock:
    opened = read(folder.path).opened
    return MonotonicClock(opened.monotonic_ns if opened else 0)


def take_out(folder: RunFolder, writer: Writer, why: str) -> tuple[str, ...]:
    """Remove all toxics, open all proxies, wake all containers that a fault of this run hurt. Returns what is still on.

    Records one fact per fault that was open, out only where it was read back as out. Idempotent.
    """
    still_on = []
    begun_s = clock_of(folder).now_s()
    journal = read(folder.path)
    opened = open_faults(journal)
    hurt = {fault.target for fault in opened if "->" in fault.target}
    toxics_out = _clear_toxiproxy(folder, hurt) if hurt else ""
    for fault in opened:
        under_way = not any(journal.of(kind, fault=fault.fault) for kind in (Injected, NotInjected))
        if "->" in fault.target:
            error = toxics_out
        elif fault.kind == RELEASE:
            error = _put_back(folder, fault, under_way)
        elif fault.kind == COMMAND:
            error = undo(folder, fault)
        else:
            aimed = journal.first(Aimed, fault=fault.fault)
            error = _wake(folder, fault, under_way, aimed.containers if aimed else ())
        fact: Fact = Mended(fault=fault.fault, begun_s=begun_s, why=why)
        if error:
            fact = NotMended(fault=fault.fault, error=error, commands=by_hand(folder, fault))
            still_on.append(fault.fault)
        writer.write(fact, durable=True)
    return tuple(still_on)


def by_hand(folder: RunFolder, fault: Injecting) -> tuple[str, ...]:
    """What a person can type who wants it out."""
    if fault.kind == COMMAND or "restore" in fault.stated:
        return tuple(str(fault.stated[word]) for word in ("undo", "restore") if word in fault.stated)
    return (f"docker rm -f $(docker ps -aq --filter label=io.drill.run={folder.run})",)


def _clear_toxiproxy(folder: RunFolder, hurt: Collection[str]) -> str:
    """'' when no proxy of the run has toxics and those of the hurt edges are open, or all are gone with their container;
    else what is wrong.
    """
    from harness.world.toxiproxy import Server

    api = folder.stack_notes().get("api")
    if not api:
        return ""  # the stack never came so far: nothing can be on
    server = Server(str(api[0]), int(api[1]))
    try:
        for _ in range(TRIES):
            if not cleared(server, hurt):
                return ""
            time.sleep(READ_BACK_S)
        wrong = "a fault that was taken out came on again"
    except errors.DrillError as error:
        wrong = f"Toxiproxy does not let go ({error})"
    finally:
        server.close()
    # A wedged or dead Toxiproxy: without its container there is no fault, and no traffic either.
    left = _remove(folder, "com.docker.compose.service=drill-toxiproxy")
    return f"{wrong}, and its container stays: {left}" if left else ""


def cleared(server: Server, hurt: Collection[str]) -> bool:
    """Remove every toxic and open every proxy; whether a toxic, or a closed proxy of a hurt edge, was found.

    Other proxies may be closed because their dependency does not listen, and are closed again by a harness that lives.
    """
    found = False
    for name, proxy in server.proxies().items():
        for toxic in proxy.toxics:
            server.remove_toxic(name, toxic)
        if not proxy.enabled:
            server.enable(name)
        closed = not proxy.enabled and name.rpartition(":")[0] in hurt
        found = found or closed or bool(proxy.toxics)
    return found


def _remove(folder: RunFolder, label: str) -> str:
    from harness.world.docker import connect, refusing

    try:
        with refusing("remove Toxiproxy's container"):
            for container in connect().containers.list(all=True, filters={"label": [_label(folder), label]}):
                container.remove(force=True)
    except errors.DrillError as error:
        return str(error)
    return ""


def _wake(folder: RunFolder, fault: Injecting, under_way: bool, only: Collection[str]) -> str:
    """Start or unpause the containers of a hurt service, and read back; '' when they are as before, or gone.

    only        the containers that were chosen, where the fault was on some of its replicas; () for all
    `under_way`: Docker may just be stopping one, which is a fault that begins only when we have looked.
    """
    from harness.world.docker import connect, refusing

    service = f"com.docker.compose.service={fault.target}"
    try:
        with refusing(f"wake {fault.target}"):
            found = connect().containers.list(all=True, filters={"label": [_label(folder), service]})
            found = [container for container in found if not only or container.name in only]
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
    except errors.DrillError as error:
        return str(error)
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
    (folder.path / NOTE).unlink(missing_ok=True)
    return ""


def _label(folder: RunFolder) -> str:
    return f"io.drill.run={folder.run}"
