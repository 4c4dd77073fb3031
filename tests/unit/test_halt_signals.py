"""A signal goes to the harness of a run and to nothing else: a process id means another process in another container."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from harness.cli.halt import command
from harness.inside.pulse import identity
from harness.report.status import lines
from harness.run import folder as folders
from harness.run import target
from harness.run.folder import RunFolder
from harness.safety import halt as halting
from harness.safety import signalled as signals
from harness.safety.halt import end_hanging, end_preparing
from harness.safety.status import status
from harness.underway import Holder

SHOP = target.Target("compose.yaml", "0a0b0c0d")
AWAY = [
    {"pid_namespace": "pid:[1]"},
    {"boot": "of another machine"},
    {"pid": os.getppid(), "born": 1},  # our parent may have begun in the same tick as we
]


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    sent: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "kill", lambda pid, number: sent.append((pid, number)))
    monkeypatch.setattr(halting, "AT_ONCE_S", 0.0)
    return sent


def wearing(monkeypatch: pytest.MonkeyPatch, **other: Any) -> None:
    """What this process writes of itself is what another one would."""
    monkeypatch.setattr(folders, "identity", lambda: {**identity(), "host": "3f9a12cd0b1c", **other})
    monkeypatch.setattr(target, "identity", lambda: {**identity(), "host": "3f9a12cd0b1c", **other})


@pytest.mark.parametrize("other", AWAY[:2])
def test_a_harness_of_another_container_or_machine_gets_no_signal_from_here_and_it_is_said_where_it_is(
    tmp_path: Path, sent: list[tuple[int, int]], monkeypatch: pytest.MonkeyPatch, other: dict[str, Any]
) -> None:
    wearing(monkeypatch, pid=1, **other)
    said: list[str] = []
    folder = folders.create(tmp_path, "shop")
    with folder.alive():
        assert folder.lives() == 1
        assert not end_hanging(folder, 0.0, said.append)
    assert sent == []
    assert said == [
        f"{folder.run}: it has not ended for 0 s, and its process 1 is of another machine or container, 3f9a12cd0b1c: end it there "
        f"(a container: docker kill 3f9a12cd0b1c), then: drill mend {folder.run}"
    ]


@pytest.mark.parametrize("other", AWAY[:2])
def test_a_run_that_is_being_made_ready_elsewhere_gets_none_either(
    tmp_path: Path, sent: list[tuple[int, int]], monkeypatch: pytest.MonkeyPatch, other: dict[str, Any]
) -> None:
    wearing(monkeypatch, pid=1, **other)
    monkeypatch.setattr("harness.safety.status.all_remains", lambda *_: {})
    said: list[str] = []
    with target.held(tmp_path, SHOP, "shop", 0, said.append):
        assert end_preparing(tmp_path, said.append) == (1, 1)
        (line,) = lines(status(tmp_path))
    assert sent == []
    assert said == [
        "shop: it is being made ready, and its process 1 is of another machine or container, 3f9a12cd0b1c: end it there "
        "(a container: docker kill 3f9a12cd0b1c)"
    ]
    assert line.endswith("ends by: kill 1 on 3f9a12cd0b1c"), "typed here, that would end another process"


def test_a_process_that_has_the_number_of_a_harness_that_is_gone_gets_none(
    tmp_path: Path, sent: list[tuple[int, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lock may be held on by what the harness had started."""
    wearing(monkeypatch, pid=os.getppid(), born=1)
    folder = folders.create(tmp_path, "shop")
    with folder.alive():
        assert end_hanging(folder, 0.0, lambda _: None), "it is dead: drill mend clears up"
    assert sent == []


