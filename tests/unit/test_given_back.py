"""A run on a project that ran already, whose harness is dead or silent: what takes its faults out, and puts the project back, from outside."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.attach.put_back import Returned
from harness.attach.record import Recorded
from harness.facts import Closed, Injecting, LeaseLapsed, Mended, Opened, ProjectCompared
from harness.journal import Journal, read
from harness.journal_writer import Writer
from harness.run import folder as folders
from harness.run.folder import RunFolder
from harness.safety import given_back as giving
from harness.safety import guardian
from harness.safety.mend import _unfinished, mend

FAULT = Injecting(fault="hurt/stop-store", kind="stop", target="store", planned_s=1.0, until_s=9.0, stated={})
SAME = Returned("shop")
DIFFERENT = "container shop-web-1: image a before, b now"


@pytest.fixture
def dead(tmp_path: Path) -> RunFolder:
    """A run that was played on `shop` and left a fault on."""
    folder = folders.create(tmp_path, "shop")
    folder.facts.mkdir()
    writer = Writer(folder.facts, "harness", lambda: 1.0)
    writer.write(Opened(drill="shop", run=folder.run, wall_unix_s=1.0, monotonic_ns=1, version="1", boot=""))
    writer.write(FAULT)
    writer.close()
    Recorded("shop").keep(folder.path)
    return folder


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """What is asked of it, in order; how the project comes back."""

    def made(back: Returned = SAME, still_on: tuple[str, ...] = ()) -> list[str]:
        steps: list[str] = []

        def take_out(folder: RunFolder, writer: Writer, why: str) -> tuple[str, ...]:
            steps.append(f"faults out ({why})")
            if not still_on:
                writer.write(Mended(fault=FAULT.fault, begun_s=2.0, why=why))
            return still_on

        def put_back(path: Path, run: str) -> Returned:
            steps.append("put back")
            return back

        def gone(path: Path, run: str) -> Returned:
            steps.append("looked for what is left")
            return Returned("shop")

        for module in (giving, guardian):
            monkeypatch.setattr(module, "take_out", take_out)
        monkeypatch.setattr(giving, "put_back", put_back)
        monkeypatch.setattr(giving, "gone", gone)
        monkeypatch.setattr(giving, "end_orphans", lambda run: [])
        return steps

    return made


def journal(folder: RunFolder) -> Journal:
    return read(folder.path)


def test_mend_takes_the_faults_out_before_it_puts_the_project_back_and_closes_the_run(
    dead: RunFolder, world: Callable[..., list[str]]
) -> None:
    steps, said = world(), list[str]()
    assert mend(dead, said.append) == []
    assert steps == ["faults out (sweep)", "put back"]
    assert [fact.differences for fact in journal(dead).of(ProjectCompared)] == [()]
    assert journal(dead).of(Closed)
    assert said == [f"{dead.run}: shop is what it was"]


def test_a_second_mend_looks_only_for_what_the_run_may_have_left(
    dead: RunFolder, world: Callable[..., list[str]]
) -> None:
    steps = world()
    mend(dead, lambda line: None)
    steps.clear()
    assert mend(dead, lambda line: None) == []
    assert steps == ["looked for what is left"], "what became of the project since is its user's affair"


def test_a_project_that_is_only_other_than_it_was_is_told_once_with_its_command_and_the_run_is_closed(
    dead: RunFolder, world: Callable[..., list[str]]
) -> None:
    steps, said = world(Returned("shop", (), (DIFFERENT,), ("docker compose -p shop ps --all",))), list[str]()
    assert mend(dead, said.append) == [DIFFERENT]
    assert said == [f"{dead.run}: {DIFFERENT}", "    docker compose -p shop ps --all"]
    assert [fact.differences for fact in journal(dead).of(ProjectCompared)] == [(DIFFERENT,)]
    assert journal(dead).of(Closed)
    assert not _unfinished(dead)
    steps.clear()
    said.clear()
    assert mend(dead, said.append) == []
    assert steps == ["looked for what is left"]
    (line,) = said
    assert line.startswith(f"{dead.run}: nothing of it is left; when shop was compared")
    assert line.endswith(DIFFERENT)


def test_what_of_the_run_is_left_is_told_with_commands_and_tried_again_the_next_time(
    dead: RunFolder, world: Callable[..., list[str]]
) -> None:
    again = (f"drill mend {dead.run}", "docker rename x web && docker start web")
    steps, said = world(Returned("shop", ("network x",), (DIFFERENT,), again)), list[str]()
    assert mend(dead, said.append) == ["network x", DIFFERENT]
    assert said[-1] == "    docker rename x web && docker start web", "`drill mend` was just typed"
    assert not journal(dead).of(Closed)
    steps.clear()
    mend(dead, said.append)
    assert steps == ["faults out (sweep)", "put back"]


def test_a_fault_that_is_still_on_in_a_closed_run_is_taken_out(
    dead: RunFolder, world: Callable[..., list[str]]
) -> None:
    steps = world()
    writer = Writer(dead.facts, "other", lambda: 1.0)
    writer.write(ProjectCompared(project="shop", differences=()))
    writer.write(Closed())
    writer.close()
    assert mend(dead, lambda line: None) == []
    assert steps == ["faults out (sweep)", "put back"]
    assert journal(dead).of(Mended, fault=FAULT.fault)


def test_a_guardian_does_not_try_again_what_is_only_other_than_it_was(
    dead: RunFolder, world: Callable[..., list[str]]
) -> None:
    world(Returned("shop", (), (DIFFERENT,)))
    assert guardian._off_project(dead, None, gone=True) == ""


def test_a_fault_that_stays_on_is_left_and_the_run_is_not_closed(
    dead: RunFolder, world: Callable[..., list[str]]
) -> None:
    world(still_on=(FAULT.fault,))
    assert mend(dead, lambda line: None) == [FAULT.fault]
    assert not journal(dead).of(Closed)


def test_a_silent_harness_has_its_faults_taken_out_and_its_project_left_as_it_plays_on_it(
    dead: RunFolder, world: Callable[..., list[str]]
) -> None:
    steps = world()
    lapsed = LeaseLapsed(lease_s=20.0, silent_s=21.0, gone=False)
    assert guardian._off_project(dead, lapsed, gone=False) == ""
    assert steps == ["faults out (lease)"]
    assert journal(dead).of(LeaseLapsed, writer="watchdog")


def test_a_dead_harness_has_its_project_put_back_too(dead: RunFolder, world: Callable[..., list[str]]) -> None:
    steps = world(Returned("shop", ("network x",)))
    assert guardian._off_project(dead, None, gone=True) == "network x"
    assert steps == ["faults out (sweep)", "put back"]


def test_on_a_project_faults_on_containers_are_the_guardians_as_well(dead: RunFolder) -> None:
    assert guardian._open(dead) == [(FAULT.fault, "store")]
    (dead.path / "attached.json").unlink()
    assert guardian._open(dead) == [], "of a target it knows only edges"
