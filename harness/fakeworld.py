"""A world made of data, and a clock that jumps: whole drills run on it in milliseconds, and any call in it can be made to fail.

For tests, yours too (re-exported by harness.testing). The fake service answers every request of the fake load, slowly or not at all
while something is on upstream of it, just as the faults say.
"""

from __future__ import annotations

import heapq
import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from harness.edges import edge_id
from harness.errors import NotApplied, NotMended
from harness.facts import (
    ContainerChanged,
    ContainerSeen,
    Deployed,
    Fact,
    LoadBegan,
    LoadEnded,
    LoadSaid,
    LoadSampled,
    MemorySeen,
    ReleaseSeen,
    Surveyed,
    Witnessed,
)
from harness.ledger import NO_ROWS, Rows, rows_of
from harness.probes.base import Probe
from harness.run.watch import looked
from harness.world.handles import Release, Want, World


class FakeClock:
    """Time passes only in wait_until; what was put on it with `at` is called at its instant, as OnTime does."""

    def __init__(self) -> None:
        self._now_s = 0.0
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()

    def now_s(self) -> float:
        return self._now_s

    def wall_s(self) -> float:
        return 1_800_000_000.0 + self._now_s

    def wait_until(self, at_s: float) -> None:
        while self._due and self._due[0][0] <= at_s:
            due_s, _, fn = heapq.heappop(self._due)
            self._now_s = max(self._now_s, due_s)
            fn()
        self._now_s = max(self._now_s, at_s)

    def at(self, due_s: float, fn: Callable[[], None]) -> Future[None]:
        heapq.heappush(self._due, (due_s, next(self._order), fn))
        return Future()


@dataclass
class Failures:
    """Which calls into the world fail: `raises(n, error)` makes the n-th call from now raise. `calls` counts them all."""

    planned: dict[int, Exception] = field(default_factory=dict)
    calls: int = 0

    def raises(self, number: int, error: Exception) -> None:
        self.planned[self.calls + number] = error

    def pass_by(self) -> None:
        self.calls += 1
        if error := self.planned.get(self.calls):
            raise error


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
    def __init__(self, services: Sequence[str], clock: FakeClock, failures: Failures) -> None:
        self._clock = clock
        self._failures = failures
        self.status = dict.fromkeys(services, "running")
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


class FakeReleases:
    """What each replica of each service runs: 'good' or 'bad'. `rolled_back` is for whoever plays system or runbook."""

    def __init__(self, services: Sequence[str], replicas: int, clock: FakeClock, failures: Failures) -> None:
        self._clock = clock
        self._failures = failures
        self._news: list[Deployed] = []
        self._holders: dict[str, Release] = {}
        self._touched: dict[str, None] = {}
        self.running = {name: ["good"] * replicas for name in services}

    def deploy(self, holder: str, release: Release) -> Mapping[str, Any]:
        unknown = [name for name in release.services if name not in self.running]
        if unknown:
            raise NotApplied(f"no service {', '.join(unknown)}")
        self._holders[holder] = release
        for name in release.services:
            self._touched[name] = None
            self._become(name, "bad", "harness")
        self._failures.pass_by()
        return {f"{seen.container}": seen.image for seen in self.current()}

    def restore(self, holder: str) -> str:
        self._failures.pass_by()
        release = self._holders.pop(holder, None)
        if release is None:
            return ""
        ill = [name for name in release.services if "bad" in self.running[name]]
        for name in ill:
            self._become(name, "good", "mend")
        return "" if ill else "rollback"

    def rolled_back(self, service: str, replicas: int | None = None) -> None:
        """Another hand takes the release back, on so many replicas or on all."""
        run = self.running[service]
        for number in range(len(run) if replicas is None else replicas):
            run[number] = "good"

    def current(self) -> Sequence[ReleaseSeen]:
        return tuple(
            ReleaseSeen(service=name, container=f"{name}-{number}", release=release, image=f"{name}:{release}")
            for name in self._touched
            for number, release in enumerate(self.running[name], start=1)
        )

    def busy(self) -> bool:
        return False

    def news(self) -> Sequence[Deployed]:
        news, self._news = self._news, []
        return news

    def told(self) -> Mapping[str, str]:
        return {"DRILL_SERVICE": " ".join(self._touched)}

    def _become(self, service: str, release: str, by: str) -> None:
        run, now_s = self.running[service], self._clock.now_s()
        run[:] = [release] * len(run)
        image = f"{service}:{release}"
        self._news.append(
            Deployed(service=service, image=image, by=by, replicas=len(run), begun_s=now_s, happened_s=now_s)
        )


