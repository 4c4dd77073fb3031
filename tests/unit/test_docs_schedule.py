"""The page about schedules: its commands are commands and end well, its files are of the right form."""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.cli import group
from harness.drill.parse import parse
from harness.drill.project import find_project

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "schedule.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.M | re.S)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """friday-traffic in a project of its own, with words more."""

    def made(more: str = "", settings: str = "") -> Path:
        for folder in ("drills", "compose", "dashboards"):
            shutil.copytree(ROOT / folder, tmp_path / folder)
        (tmp_path / "pyproject.toml").write_text(f"[tool.drill]\n{settings}")
        drill = tmp_path / "drills" / "friday-traffic.yaml"
        drill.write_text(re.sub(r"^schedule:\n(?:  .*\n)*", "", drill.read_text(), flags=re.M) + more)
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("SLACK_WEBHOOK", "https://hooks.example.org/x")
        monkeypatch.setenv("SMTP_PASSWORD", "hunter22")
        return drill

    return made


@pytest.mark.parametrize("line", [line for block in blocks("sh") for line in block.splitlines()])
def test_each_command_does_what_the_page_says(project: Callable[..., Path], line: str) -> None:
    project(blocks("yaml")[0])
    program, *words = shlex.split(line)
    assert program == "drill"
    done = CliRunner().invoke(group, words)
    assert done.exit_code == 0, done.output
    assert "due next" in done.output


@pytest.mark.parametrize("block", blocks("yaml"))
def test_each_part_of_a_drill_is_one(project: Callable[..., Path], block: str) -> None:
    drill = parse(project("\n" + block))
    assert drill.schedule or drill.announce or drill.silence


def test_the_settings_are_read(project: Callable[..., Path]) -> None:
    (text,) = blocks("toml")
    project(settings=text)
    assert find_project().schedule is not None


def test_each_format_and_each_word_of_the_model_is_on_the_page() -> None:
    from harness.cli.schedule import command
    from harness.drill.announce import Way
    from harness.drill.clear import Clear
    from harness.drill.schedule import ProjectSchedule, Schedule
    from harness.drill.silence import Silence

    (form,) = [one for one in command.params if one.name == "form"]
    assert set(re.findall(r"--format (\w+)", PAGE)) == set(form.type.choices)  # type: ignore[attr-defined]
    for model in (Schedule, ProjectSchedule, Clear, Way, Silence):
        words = {field.alias or name for name, field in model.model_fields.items()} - {"timeout", "tls"}
        assert [word for word in words if not re.search(rf"\b{word}\b", PAGE)] == []
