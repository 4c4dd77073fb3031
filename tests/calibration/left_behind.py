"""A stack whose rollback leaves something behind: whole drills on the fake world, and each way in which the end can differ."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.drill.parse import parse_text
from harness.drill.readers import Reader
from harness.drill.state import ContainersReader
from harness.errors import NotApplied
from harness.expectations.base import Steady
from harness.expectations.state_restored import StateRestored
from harness.facts import Interrupted
from harness.fakeworld import FakeWorld, InlineWatch
from harness.judge import judge
from harness.plan import make_plan
from harness.probes.clock import ClockProbe
from harness.probes.containers import ContainersProbe
from harness.probes.releases import ReleasesProbe
from harness.probes.survey import SurveyProbe
from harness.run.engine import Engine
from harness.run.injector import Injector
from harness.run.levers import Levers
from harness.run.readings import Readings
from harness.run.recorder import Recorder
from harness.run.standing import container_rows
from harness.run.statebook import HOME, Parts, StateBook, Wait
from harness.run.stop import Stopped
from harness.verdict import Finding, Verdict

CLAIM = "{id: restored}"
DRILL = """
drill: fake
stack: {compose: [compose.yaml], edges: [api->db]}
load: {locustfile: locustfile.py, against: "api:80", arrivals: [{for: 1m, rate: 10/s}]}
state:
  schema: {command: {run: [schema]}}
  waiting: {command: {run: [waiting]}}
  parked: {at_most: 0, command: {run: [parked]}}
  orders: {compare: grows, command: {run: [orders]}}
steady: {for: 5s, within: 20s, all: [errors < 1%, p95 < 100ms]}
phases:
  - name: release
    for: 40s
    faults: [{bad_release: {service: api, image: "api:bad"}}]
    expect: [{rolled_back: {by: system, trigger: page, within: 30s, id: back}}]
