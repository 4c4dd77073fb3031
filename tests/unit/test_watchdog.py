"""The watchdog against a Docker of its own: what it takes away from whom, when, and what it writes down."""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest
from docker_api import RUN, FakeDocker, served

from harness.facts import Aimed, Closed, Fact, Injected, Injecting, LeaseLapsed, Mended, NotInjected, NotMended, Opened
from harness.inside import watchdog as watching
from harness.inside.pulse import identity
from harness.inside.toxics import NOTHING, REFUSED, TAKEN_OUT
from harness.inside.watchdog import Watchdog
from harness.journal import Journal, read
from harness.journal_writer import Writer
from harness.safety.openfaults import open_faults

LEASE_S = 5.0


@dataclass
class Scene:
    """A run's folder as the watchdog sees it, and Docker."""

    place: Path
    docker: FakeDocker
    monkeypatch: pytest.MonkeyPatch
    count: int = 0
    fd: int = -1
    at_s: float = 1000.0

    def __post_init__(self) -> None:
        for name in ("facts", "lease"):
            (self.place / name).mkdir()
        self.writer = Writer(self.place / "facts", "harness", lambda: 10.0)
        self.writer.write(Opened(drill="x", run=RUN, wall_unix_s=0.0, monotonic_ns=0), durable=True)
        self.monkeypatch.setattr(watching, "time", SimpleNamespace(monotonic=lambda: self.at_s, sleep=lambda s: None))
        self.renew()

    def lives(self) -> None:
        """A harness holds the run."""
        self.fd = os.open(self.place / "alive", os.O_RDWR | os.O_CREAT)
        fcntl.flock(self.fd, fcntl.LOCK_EX)

    def dies(self) -> None:
        os.close(self.fd)

    def renew(self, **more: object) -> None:
        self.count += 1
        said = {**identity(), "opened_ns": 0, "opened_unix_s": 0.0, "count": self.count, **more}
        (self.place / "lease" / "lease.json").write_text(json.dumps(said))

    def record(self, *facts: Fact) -> None:
        for fact in facts:
            self.writer.write(fact, durable=True)

    def watchdog(self, folder: str = "") -> Watchdog:
        return Watchdog(RUN, LEASE_S, folder, self.place)

    @property
    def journal(self) -> Journal:
        return read(self.place)


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    docker = FakeDocker()
    for service in ("web", "store", "drill-lanes", "drill-toxiproxy", "drill-watchdog"):
        docker.container(service)
    docker.container("web", run="ffffffff")
    docker.thing("networks", "net")
    docker.thing("volumes", "data")
    monkeypatch.setattr(watching, "LATE_S", 0.0)
    with served(docker, tmp_path) as socket:
        monkeypatch.setenv("DRILL_DOCKER_SOCKET", socket)
        yield Scene(tmp_path, docker, monkeypatch)


LATENCY = Injecting(fault="slow/latency", kind="latency", target="web->store", planned_s=3.0)
PAUSE = Injecting(fault="slow/pause", kind="pause", target="store", planned_s=3.0)
STOP = Injecting(fault="slow/stop", kind="stop", target="web", planned_s=3.0, stated={"grace_s": 2.0})
COMMAND = Injecting(fault="slow/flag", kind="command", target="flag", planned_s=3.0, stated={"undo": "./unset flag"})


def injected(fault: Injecting) -> Injected:
    return Injected(fault=fault.fault, begun_s=3.0)


def test_a_run_that_lives_and_renews_is_not_touched(scene: Scene) -> None:
    scene.lives()
    scene.record(LATENCY, PAUSE)
    watchdog = scene.watchdog()
    for _ in range(10):
        assert watchdog.turn() == watching.LOOK_S
        scene.at_s += LEASE_S
        scene.renew()
    assert scene.docker.asked == []


def test_a_dead_run_loses_everything_that_bears_its_label_and_the_watchdog_goes_last(scene: Scene) -> None:
    scene.lives()
    scene.record(LATENCY, injected(LATENCY), PAUSE, injected(PAUSE))
    watchdog = scene.watchdog()
    watchdog.turn()
    scene.dies()
    assert watchdog.turn() is None
    assert scene.docker.names == {"ffffffff-web"}
    assert scene.docker.asked[-1] == f"DELETE /containers/{RUN}-drill-watchdog"
    assert open_faults(scene.journal) == ()
    assert {fact.why for fact in scene.journal.of(Mended)} == {"lease"}
    assert scene.journal.first(LeaseLapsed, gone=True) is not None
    assert scene.journal.first(Closed) == scene.journal.facts[-1]