def test_a_run_of_another_user_goes_on_and_it_is_said_who_can_end_it_and_the_next_one_is_ended(
    tmp_path: Path, sent: list[tuple[int, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def kill(pid: int, number: int) -> None:
        sent.append((pid, number))
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "kill", kill)
    monkeypatch.setattr(halting, "ANSWER_S", 0.0)
    monkeypatch.setattr(signals, "owner", lambda path: "anna" if path == Path(f"/proc/{os.getpid()}") else "")
    monkeypatch.setenv("DRILL_HOME", str(tmp_path))
    runs, said = tmp_path / "runs", f"its process {os.getpid()} is anna's: sudo kill {os.getpid()}"
    first, second = folders.create(runs, "shop"), folders.create(runs, "wiki")
    with target.held(runs, SHOP, "blog", 0, lambda _: None), first.alive(), second.alive():
        done = CliRunner().invoke(command, ["--patience", "1s"])
    assert done.exit_code == 6, done.exception
    assert f"blog: it is being made ready, and {said}\n" in done.output
    for folder in (first, second):
        assert f"{folder.run}: it has not ended for 1 s, and {said}, then: drill mend {folder.run}\n" in done.output
    assert sent == [(os.getpid(), signal.SIGTERM)] * 3
    assert "hangs" not in done.output


def test_who_did_not_say_where_it_runs_gets_none(tmp_path: Path, sent: list[tuple[int, int]]) -> None:
    said: list[str] = []
    with target.held(tmp_path, SHOP, "shop", 0, said.append):
        (tmp_path / target.FOLDER / SHOP.key).write_text(
            json.dumps({"target": "compose.yaml", "drill": "shop", "pid": 1, "since_unix_s": 0.0})
        )
        assert end_preparing(tmp_path, said.append) == (1, 1)
    assert sent == []
    assert "its process 1 is of another machine or container: end it there" in said[0]


def test_a_harness_that_is_here_is_asked_to_end_and_then_killed(tmp_path: Path, sent: list[tuple[int, int]]) -> None:
    said: list[str] = []
    folder = folders.create(tmp_path, "shop")
    with target.held(tmp_path, SHOP, "shop", 0, said.append) as lock, folder.alive():
        assert end_preparing(tmp_path, said.append) == (1, 0)
        lock.opened(folder.run)
        assert end_preparing(tmp_path, said.append) == (0, 0)
        assert end_hanging(folder, 0.0, said.append)
    assert sent == [(os.getpid(), number) for number in (signal.SIGTERM, signal.SIGTERM, signal.SIGKILL)]
    assert said == [
        f"shop: it was being made ready (process {os.getpid()}); it was told to end, nothing had been started",
        f"{folder.run}: it has not ended for 0 s; whatever it waits for is left",
        f"{folder.run}: harness process {os.getpid()} hangs; killing it",
    ]


def test_a_holder_of_this_container_is_ended_by_its_number(tmp_path: Path) -> None:
    with target.held(tmp_path, SHOP, "shop", 0, lambda _: None):
        (holder,) = target.holders(tmp_path)
    assert (holder.pid, holder.here, holder.ends_by) == (os.getpid(), True, f"kill {os.getpid()}")
    assert Holder("t", "d", 1, 0.0, here=False).ends_by == "kill 1 where it runs"


def test_a_real_child_namespace_is_told_from_ours(tmp_path: Path, sent: list[tuple[int, int]]) -> None:
    script = (
        "import sys; from pathlib import Path; from harness.run.folder import RunFolder\n"
        "with RunFolder(Path(sys.argv[1])).alive():\n    print('held', flush=True); sys.stdin.read()"
    )
    folder = folders.create(tmp_path, "shop")
    command = [
        "unshare",
        "--user",
        "--map-root-user",
        "--pid",
        "--fork",
        sys.executable,
        "-c",
        script,
        str(folder.path),
    ]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert child.stdout is not None
        assert child.stdout.readline() == "held\n", "a namespace of processes could not be made"
        assert RunFolder(folder.path).lives() == 1
        assert not end_hanging(folder, 0.0, lambda _: None)
        assert sent == []
    finally:
        child.communicate("")


def test_halt_does_not_end_well_while_a_run_goes_on_that_it_cannot_end(
    tmp_path: Path, sent: list[tuple[int, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    wearing(monkeypatch, pid=1, pid_namespace="pid:[1]")
    monkeypatch.setattr(halting, "ANSWER_S", 0.0)
    monkeypatch.setenv("DRILL_HOME", str(tmp_path))
    runs = tmp_path / "runs"
    runs.mkdir()
    with target.held(runs, SHOP, "shop", 0, lambda _: None) as lock:
        assert CliRunner().invoke(command, []).exit_code == 6
        folder = folders.create(runs, "shop")
        lock.opened(folder.run)
        with folder.alive():
            done = CliRunner().invoke(command, ["--patience", "1s"])
    assert done.exit_code == 6
    assert f"then: drill mend {folder.run}" in done.output
    assert CliRunner().invoke(command, []).exit_code == 0
    assert sent == []
