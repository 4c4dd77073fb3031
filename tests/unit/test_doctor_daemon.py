"""Starting the engine: by itself and detached, and what is said when it does not come up."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.doctor import daemon
from harness.errors import CannotRun
from harness.world.docker_cli import Answer


@pytest.fixture
def dockerd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A fake dockerd; the engine answers once it has written `up`."""
    monkeypatch.setattr(daemon, "LOG", tmp_path / "dockerd.log")
    monkeypatch.setattr(daemon, "PID_FILE", tmp_path / "docker.pid")
    monkeypatch.setattr(daemon, "SYSTEMD", tmp_path / "no-systemd")
    monkeypatch.setattr(daemon, "_mount_cgroups", lambda say: None)
    program = tmp_path / "dockerd"
    monkeypatch.setattr(daemon, "find_dockerd", lambda: str(program))

    def answer(*_: str, timeout_s: float = 0) -> Answer:
        return Answer(0 if (tmp_path / "up").exists() else 1, "", "")

    monkeypatch.setattr(daemon, "docker", answer)
    return program


def script(program: Path, text: str) -> None:
    program.write_text(f"#!/bin/sh\n{text}\n")
    program.chmod(0o755)


def test_it_is_started_waited_for_and_said(dockerd: Path) -> None:
    script(dockerd, f"sleep 0.1; touch {dockerd.parent}/up")
    said: list[str] = []
    daemon.start(said.append)
    assert said == [f"starting {dockerd} in the background, its log in {daemon.LOG}"]


def test_an_engine_that_ends_is_told_with_its_own_last_words_of_this_time(dockerd: Path) -> None:
    daemon.LOG.write_text("failed: of yesterday\n")
    script(
        dockerd, "echo starting; printf 'failed to start daemon: iptables: Permission denied\\n (exit status 4)\\n' >&2"
    )
    with pytest.raises(CannotRun, match=r"iptables: Permission denied \(exit status 4\)") as failed:
        daemon.start(lambda line: None)
    assert "yesterday" not in str(failed.value)
    assert f"tail {daemon.LOG}" in str(failed.value)


def test_one_that_is_starting_already_is_only_waited_for(dockerd: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (dockerd.parent / "up").touch()
    monkeypatch.setattr(daemon, "_starting", lambda: True)
    said: list[str] = []
    daemon.start(said.append)
    assert said == ["a dockerd is starting; waiting for it"]


def test_a_stale_pid_file_is_not_taken_for_a_starting_engine(dockerd: Path) -> None:
    daemon.PID_FILE.write_text("1")
    assert not daemon._starting()
    daemon.PID_FILE.write_text("not a number")
    assert not daemon._starting()


def test_where_systemd_runs_the_machine_it_starts_the_engine(dockerd: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, ...]] = []
    monkeypatch.setattr(daemon, "SYSTEMD", dockerd.parent)
    monkeypatch.setattr(daemon, "ask", lambda *command, **_: asked.append(command) or Answer(0, "", ""))
    (dockerd.parent / "up").touch()
    daemon.start(lambda line: None)
    assert asked == [("systemctl", "enable", "--now", "docker")]
    monkeypatch.setattr(daemon, "ask", lambda *command, **_: Answer(1, "", "Unit docker.service is masked."))
    with pytest.raises(CannotRun, match="is masked"):
        daemon.start(lambda line: None)