def test_what_a_rollback_of_the_users_own_made_in_the_project_of_a_dead_run_goes_too(scene: Scene) -> None:
    theirs = {"com.docker.compose.project": f"drill-{RUN}"}
    scene.docker.things["containers"]["web-4"] = {"labels": theirs, "state": "running"}
    for name in (f"drill-{RUN}_more", "payments"):
        scene.docker.things["volumes"][name] = {"labels": theirs}
    scene.lives()
    watchdog = scene.watchdog()
    watchdog.turn()
    scene.dies()
    assert watchdog.turn() is None
    assert scene.docker.names == {"ffffffff-web", "payments"}, "what has a fixed name may be somebody's"


def test_what_the_disk_last_held_may_be_torn(scene: Scene) -> None:
    scene.record(LATENCY, injected(LATENCY))
    with (scene.place / "facts" / "harness.jsonl").open("a") as file:
        file.write('{"fact":"injecting","fault":"half')
    (scene.place / "facts" / "watchdog.jsonl").write_text('{"fact":"lease_lapsed","num')
    scene.renew(born=1)  # the process of this lease is gone
    assert scene.watchdog().turn() is None
    assert open_faults(scene.journal) == ()


def test_a_death_before_the_lock_was_ever_seen_is_told_by_the_process(scene: Scene) -> None:
    scene.renew(born=1)
    assert scene.watchdog().turn() is None
    assert scene.docker.names == {"ffffffff-web"}


@pytest.mark.parametrize("unknown", [{"boot": "another kernel"}, {"pid_namespace": "pid:[1]"}])
def test_a_lock_that_is_not_seen_held_says_nothing_where_the_process_cannot_be_looked_for(
    scene: Scene, unknown: dict[str, str]
) -> None:
    scene.renew(born=1, **unknown)
    assert scene.watchdog().turn() == watching.LOOK_S
    assert scene.docker.asked == []


def test_a_watchdog_that_was_started_again_remembers_that_it_saw_the_lock(scene: Scene) -> None:
    scene.lives()
    scene.watchdog().turn()
    scene.dies()
    scene.renew(boot="before the reboot")
    assert scene.watchdog().turn() is None
    assert open_faults(scene.journal) == ()


def test_after_a_reboot_what_is_mended_is_not_mended_before_it_was_injected(scene: Scene) -> None:
    scene.lives()
    scene.record(LATENCY, injected(LATENCY))
    scene.watchdog().turn()
    scene.dies()
    scene.renew(boot="before the reboot", opened_unix_s=4e9)  # the wall clock stands before the run
    assert scene.watchdog().turn() is None
    assert open_faults(scene.journal) == ()


def test_a_silent_harness_loses_its_faults_and_nothing_else(scene: Scene) -> None:
    scene.lives()
    scene.docker.container("store", "paused")
    scene.docker.container("web", "exited")
    scene.record(LATENCY, injected(LATENCY), PAUSE, injected(PAUSE), STOP, injected(STOP))
    before = scene.docker.names
    watchdog = scene.watchdog()
    watchdog.turn()
    scene.at_s += LEASE_S + 0.9
    assert (
        watchdog.turn() == watching.LOOK_S
    )  # the harness itself would know by now; the watchdog gives it a second more
    assert scene.docker.asked == []
    scene.at_s += 0.2
    watchdog.turn()
    assert (scene.docker.state("store"), scene.docker.state("web")) == ("running", "running")
    assert [words[3:] for words in scene.docker.executed] == [["toxics", "61474", '["web->store"]']]
    assert scene.docker.names == before
    assert open_faults(scene.journal) == ()
    lapsed = scene.journal.of(LeaseLapsed)
    assert [fact.gone for fact in lapsed] == [False]
    asked = list(scene.docker.asked)
    watchdog.turn()
    assert scene.docker.asked == asked
    assert scene.journal.of(LeaseLapsed) == lapsed


@pytest.mark.parametrize("fault", [PAUSE, STOP])
def test_of_a_fault_on_some_replicas_only_those_are_woken(scene: Scene, fault: Injecting) -> None:
    down = "paused" if fault is PAUSE else "exited"
    scene.lives()
    scene.docker.container(fault.target, down)
    scene.docker.container(fault.target, down, number=2)
    chosen = f"{RUN}-{fault.target}"
    scene.record(fault, Aimed(fault=fault.fault, containers=(chosen,)), injected(fault))
    watchdog = scene.watchdog()
    watchdog.turn()
    scene.at_s += 100
    watchdog.turn()
    assert scene.docker.state(fault.target) == "running"
    assert scene.docker.state(fault.target, number=2) == down, "no fault of ours, and not ours to wake"
    assert open_faults(scene.journal) == ()


def test_silent_between_faults_is_no_harm(scene: Scene) -> None:
    scene.lives()
    watchdog = scene.watchdog()
    scene.record(LATENCY, injected(LATENCY), Mended(fault=LATENCY.fault, begun_s=9.0))
    scene.at_s += 100
    watchdog.turn()
    assert scene.docker.asked == []
    assert scene.journal.of(LeaseLapsed) == ()


