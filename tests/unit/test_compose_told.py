"""A command of the user's reads the run's project as the harness does: its env files, its profiles, its name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from harness.run import attended
from harness.run import folder as folders
from harness.safety.compose import compose_of
from harness.stack import project as module
from harness.stack.compose import Compose
from harness.stack.project import read_project
from harness.world.docker_cli import Answer


@pytest.fixture(autouse=True)
def _nothing_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COMPOSE_ENV_FILES", raising=False)


def test_the_env_file_beside_the_users_files_is_told_for_it_is_not_beside_the_runs(tmp_path: Path) -> None:
    compose = Compose("drill-x", tmp_path / "runs" / "compose.yaml", tmp_path)
    assert compose.told() == {"COMPOSE_PROJECT_NAME": "drill-x", "COMPOSE_FILE": str(compose.file)}
    (tmp_path / ".env").write_text("SECRET=1\n")
    assert compose.told()["COMPOSE_ENV_FILES"] == str(tmp_path / ".env")


def test_env_files_that_are_named_take_its_place(tmp_path: Path) -> None:
    (tmp_path / ".env").touch()
    one, two = tmp_path / "one.env", tmp_path / "two.env"
    assert Compose("x", tmp_path / "f", tmp_path, (one, two)).told()["COMPOSE_ENV_FILES"] == f"{one},{two}"


def test_those_of_the_environment_are_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").touch()
    monkeypatch.setenv("COMPOSE_ENV_FILES", "theirs.env")
    assert "COMPOSE_ENV_FILES" not in Compose("x", tmp_path / "f", tmp_path).told()


def test_another_process_reads_it_from_the_runs_folder(tmp_path: Path) -> None:
    folder = folders.create(tmp_path / "runs", "tale")
    notes = {
        "project": "drill-tale",
        "files": ["."],
        "directory": str(tmp_path),
        "env_files": [str(tmp_path / "x.env")],
    }
    (folder.path / "stack.json").write_text(json.dumps(notes))
    assert compose_of(folder) == Compose("drill-tale", folder.path / "compose.yaml", tmp_path, (tmp_path / "x.env",))
    assert attended.environment(folder)["COMPOSE_ENV_FILES"] == str(tmp_path / "x.env")


def test_a_seccomp_profile_is_found_from_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    options = ["seccomp:./tight.json", "seccomp=unconfined", "no-new-privileges:true", "seccomp=/etc/p.json"]
    said: dict[str, Any] = {"name": "shop", "services": {"api": {"image": "x", "security_opt": options}, "db": {}}}
    monkeypatch.setattr(module, "run", lambda *_, **__: Answer(0, json.dumps(said), ""))
    (tmp_path / "compose.yaml").touch()
    read = read_project([tmp_path / "compose.yaml"])
    assert read.services["api"]["security_opt"] == [
        f"seccomp:{tmp_path}/tight.json", "seccomp=unconfined", "no-new-privileges:true", "seccomp=/etc/p.json"
    ]  # fmt: skip
