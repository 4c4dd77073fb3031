"""The ground that is a running project: in which order it is looked at, written down, guarded and changed; and how it is given back."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from running_project import DRILL, EDGE, container

from harness.attach import proven
from harness.attach import stack as meeting
from harness.attach.addresses import HERE
from harness.attach.found import Running, told_by_containers
from harness.attach.in_path import OnTheWay
from harness.attach.put_back import Returned
from harness.attach.record import Recorded, attached, recorded
from harness.attach.unavailable import Offer, on_attached
from harness.doctor import images
from harness.drill.parse import parse
from harness.edges import Edge
from harness.errors import CannotRun
from harness.facts import (
    EdgeFound,
    Fact,
    Injecting,
    Mended,
    MonitoringFound,
    NotMended,
    ProjectCompared,
    TargetChosen,
    Unavailable,
)
from harness.journal import Journal
from harness.plan import make_plan
from harness.run import attached as ground
from harness.run import project_notes, session
from harness.run.folder import RunFolder
from harness.safety import guardian
from harness.safety.compose import compose_of
from harness.stack import keeper
from harness.stack.project import Project
from harness.target.proxies import TargetProxies
from harness.target.takeout import on_target
from harness.target.unavailable import offered
from harness.testing import journal_of
from harness.world import logs, proxies

LOCUSTFILE = (
    "from locust import HttpUser, task\n\nclass U(HttpUser):\n    @task\n    def t(self): self.client.get('/')\n"
)


class Stub:
    """Whatever is started beside a run: it says so, and that it was closed."""

    steps: list[str]
    name = ""

    def __init__(self, *given: Any, **named: Any) -> None:
        self.given = given

    def start(self) -> None:
        self.steps.append(self.name)

    def close(self) -> None:
        self.steps.append(f"{self.name} closed")

    def limit(self, edge: str, limit_ms: float) -> None:
        """As a lookout takes it."""

    def let_go(self) -> None:
        """As a writer takes it."""


@dataclasses.dataclass
class Stage:
    """A running project, and a session on it that records what it is told."""

    folder: RunFolder
    session: Any
    running: Running
    steps: list[str]
    facts: list[Fact]

    def on(self, inserted: tuple[Edge, ...] = (), there: tuple[OnTheWay, ...] = ()) -> ground.OnProject:
        edges = (*(one.edge for one in there), *(() if there else (EDGE,)), Edge("web", "mail", names=("mail",)))
        return ground.attached_ground(self.running, edges, inserted, there, HERE)(self.session)

    def begin(self, made: ground.OnProject) -> None:
        with contextlib.ExitStack() as closing:
            made.begin(self.session, closing)

    def of(self, kind: type[Any]) -> list[Any]:
        return [fact for fact in self.facts if isinstance(fact, kind)]


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    (tmp_path / "compose.yaml").write_text("services: {}\n")
    (tmp_path / "load.py").write_text(LOCUSTFILE)
    (tmp_path / "shop.yaml").write_text(DRILL)
    drill = parse(tmp_path / "shop.yaml")
    plan = make_plan(drill, services=("web", "store"))
    plan = offered(on_attached(plan, Offer("shop", {"web->store": ""})))
    seen = (container("store"), container("web", 2))
    running = Running("shop", seen, Project("shop", (), tmp_path, told_by_containers("shop", seen)), "not here")
    path = tmp_path / "runs" / "shop" / "20261203T100000Z-0a0b0c0d"
    path.mkdir(parents=True)
    folder, steps, facts = RunFolder(path), list[str](), list[Fact]()
    session = SimpleNamespace(
        drill=drill,
        plan=plan,
        folder=folder,
        record=facts.append,
        display=SimpleNamespace(say=lambda line: None),
        clock=SimpleNamespace(opened_ns=1),
        lease=SimpleNamespace(on_lapse=[]),
        stop=SimpleNamespace(lost=None),
        patience=SimpleNamespace(await_back=lambda: steps.append("Docker is there")),
        target="web:8080",
    )

    def guarded(folder: RunFolder, lease_s: float) -> object:
        steps.append("guardian, what was found is on the disk" if attached(folder.path) else "guardian")
        return object()

    def stub(name: str) -> type[Stub]:
        return type("Made", (Stub,), {"name": name, "steps": steps})

    class Put(Stub):
        """Edges put in."""

        def __init__(self, running: Running, edges: tuple[Edge, ...], run: str, folder: Path) -> None:
            self.edges, self.api = edges, ("127.0.0.1", 20001)

        def begin(self) -> None:
            steps.append("Toxiproxy")
            self.edges = tuple(dataclasses.replace(edge, address="172.18.0.9") for edge in self.edges)

        def take_place(self, told: Any, within_s: float, say: Callable[[str], object]) -> None:
            steps.append("callers")

    monkeypatch.setattr(meeting, "listed", lambda name: seen)
    monkeypatch.setattr(project_notes, "snapshot", lambda *given: {"container shop-web-2": {"id": "a"}})
    monkeypatch.setattr(project_notes, "variables", lambda: {})
    monkeypatch.setattr(guardian, "start", guarded)
    monkeypatch.setattr(images, "ensure_harness_image", lambda say: "harness:1")
    monkeypatch.setattr(keeper, "Keeper", stub("keeper"))
    monkeypatch.setattr(proven, "ProvenLookout", stub("lookout"))
    monkeypatch.setattr(ground, "AttachedContainers", stub("containers"))
    monkeypatch.setattr(logs, "LogFiles", stub("logs"))
    monkeypatch.setattr(proxies, "Reconciler", stub("proxies"))
    monkeypatch.setattr(ground, "Inserted", Put)
    return Stage(folder, session, running, steps, facts)


def test_what_was_found_is_on_the_disk_before_anybody_may_change_it(stage: Stage) -> None:
    stage.begin(stage.on())
    assert stage.steps[0] == "guardian, what was found is on the disk"
    assert stage.steps[1:4] == ["keeper", "logs", "lookout"]
    told = recorded(stage.folder.path)
    assert told is not None
    assert (told.project, told.found) == ("shop", {"container shop-web-2": {"id": "a"}})
    assert stage.of(TargetChosen)[0].load == "http://172.18.0.3:8080"
    assert stage.of(MonitoringFound)
    assert {fact.what for fact in stage.of(Unavailable)} >= {"hurt/bad_release-web"}
    assert {fact.edge: fact.refused for fact in stage.of(EdgeFound)} == {
        "web->store": ground.NOT_ON,
        "web->mail": ground.NOT_ON,
    }


def test_callers_go_behind_their_edges_once_these_are_open_and_before_containers_are_followed(stage: Stage) -> None:
    stage.begin(stage.on(inserted=(EDGE,)))
    begun = [step for step in stage.steps if not step.endswith("closed")]
    assert begun[1:] == ["Toxiproxy", "proxies", "keeper", "callers", "logs", "lookout"]
    assert {fact.edge: fact.address for fact in stage.of(EdgeFound)} == {"web->store": "172.18.0.9", "web->mail": ""}
    assert stage.folder.stack_notes()["api"] == ["127.0.0.1", 20001]
    assert "proxies closed" in stage.steps


def test_its_own_toxiproxy_is_noted_before_the_first_toxic_of_ours(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(TargetProxies, "look", lambda self, edges: {})
    edge = dataclasses.replace(EDGE, address="172.18.0.3", ports=(16379,))
    stage.begin(stage.on(there=(OnTheWay(edge, "orders", "web:8474"),)))
    assert on_target(stage.folder.path)
    assert "keeper" not in stage.steps, "its port is the proxy's, which nobody needs to follow"
    assert {fact.edge: fact.address for fact in stage.of(EdgeFound)}["web->store"] == "172.18.0.3"


def test_a_load_that_could_go_nowhere_is_refused_before_anything_is_written(stage: Stage) -> None:
    stage.session.target = "store:9"
    made = stage.on()
    stage.running.containers[0]["NetworkSettings"]["Networks"].clear()
    with pytest.raises(CannotRun, match="store:9 cannot be reached: it is not published"):
        stage.begin(made)
    assert not attached(stage.folder.path)
    assert made.down(twice=False) == ()


def test_what_is_other_than_it_was_is_a_fact_and_not_mended(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    made = stage.on()
    stage.begin(made)
    back = Returned("shop", (), ("container shop-web-2: mounts changed",), ("drill mend 0a0b0c0d",))
    monkeypatch.setattr(ground, "put_back", lambda folder, run: back)
    assert made.down(twice=False) == ()
    assert stage.of(ProjectCompared)[0].differences == back.other
    assert stage.of(NotMended)[0].commands == ("drill mend 0a0b0c0d",)


def test_commands_of_a_project_whose_files_are_not_known_are_told_the_file_that_the_run_wrote(stage: Stage) -> None:
    made = stage.on()
    assert made._stack.compose.told()["COMPOSE_FILE"] == str(stage.folder.path / "compose.yaml")
    stage.begin(made)
    assert compose_of(stage.folder).told() == made._stack.compose.told(), "by `drill mend` the same"


def test_what_was_stopped_there_is_not_called_out_because_the_run_took_its_own_things_away(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = [
        Injecting(fault="hurt/stop-store", kind="stop", target="store", planned_s=1.0),
        Injecting(fault="hurt/late", kind="latency", target="web->store", planned_s=1.0),
    ]

    class Recorder:
        """Keeps what it is told."""

        def __call__(self, fact: Fact) -> None:
            stage.facts.append(fact)

        def journal(self) -> Journal:
            return journal_of(*begun)

    stage.session.record = Recorder()
    stage.session.clock.now_s = lambda: 9.0
    stage.session.lease.end = lambda how: ""
    monkeypatch.setattr(session, "_seal", lambda told: None)
    monkeypatch.setattr(session, "_keeps", lambda told: False)
    ground_: Any = SimpleNamespace(down=lambda twice: ())
    session._leave(stage.session, ground_, twice=False)
    assert [fact.fault for fact in stage.of(Mended)] == ["hurt/stop-store", "hurt/late"], "a stack of its own is gone"
    stage.facts.clear()
    Recorded("shop").keep(stage.folder.path)
    session._leave(stage.session, ground_, twice=False)
    assert [fact.fault for fact in stage.of(Mended)] == ["hurt/late"], "the Toxiproxy that it was in is gone"
