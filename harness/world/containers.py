"""The containers of a run's stack: what Docker says of them, and stop, kill, pause and their opposites, read back.

Helpers of ours (services whose name begins with `drill-`) are left out where no service is named.
"""

from __future__ import annotations

import contextlib
import io
import tarfile
import time
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from harness.errors import NotApplied
from harness.facts import ContainerChanged, ContainerSeen, HeldSeen, MemorySeen
from harness.world.container_facts import container_seen, memory_seen, name_of, threads_seen
from harness.world.docker import Patience, connect, container_name, in_the_making, refusing
from harness.world.events import Events
from harness.world.replicas import READBACK_S, Replicas, begun, down, ended, paused, runs, thawed

OURS = "drill-"


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
            return tuple(sorted((container_seen(data, by_id) for data in found), key=lambda c: c.container))

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
            seen = (memory_seen(service, name, read, self._machine_bytes or 0) for name, read in stats.items())
            return tuple(one for one in seen if one is not None)

    def threads(self, service: str) -> Sequence[HeldSeen]:
        """How many threads each running container of the service has now. Raises NotApplied when Docker does not answer."""
        with refusing("count the threads of the stack's containers"):
            seen = (threads_seen(service, name, read) for name, read in self._stats(service))
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

        self._replicas(service, only).each(f"stop {service}", stop, until=ended, within_s=grace_s + READBACK_S)

    def kill(self, service: str, signal: str, only: Collection[str] = ()) -> None:
        """Send a signal to every running replica; after SIGKILL none of those processes runs any more."""
        name = signal.upper() if signal.upper().startswith("SIG") else f"SIG{signal.upper()}"

        def kill(container: str) -> None:
            self.client.api.kill(container, signal=name)

        self._replicas(service, only).each(f"kill {service}", kill, of=runs, until=ended if name == "SIGKILL" else None)

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

        self._replicas(service, only).each(f"pause {service}", pause, of=runs, until=paused)

    def unpause(self, service: str, only: Collection[str] = ()) -> None:
        """Thaw every frozen replica; none frozen is fine."""
        self._replicas(service, only).each(
            f"unpause {service}", self.client.api.unpause, of=paused, until=thawed, none_is_fine=True
        )

    def start(self, service: str, only: Collection[str] = ()) -> None:
        """Start every replica that does not run; all running is fine. Whether they are well is for others to see."""
        self._replicas(service, only).each(
            f"start {service}", self.client.api.start, of=down, until=begun, none_is_fine=True
        )

    def restart(self, service: str) -> None:
        """Stop with the container's own grace and start again; every replica has a new process afterwards."""

        def restart(container: str) -> None:
            grace_s = int((self.client.api.inspect_container(container)["Config"].get("StopTimeout")) or 10)
            self.client.api.restart(container, timeout=grace_s)

        self._replicas(service).each(f"restart {service}", restart, until=begun, within_s=2 * READBACK_S)

    def await_back(self) -> bool:
        """See handles.Containers.await_back."""
        return self.patience.await_back()

    def _replicas(self, service: str, only: Collection[str] = ()) -> Replicas:
        found = [data for row in self.listed(service) if (data := self._inspect(row["Id"])) is not None]
        return Replicas(service, [data for data in found if not only or name_of(data) in only], self._inspect)

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
