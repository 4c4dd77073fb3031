"""What a killed harness left running is found by what only such commands have, and ended."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness.safety import mend as mending
from harness.safety.orphans import end_orphans

RUN = "0a0b0c0d"
WAIT = "import time; print(flush=True); time.sleep(600)"
SHELL = "import subprocess, sys; subprocess.run(sys.argv[1:], executable=sys.executable)"
Start = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts a process that waits, under a program's name, with arguments and variables; it has begun when this returns. `typed`:
    by a shell, whose session it shares and with which it ends."""
    made: list[subprocess.Popen[bytes]] = []

    def begin(program: str, *words: str, typed: bool = False, **variables: str) -> subprocess.Popen[bytes]:
        name = tmp_path / program
        if not name.exists():
            name.symlink_to(sys.executable)
        terminal = [sys.executable, "-c", SHELL] if typed else []
        process = subprocess.Popen(
            [*terminal, str(name), "-c", WAIT, *words],
            executable=sys.executable,
            env={**os.environ, **variables},
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        made.append(process)
        assert process.stdout is not None
        process.stdout.readline()
        return process

    yield begin
    for process in made:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


@pytest.mark.parametrize(
    ("program", "words", "variables"),
    [
        ("docker", ("compose", "-p", f"drill-{RUN}", "up", "--detach"), {}),
        ("docker-compose", ("compose", "-p", f"drill-{RUN}", "up", "--detach"), {}),
        ("docker", ("start", "--attach", f"drill-{RUN}-pager"), {}),
        ("docker", ("ps", "--filter", f"label=io.drill.run={RUN}"), {}),
        ("rollback", (), {"DRILL_RUN": RUN}),
    ],
)
def test_what_was_started_for_the_run_is_ended(
    start: Start, program: str, words: tuple[str, ...], variables: dict[str, str]
) -> None:
    process = start(program, *words, **variables)
    (told,) = end_orphans(RUN)
    assert program in told
    assert process.wait() == -9
    assert end_orphans(RUN) == []


def test_nobody_else_is_touched(start: Start) -> None:
    others = [
        start("docker", "ps", "--filter", f"label=io.drill.run={RUN}", typed=True),  # by a person, who looks at it
        start("docker", "compose", "-p", "drill-ffffffff", "up"),
        start("docker", "compose", "-p", f"drill-{RUN}0", "up"),
        start("editor", f"runs/shop/20260101T000000Z-{RUN}/drill.yaml", f"drill-{RUN}"),
        start("rollback", DRILL_RUN="ffffffff"),
    ]
    assert end_orphans(RUN) == []
    assert [process.poll() for process in others] == [None] * len(others)


def test_what_docker_was_just_making_when_its_command_was_ended_is_looked_for_again(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    swept: list[str] = []
    said: list[str] = []
    monkeypatch.setattr("harness.stack.sweep.sweep", lambda run, last=True: swept.append(run) or [])
    monkeypatch.setattr(mending, "LATE_S", 0.0)
    assert mending.cleared(RUN, said.append) == []
    assert (len(swept), said) == (1, [])
    start("docker", "compose", "-p", f"drill-{RUN}", "up")
    assert mending.cleared(RUN, said.append) == []
    assert len(swept) == 3
    assert "ended what its harness had left running" in said[0]
