"""`drill init --part`: what it writes is a part that works as it is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.cli.init import command as init
from harness.errors import UsageError
from harness.fakeworld import FakeWorld
from harness.fakeworld.playing import play
from harness.init.part import KINDS
from harness.parts import in_use

DRILL = """
drill: mine
stack: {compose: [compose.yaml], edges: [api->postgres]}
load: {locustfile: users.py, against: "api:80", arrivals: [{for: 1m, rate: 20/s}]}
steady: {for: 5s, within: 20s, all: [errors < 1%, p95 < 100ms]}
phases:
  - name: hurt
    for: 20s
    faults: [{my_fault: {edge: api->postgres}}]
    expect: [{my_expectation: {at_least: 100}}, {my_expectation: {at_least: 100000, id: too-many}}]
abort: {max_duration: 5m}
"""
NAMES = {kind: "mine" if kind == "report" else f"my_{kind}" for kind in KINDS}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(in_use._Now, "own", ())
    monkeypatch.chdir(tmp_path)
    return tmp_path


def made(*arguments: str) -> list[str]:
    done = CliRunner().invoke(init, list(arguments), catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout.splitlines()


def test_every_kind_works_as_it_is_written(here: Path) -> None:
    for kind, name in NAMES.items():
        wrote, next_ = made("--part", kind, name)
        assert wrote == f"wrote {name}_part.py"
        assert next_ == f'name it in pyproject.toml: [tool.drill] parts = ["{name}_part.py"]; then: drill list --parts'
    files = [f"{name}_part.py" for name in NAMES.values()]
    (here / "pyproject.toml").write_text(f"[tool.drill]\nparts = {json.dumps(files)}\n")
    for name, text in (("mine.yaml", DRILL), ("compose.yaml", "services: {}\n"), ("users.py", "")):
        (here / name).write_text(text)
    played = play(here / "mine.yaml", FakeWorld(edges=("api->postgres",), services=("api", "postgres")), here / "facts")
    assert {one.kind: one.name for one in in_use.own()} == NAMES
    outcomes = {judged.id: judged.finding.outcome.value for judged in played.verdict.findings}
    assert outcomes == {"hurt/my_expectation": "passed", "too-many": "failed"}
    assert played.journal.watched("my_probe", "", 10.0, 20.0, 5.0, 0.0)
    (check,) = in_use.of_kind("check")
    assert check.look().state in ("ok", "missing")
    (report,) = in_use.of_kind("report")
    document = {"drill": "d", "run": "r", "verdict": "passed", "findings": [{"id": "a", "outcome": "passed"}]}
    assert report.text(document) == "d r: passed\na: passed\n"


@pytest.mark.parametrize(("kind", "name"), [("fault", ""), ("fault", "Slow Start"), ("report", "my_csv")])
def test_a_name_that_no_part_can_have_is_refused(here: Path, kind: str, name: str) -> None:
    with pytest.raises(UsageError, match="write its name behind it, in small letters"):
        made("--part", kind, *([name] if name else []))


def test_what_is_there_is_not_overwritten_unless_asked(here: Path) -> None:
    made("--part", "fault", "late")
    (here / "late_part.py").write_text("mine\n")
    with pytest.raises(UsageError, match=r"late_part\.py is there; --force overwrites it"):
        made("--part", "fault", "late")
    made("--part", "fault", "late", "--force")
    assert "class Late(Latency)" in (here / "late_part.py").read_text()
