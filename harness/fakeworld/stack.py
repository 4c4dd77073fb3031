"""Proxies, containers and the lookout of the fake world: what a caller meets on an edge follows from what is on."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from harness.edges import edge_id
from harness.errors import NotApplied
from harness.facts import (
    ContainerChanged,
    ContainerSeen,
    HeldSeen,
    MemorySeen,
    Surveyed,
    Witnessed,
)
from harness.fakeworld.clock import Failures, FakeClock
from harness.world.handles import Want


class FakeProxies:
    """Holds what is wanted; `on` is what really is (a call that fails after the deed leaves it on)."""

    def __init__(self, failures: Failures) -> None:
        self._failures = failures
        self.on: dict[str, Want] = {}

    def want(self, want: Want) -> Mapping[str, Any]:
        self.on[want.holder] = want
        self._failures.pass_by()
        return {want.edge: [toxic.type for toxic in want.toxics] or ("closed" if want.closed else "open")}

    def unwant(self, holder: str) -> str:
        self._failures.pass_by()
        self.on.pop(holder, None)
        return ""

    def listening(self, service: str, ports: Sequence[int]) -> None:
        """The fake dependencies always listen."""

    def holders(self) -> tuple[str, ...]:
        return tuple(self.on)


class FakeContainers:
    """`pids`: the containers that run, by id, each with its first process: of no machine, unless a test says which.

    status   of all containers of a service; `apart` of single ones that are otherwise
    gone     Docker does not answer
    """

    def __init__(self, services: Sequence[str], clock: FakeClock, failures: Failures, replicas: int = 1) -> None:
        self._clock = clock
        self._failures = failures
        self._replicas = replicas
        self.status = dict.fromkeys(services, "running")
        self.apart: dict[str, str] = {}
        self.gone = False
        self.pids = {f"{name}-1": 0 for name in services}
        self._changes: list[ContainerChanged] = []

    def states(self, service: str = "") -> Sequence[ContainerSeen]:
        self._answers()
        return tuple(
            ContainerSeen(service=name, container=container, status=self.apart.get(container, status))
            for name, status in self.status.items()
            for container in self._of(name)
            if service in ("", name)
        )

    def serving(self, service: str) -> str:
        """What a caller meets: 'running' while any replica runs."""
        found = [self.apart.get(container, self.status.get(service, "running")) for container in self._of(service)]
        return "running" if "running" in found else found[0]

    def changes(self) -> Sequence[ContainerChanged]:
        self._answers()
        out, self._changes = tuple(self._changes), []
        return out

    def memory(self, service: str) -> Sequence[MemorySeen]:
        return tuple(
            MemorySeen(service=name, container=f"{name}-1", used_bytes=100 << 20)
            for name, status in self.status.items()
            if name == service and status == "running"
        )

    def threads(self, service: str) -> Sequence[HeldSeen]:
        return tuple(
            HeldSeen(service=name, container=f"{name}-1", of="threads", count=12)
            for name, status in self.status.items()
            if name == service and status == "running"
        )

    def running(self) -> Sequence[str]:
        return tuple(self.pids)

    def pid(self, container: str) -> int:
        return self.pids[container]

    def stop(self, service: str, grace_s: float, only: Collection[str] = ()) -> None:
        self._become(service, "exited", "stop", only)

    def kill(self, service: str, signal: str, only: Collection[str] = ()) -> None:
        self._become(service, "exited", "die", only)

    def pause(self, service: str, only: Collection[str] = ()) -> None:
        self._become(service, "paused", "pause", only)

    def unpause(self, service: str, only: Collection[str] = ()) -> None:
        self._become(service, "running", "unpause", only)

    def start(self, service: str, only: Collection[str] = ()) -> None:
        self._become(service, "running", "start", only)

    def restart(self, service: str) -> None:
        self._become(service, "running", "restart")

    def await_back(self) -> bool:
        """The fake Docker is never away."""
        return True

    def dies(self, container: str, exit_code: int = 1) -> None:
        """A container ends by itself."""
        self.apart[container] = "exited"
        self._tell(container.rpartition("-")[0], container, "die", exit_code)

    def _become(self, service: str, status: str, event: str, only: Collection[str] = ()) -> None:
        self._answers()
        if service not in self.status:
            raise NotApplied(f"no service {service!r}")
        if only and set(only) != set(self._of(service)):
            self.apart |= dict.fromkeys(only, status)
        else:
            self.status[service] = status
            self.apart = {name: was for name, was in self.apart.items() if name not in self._of(service)}
        for container in only or self._of(service):
            self._tell(service, container, event)
        self._failures.pass_by()

    def _tell(self, service: str, container: str, event: str, exit_code: int | None = None) -> None:
        self._changes.append(
            ContainerChanged(
                service=service, container=container, event=event, exit_code=exit_code, happened_s=self._clock.now_s()
            )
        )

    def _of(self, service: str) -> tuple[str, ...]:
        return tuple(f"{service}-{number}" for number in range(1, self._replicas + 1))

    def _answers(self) -> None:
        if self.gone:
            raise NotApplied("Docker does not answer")


class FakeLookout:
    """Witness of the fake world: an exchange takes 2 ms, more or none while something is on."""

    def __init__(self, edges: Sequence[str], proxies: FakeProxies, containers: FakeContainers) -> None:
        self._edges = tuple(edges)
        self._proxies = proxies
        self._containers = containers
        self.direct: dict[str, int] = {}

    def look(self, edge: str) -> Witnessed:
        outcome, extra_ms = self.condition(edge)
        answered = outcome == "answered"
        return Witnessed(
            edge=edge,
            port=1,
            outcome=outcome,
            speaks="http",
            connect_ms=None if outcome == "refused" else 0.3,
            answer_ms=2.0 + extra_ms if answered else None,
            limit_ms=1500,
            size=100 if answered else 0,
            chunks=1 if answered else 0,
        )

    def survey(self) -> Sequence[Surveyed]:
        return tuple(Surveyed(edge=e, mediated=2, direct=self.direct.get(e, 0)) for e in self._edges)

    def connections(self, service: str, toward: str) -> Sequence[HeldSeen]:
        seen = HeldSeen(service=service, container=f"{service}-1", of="connections", toward=toward, count=2)
        return (seen,) if self._containers.serving(service) == "running" else ()

    def condition(self, edge: str) -> tuple[str, float]:
        """What a caller of this edge meets now: an outcome of Witnessed, and how much later its answer comes, in ms."""
        _, dependency = edge_id(edge)
        status = self._containers.serving(dependency)
        if status == "paused":
            return "hung", 0.0
        wants = [want for want in self._proxies.on.values() if want.edge == edge]
        if status != "running" or any(want.closed for want in wants):
            return "refused", 0.0
        toxics = [toxic for want in wants for toxic in want.toxics]
        if any(toxic.type == "timeout" for toxic in toxics):
            return "hung", 0.0
        if any(toxic.type == "reset_peer" for toxic in toxics):
            return "reset", 0.0
        return "answered", float(sum(toxic.attributes.get("latency", 0) for toxic in toxics))
