"""Who used this machine's processors, read from a /proc and cgroups written by hand."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

import pytest

from harness.errors import NotApplied
from harness.facts import Blinded, Fact, Looked, ProcessorsSeen
from harness.fakeworld import FakeWorld
from harness.neighbours import neighbours
from harness.probes import accounts
from harness.probes.processors import ProcessorsProbe
from harness.testing import journal_of

ID, OTHER = "c" * 64, "d" * 64
HERE = os.getpid()
TICKS = accounts.TICKS


class Machine:
    """Two processors, the harness with its load, a container, Docker; times in s."""

    def __init__(self, folder: Path, group: str = f"0::/system.slice/docker-{ID}.scope") -> None:
        self.proc, self.cgroups = folder / "proc", folder / "cgroup"
        self.group = group
        self.machine(user=0.0, idle=0.0)
        self.process(HERE, "python", 1.0, children=(501,))
        self.process(501, "load", 0.5)
        self.process(1, "init", 9.0)
        self.process(7, "dockerd", 3.0)
        self.process(700, "api", 0.0)
        self.write("proc/700/cgroup", f"3:cpu:/x\n{group}\n")

    def write(self, name: str, text: str) -> None:
        path = self.proc.parent / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def machine(self, user: float, idle: float, nice: float = 0.0, steal: float = 0.0, irq: float = 0.0) -> None:
        ticks = [round(s * TICKS) for s in (user, nice, 0, idle, 0, irq, 0, steal)]
        line = " ".join(map(str, ticks))
        self.write("proc/stat", f"cpu  {line} 0 0\ncpu0 1 2 3\ncpu1 1 2 3\nintr 5\n")

    def process(self, pid: int, name: str, used_s: float, children: tuple[int, ...] = (), ended_s: float = 0.0) -> None:
        used, ended = round(used_s * TICKS), round(ended_s * TICKS)
        self.write(f"proc/{pid}/stat", f"{pid} ({name} (x)) S 1 {'0 ' * 9}{used} 0 {ended} 0 20 0\n")
        self.write(f"proc/{pid}/comm", f"{name}\n")
        self.write(f"proc/{pid}/task/{pid}/children", " ".join(map(str, children)))

    def used(self, seconds: float, container: str = ID) -> None:
        self.write(
            f"cgroup/system.slice/docker-{container}.scope/cpu.stat", f"usage_usec {round(seconds * 1e6)}\nx 1\n"
        )

    def probe(self) -> ProcessorsProbe:
        return ProcessorsProbe(self.proc, self.cgroups)


def world() -> FakeWorld:
    fake = FakeWorld(["api"], [])
    fake.containers.pids = {ID: 700}
    return fake


def looked(probe: ProcessorsProbe, fake: FakeWorld) -> list[Fact]:
    return list(probe.look(fake.world))


def test_a_second_is_told_by_who_used_it(tmp_path: Path) -> None:
    machine, fake = Machine(tmp_path), world()
    machine.used(100.0)
    probe = machine.probe()
    assert looked(probe, fake) == [Looked(probe="processors")], "one reading tells nothing yet"
    machine.machine(user=1.2, nice=0.2, idle=0.3, steal=0.2, irq=0.1)
    machine.process(HERE, "python", 1.1, children=(501,))
    machine.process(501, "load", 0.6)
    machine.process(7, "dockerd", 3.2)
    machine.used(100.5)
    seen, look = looked(probe, fake)
    assert seen == ProcessorsSeen(
        over_s=1.0,
        processors=2,
        idle_s=0.3,
        steal_s=0.2,
        busy_s=1.4,  # niced processes are busy
        stack_s=0.5,
        harness_s=0.2,
        docker_s=0.2,
    )
    assert isinstance(seen, ProcessorsSeen)
    assert seen.others_s == pytest.approx(0.5)
    assert look == Looked(probe="processors")


def test_a_machine_that_niced_neighbours_fill_is_full(tmp_path: Path) -> None:
    machine, fake = Machine(tmp_path), world()
    machine.used(100.0)
    probe = machine.probe()
    looked(probe, fake)
    machine.machine(user=0.6, nice=1.4, idle=0.0)
    machine.used(100.4)
    seen = looked(probe, fake)[0]
    assert isinstance(seen, ProcessorsSeen)
    assert seen.idle_s == 0.0
    assert seen.others_s == pytest.approx(1.6)
    found = neighbours(journal_of(dataclasses.replace(seen, seen_s=1.0)), 0.0, 1.0)
    assert str(found) == "processes outside of this run used 1.6 of 2 processors for 1 s of the 1 s"


def test_a_container_that_ended_under_a_supervisor_of_dockers_did_not_use_its_life_in_one_second(
    tmp_path: Path,
) -> None:
    machine, fake = Machine(tmp_path), world()
    machine.used(100.0)
    machine.process(8, "containerd-shim", 0.5)
    probe = machine.probe()
    looked(probe, fake)
    machine.machine(user=2.0, idle=0.0)
    machine.process(8, "containerd-shim", 0.6, ended_s=48.9)
    seen = looked(probe, fake)[0]
    assert isinstance(seen, ProcessorsSeen)
    assert seen.docker_s == pytest.approx(0.1)
    assert seen.others_s == pytest.approx(1.9)


def test_what_the_harness_started_stays_on_its_account_when_it_ends(tmp_path: Path) -> None:
    machine, fake = Machine(tmp_path), world()
    machine.used(100.0)
    probe = machine.probe()
    looked(probe, fake)
    machine.machine(user=2.0, idle=0.0)
    machine.process(HERE, "python", 1.1, ended_s=0.7)
    seen = looked(probe, fake)[0]
    assert isinstance(seen, ProcessorsSeen)
    assert seen.harness_s == pytest.approx(0.3), "0.5 s of the 0.7 s stood in its own account"


def test_a_container_that_began_or_began_anew_used_all_that_its_account_holds(tmp_path: Path) -> None:
    machine, fake = Machine(tmp_path), world()
    machine.used(100.0)
    probe = machine.probe()
    looked(probe, fake)
    fake.containers.pids[OTHER] = 701
    machine.write("proc/701/cgroup", f"0::/system.slice/docker-{OTHER}.scope\n")
    machine.used(0.3)
    machine.used(0.4, OTHER)
    machine.machine(user=1.0, idle=1.0)
    seen = looked(probe, fake)[0]
    assert isinstance(seen, ProcessorsSeen)
    assert seen.stack_s == pytest.approx(0.7)


@pytest.mark.parametrize("controllers", ["cpuacct", "cpu,cpuacct"])
def test_the_first_version_of_cgroups_is_read_too(tmp_path: Path, controllers: str) -> None:
    machine, fake = Machine(tmp_path, f"4:{controllers}:/docker/{ID}/inner"), world()
    machine.write(f"cgroup/{controllers}/docker/{ID}/cpuacct.usage", "5000000000\n")
    probe = machine.probe()
    looked(probe, fake)
    machine.write(f"cgroup/{controllers}/docker/{ID}/cpuacct.usage", "5250000000\n")
    machine.machine(user=1.0, idle=1.0)
    seen = looked(probe, fake)[0]
    assert isinstance(seen, ProcessorsSeen)
    assert seen.stack_s == pytest.approx(0.25)


@pytest.mark.parametrize("group", ["0::/user.slice/session.scope", f"0::/system.slice/docker-{OTHER}.scope", "0::/"])
def test_a_docker_on_another_machine_is_not_mistaken_for_this_one(tmp_path: Path, group: str) -> None:
    """Its process ids may be some other process' here."""
    machine, fake = Machine(tmp_path, group), world()
    probe = machine.probe()
    (blinded,) = looked(probe, fake)
    assert isinstance(blinded, Blinded)
    assert "not observable here: the stack's containers do not run on it" in blinded.error
    assert looked(probe, fake) == [], "said once"


