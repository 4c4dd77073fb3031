"""Take every fault of a run out of the world with nothing but its run folder: no harness is needed."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import subprocess
from collections.abc import Callable, Collection, Sequence
from functools import partial
from typing import Any

from harness import errors
from harness.attach.record import attached, recorded, waits
from harness.facts import Aimed, Fact, Injected, Injecting, ListenersChanged, Mended, NotInjected, NotMended
from harness.following import Following
from harness.inside.rescue import STARTED_S, grace_s
from harness.journal import Journal
from harness.journal_writer import Writer
from harness.lodgers import RELEASE
from harness.run.folder import RunFolder
from harness.run.taking_out import chains, side_by_side
from harness.safety.clock import SILENT_S, clock_of
from harness.safety.compose import compose_of
from harness.safety.openfaults import TOLD, open_faults
from harness.safety.proxies import clear
from harness.safety.undo import COMMAND, undo
from harness.stack.release_commands import NOTE
from harness.target import takeout as target
from harness.world.docker import Patience
from harness.world.docker_cli import TIMED_OUT, gone

TOXIPROXY = "drill-toxiproxy"
NO_DEPS = "--no-deps"
PUT_BACK_S = 60.0  # a container has its grace to stop


def own_writer(folder: RunFolder, who: str) -> Writer:
    """A journal file of our own in somebody else's run, on that run's clock."""
    return Writer(folder.facts, who, clock_of(folder).now_s)


def take_out(folder: RunFolder, writer: Writer, why: str) -> tuple[str, ...]:
    """Remove all toxics, open all proxies, wake all containers that a fault of this run hurt. Returns what is still on.

    Records one fact per fault that was open, out only where it was read back as out, by the Docker that the run was on. Idempotent.
    """
    there = recorded(folder.path)
    with there.reached() if there else contextlib.nullcontext():
        return _take_out(folder, writer, why)


def _take_out(folder: RunFolder, writer: Writer, why: str) -> tuple[str, ...]:
    begun_s = clock_of(folder).now_s()
    journal = Following(folder.path, (*TOLD, Aimed, ListenersChanged)).journal()
    opened = open_faults(journal)
    patience = Patience()
    edges = [fault for fault in opened if "->" in fault.target]
    others = [fault for fault in opened if "->" not in fault.target]
    still_on: list[str] = []

    def told(fault: Injecting, error: str) -> None:
        fact: Fact = Mended(fault=fault.fault, begun_s=begun_s, why=why)
        if error:
            fact = NotMended(fault=fault.fault, error=error, commands=by_hand(folder, fault))
            still_on.append(fault.fault)
        writer.write(fact, durable=True)

    def clear_edges() -> None:
        hurt = {fault.target: fault.fault for fault in edges}
        if target.on_target(folder.path):
            error = target.clear(folder.path, folder.run, hurt)
        else:
            restart, remove = partial(_restart, folder), partial(_remove, folder, patience)
            error = clear(folder, journal, hurt, writer.write, restart, remove, _goes_on(folder))
        for fault in edges:
            told(fault, error)

    def mend(those: Sequence[Injecting]) -> None:
        for fault in those:
            told(fault, _off(folder, journal, patience, fault))

    if others:
        import docker  # noqa: F401  here, not in one of the threads below: its modules import each other in a circle

    touched = [() if fault.kind == COMMAND else fault.target.split("+") for fault in others]
    chained = [[others[place] for place in places] for places in chains(touched)]
    side_by_side([clear_edges] if edges else [], [partial(mend, those) for those in chained])
    return tuple(fault.fault for fault in opened if fault.fault in still_on)


def _off(folder: RunFolder, journal: Journal, patience: Patience, fault: Injecting) -> str:
    """Take out what is on no edge; what is wrong, '' when it was read back as out."""
    under_way = not any(journal.of(kind, fault=fault.fault) for kind in (Injected, NotInjected))
    if fault.kind == RELEASE:
        return _tried(patience, partial(_put_back, folder, fault, under_way))
    if fault.kind == COMMAND:
        return undo(folder, fault)
    only = _aimed_at(journal, fault)
    if only is None:
        return _too_early(fault) if under_way and folder.lives() else ""
    return _tried(patience, partial(_wake, folder, fault, _may_come(folder, journal, fault), only))


def _may_come(folder: RunFolder, journal: Journal, fault: Injecting) -> bool:
    """Whether Docker may still do what it was asked for, and nothing tells that it did: a call that it did not answer is a fault that
    could not be injected, and may be carried out."""
    done = journal.of(Injected, fault=fault.fault)
    return not done and clock_of(folder).now_s() < fault.planned_s + STARTED_S + grace_s(fault.stated)


def _aimed_at(journal: Journal, fault: Injecting) -> Collection[str] | None:
    """See `harness.inside.openfacts.aimed_at`."""
    aimed = journal.first(Aimed, fault=fault.fault)
    if aimed is not None:
        return aimed.containers
    return () if journal.of(Injected, fault=fault.fault) else None


def _too_early(fault: Injecting) -> str:
    return f"{fault.target} was still being hurt ({fault.kind}), so that waking it could come too early"


def _goes_on(folder: RunFolder) -> Callable[[], bool]:
    """Asks whether the harness lives and writes facts: then what it does on the clean-up ladder is waited for."""
    seen, clock = Following(folder.path, TOLD), clock_of(folder)

    def goes_on() -> bool:
        seen.journal()
        return bool(folder.lives()) and clock.now_s() - seen.ends_s.get("harness", 0.0) < SILENT_S

    return goes_on


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
    if target.on_target(folder.path) or attached(folder.path):
        return (f"drill mend {folder.run}",)
    if fault.kind == RELEASE:
        return (compose_of(folder).by_hand(fault.target.split("+"), NO_DEPS),)
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
        labels = [_label(folder, service), f"com.docker.compose.service={service}"]
        found = list(connect().containers.list(all=True, filters={"label": labels}))
        return [one for one in found if not waits(str(one.name))]


def _wake(folder: RunFolder, fault: Injecting, may_come: bool, only: Collection[str]) -> str:
    """Start or unpause the containers of a hurt service, and read back; '' when they are as before, or gone with the run's own stack.

    only        the containers that were chosen; () for all of the service
    `may_come`: Docker may just be stopping one, which is a fault that begins only when we have looked.
    Raises DockerAway, so that it is tried again.
    """
    from harness.world.docker import refusing

    found = [one for one in _containers(folder, fault.target) if not only or one.name in only]
    if not found and (was := _was_there(folder, fault.target)):
        return f"no container of {fault.target} is found, and {was} was there: docker compose up -d {fault.target}, where it is gone"
    with refusing(f"wake {fault.target}"):
        for container in found:
            if container.status == "paused":
                container.unpause()
            elif fault.kind != "pause" and container.status == "exited":
                container.start()
            elif may_come:
                return _too_early(fault)
        for container in found:
            container.reload()
            if container.status == "paused" or (fault.kind != "pause" and container.status == "exited"):
                return f"{container.name} is {container.status}"
    return ""


def _was_there(folder: RunFolder, service: str) -> str:
    """The containers of a service that a project which ran already was found with; '' for none, and for a stack of the run's own,
    which is taken away with all that is hurt in it."""
    told = recorded(folder.path)
    names = (
        [part.removeprefix("container ") for part, one in told.found.items() if one.get("service") == service]
        if told
        else []
    )
    return " and ".join(names)


def _put_back(folder: RunFolder, fault: Injecting, under_way: bool) -> str:
    """Start the services of a bad release as the run's Compose file states them, which is the good one; '' when Compose did."""
    if under_way:
        return f"{fault.target} was still being deployed, so that putting it back could come too early"
    if noted(folder, fault):
        return restored(folder)
    try:
        answer = compose_of(folder).up(fault.target.split("+"), PUT_BACK_S, NO_DEPS)
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


def _label(folder: RunFolder, service: str) -> str:
    """By which its containers are known: the run's own label, or, of a project that ran already, that project's."""
    told = recorded(folder.path) if service != TOXIPROXY else None
    return f"com.docker.compose.project={told.project}" if told else f"io.drill.run={folder.run}"
