"""The probe of this machine: what it tells, and that what it cannot look at is said and hides nothing else."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from harness.errors import NotApplied
from harness.facts import Blinded, HostSeen, Looked
from harness.fakeworld import FakeWorld
from harness.probes.host import HostProbe
from harness.run.assembly import disks


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    folder = tmp_path / "proc"
    folder.mkdir()
    (folder / "stat").write_text("cpu  100 0 100 700 100 0 0 0 0 0\ncpu0 1 1 1 1 1 1 1 1\n")
    (folder / "meminfo").write_text("MemTotal: 1000 kB\nMemFree: 1 kB\nMemAvailable:  250 kB\n")
    return folder


def test_it_tells_processors_memory_and_each_disk_once(proc: Path, tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    probe, world = HostProbe((tmp_path, tmp_path / "inner"), proc), FakeWorld().world
    first = probe.look(world)[0]
    assert isinstance(first, HostSeen)
    assert first.cpu_ratio is None, "one reading tells no share"
    assert (first.memory_bytes, first.memory_free_bytes) == (1_024_000, 256_000)
    assert list(first.disks) == [str(tmp_path)]
    free, total = first.disks[str(tmp_path)]
    assert 0 < free <= total
    (proc / "stat").write_text("cpu  160 10 105 715 110 0 0 0 0 0\n")
    second = probe.look(world)[0]
    assert isinstance(second, HostSeen)
    assert second.cpu_ratio == 0.75


def test_what_it_cannot_look_at_is_said_and_the_rest_is_told(proc: Path, tmp_path: Path) -> None:
    (proc / "stat").unlink()
    (proc / "meminfo").write_text("MemTotal: 1000 kB\n")
    seen, *said, looked = HostProbe((tmp_path, tmp_path / "gone"), proc).look(FakeWorld().world)
    assert isinstance(seen, HostSeen)
    assert seen.cpu_ratio is seen.memory_bytes is None
    assert seen.disks
    assert [one.target for one in said if isinstance(one, Blinded)] == ["cpu", "memory", str(tmp_path / "gone")]
    assert isinstance(looked, Looked)


@pytest.mark.parametrize(
    "root", ["", "/no/such/folder", "\0", NotApplied("Docker does not answer"), PermissionError(13, "no")]
)
def test_dockers_disk_is_looked_at_only_where_it_is_on_this_machine(root: Any, tmp_path: Path) -> None:
    def told() -> str:
        if isinstance(root, Exception):
            raise root
        return str(root)

    session: Any = SimpleNamespace(folder=SimpleNamespace(path=tmp_path))
    parts: Any = SimpleNamespace(containers=SimpleNamespace(root=told))
    assert disks(session, parts) == (tmp_path,)
    parts.containers.root = lambda: str(tmp_path)
    assert disks(session, parts) == (tmp_path, tmp_path)
