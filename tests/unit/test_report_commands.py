"""`drill report`, `drill explain`, `drill completion`: each answers, and says what is wrong with what it was asked."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from harness.cli import COMMANDS
from harness.cli.completion import command as completion
from harness.cli.completion import script
from harness.cli.explain import command as explain
from harness.cli.names import drill_names, run_names
from harness.cli.report import command as report
from harness.drill.glossary import meanings, words
from harness.drill.parse import parse
from harness.errors import UsageError
from harness.expectations import EXPECTATIONS
from harness.facts import Opened
from harness.faults import FAULTS
from harness.journal_writer import Writer
from harness.reasons import REASONS

DRILL = """
drill: tale
stack: {compose: [compose.yaml]}
load: {locustfile: load.py, against: "api:80", arrivals: [{for: 1m, rate: 10/s}]}
steady: {for: 5s, within: 30s, all: [errors < 1%]}
phases:
  - {name: calm, for: 10s, expect: [{errors_below: {ratio: 5%}}]}
abort: {max_duration: 5m}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with one drill and one run of it that was cut right after it was opened."""
    (tmp_path / "pyproject.toml").write_text('[tool.drill]\ndrills = "."\nruns = "runs"\n')
    (tmp_path / "compose.yaml").write_text("services: {api: {image: x}}\n")
    (tmp_path / "load.py").write_text(
        "from locust import HttpUser, task\n\n\nclass U(HttpUser):\n    @task\n    def t(self):\n        self.client.get('/')\n"
    )
    (tmp_path / "tale.yaml").write_text(DRILL)
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "runs" / "tale" / "20261120T120000Z-0badcafe"
    writer = Writer(folder / "facts", "harness", lambda: 0.0)
    writer.write(Opened(drill="tale", run="0badcafe", wall_unix_s=1.7e9, monotonic_ns=5, seen_s=0.001))
    writer.close()
    (folder / "drill.yaml").write_text(parse(tmp_path / "tale.yaml").masked())
    return folder


def run(command: Any, *arguments: str) -> Any:
    return CliRunner().invoke(command, list(arguments), catch_exceptions=False, standalone_mode=False)


# --- report -------------------------------------------------------------------------------------------------------------


def test_every_form_goes_to_its_file_and_its_path_is_printed(folder: Path) -> None:
    result = run(report, "0badcafe", "--format", "html, md,junit,json")
    names = ["report.html", "report.md", "junit.xml", "verdict.json"]
    assert result.output.split() == [f"runs/tale/{folder.name}/{name}" for name in names]
    assert (folder / "report.html").read_text().startswith("<!doctype html>")
    assert (folder / "report.md").read_text().startswith("## INCONCLUSIVE: tale")
    assert json.loads((folder / "verdict.json").read_text())["run"] == "0badcafe"


def test_one_form_goes_where_it_is_wanted(folder: Path, tmp_path: Path) -> None:
    run(report, "tale", "-o", str(tmp_path / "out" / "x.html"))
    assert (tmp_path / "out" / "x.html").exists()
    assert not (folder / "report.html").exists()
    printed = run(report, "latest", "--format", "md", "-o", "-").output
    assert printed.startswith("## INCONCLUSIVE: tale")


def test_open_shows_the_page_that_was_written(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[str] = []
    monkeypatch.setattr("click.launch", shown.append)
    run(report, "latest", "--format", "html,md", "--open")
    assert shown == [str(folder / "report.html")]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--format", "htm"), "did you mean 'html'?"),
        (("--format", ","), "one or more of html"),
        (("--format", "html,md", "-o", "x"), "-o takes one format"),
        (("--format", "md", "--open"), "--open opens the HTML report"),
    ],
)
def test_what_cannot_be_made_is_refused_with_what_can(folder: Path, arguments: tuple[str, ...], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        run(report, "latest", *arguments)
    with pytest.raises(UsageError, match="no run"):
        run(report, "nosuch")


def test_a_file_that_cannot_be_written_is_said(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match=r"file/x.html cannot be written: File exists"):
        run(report, "latest", "-o", str(tmp_path / "file" / "x.html"))
    (folder / ".report.html.new").mkdir()
    with pytest.raises(UsageError, match=r"report.html cannot be written: Is a directory"):
        run(report, "latest")


# --- explain ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("part", [*FAULTS, *EXPECTATIONS], ids=lambda part: part.word)
def test_every_fault_and_expectation_is_explained_by_its_own_docstring_and_fields(part: Any) -> None:
    text = run(explain, part.word).output
    assert (part.__doc__ or "").strip().splitlines()[0].strip() in text
    for field in part.model_fields.values():
        if field.alias:
            assert f"\n      {field.alias} " in text


@pytest.mark.parametrize("code", REASONS)
def test_every_reason_code_is_explained(code: str) -> None:
    assert REASONS[code] in run(explain, code).output


def test_a_key_is_explained_at_each_of_its_places_or_at_the_one_named() -> None:
    everywhere = run(explain, "within").output
    assert "at steady.within" in everywhere
    assert "recovers.within" in everywhere
    only = run(explain, "steady.within").output
    assert only.count("within   key") == 1
    assert "1m30s when left out" in run(explain, "ready_within").output
    assert "under it:" in run(explain, "steady").output


def test_a_metric_of_a_condition_is_explained() -> None:
    assert "METRIC [of REQUEST] OP VALUE" in run(explain, "errors").output


def test_an_unknown_word_is_refused_with_the_nearest_one() -> None:
    with pytest.raises(UsageError, match=r"did you mean 'latency'\?"):
        run(explain, "latncy")
    with pytest.raises(UsageError, match="lists all words"):
        run(explain, "zzzzzzzz")


def test_without_a_word_all_are_listed() -> None:
    listed = run(explain).output
    assert all(word in listed for word in words())


def test_no_word_of_the_schema_is_without_a_meaning() -> None:
    from harness.drill.schema import drill_schema

    keys = {name for made in drill_schema()["$defs"].values() for name in made.get("properties", {})}
    assert not {key for key in keys if not meanings(key)}


@pytest.mark.parametrize(("toxic", "fault"), [("reset_peer", "reset"), ("timeout", "hang")])
def test_toxiproxys_own_names_are_explained_by_ours(toxic: str, fault: str) -> None:
    found = [entry for entry in meanings(toxic) if entry.kind == "fault"]
    assert [(entry.word, entry.text.splitlines()[0]) for entry in found] == [(fault, f"What Toxiproxy calls {toxic}.")]
    assert found[0].fields == next(entry for entry in meanings(fault) if entry.kind == "fault").fields


# --- completion ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_has_a_script_that_asks_drill_itself(shell: str) -> None:
    assert run(completion, shell).output == script(shell) + "\n"
    assert f"_DRILL_COMPLETE={shell}_complete" in script(shell)


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("drill exp", {"explain", "export"}),
        ("drill run ta", {"tale"}),
        ("drill judge 0b", {"0badcafe"}),
        ("drill explain jit", {"jitter"}),
    ],
)
def test_what_may_come_next_is_told(folder: Path, typed: str, expected: set[str]) -> None:
    program = Path(sys.executable).with_name("drill")
    asked = {"_DRILL_COMPLETE": "bash_complete", "COMP_WORDS": typed, "COMP_CWORD": str(typed.count(" "))}
    done = subprocess.run([str(program)], env={**os.environ, **asked}, capture_output=True, text=True, check=True)
    assert {line.partition(",")[2] for line in done.stdout.splitlines()} == expected


def test_a_path_that_is_begun_is_completed_as_one(folder: Path) -> None:
    none: Any = None
    assert [item.type for item in drill_names(none, none, "drills/x")] == ["file"]
    assert [item.type for item in run_names(none, none, "./runs")] == ["dir"]
    assert [item.value for item in run_names(none, none, "")] == ["latest", "0badcafe"]


def test_every_command_of_the_table_is_there() -> None:
    from harness.cli import group

    context: Any = None
    for name in COMMANDS:
        assert group.get_command(context, name) is not None, name
