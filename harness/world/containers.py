"""The containers of a run's stack: what Docker says of them, and stop, kill, pause and their opposites, read back.

Helpers of ours (services whose name begins with `drill-`) are left out where no service is named.
"""

from __future__ import annotations

import contextlib
import io
import tarfile
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from harness.errors import NotApplied
from harness.facts import ContainerChanged, ContainerSeen, HeldSeen, MemorySeen
from harness.world.docker import CALL_S, Patience, connect, container_name, in_the_making, refusing
from harness.world.events import Events

READBACK_S = 10.0
"""How long what was asked for may take to be so; Docker answers `stop` and `kill` when it is nearly done."""
OURS = "drill-"
MOST_PIDS = 1 << 22
"""The kernel's own most (PID_MAX_LIMIT, threads.h)."""


class Containers:
    """Implements handles.Containers. Every call ends, with an answer or NotApplied, also when Docker is gone.

    `opened_ns` (Opened.monotonic_ns) puts Docker's event times on the run's axis; without it events have no happened_s.
    """

    def __init__(
        self, run_id: str, project: str, opened_ns: int | None = None, patience: Patience | None = None
    ) -> None:
        self.run_id = run_id
        self.project = project
        self.patience = patience or Patience()
        self.client = connect()
        self._events = Events(project, opened_ns)
        self._machine_bytes: int | None = None
        self._events.start()

    def close(self) -> None:
        self._events.close()
        self.client.close()

    # --- looking

    def listed(self, service: str = "") -> list[dict[str, Any]]:
        """The project's containers as Docker lists them (Id, Names, Labels, State), running or not; no one-off ones."""
        labels = [f"com.docker.compose.project={self.project}"]
        if service:
            labels.append(f"com.docker.compose.service={service}")
        with refusing("list the stack's containers"):
            rows: list[dict[str, Any]] = self.client.api.containers(all=True, filters={"label": labels})
            return [
                row
                for row in rows
                if row["Labels"].get("com.docker.compose.oneoff") != "True"
                and _asked(row, service)
                and not in_the_making(row["Names"][0], row["State"])
            ]

    def described(self, service: str) -> Sequence[dict[str, Any]]:
        """The service's containers as `docker inspect` tells them. Raises NotApplied when Docker does not answer."""
        rows = self.listed(service)
        with refusing("describe the stack's containers"):
            found = [self._inspect(row["Id"]) for row in rows]
        return [data for data in found if data is not None]

    def content(self, container: str, path: str, most_bytes: int) -> bytes | None:
        """A regular file as the container sees it, running or not; None for what is none, or is larger. Raises NotApplied."""
        with refusing(f"read {path} in a container"):
            stream, seen = self.client.api.get_archive(container, path)
            if int(seen.get("size") or 0) > most_bytes:
                return None
            packed = io.BytesIO(b"".join(stream))
        try:
            with tarfile.open(fileobj=packed) as archive:
                file = next((archive.extractfile(one) for one in archive if one.isfile()), None)
                return None if file is None else file.read()
        except tarfile.TarError as error:
            raise NotApplied(f"cannot read {path} in a container: {error}") from error

    def states(self, service: str = "") -> Sequence[ContainerSeen]:
        """Every container of the service (of the stack), sorted by name. Raises NotApplied when Docker does not
        answer."""
        found = self.described(service)
        with refusing("read how the stack's containers are"):
            by_id = {str(data["Id"]): data for data in found}
            return tuple(sorted((_seen(data, by_id) for data in found), key=lambda c: c.container))

    def changes(self) -> Sequence[ContainerChanged]:
        """Docker's events since the last call, oldest first. Raises NotApplied while the stream of events is lost.

        What happens meanwhile comes with a later call, once Docker answers again.
        """
        changes = self._events.drain()
        lost = self._events.lost
        if lost and not changes:
            raise NotApplied(f"Docker's events are lost: {lost}")
        return changes

    def memory(self, service: str) -> Sequence[MemorySeen]:
        """What each running container of the service holds now. Raises NotApplied when Docker does not answer."""
        with refusing("read the memory of the stack's containers"):
            stats = dict(self._stats(service))
            if stats and self._machine_bytes is None:
                self._machine_bytes = int(self.client.api.info().get("MemTotal") or 0)
            seen = (_memory(service, name, read, self._machine_bytes or 0) for name, read in stats.items())
            return tuple(one for one in seen if one is not None)

    def threads(self, service: str) -> Sequence[HeldSeen]:
        """How many threads each running container of the service has now. Raises NotApplied when Docker does not answer."""
        with refusing("count the threads of the stack's containers"):
            seen = (_threads(service, name, read) for name, read in self._stats(service))
            return tuple(one for one in seen if one is not None)

    def _stats(self, service: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """One reading of each running container's cgroup (`one-shot`), which takes Docker a few milliseconds; without it Docker
        would wait a second for a second reading of the processor."""
        from docker.errors import NotFound

        for row in self.listed(service):
            if row["State"] == "running":
                with contextlib.suppress(NotFound):
                    yield container_name(row["Names"][0]), self.client.api.stats(row["Id"], stream=False, one_shot=True)

    def running(self) -> Sequence[str]:
        """The ids of all containers of the run that run now, the helpers among them. Raises NotApplied when Docker does not
        answer."""
        with refusing("list the run's containers"):
            rows = self.client.api.containers(filters={"label": f"io.drill.run={self.run_id}"})
            return tuple(str(row["Id"]) for row in rows)

    def pid(self, container: str) -> int:
        """The first process of a container; 0 when it does not run. Raises NotApplied when Docker does not answer."""
        data = self._inspect(container)
        return int(data["State"].get("Pid") or 0) if data is not None else 0

    def root(self) -> str:
        """The folder in which Docker keeps images, volumes and containers, on the machine that it is on. Raises NotApplied."""
        with refusing("ask Docker where it keeps its own"):
            return str(self.client.api.info().get("DockerRootDir") or "")

    # --- changing; `only` these containers of the service, by name, where not all are meant

    def stop(self, service: str, grace_s: float, only: Collection[str] = ()) -> None:
        """SIGTERM, and after `grace_s` SIGKILL; returns when no replica runs."""

        def stop(container: str) -> None:
            self.client.api.stop(container, timeout=round(grace_s))  # the SDK waits grace_s longer for the answer

        self._each(f"stop {service}", service, stop, only=only, until=_ended, within_s=grace_s + READBACK_S)

    def kill(self, service: str, signal: str, only: Collection[str] = ()) -> None:
        """Send a signal to every running replica; after SIGKILL none of those processes runs any more."""
        name = signal.upper() if signal.upper().startswith("SIG") else f"SIG{signal.upper()}"

        def kill(container: str) -> None:
            self.client.api.kill(container, signal=name)

        self._each(
            f"kill {service}", service, kill, only=only, of=_running, until=_ended if name == "SIGKILL" else None
        )

    def pause(self, service: str, only: Collection[str] = ()) -> None:
        """Freeze every running replica (cgroup freezer): its connections stay and nobody answers.

        On cgroup v1 a freeze fails while a process of it waits for a disk, and is taken back by Docker: it is tried again.
        """
        from docker.errors import APIError

        ends_s = time.monotonic() + READBACK_S

        def pause(container: str) -> None:
            while True:
                try:
                    self.client.api.pause(container)
                except APIError as error:
                    if "unable to freeze" not in str(error) or time.monotonic() > ends_s:
                        raise
                    time.sleep(0.2)
                else:
                    return

        self._each(f"pause {service}", service, pause, only=only, of=_running, until=_paused)

    def unpause(self, service: str, only: Collection[str] = ()) -> None:
        """Thaw every frozen replica; none frozen is fine."""
        self._each(
            f"unpause {service}",
            service,
            self.client.api.unpause,
            only=only,
            of=_paused,
            until=_thawed,
            none_is_fine=True,
        )

    def start(self, service: str, only: Collection[str] = ()) -> None:
        """Start every replica that does not run; all running is fine. Whether they are well is for others to see."""
        self._each(
            f"start {service}", service, self.client.api.start, only=only, of=_down, until=_begun, none_is_fine=True
        )

    def restart(self, service: str) -> None:
        """Stop with the container's own grace and start again; every replica has a new process afterwards."""

        def restart(container: str) -> None:
            grace_s = int((self.client.api.inspect_container(container)["Config"].get("StopTimeout")) or 10)
            self.client.api.restart(container, timeout=grace_s)

        self._each(f"restart {service}", service, restart, until=_begun, within_s=2 * READBACK_S)

    def await_back(self) -> bool:
        """See handles.Containers.await_back."""
        return self.patience.await_back()

    def _each(
        self,
        what: str,
        service: str,
        do: Callable[[str], object],
        *,
        only: Collection[str] = (),
        of: Callable[[dict[str, Any]], bool] = lambda state: True,
        until: Callable[[dict[str, Any], dict[str, Any]], bool] | None,
        within_s: float = READBACK_S,
        none_is_fine: bool = False,
    ) -> None:
        """Do it to all replicas (to these only) at once and read each back until it is so. The first that failed is the error."""
        replicas = [data for row in self.listed(service) if (data := self._inspect(row["Id"])) is not None]
        replicas = [data for data in replicas if not only or _name(data) in only]
        if not replicas:
            raise NotApplied(f"cannot {what}: the stack has no container of {service!r}")
        chosen = [data for data in replicas if of(data)]
        if not chosen:
            if none_is_fine:
                return
            states = ", ".join(f"{_name(data)} is {data['State']['Status']}" for data in replicas)
            raise NotApplied(f"cannot {what}: {states}")

        def one(before: dict[str, Any]) -> None:
            with refusing(what):
                do(before["Id"])
            if until is not None:
                self._read_back(what, before, until, within_s)

        with ThreadPoolExecutor(len(chosen), thread_name_prefix="containers") as pool:
            outcomes = [pool.submit(one, data) for data in chosen]
        for outcome in outcomes:
            outcome.result()

    def _read_back(
        self,
        what: str,
        before: dict[str, Any],
        until: Callable[[dict[str, Any], dict[str, Any]], bool],
        within_s: float,
    ) -> None:
        ends_s = time.monotonic() + within_s
        while True:
            now = self._inspect(before["Id"])
            if now is None:
                raise NotApplied(f"cannot {what}: {_name(before)} is gone")
            if until(now, before):
                return
            if time.monotonic() > ends_s:
                raise NotApplied(f"{what}: {_name(before)} is still {now['State']['Status']} after {within_s:g} s")
            time.sleep(0.05)

    def _inspect(self, container: str) -> dict[str, Any] | None:
        """One container as Docker describes it; None when it is gone."""
        from docker.errors import NotFound

        with refusing("look at the stack's containers"):
            try:
                data: dict[str, Any] = self.client.api.inspect_container(container)
            except NotFound:
                return None
        return data


def _asked(row: dict[str, Any], service: str) -> bool:
    name = str(row["Labels"].get("com.docker.compose.service", ""))
    return name == service if service else not name.startswith(OURS)


def _name(data: dict[str, Any]) -> str:
    return container_name(str(data["Name"]))


def _running(data: dict[str, Any]) -> bool:
    return bool(data["State"]["Running"]) and not data["State"]["Paused"]


def _paused(data: dict[str, Any], was: object = None) -> bool:
    return bool(data["State"]["Paused"])


def _thawed(now: dict[str, Any], was: object) -> bool:
    return not now["State"]["Paused"]


def _down(data: dict[str, Any]) -> bool:
    return not data["State"]["Running"]


def _ended(now: dict[str, Any], was: dict[str, Any]) -> bool:
    """Its process is gone; a restart policy may have begun another one already."""
    return not now["State"]["Running"] or now["State"]["StartedAt"] != was["State"]["StartedAt"]


def _begun(now: dict[str, Any], was: dict[str, Any]) -> bool:
    """It has been started since, even if it has ended again: a service that cannot come up is the stack's affair."""
    return bool(now["State"]["StartedAt"] != was["State"]["StartedAt"])


def _memory(service: str, container: str, stats: dict[str, Any], machine_bytes: int) -> MemorySeen | None:
    """Usage less file pages, active ones too (`docker stats` leaves them in): the kernel drops both before it kills. None: ended just now."""
    memory = stats.get("memory_stats") or {}
    if "usage" not in memory:
        return None
    kinds = memory.get("stats") or {}
    droppable = sum(int(kinds.get(f"total_{kind}", kinds.get(kind, 0))) for kind in ("inactive_file", "active_file"))
    used, limit = int(memory["usage"]), int(memory.get("limit") or 0)
    own = limit if 0 < limit < (machine_bytes or limit + 1) else None
    return MemorySeen(
        service=service, container=container, used_bytes=used - droppable if droppable < used else used, limit_bytes=own
    )


def _threads(service: str, container: str, stats: dict[str, Any]) -> HeldSeen | None:
    """The pids cgroup counts threads, in spite of its name. Its `max` is told as 0 or as 2^64 - 1. None: ended just now."""
    seen = stats.get("pids_stats") or {}
    if not seen.get("current"):
        return None
    limit = int(seen.get("limit") or 0)
    return HeldSeen(
        service=service,
        container=container,
        of="threads",
        count=int(seen["current"]),
        limit=limit if 0 < limit <= MOST_PIDS else None,
    )


NOBODY: Mapping[str, dict[str, Any]] = {}


def _seen(data: dict[str, Any], others: Mapping[str, dict[str, Any]] = NOBODY) -> ContainerSeen:
    """`others` by their id: one that runs in another's network is reached at that one's addresses."""
    state = data["State"]
    mode = str((data.get("HostConfig") or {}).get("NetworkMode") or "")
    owner = mode.removeprefix("container:") if mode.startswith("container:") else ""
    return ContainerSeen(
        service=str((data["Config"].get("Labels") or {}).get("com.docker.compose.service", "")),
        container=_name(data),
        status=str(state["Status"]),
        health=str((state.get("Health") or {}).get("Status", "")),
        exit_code=int(state.get("ExitCode") or 0),
        oom_killed=bool(state.get("OOMKilled")),
        restarts=int(data.get("RestartCount") or 0),
        started_at=str(state.get("StartedAt", "")),
        image=str(data["Config"].get("Image", "")),
        image_id=str(data.get("Image", "")),
        addresses=_addresses(_networks(others.get(owner, data))),
        names=_names(data),
        network_of=_name(others[owner]) if owner in others else owner[:12],
        program=_program([str(data.get("Path") or ""), *map(str, data.get("Args") or ())]),
    )


_SHELLS = frozenset(("sh", "ash", "bash", "dash", "env"))
_INITS = frozenset(("tini", "dumb-init", "docker-init", "catatonit"))


def _program(words: Sequence[str]) -> str:
    """The first word, or the first behind an init and the entry script of an official image, which ends in `exec "$@"`."""
    for place, word in enumerate(words):
        name = word.rpartition("/")[2]
        if name in _INITS or name == "docker-entrypoint.sh" or (word == "--" and place):
            continue
        return "" if name in _SHELLS or name.endswith(".sh") or word.startswith("-") else name
    return ""


_NAMES = ("Aliases", "DNSNames")
"""Where Docker's description of a container on a network holds its names; the second since Engine 25."""


def _names(data: dict[str, Any]) -> tuple[str, ...]:
    """Each once, sorted."""
    aliases = (str(one) for use in _networks(data).values() for key in _NAMES for one in use.get(key) or ())
    return tuple(sorted({str(data["Config"].get("Hostname") or ""), *aliases} - {""}))


def _networks(data: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return (data.get("NetworkSettings") or {}).get("Networks") or {}


def _addresses(networks: Mapping[str, dict[str, Any]]) -> dict[str, str]:
    """By network; without those on which it has none (now)."""
    told = {
        network: " ".join(str(use[key]) for key in ("IPAddress", "GlobalIPv6Address") if use.get(key))
        for network, use in networks.items()
    }
    return {network: addresses for network, addresses in told.items() if addresses}


__all__ = ["CALL_S", "Containers"]