class FakeRunning:
    """Ends after so many seconds, with what it does then; never, when it hangs."""

    def __init__(self, clock: FakeClock, took_s: float, exit_code: int, deed: Callable[[], None]) -> None:
        self._code: int | None = None
        self.killed = False

        def end() -> None:
            if not self.killed:
                deed()
                self._code = exit_code

        clock.at(clock.now_s() + took_s, end)

    def ended(self) -> int | None:
        return self._code

    def kill(self) -> None:
        self.killed = True

    def output(self) -> str:
        return "rolled back" if self._code == 0 else ""


class FakeCommands:
    """Commands that do what they are told to: `took_s` seconds long, then the deed."""

    def __init__(self, clock: FakeClock, failures: Failures) -> None:
        self._clock = clock
        self._failures = failures
        self.took_s = 2.0
        self.exit_code = 0
        self.deed: Callable[[], None] = lambda: None
        self.started: list[FakeRunning] = []

    def start(
        self, name: str, command: Sequence[str], environment: Mapping[str, str], *, shell: bool = False
    ) -> FakeRunning:
        self._failures.pass_by()
        self.started.append(FakeRunning(self._clock, self.took_s, self.exit_code, self.deed))
        return self.started[-1]


class FakePeople:
    """A person who says these lines, each at its second; nobody is there unless somebody is to be."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self.present = False
        self.says: dict[float, str] = {}

    def there(self) -> bool:
        return self.present

    def heard(self) -> str | None:
        due = [at_s for at_s in sorted(self.says) if at_s <= self._clock.now_s()]
        return self.says.pop(due[0]) if due else None


class FakeLoad:
    """Arrivals at an even rate from `begin` to `stop`; each passes over all edges of the world.

    Replicas of the service `front` answer in turn, and name their version; a bad one answers an error to `bad_ratio` of them.
    """

    def __init__(
        self,
        rate: float,
        clock: FakeClock,
        lookout: FakeLookout,
        edges: Sequence[str],
        releases: FakeReleases | None = None,
    ) -> None:
        self._rate = rate
        self._clock = clock
        self._lookout = lookout
        self._edges = tuple(edges)
        self._rows: list[dict[str, Any]] = []
        self._known = NO_ROWS
        self._began_s: float | None = None
        self._sampled_s = 0.0
        self._news: list[Fact] = []
        self._releases = releases
        self._versions = [""]
        self.front = ""
        self.bad_ratio = 0.5
        self.broken: Callable[[float], bool] = lambda _at_s: False
        self.asked: Callable[[int, bool], None] = lambda _row, _well: None  # of each request, and how it ended
        self.dies_at_s = float("inf")
        self.cannot_record_at_s = float("inf")  # its ledger's disk is full: said first, then its end

    def begin(self, at_s: float) -> None:
        self._began_s = at_s
        self._sampled_s = at_s
        self._news.append(LoadBegan(begins_s=at_s))
        self._arrive(0)

    def poll(self) -> list[Fact]:
        now_s = self._clock.now_s()
        if self._began_s is not None and now_s >= self._sampled_s + 1:
            self._sampled_s = now_s
            self._news.append(LoadSampled(cpu_ratio=0.1, late_ms=0.2, due=len(self._rows), dropped=0))
        if now_s >= self.cannot_record_at_s:
            self.cannot_record_at_s, self.dies_at_s = float("inf"), now_s
            self._news.append(
                LoadSaid(kind="broken", text="[Errno 28] the ledger cannot grow: No space left on device")
            )
        if now_s >= self.dies_at_s:
            self.dies_at_s = float("inf")
            self._news.append(LoadEnded(clean=False, ended_s=now_s, detail="killed"))
            self._began_s = None
        news, self._news = self._news, []
        return news

    def stop(self) -> list[Fact]:
        if self._began_s is None:
            return []
        self._began_s = None
        ended_s = self._clock.now_s()
        self._clock.wait_until(ended_s + 2)
        return [
            LoadSampled(cpu_ratio=0.1, late_ms=0.2, due=len(self._rows), dropped=0),
            LoadEnded(clean=True, ended_s=ended_s),
        ]

    def rows(self) -> Rows:
        fresh = rows_of(self._rows[len(self._known) :])  # all have one endpoint, so their names agree
        if len(fresh):
            self._versions += [name for name in fresh.versions if name not in self._versions]
            fresh.array["version"] = [self._versions.index(fresh.versions[n]) for n in fresh.array["version"]]
            array = np.concatenate([self._known.array, fresh.array])
            numbers = np.arange(len(array), dtype=np.uint32)
            array["parent"] = numbers
            workers = np.zeros(len(array), np.uint16)
            self._known = Rows(array, workers, numbers, fresh.endpoints, tuple(self._versions))
        return self._known

    def _arrive(self, number: int) -> None:
        if self._began_s is None:
            return
        due_s = self._began_s + number / self._rate

        def due() -> None:
            if self._began_s is None:
                return
            met = [self._lookout.condition(edge) for edge in self._edges]
            bad = self.broken(due_s) or any(outcome != "answered" for outcome, _ in met)
            took_ms = 5.0 + sum(extra for _, extra in met)
            version = self._answering(number)
            bad = bad or (version == "bad" and (number * 37) % 100 < 100 * self.bad_ratio)
            row = {"at_s": due_s, "took_ms": took_ms, "endpoint": "GET /", "outcome": "5xx" if bad else "ok"}
            self._rows.append({**row, "version": version})
            self.asked(number, not bad)
            self._arrive(number + 1)

        self._clock.at(due_s, due)

    def _answering(self, number: int) -> str:
        run = self._releases.running.get(self.front, []) if self._releases else []
        return run[number % len(run)] if run else ""


class InlineWatch:
    """Probes on the fake clock: looked at in tick, at their intervals."""

    def __init__(self, probes: Sequence[Probe], world: World, record: Callable[[Fact], object]) -> None:
        self._probes = {probe: 0.0 for probe in probes}
        self._world = world
        self._record = record
        self._on = False
        self._last_s: dict[Probe, float] = {}

    @property
    def lag_s(self) -> float:
        return max((probe.lag_s for probe in self._probes), default=0.0)

    @property
    def ended(self) -> bool:
        return not self._probes

    def start(self) -> None:
        self._on = True

    def end(self, at_s: float) -> None:
        self._last_s = {probe: at_s + probe.lag_s for probe in self._probes}

    def tick(self, now_s: float) -> None:
        for probe, due_s in list(self._probes.items()):
            last_s = self._last_s.get(probe, math.inf)
            if self._on and now_s >= min(due_s, last_s):
                self._probes[probe] = now_s + probe.every_s
                for fact in looked(probe, self._world):
                    self._record(fact)
                if now_s >= last_s:
                    del self._probes[probe]

    def close(self) -> None:
        self._on = False


@dataclass
class FakeWorld:
    """All of it: `FakeWorld(edges=('api->db',), rate=20)`; `still_on()` is what a person would find on afterwards."""

    edges: tuple[str, ...] = ("api->db",)
    services: tuple[str, ...] = ("api", "db")
    rate: float = 20.0
    folder: Path | None = None
    replicas: int = 1

    def __post_init__(self) -> None:
        self.clock = FakeClock()
        self.failures = Failures()
        self.proxies = FakeProxies(self.failures)
        self.containers = FakeContainers(self.services, self.clock, self.failures)
        self.lookout = FakeLookout(self.edges, self.proxies, self.containers)
        self.releases = FakeReleases(self.services, self.replicas, self.clock, self.failures)
        self.commands = FakeCommands(self.clock, self.failures)
        self.people = FakePeople(self.clock)
        self.load = FakeLoad(self.rate, self.clock, self.lookout, self.edges, self.releases)
        self.world = World(
            clock=self.clock,
            proxies=self.proxies,
            containers=self.containers,
            lookout=self.lookout,
            releases=self.releases,
            commands=self.commands,
            people=self.people,
        )

    def still_on(self) -> tuple[str, ...]:
        hurt = tuple(f"{name} is {status}" for name, status in self.containers.status.items() if status != "running")
        bad = tuple(f"{name} runs the bad release" for name, run in self.releases.running.items() if "bad" in run)
        return (*self.proxies.on, *hurt, *bad)


__all__ = ["Failures", "FakeClock", "FakeLoad", "FakeWorld", "InlineWatch", "NotApplied", "NotMended"]
