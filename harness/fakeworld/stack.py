"""Proxies, containers and the lookout of the fake world: what a caller meets on an edge follows from what is on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from harness.edges import edge_id
from harness.errors import NotApplied
from harness.facts import (
    ContainerChanged,
    ContainerSeen,
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
    """`pids`: the containers that run, by id, each with its first process: of no machine, unless a test says which."""

    def __init__(self, services: Sequence[str], clock: FakeClock, failures: Failures) -> None:
        self._clock = clock
        self._failures = failures
        self.status = dict.fromkeys(services, "running")
        self.pids = {f"{name}-1": 0 for name in services}
        self._changes: list[ContainerChanged] = []

    def states(self, service: str = "") -> Sequence[ContainerSeen]:
        return tuple(
            ContainerSeen(service=name, container=f"{name}-1", status=status)
            for name, status in self.status.items()
            if service in ("", name)
        )

    def changes(self) -> Sequence[ContainerChanged]:
        out, self._changes = tuple(self._changes), []
        return out

    def memory(self, service: str) -> Sequence[MemorySeen]:
        return tuple(
            MemorySeen(service=name, container=f"{name}-1", used_bytes=100 << 20)
            for name, status in self.status.items()
            if name == service and status == "running"
        )

    def running(self) -> Sequence[str]:
        return tuple(self.pids)

    def pid(self, container: str) -> int:
        return self.pids[container]

    def stop(self, service: str, grace_s: float) -> None:
        self._become(service, "exited", "stop")

    def kill(self, service: str, signal: str) -> None:
        self._become(service, "exited", "die")

    def pause(self, service: str) -> None:
        self._become(service, "paused", "pause")

    def unpause(self, service: str) -> None:
        self._become(service, "running", "unpause")

    def start(self, service: str) -> None:
        self._become(service, "running", "start")

    def restart(self, service: str) -> None:
        self._become(service, "running", "restart")

    def await_back(self) -> bool:
        """The fake Docker is never away."""
        return True

    def _become(self, service: str, status: str, event: str) -> None:
        if service not in self.status:
            raise NotApplied(f"no service {service!r}")
        self.status[service] = status
        self._changes.append(
            ContainerChanged(service=service, container=f"{service}-1", event=event, happened_s=self._clock.now_s())
        )
        self._failures.pass_by()


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

    def condition(self, edge: str) -> tuple[str, float]:
        """What a caller of this edge meets now: an outcome of Witnessed, and how much later its answer comes, in ms."""
        _, dependency = edge_id(edge)
        status = self._containers.status.get(dependency, "running")
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