@pytest.mark.parametrize("code", [TAKEN_OUT, REFUSED])
def test_a_toxiproxy_that_does_not_let_go_goes_with_its_container(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    monkeypatch.setattr("harness.inside.rescue.READ_BACK_S", 0.0)
    scene.lives()
    scene.record(LATENCY, injected(LATENCY))
    scene.docker.executes = lambda words: code
    watchdog = scene.watchdog()
    watchdog.turn()
    scene.at_s += 100
    watchdog.turn()
    assert f"{RUN}-drill-toxiproxy" not in scene.docker.names
    assert f"{RUN}-drill-lanes" in scene.docker.names
    assert open_faults(scene.journal) == ()


def test_a_toxic_that_was_on_is_read_back(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.inside.rescue.READ_BACK_S", 0.0)
    scene.lives()
    scene.record(LATENCY, injected(LATENCY))
    codes = iter((TAKEN_OUT, NOTHING))
    scene.docker.executes = lambda words: next(codes)
    watchdog = scene.watchdog()
    watchdog.turn()
    scene.at_s += 100
    watchdog.turn()
    assert len(scene.docker.executed) == 2
    assert f"{RUN}-drill-toxiproxy" in scene.docker.names
    assert open_faults(scene.journal) == ()


@pytest.mark.parametrize(
    ("told", "status"),
    [
        ((Aimed(fault=STOP.fault, containers=(f"{RUN}-web",)),), "running"),
        ((NotInjected(fault=STOP.fault, begun_s=3.0, error="web has no running container"),), "exited"),
        ((), "exited"),
    ],
)
def test_what_did_not_run_when_a_fault_was_to_begin_is_not_started(
    scene: Scene, told: tuple[Fact, ...], status: str
) -> None:
    scene.lives()
    scene.docker.container("web", "exited")
    scene.record(STOP, *told)
    scene.renew(boot="another kernel", opened_unix_s=time.time() - 3600)
    watchdog = scene.watchdog()
    watchdog.turn()
    scene.at_s += 100
    watchdog.turn()
    assert scene.docker.state("web") == status
    assert open_faults(scene.journal) == ()


@pytest.mark.parametrize(
    "told", [(), (NotInjected(fault=STOP.fault, begun_s=3.0, error="cannot stop web: Docker does not answer"),)]
)
def test_a_stop_that_may_still_be_on_its_way_is_waited_for(scene: Scene, told: tuple[Fact, ...]) -> None:
    scene.lives()
    scene.record(STOP, Aimed(fault=STOP.fault, containers=(f"{RUN}-web",)), *told)
    scene.renew(boot="another kernel", opened_unix_s=time.time() - 10)
    watchdog = scene.watchdog()
    watchdog.turn()
    scene.at_s += 100
    watchdog.turn()
    assert [fault.fault for fault in open_faults(scene.journal)] == [STOP.fault]
    scene.docker.container("web", "exited")
    watchdog.turn()
    assert scene.docker.state("web") == "running"
    assert open_faults(scene.journal) == ()
    (told,) = scene.journal.of(NotMended)
    assert "on its way" in told.error


def test_what_is_not_ours_to_undo_is_said_once_with_the_command(scene: Scene) -> None:
    scene.lives()
    scene.record(COMMAND, injected(COMMAND), PAUSE, injected(PAUSE))
    watchdog = scene.watchdog()
    watchdog.turn()
    scene.dies()
    assert watchdog.turn() is None
    assert [fault.fault for fault in open_faults(scene.journal)] == [COMMAND.fault]
    (told,) = scene.journal.of(NotMended)
    assert told.commands == (f"drill mend {RUN}",)
    assert scene.journal.of(Closed) == ()
    assert scene.docker.names == {"ffffffff-web"}


@pytest.mark.parametrize("fault", [COMMAND, Injecting(fault="p/r", kind="bad_release", target="web", planned_s=3.0)])
def test_what_needs_compose_or_the_drills_own_commands_is_left_to_the_command_that_has_both(
    scene: Scene, fault: Injecting
) -> None:
    """The harness hangs: its stack stays, and so must the words that get the rest out."""
    scene.lives()
    scene.record(fault, injected(fault))
    watchdog = scene.watchdog()
    watchdog.turn()
    scene.at_s += LEASE_S + 2
    for _ in range(3):
        watchdog.turn()
    (told,) = scene.journal.of(NotMended)
    assert told.commands == (f"drill halt {RUN}",)
    assert told.error.startswith("its harness hangs, and")
    assert "`drill halt`" in told.error
    assert [one.fault for one in open_faults(scene.journal)] == [fault.fault]


def test_it_goes_on_trying_while_docker_is_away_or_refuses(scene: Scene) -> None:
    scene.lives()
    watchdog = scene.watchdog()
    watchdog.turn()
    scene.dies()
    scene.docker.away = True
    assert watchdog.turn() == watching.AGAIN_S
    scene.docker.away = False
    scene.docker.refuses = {"^/networks/net$"}
    assert watchdog.turn() == watching.AGAIN_S
    assert f"{RUN}-drill-watchdog" in scene.docker.names
    scene.docker.refuses = set()
    assert watchdog.turn() is None
    assert scene.docker.names == {"ffffffff-web"}


@pytest.mark.parametrize("how", ["kept", "down"])
def test_of_a_run_that_ended_cleanly_nothing_is_mended(scene: Scene, how: str) -> None:
    scene.lives()
    watchdog = scene.watchdog()
    watchdog.turn()
    if how == "down":
        scene.docker.things = {"containers": {}, "networks": {}, "volumes": {}}
        scene.docker.container("drill-watchdog")
    before = scene.docker.names
    scene.renew(over=how)
    assert watchdog.turn() == watching.LOOK_S  # the harness still holds the run
    scene.dies()
    assert watchdog.turn() is None
    assert scene.docker.names == before - {f"{RUN}-drill-watchdog"}
    assert scene.journal.of(LeaseLapsed) == ()


def test_a_run_that_ends_between_a_look_at_its_lease_and_one_at_its_lock_has_ended(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.lives()
    watchdog = scene.watchdog()
    watchdog.turn()
    held = watchdog.pulse._held

    def it_just_ends() -> bool | None:
        monkeypatch.setattr(watchdog.pulse, "_held", held)
        scene.renew(over="kept")
        scene.dies()
        return held()

    monkeypatch.setattr(watchdog.pulse, "_held", it_just_ends)
    assert watchdog.turn() is None
    assert f"{RUN}-web" in scene.docker.names, "the stack is kept"
    assert scene.journal.of(LeaseLapsed) == ()


def test_what_a_harness_could_not_remove_is_tried_again(scene: Scene) -> None:
    scene.lives()
    watchdog = scene.watchdog()
    watchdog.turn()
    scene.renew(over="down")
    scene.dies()
    assert watchdog.turn() is None
    assert scene.docker.names == {"ffffffff-web"}


def test_a_run_whose_end_the_disk_refused_to_its_lease_has_ended_when_its_journal_says_so(scene: Scene) -> None:
    scene.lives()
    watchdog = scene.watchdog()
    watchdog.turn()
    before = scene.docker.names
    scene.record(Closed())  # kept, or all gone: nothing is ours
    scene.dies()
    assert watchdog.turn() is None
    assert scene.docker.names == before - {f"{RUN}-drill-watchdog"}
    assert scene.journal.of(LeaseLapsed) == ()


@pytest.mark.parametrize("closed", [(), (Closed(left=("network net",)),)])
def test_an_end_that_stands_nowhere_and_one_that_left_something_are_cleared_up(
    scene: Scene, closed: tuple[Fact, ...]
) -> None:
    scene.lives()
    watchdog = scene.watchdog()
    watchdog.turn()
    scene.record(*closed)
    scene.dies()
    assert watchdog.turn() is None
    assert scene.docker.names == {"ffffffff-web"}


def test_copies_that_a_harness_could_not_remove_are_removed_when_nothing_else_is_left(scene: Scene) -> None:
    removed: list[str] = []
    scene.monkeypatch.setattr("harness.inside.wreck.Wreck._copies", lambda wreck: removed.append(wreck.folder) or [])
    scene.lives()
    watchdog = scene.watchdog("/runs/x")
    watchdog.turn()
    scene.docker.things = {"containers": {}, "networks": {}, "volumes": {}}
    scene.docker.container("drill-watchdog")
    scene.renew(over="down")
    scene.dies()
    assert watchdog.turn() is None
    assert removed == ["/runs/x"]


def test_a_toxiproxy_that_cannot_be_reached_keeps_no_other_fault_on(scene: Scene) -> None:
    def refuses(*_: object) -> str:
        raise OSError("Docker answered 409: container is paused")

    scene.monkeypatch.setattr("harness.inside.rescue.Rescue.toxics_out", refuses)
    scene.lives()
    scene.record(LATENCY, injected(LATENCY), PAUSE, injected(PAUSE))
    watchdog = scene.watchdog()
    watchdog.turn()
    scene.at_s += LEASE_S + 2
    watchdog.turn()
    assert [fact.fault for fact in scene.journal.of(Mended)] == [PAUSE.fault]
    stuck = scene.journal.first(NotMended, fault=LATENCY.fault)
    assert stuck is not None
    assert "409" in stuck.error
