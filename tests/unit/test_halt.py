"""Faults taken out from outside of the run: nothing is called out that was not seen to be."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from harness.attach.record import Recorded
from harness.errors import NotApplied
from harness.facts import Fact, HaltAsked, Injected, Injecting, ListenersChanged, Mended, NotMended, Opened, PhaseBegan
from harness.journal import Journal, read
from harness.journal_writer import Writer
from harness.run.folder import RunFolder
from harness.safety import halt as halting
from harness.safety import takeout
from harness.safety.halt import halt
from harness.safety.openfaults import open_faults
from harness.safety.proxies import cleared
from harness.safety.takeout import own_writer, take_out
from harness.world.docker_cli import Answer
from harness.world.handles import Toxic
from harness.world.toxiproxy import ProxySeen

SLOW = Toxic("latency", {"latency": 100})


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    path = tmp_path / "runs" / "wiki" / "20260101T000000Z-0a0b0c0d"
    path.mkdir(parents=True)
    return RunFolder(path)


def written(folder: RunFolder, *facts: Fact) -> None:
    began_ns = time.monotonic_ns()
    writer = Writer(folder.facts, "harness", lambda: (time.monotonic_ns() - began_ns) / 1e9)
    for fact in (Opened(drill="wiki", run="0a0b0c0d", wall_unix_s=0.0, monotonic_ns=began_ns), *facts):
        writer.write(fact)
    writer.close()


def injecting(fault: str = "p/latency-a->b", target: str = "a->b", kind: str = "latency") -> Injecting:
    return Injecting(fault=fault, kind=kind, target=target, planned_s=0.0)


class Toxiproxy:
    """A server that somebody else writes to as well: `again` puts everything back at each reading."""

    def __init__(self, proxies: Mapping[str, ProxySeen], again: bool = False) -> None:
        self.was = dict(proxies)
        self.now = dict(proxies)
        self._again = again

    def proxies(self) -> Mapping[str, ProxySeen]:
        if self._again:
            self.now = dict(self.was)
        return dict(self.now)

    def remove_toxic(self, name: str, toxic: str) -> None:
        self.now[name] = ProxySeen(name, "", "", self.now[name].enabled)

    def enable(self, name: str) -> None:
        self.now[name] = ProxySeen(name, "", "", True)

    def close(self) -> None:
        pass


def cannot(*_: object) -> None:
    raise NotApplied("Docker refuses")


def takes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Why faults were taken out from outside, each time that they were."""
    taken: list[str] = []

    def take_out(folder: RunFolder, writer: Writer, why: str) -> tuple[str, ...]:
        taken.append(why)
        return ()

    monkeypatch.setattr(halting, "take_out", take_out)
    return taken


def test_toxics_and_closed_proxies_of_hurt_edges_are_out_only_when_they_are_read_back_so() -> None:
    server = Toxiproxy({"a->b:1": ProxySeen("a->b:1", "", "", False, {"t": SLOW})})
    assert cleared(server, {"a->b"})  # type: ignore[arg-type]
    assert not cleared(server, {"a->b"})  # type: ignore[arg-type]


def test_a_proxy_that_is_closed_because_its_dependency_does_not_listen_is_no_fault() -> None:
    server = Toxiproxy({"a->c:1": ProxySeen("a->c:1", "", "", False)}, again=True)
    assert not cleared(server, {"a->b"})  # type: ignore[arg-type]


@pytest.mark.parametrize("again", [False, True])
def test_a_fault_that_comes_on_again_is_not_called_out(
    folder: RunFolder, monkeypatch: pytest.MonkeyPatch, again: bool
) -> None:
    server = Toxiproxy({"a->b:1": ProxySeen("a->b:1", "", "", True, {"t": SLOW})}, again)
    monkeypatch.setattr("harness.world.toxiproxy.Server", lambda *_: server)
    monkeypatch.setattr(takeout, "_restart", cannot)
    monkeypatch.setattr(takeout, "_remove", cannot)
    (folder.path / "stack.json").write_text('{"api": ["127.0.0.1", 1]}')
    written(folder, injecting(), Injected(fault="p/latency-a->b", begun_s=0.0))
    still_on = take_out(folder, own_writer(folder, "halt"), "halt")
    journal = read(folder.path)
    assert still_on == (("p/latency-a->b",) if again else ())
    assert bool(journal.of(NotMended)) == again
    for mended in journal.of(Mended):
        assert 0 < mended.begun_s <= mended.seen_s, "it was on until somebody took it out, not until it was planned"
        assert not open_faults(journal)


