"""Stopping, killing, freezing and watching real containers, and keeping every line that they write; also without Docker."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import docker
import pytest

from harness.doctor.images import ensure_harness_image
from harness.errors import NotApplied
from harness.facts import Opened
from harness.logfiles import read_logs
from harness.testing import journal_of
from harness.world.containers import Containers
from harness.world.logs import LogFiles

pytestmark = pytest.mark.e2e

COUNT = """
import os, sys, time
sys.stdout.write("L" * 10_000_000 + "\\n")
sys.stdout.write("bytes \\x01\\x02\\n")
sys.stdout.flush()
i = 0
while True:
    for _ in range(50):
        i += 1
        os.write(1 + i % 2, b"line %d\\n" % i)  # whole or not at all, also when killed
    time.sleep(0.02)
"""


class Stack:
    def __init__(self) -> None:
        self.run_id = uuid.uuid4().hex[:8]
        self.project = f"drill-{self.run_id}"
        self.client = docker.from_env(timeout=60)
        self.image = ensure_harness_image()
        self.opened = Opened(drill="d", run=self.run_id, wall_unix_s=time.time(), monotonic_ns=time.monotonic_ns())

    def run(self, service: str, *command: str, number: int = 1, **options: Any) -> Any:
        labels = {
            "io.drill.run": self.run_id,
            "com.docker.compose.project": self.project,
            "com.docker.compose.service": service,
            "com.docker.compose.oneoff": "False",
        }
        name = f"{self.project}-{service}-{number}"
        return self.client.containers.run(
            self.image, list(command), detach=True, init=True, name=name, labels=labels, **options
        )

    def close(self) -> None:
        for container in self.client.containers.list(all=True, filters={"label": f"io.drill.run={self.run_id}"}):
            container.remove(force=True)
        self.client.close()


@pytest.fixture
def stack() -> Iterator[Stack]:
    stack = Stack()
    try:
        yield stack
    finally:
        stack.close()


@pytest.fixture
def containers(stack: Stack) -> Iterator[Containers]:
    with contextlib.closing(Containers(stack.run_id, stack.project, stack.opened.monotonic_ns)) as containers:
        yield containers


def statuses(containers: Containers, service: str) -> list[str]:
    return [state.status for state in containers.states(service)]


def counted(lines: list[bytes]) -> Counter[bytes]:
    """How often each counted line is there (Docker's own answer may begin it in the middle of a longer one)."""
    return Counter(line.rpartition(b"Z line ")[2] for line in lines if b"Z line " in line)


def until(true: Callable[[], object]) -> None:
    while not true():
        time.sleep(0.05)


def test_every_change_is_made_to_all_replicas_and_read_back(stack: Stack, containers: Containers) -> None:
    for number in (1, 2):
        stack.run("api", "sleep", "infinity", number=number)
    containers.pause("api")
    assert statuses(containers, "api") == ["paused", "paused"]
    containers.unpause("api")
    containers.unpause("api")
    assert statuses(containers, "api") == ["running", "running"]
    containers.kill("api", "KILL")
    assert [(s.status, s.exit_code) for s in containers.states("api")] == [("exited", 137)] * 2
    containers.start("api")
    before = [state.started_at for state in containers.states("api")]
    containers.restart("api")
    assert all(new.started_at > old for new, old in zip(containers.states("api"), before, strict=True))
    containers.stop("api", grace_s=5)
    containers.stop("api", grace_s=5)
    assert statuses(containers, "api") == ["exited", "exited"]


def test_what_cannot_be_done_is_said_and_nothing_else_raised(stack: Stack, containers: Containers) -> None:
    with pytest.raises(NotApplied, match="no container of 'nobody'"):
        containers.stop("nobody", 1)
    stack.run("api", "true")
    until(lambda: statuses(containers, "api") == ["exited"])
    with pytest.raises(NotApplied, match="api-1 is exited"):
        containers.pause("api")
    with pytest.raises(NotApplied, match="cannot kill api"):
        containers.kill("api", "TERM")


def test_a_restart_policy_does_not_hide_that_a_killed_process_is_gone(stack: Stack, containers: Containers) -> None:
    stack.run("api", "sleep", "infinity", restart_policy={"Name": "always"})
    containers.kill("api", "SIGKILL")
    containers.start("api")
    assert statuses(containers, "api") == ["running"]


def test_dockers_events_come_in_order_on_the_runs_axis(stack: Stack, containers: Containers) -> None:
    stack.run("api", "sh", "-c", "exit 3")
    seen: list[Any] = []
    until(lambda: seen.extend(containers.changes()) or any(change.event == "die" for change in seen))
    assert [change.event for change in seen][:3] == ["create", "start", "die"]
    assert seen[2].exit_code == 3
    now_s = (time.monotonic_ns() - stack.opened.monotonic_ns) / 1e9
    times = [change.happened_s for change in seen]
    assert times == sorted(times)
    assert all(0 <= at <= now_s for at in times)


def test_no_line_is_lost_or_written_twice_over_kills_restarts_and_the_end(
    stack: Stack, containers: Containers, tmp_path: Path
) -> None:
    logs = LogFiles(stack.run_id, tmp_path, containers)
    logs.start()
    chatty = stack.run("api", "python3", "-c", COUNT, stop_signal="SIGKILL")
    stack.run("once", "sh", "-c", "echo short; printf 'no end of line'")
    stack.run("screen", "sh", "-c", "echo on a terminal; sleep 600", tty=True)
    until(lambda: len(logs.coverage()) == 3)
    file = tmp_path / f"{stack.project}-api-1.log"
    for number in (1, 2, 3):
        until(lambda n=number: file.read_bytes().count(b"Z line 1\n") == n)
        containers.restart("api")
    until(lambda: file.read_bytes().count(b"Z line 1\n") == 4)
    containers.kill("api", "KILL")  # after this it writes no more
    logs.close()
    assert set(logs.coverage().values()) == {""}

    ours = file.read_bytes().splitlines()
    assert counted(ours) == counted(stack.client.api.logs(chatty.id, timestamps=True).splitlines())
    long = [line for line in ours if b" LLLL" in line]
    assert len(long) == 4, [(line[:31], line[-40:]) for line in long]
    assert all(line.endswith(b" [9934464 more bytes left out]") for line in long)
    assert sum(line.endswith(b"bytes \x01\x02") for line in ours) == 4

    read = read_logs(tmp_path, journal_of(stack.opened))
    assert [line.text for line in read.lines("once", 0, 1e6)] == ["short", "no end of line"]
    assert [line.text for line in read.lines("screen", 0, 1e6)] == ["on a terminal"]
    assert all(0 < line.at_s < 600 for line in read.lines("*", 0, 1e6))


def test_a_log_that_docker_does_not_keep_is_not_covered(stack: Stack, containers: Containers, tmp_path: Path) -> None:
    stack.run("mute", "sleep", "infinity", log_config={"Type": "none"})
    logs = LogFiles(stack.run_id, tmp_path, containers)
    logs.start()
    until(lambda: any(logs.coverage().values()))
    assert "does not support reading" in logs.coverage()[f"{stack.project}-mute-1"]
    logs.close()


class Door:
    """A socket that leads to Docker's, until it is shut: Docker gone in the middle, without harm to anybody else."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._open: list[socket.socket] = []
        self._listen()

    def _listen(self) -> None:
        self.path.unlink(missing_ok=True)
        self._server = socket.socket(socket.AF_UNIX)
        self._server.bind(str(self.path))
        self._server.listen()
        threading.Thread(target=self._serve, args=(self._server,), daemon=True).start()

    def _serve(self, server: socket.socket) -> None:
        while True:
            try:
                client, _ = server.accept()
            except OSError:
                return
            docker_end = socket.socket(socket.AF_UNIX)
            docker_end.connect("/var/run/docker.sock")
            self._open += [client, docker_end]
            for a, b in ((client, docker_end), (docker_end, client)):
                threading.Thread(target=self._pipe, args=(a, b), daemon=True).start()

    @staticmethod
    def _pipe(a: socket.socket, b: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := a.recv(65536):
                b.sendall(data)
        with contextlib.suppress(OSError):
            b.shutdown(socket.SHUT_WR)

    def shut(self) -> None:
        self.path.unlink()
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        for end in self._open:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def open_again(self) -> None:
        self._listen()


def test_docker_gone_in_the_middle_is_said_by_everything_at_once_and_made_good_when_it_is_back(
    stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    door = Door(tmp_path / "docker.sock")
    monkeypatch.setenv("DOCKER_HOST", f"unix://{door.path}")
    chatty = stack.run("api", "python3", "-c", COUNT, stop_signal="SIGKILL")
    with contextlib.closing(Containers(stack.run_id, stack.project, stack.opened.monotonic_ns)) as containers:
        logs = LogFiles(stack.run_id, tmp_path / "logs", containers)
        logs.start()
        until(lambda: "" in logs.coverage().values())
        door.shut()
        until(lambda: logs.coverage().get(""))
        for call in (containers.states, lambda: containers.stop("api", 1), lambda: containers.pause("api")):
            with pytest.raises(NotApplied, match="Docker does not answer"):
                call()
        with pytest.raises(NotApplied, match="events are lost"):
            until(containers.changes)
        chatty.kill()
        door.open_again()
        until(lambda: statuses_or_none(containers) == ["exited"])
        seen: list[str] = []
        until(lambda: seen.extend(change.event for change in _changes(containers)) or "die" in seen)
        until(lambda: list(logs.coverage().values()) == [""])
        logs.close()
    ours = (tmp_path / "logs" / f"{stack.project}-api-1.log").read_bytes().splitlines()
    assert counted(ours) == counted(stack.client.api.logs(chatty.id, timestamps=True).splitlines())


def statuses_or_none(containers: Containers) -> list[str] | None:
    try:
        return statuses(containers, "api")
    except NotApplied:
        return None


def _changes(containers: Containers) -> list[Any]:
    try:
        return list(containers.changes())
    except NotApplied:
        return []
