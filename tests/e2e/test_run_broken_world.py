"""Whole drills whose world breaks under them: Docker, Toxiproxy, a helper or the disk goes away in the middle of a fault."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from docker_proxy import DockerProxy
from shop_runs import Run, Told, docker, told_by

from harness.facts import (
    Blinded,
    Broke,
    Closed,
    Injected,
    Injecting,
    LoadEnded,
    Looked,
    Mended,
    NotMended,
    PhaseEnded,
)

pytestmark = pytest.mark.e2e

Process = subprocess.Popen[bytes]


def helper(run: Run, name: str) -> str:
    """A helper's container: 'keeper', 'lookout', 'drill-toxiproxy'."""
    ours = f"label=io.drill.run={run.folder.name.rpartition('-')[2]}"
    names = docker("ps", "-a", "--filter", ours, "--format", "{{.Names}}").split()
    (found,) = [one for one in names if name in one]
    return found


def kill(name: str) -> Callable[[Run, Process], None]:
    def act(run: Run, process: Process) -> None:
        run.await_fact(process, Injected, fault="slow/latency-web->store")
        docker("kill", helper(run, name))

    return act


def wedge_toxiproxy(run: Run, process: Process) -> None:
    run.await_fact(process, Injected, fault="slow/latency-web->store")
    docker("pause", helper(run, "drill-toxiproxy"))


class Away:
    """Docker goes away for so long, or for good, while the first fault is on."""

    def __init__(self, for_s: float | None) -> None:
        self._for_s = for_s
        self.proxy: DockerProxy | None = None

    def prepare(self, run: Run) -> None:
        self.proxy = DockerProxy(run.home / "docker.sock")
        run.env |= self.proxy.env

    def __call__(self, run: Run, process: Process) -> None:
        assert self.proxy is not None
        run.await_fact(process, Injected, fault="slow/latency-web->store")
        self.proxy.cut()
        if self._for_s is None:
            process.wait()
        else:
            time.sleep(self._for_s)
        self.proxy.back()


class SmallDisk:
    """Run folders lie on a disk of their own, which is full from the first fault on."""

    def prepare(self, run: Run) -> None:
        run.runs = run.home / "disk"
        run.runs.mkdir()
        mount("-t", "tmpfs", "-o", "size=8m", "tmpfs", str(run.runs))

    def __call__(self, run: Run, process: Process) -> None:
        assert run.runs is not None
        run.await_fact(process, Injected, fault="slow/latency-web->store")
        with (run.runs / "ballast").open("wb", buffering=0) as ballast:
            try:
                while True:
                    ballast.write(bytes(4096))
            except OSError:
                pass
        process.wait()
        (run.runs / "ballast").unlink()


def mount(*words: str, verb: str = "mount") -> None:
    """Mounting is for root; whoever may use Docker usually may use sudo."""
    subprocess.run([*(["sudo", "-n"] if os.geteuid() else []), verb, *words], check=True)


STORIES: dict[str, Callable[[Run, Process], None]] = {
    "docker gone": Away(None),
    "docker back": Away(6.0),
    "keeper killed": kill("keeper"),
    "lookout killed": kill("lookout"),
    "toxiproxy killed": kill("drill-toxiproxy"),
    "toxiproxy wedged": wedge_toxiproxy,
    "full disk": SmallDisk(),
}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory, docker_engine: None) -> Iterator[Told]:
    home = tmp_path_factory.mktemp("broken")
    yield from told_by(home, {name: (act, {}) for name, act in STORIES.items()})
    for disk in home.glob("*/disk"):
        mount(str(disk), verb="umount")


@pytest.mark.parametrize("story", STORIES)
def test_whatever_breaks_every_fault_is_out_and_the_run_is_closed_and_judged(told: Told, story: str) -> None:
    run = told(story)
    journal = run.journal
    assert {f.fault for f in journal.of(Injecting)} <= {f.fault for f in journal.of(Mended)}, run.said
    assert not journal.of(NotMended), run.said
    assert journal.of(LoadEnded)
    assert journal.of(Closed)
    assert run.verdict["exit_code"] == run.code, run.said
    assert "faults out" in run.out


@pytest.mark.parametrize("story", [name for name in STORIES if name != "docker gone"])
def test_nothing_is_left_by_a_run_whose_docker_answers_in_the_end(told: Told, story: str) -> None:
    assert told(story).left() == []


def test_without_docker_faults_on_edges_are_out_and_what_stays_is_said_with_its_command(told: Told) -> None:
    run = told("docker gone")
    assert run.code == 6, run.said
    assert f"drill mend {run.folder.name.rpartition('-')[2]}" in run.out
    (closed,) = run.journal.of(Closed)
    assert closed.left
    assert run.drill("mend", "latest").returncode == 0
    assert run.left() == []


def test_a_docker_that_comes_back_ends_no_run_and_what_nobody_saw_is_not_passed(told: Told) -> None:
    run = told("docker back")
    assert run.code in (0, 3), run.said
    assert not run.journal.of(Broke)
    assert run.journal.of(PhaseEnded, phase="gone")
    assert run.outcome("run/stays_up-all") == "inconclusive"


def test_a_keeper_that_is_killed_is_followed_by_another(told: Told) -> None:
    run = told("keeper killed")
    assert run.code in (0, 3), run.said
    assert not run.journal.of(Broke)
    assert run.journal.of(PhaseEnded, phase="gone")
    assert run.journal.of(Blinded, probe="keeper")
    assert run.journal.of(Looked, probe="keeper")


def test_a_lookout_that_is_killed_is_followed_by_another(told: Told) -> None:
    run = told("lookout killed")
    assert run.code in (0, 3), run.said
    assert not run.journal.of(Broke)
    assert run.outcome("gone/recovers-steady") == "passed"


@pytest.mark.parametrize("story", ["toxiproxy killed", "toxiproxy wedged"])
def test_a_toxiproxy_that_dies_or_hangs_is_started_again_and_said(told: Told, story: str) -> None:
    run = told(story)
    assert run.code in (0, 1, 3), run.said
    assert not run.journal.of(Broke)
    assert [m.ladder for m in run.journal.of(Mended, fault="slow/latency-web->store")][-1]


def test_a_full_disk_ends_the_run_as_our_error_and_its_evidence_is_judged(told: Told) -> None:
    run = told("full disk")
    assert run.code == 6, run.said
    assert "No space left on device" in run.said
    again = run.drill("judge", str(run.folder))
    assert again.returncode == 6, again.stdout
    assert {f["outcome"] for f in run.verdict["findings"] if f["phase"]} == {"inconclusive"}


def test_the_ballast_is_gone_with_its_disk(told: Told, tmp_path: Path) -> None:
    run = told("full disk")
    assert run.runs is not None
    assert not (run.runs / "ballast").exists()