def test_a_port_that_was_only_seen_to_be_listened_on_is_filled_again_too(
    folder: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    ports: list[tuple[int, ...]] = []

    def clear(folder: RunFolder, journal: Journal, *_: object) -> str:
        ports.extend(fact.ports for fact in journal.of(ListenersChanged))
        return ""

    monkeypatch.setattr(takeout, "clear", clear)
    written(folder, ListenersChanged(service="b", ports=(5432,)), injecting())
    assert take_out(folder, own_writer(folder, "halt"), "halt") == ()
    assert ports == [(5432,)]


def test_a_wedged_edge_and_a_container_that_does_not_wake_are_taken_out_side_by_side(
    folder: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    woken = threading.Event()

    def clear(*_: object) -> str:
        return "" if woken.wait(10) else "the paused database waited for the ladder"

    def wake(folder: RunFolder, fault: Injecting, *_: object) -> str:
        woken.set()
        return "db is paused" if fault.target == "db" else ""

    monkeypatch.setattr(takeout, "clear", clear)
    monkeypatch.setattr(takeout, "_wake", wake)
    paused = [injecting(f"p/pause-{name}", name, "pause") for name in ("db", "cache")]
    written(folder, injecting(), *paused, *(Injected(fault=one.fault, begun_s=0.0) for one in paused))
    assert take_out(folder, own_writer(folder, "halt"), "halt") == ("p/pause-db",)
    assert {fact.fault for fact in read(folder.path).of(Mended)} == {"p/latency-a->b", "p/pause-cache"}


@pytest.mark.parametrize("ok", [True, False])
def test_a_bad_release_of_a_harness_that_hangs_is_put_back_from_the_runs_own_compose_file(
    folder: RunFolder, monkeypatch: pytest.MonkeyPatch, ok: bool
) -> None:
    ran: list[tuple[str, ...]] = []

    def run(command: tuple[str, ...], **_: object) -> Answer:
        ran.append(command)
        return Answer(0 if ok else 1, "", "no such image: api:good")

    monkeypatch.setattr("harness.stack.compose.run", run)
    (folder.path / "stack.json").write_text('{"project": "drill-0a0b0c0d", "files": ["/home/me/shop/compose.yaml"]}')
    release = injecting("p/bad_release-api", "api+web", "bad_release")
    written(folder, release, Injected(fault=release.fault, begun_s=0.0))
    assert take_out(folder, own_writer(folder, "halt"), "halt") == (() if ok else (release.fault,))
    (command,) = ran
    assert command[-2:] == ("api", "web")
    assert str(folder.path / "compose.yaml") in command
    for told in read(folder.path).of(NotMended):
        (typed,) = told.commands
        assert typed == (
            f"docker compose -p drill-0a0b0c0d -f {folder.path}/compose.yaml --project-directory /home/me/shop "
            "up -d --no-deps api web"
        )


def test_halt_waits_until_the_harness_has_said_that_it_injects_no_more(
    folder: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No fault is on, but one may just be about to begin."""
    taken = takes(monkeypatch)
    monkeypatch.setattr(halting, "ANSWER_S", 0.1)
    written(folder, PhaseBegan(phase="slow"))
    halt(folder, "anna", "", lambda _: None)
    assert taken
    assert folder.halt_request.exists()


def test_halt_is_content_with_a_harness_that_has_ended_its_story(
    folder: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(halting, "take_out", lambda *_: pytest.fail("the harness had answered"))
    written(folder, injecting(), Mended(fault="p/latency-a->b", begun_s=0.0), HaltAsked(by="anna"))
    said: list[str] = []
    assert halt(folder, "anna", "", said.append) == ()
    assert "faults out" in said[0]


def test_a_disk_that_takes_no_request_keeps_no_fault_on(folder: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    taken = takes(monkeypatch)
    written(folder, PhaseBegan(phase="slow"))
    (folder.path / ".halt.json").mkdir()
    halt(folder, "anna", "", lambda _: None)
    assert taken


@pytest.mark.parametrize(
    ("kinds", "waits"),
    [((), False), (("command",), True), (("bad_release", "command"), True), (("command", "latency"), False)],
)
def test_a_harness_that_undoes_what_a_command_made_is_given_its_time(
    folder: RunFolder, kinds: tuple[str, ...], waits: bool
) -> None:
    written(folder, *(injecting(f"p/{kind}", kind, kind) for kind in kinds))
    assert halting.puts_a_release_back(read(folder.path), silent_s=1.0) == waits


def test_halt_loads_nothing_that_makes_a_person_wait(tmp_path: Path) -> None:
    """The models of a drill and numpy take two seconds to import on a busy machine, in which a fault stays on."""
    script = (
        "import sys; from harness.cli.halt import command; import harness.safety.takeout\n"
        "command.main([], standalone_mode=False)\n"
        "print(sorted({'pydantic', 'numpy', 'docker', 'yaml', 'rich'} & set(sys.modules)))"
    )
    ended = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert ended.stdout == "[]\n"
    assert ended.stderr == "no drill is running here\n"


def test_a_fault_on_a_project_that_ran_already_is_asked_for_where_it_runs_and_is_on_while_nothing_is_found_there(
    folder: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def containers(folder: RunFolder, service: str) -> list[object]:
        asked.append(os.environ["DOCKER_HOST"])
        return []

    monkeypatch.setenv("DOCKER_HOST", "unix:///mine")
    monkeypatch.setattr(takeout, "_containers", containers)
    written(folder, injecting("p/pause-db", "db", "pause"), Injected(fault="p/pause-db", begun_s=0.5))
    Recorded("shop", {"container shop-db-1": {"service": "db"}}, docker={"DOCKER_HOST": "tcp://build:2376"}).keep(
        folder.path
    )
    writer = own_writer(folder, "halt")
    assert take_out(folder, writer, "halt") == ("p/pause-db",)
    writer.close()
    assert asked == ["tcp://build:2376"]
    assert os.environ["DOCKER_HOST"] == "unix:///mine"
    (said,) = read(folder.path).of(NotMended)
    assert said.error.startswith("no container of db is found, and shop-db-1 was there")
    assert said.commands == (f"drill mend {folder.run}",)
