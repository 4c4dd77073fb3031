"""All of the fake world in one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from harness.fakeworld.beside import Beside
from harness.fakeworld.clock import Failures, FakeClock
from harness.fakeworld.load import FakeLoad
from harness.fakeworld.releases import FakeReleases
from harness.fakeworld.rollbacks import FakeCommands, FakePeople
from harness.fakeworld.stack import FakeContainers, FakeLookout, FakeProxies
from harness.world.handles import World


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
        self.containers = FakeContainers(self.services, self.clock, self.failures, self.replicas)
        self.lookout = FakeLookout(self.edges, self.proxies, self.containers)
        self.beside = Beside(self.clock)
        self.releases = FakeReleases(self.services, self.replicas, self.clock, self.failures, self.beside)
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
        states = {**self.containers.status, **self.containers.apart}
        hurt = tuple(f"{name} is {status}" for name, status in states.items() if status != "running")
        bad = tuple(f"{name} runs the bad release" for name, run in self.releases.running.items() if "bad" in run)
        run = tuple(f"{name} still runs" for name, command in self.commands.named.items() if command.on())
        return (*self.proxies.on, *hurt, *bad, *run)