def test_a_container_whose_account_is_not_found_makes_no_one_elses_use(tmp_path: Path) -> None:
    machine, fake = Machine(tmp_path), world()
    machine.used(100.0)
    probe = machine.probe()
    looked(probe, fake)
    fake.containers.pids[OTHER] = 0
    (blinded,) = looked(probe, fake)
    assert isinstance(blinded, Blinded)
    assert "dddddddddddd" in blinded.error
    del fake.containers.pids[OTHER]
    machine.machine(user=2.0, idle=2.0)
    assert looked(probe, fake) == [Looked(probe="processors")], "the stretch in between is not told"


def test_a_docker_that_does_not_answer_blinds_one_look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    machine, fake = Machine(tmp_path), world()
    machine.used(1.0)
    probe = machine.probe()

    def silent() -> tuple[str, ...]:
        raise NotApplied("Docker does not answer")

    with monkeypatch.context() as patched:
        patched.setattr(fake.containers, "running", silent)
        assert isinstance(looked(probe, fake)[0], Blinded)
    assert looked(probe, fake) == [Looked(probe="processors")]


def test_a_system_or_a_kernel_that_does_not_tell_is_said_once(tmp_path: Path) -> None:
    machine, fake = Machine(tmp_path), world()
    (machine.proc / str(HERE) / "task" / str(HERE) / "children").unlink()
    probe = machine.probe()
    (blinded,) = looked(probe, fake)
    assert isinstance(blinded, Blinded)
    assert "which processes the harness started" in blinded.error
    assert looked(probe, fake) == []


def test_this_machines_own_accounts_can_be_read() -> None:
    here = accounts.machine()
    assert here.processors >= 1
    assert here.busy_s > 0
    alone = accounts.process_s(HERE)
    assert accounts.tree_s(HERE) >= alone > 0, "read after it: both grow while the test runs"
    assert accounts.process_s(2**22 + 1) == 0.0