expect: [{state_restored: CLAIM}]
abort: {max_duration: 5m}
"""
BACK_S = 25.0
"""When the fake automation takes the release back."""


@dataclass
class FakeStack:
    """What Docker and the declared sources would tell of the fake world. `changed` is what somebody has made different."""

    world: FakeWorld
    parts: dict[str, list[dict[str, Any]]] = field(
        default_factory=lambda: {
            "schema": [{"id": "orders", "column": "id"}, {"id": "orders", "column": "total"}],
            "waiting": [],
            "parked": [],
            "orders": [{"id": "o1"}],
        }
    )
    environment: dict[str, str] = field(default_factory=lambda: {"PAYMENT_URL": "http://pay", "DB_PASSWORD": "s3cret"})
    command: tuple[str, ...] = ("serve", "--workers=2")
    file: bytes | None = b"retries: 3\n"
    restarts: int = 0
    removed: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    reads: int = 0
    before_read: Callable[[str], None] = lambda _what: None

    def described(self) -> Iterator[dict[str, Any]]:
        names = [(name, n, run) for name, runs in self.world.releases.running.items() for n, run in enumerate(runs, 1)]
        for service, number, run in [*names, *((one, 9, "good") for one in self.added)]:
            name = f"{service}-{number}"
            mine = service == "api"
            if name not in self.removed:
                yield {
                    "Id": name,
                    "Name": f"/{name}",
                    "Image": f"sha256:{service}-{run}",
                    "Path": self.command[0] if mine else "run",
                    "Args": list(self.command[1:]) if mine else [],
                    "RestartCount": self.restarts if name == "api-1" else 0,
                    "State": {"Status": self.world.containers.status[service], "ExitCode": 1},
                    "Mounts": [{"Type": "bind", "Source": "/not/here/app.yaml", "Destination": "/etc/app.yaml"}],
                    "Config": {
                        "Image": f"{service}:{run}",
                        "Labels": {"com.docker.compose.service": service},
                        "Env": [f"{key}={value}" for key, value in self.environment.items()] if mine else [],
                    },
                }

    def content(self, container: str, path: str, most_bytes: int) -> bytes | None:
        if self.file is None:
            raise NotApplied(f"cannot read {path} in a container: permission denied")
        return self.file if container.startswith("api") else b"same\n"

    def read(self, reader: Reader) -> Iterator[dict[str, Any]]:
        """See run.readings.Read."""
        self.reads += 1
        self.before_read(reader.what)
        if isinstance(reader, ContainersReader):
            yield from container_rows(list(self.described()), self.content)
        elif reader.what in self.parts:
            yield from list(self.parts[reader.what])
        else:
            raise NotApplied(f"{reader.what} does not answer")


class NoLogs:
    secrets = ()

    def lines(self, service: str, start_s: float, end_s: float) -> list[Any]:
        return []


@dataclass
class Played:
    """A drill with a bad release that the fake automation takes back; `meanwhile` is done by the same hand, at the same time.
    Without `containers` it is as beside a target."""

    folder: Path
    claim: str = CLAIM
    meanwhile: Callable[[FakeStack], None] = lambda _stack: None
    rolls_back: bool = True
    halt_s: float = float("inf")
    containers: bool = True
    world: FakeWorld = field(default_factory=lambda: FakeWorld(replicas=2, rate=10))

    def __post_init__(self) -> None:
        (self.folder / "compose.yaml").write_text("services: {}\n")
        (self.folder / "locustfile.py").write_text("from locust import HttpUser\n")
        self.plan = make_plan(parse_text(DRILL.replace("CLAIM", self.claim), file=self.folder / "fake.yaml"))
        self.plan.refuse()
        self.stack = FakeStack(self.world)
        self.record = Recorder(self.folder / "facts", self.world.clock.now_s)
        self.world.load.front = "api"
        self.world.clock.at(BACK_S, self._back)

    def _back(self) -> None:
        if self.rolls_back:
            self.world.releases.rolled_back("api")
        self.meanwhile(self.stack)

    def check(self) -> None:
        """See run.passing.Stop."""
        if self.world.clock.now_s() >= self.halt_s:
            raise Stopped("signal", Interrupted(signal="SIGINT"))

    def run(self) -> Verdict:
        world, drill = self.world, self.plan.drill
        (claim,) = [one for _, _, one in drill.claims() if isinstance(one, StateRestored)]
        readings = Readings(self.folder, world.clock, self.stack.read, self.stack.read, HOME)
        parts = Parts(Wait(claim.quiet_s, claim.within_s), drill.state, self.containers)
        probes = (ClockProbe(), ContainersProbe(), SurveyProbe(), ReleasesProbe())
        Engine(
            plan=self.plan,
            world=world.world,
            load=world.load,
            record=self.record,
            watch=InlineWatch(probes, world.world, self.record),
            injector=Injector(world.world, self.record, world.clock),
            stop=self,
            steady=Steady(drill.steady.for_s, drill.steady.conditions),
            logs=NoLogs(),  # type: ignore[arg-type]
            levers=Levers(world.world, self.record),
            state=StateBook(parts, readings, self.record, lambda _line: None, contextlib.nullcontext),
        ).run()
        rows = world.load.rows()
        return judge(drill, self.plan.all_claims, self.record.journal(), rows, NoLogs(), over=True)  # type: ignore[arg-type]

    def finding(self) -> Finding:
        """What the claim about the state came to."""
        (found,) = [judged.finding for judged in self.run().findings if judged.id == "restored"]
        return found


def _more(part: str, count: int) -> Callable[[FakeStack], None]:
    return lambda stack: stack.parts[part].extend({"id": f"{part}-{n}"} for n in range(count))


def _one_replica_left(stack: FakeStack) -> None:
    stack.world.releases.running["api"][1] = "bad"


def _setting(stack: FakeStack) -> None:
    stack.environment["PAYMENT_URL"] = "http://pay-new"


def _flag(stack: FakeStack) -> None:
    stack.environment["POWER_PEG"] = "on"


def _arguments(stack: FakeStack) -> None:
    stack.command = ("serve", "--workers=1")


def _file(stack: FakeStack) -> None:
    stack.file = b"retries: 30\n"


def _gone(stack: FakeStack) -> None:
    stack.removed = ("api-2",)


def _left_over(stack: FakeStack) -> None:
    stack.added = ("api",)


def _ended(stack: FakeStack) -> None:
    stack.world.containers.status["db"] = "exited"


def _restarted(stack: FakeStack) -> None:
    stack.restarts = 3


def _column_retyped(stack: FakeStack) -> None:
    stack.parts["schema"][1] = {"id": "orders", "column": "total_cents"}


def _column_dropped(stack: FakeStack) -> None:
    stack.parts["schema"].pop()


LEFT_BEHIND: dict[str, tuple[Callable[[FakeStack], None], str, str]] = {
    "one replica keeps the bad image": (_one_replica_left, "image_differs", "api.image"),
    "the new setting stays": (_setting, "config_differs", "api.environment.PAYMENT_URL"),
    "a flag stays set": (_flag, "config_differs", "api.environment.POWER_PEG"),
    "the command is another": (_arguments, "config_differs", "api.command"),
    "the mounted file is the new one": (_file, "config_differs", "api.files./etc/app.yaml"),
    "a replica is gone": (_gone, "container_missing", "api.containers"),
    "a replica is left over": (_left_over, "container_left_over", "api.containers"),
    "the database has ended": (_ended, "health_differs", "db.health"),
    "a container was restarted": (_restarted, "restarted", "api.restarts"),
    "a column has another type": (_column_retyped, "rows_differ", "schema"),
    "a column is gone": (_column_dropped, "fewer_rows", "schema"),
    "a queue is not worked off": (_more("waiting", 4), "more_rows", "waiting"),
    "dead letters are left": (_more("parked", 14), "more_rows", "parked"),
}
"""By what is left behind: who does it, the reason by which it must be found, and the name that must be told."""
