"""What takes faults out finds the runs also while the project's pyproject.toml is invalid."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from harness.cli.halt import command as halt
from harness.cli.mend import command as mend
from harness.cli.status import command as status
from harness.drill.problem import Invalid
from harness.drill.runs_found import find_runs
from harness.facts import Opened
from harness.run.folder import create
from harness.run.recorder import Recorder

CONFLICT = '[project]\nname = "x"\n[tool.drill]\n<<<<<<< HEAD\nruns = "gone"\n=======\nruns = "out"\n>>>>>>> b\n[tool.x]\nruns = "no"\n'


@pytest.mark.parametrize(
    ("text", "runs"),
    [
        (CONFLICT, "out"),
        ('[tool.drill]\nprotect = ["x"]\n', "runs"),
        ('[tool.drill]\nprotect = ["x"]\nruns = "out"\n', "out"),
        ("[tool.drill]\nruns = 3\n", "runs"),
        ('[tool]\ndrill.runs = "out"\ndrill.protect = 1\n', "runs"),
        ("<<<<<<< HEAD\n", "runs"),
    ],
)
def test_what_can_be_read_of_an_invalid_project_counts_and_is_said(tmp_path: Path, text: str, runs: str) -> None:
    (tmp_path / "pyproject.toml").write_text(text)
    (tmp_path / "a").mkdir()
    for name in ("runs", "out", "no"):
        (tmp_path / name).mkdir()
    said: list[str] = []
    assert find_runs(said.append, None, tmp_path / "a", env={}) == tmp_path / runs
    assert said[0].startswith("warning: ")
    assert "pyproject.toml" in said[0]


def test_a_part_that_is_invalid_within_a_project_is_passed_by(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.drill]\nruns = "out"\n')
    (tmp_path / "out").mkdir()
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "pyproject.toml").write_text("x = [\n")
    assert find_runs(lambda _: None, None, tmp_path / "a", env={}) == tmp_path / "out"


def test_drill_home_needs_no_project(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("x = [\n")
    (tmp_path / "home" / "runs").mkdir(parents=True)
    assert (
        find_runs(lambda _: None, None, tmp_path, env={"DRILL_HOME": str(tmp_path / "home")})
        == tmp_path / "home" / "runs"
    )


def test_where_no_runs_are_there_it_stays_an_error(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("x = [\n")
    with pytest.raises(Invalid):
        find_runs(lambda _: None, None, tmp_path, env={})


@pytest.mark.parametrize("by", ["run", "path", "path from elsewhere"])
def test_halt_mend_and_status_work_on_a_run_of_an_invalid_project(
    tmp_path: Path, by: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = create(tmp_path / "runs", "shop")
    folder.facts.mkdir(exist_ok=True)
    began = Opened(drill="shop", run=folder.run, wall_unix_s=time.time(), monotonic_ns=time.monotonic_ns())
    Recorder(folder.facts, time.monotonic, folder.run)(began, durable=True)
    here = tmp_path / "elsewhere" if by == "path from elsewhere" else tmp_path
    here.mkdir(exist_ok=True)
    (here / "pyproject.toml").write_text(CONFLICT.replace('"gone"', '"runs"').replace('"out"', '"runs"'))
    monkeypatch.chdir(here)
    name = folder.run if by == "run" else str(folder.path)

    def said(command: Any) -> str:
        done = CliRunner().invoke(command, [name])
        return f"{done.output} {done.exception}"

    assert "is not running" in said(halt)
    with folder.alive():
        assert "is running" in said(mend)
        assert folder.run in said(status)
