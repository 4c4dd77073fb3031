"""Where a project's drills and runs are, and how a drill is found by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.drill.problem import Invalid
from harness.drill.project import find_project
from harness.errors import UsageError


def test_settings_are_found_upwards(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.drill]\ndrills = "rehearsals"\nruns = "out"\n')
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "pyproject.toml").write_text("[project]\nname = 'another'\n")
    project = find_project(tmp_path / "a" / "b", env={})
    assert (project.root, project.drills, project.runs) == (tmp_path, tmp_path / "rehearsals", tmp_path / "out")


def test_without_settings_the_working_directory_is_the_project(tmp_path: Path) -> None:
    project = find_project(tmp_path, env={})
    assert (project.drills, project.runs) == (tmp_path / "drills", tmp_path / "runs")


def test_drill_home_holds_the_runs(tmp_path: Path) -> None:
    assert find_project(tmp_path, env={"DRILL_HOME": str(tmp_path / "home")}).runs == tmp_path / "home" / "runs"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            '[tool.drill]\ndrils = "x"\n',
            "pyproject.toml:2:1: [tool.drill] unknown word 'drils' (did you mean 'drills'?)",
        ),
        ("[tool.drill]\nruns = 3\n", "[tool.drill] runs must be a path"),
        ("[tool.drill\n", "cannot be read"),
    ],
)
def test_wrong_settings_are_refused(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "pyproject.toml").write_text(text)
    with pytest.raises(Invalid) as caught:
        find_project(tmp_path, env={})
    assert says in str(caught.value)


def test_a_drill_is_found_by_name_or_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "drills").mkdir()
    for name in ("one.yaml", "two.yml"):
        (tmp_path / "drills" / name).write_text("")
    (tmp_path / "three.yaml").write_text("")
    monkeypatch.chdir(tmp_path)
    project = find_project(tmp_path, env={})
    assert project.find("one") == tmp_path / "drills" / "one.yaml"
    assert project.find("two") == tmp_path / "drills" / "two.yml"
    assert project.find("one.yaml") == tmp_path / "drills" / "one.yaml"
    assert project.find("three.yaml") == Path("three.yaml")
    assert [path.stem for path in project.drill_files()] == ["one", "two"]


def test_a_drill_that_is_not_there_names_its_neighbour(tmp_path: Path) -> None:
    (tmp_path / "drills").mkdir()
    (tmp_path / "drills" / "first-light.yaml").write_text("")
    with pytest.raises(
        UsageError, match=r"no drill 'first-ligth' \(did you mean 'first-light'\?\); drills here: first-light"
    ):
        find_project(tmp_path, env={}).find("first-ligth")
    with pytest.raises(UsageError, match="there are no drills in"):
        find_project(tmp_path / "drills", env={}).find("x")
