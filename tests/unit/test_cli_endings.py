"""However `drill run` ends: the exit code, what is on stdout for a program, and which drills still begin."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness import cli
from harness.cli import run
from harness.errors import CannotRun, Signalled, UsageError

DRILL = """
drill: NAME
stack: {compose: [compose.yaml]}
load: {locustfile: load.py, against: "api:80", arrivals: [{for: 1m, rate: 10/s}]}
steady: {for: 5s, within: 30s, all: [errors < 1%]}
phases: [{name: calm, for: 10s, expect: [{errors_below: {ratio: 5%}}]}]
abort: {max_duration: 5m}
"""

Begin = Callable[..., tuple[int, list[dict[str, Any]], list[str]]]


@pytest.fixture
def begin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Begin:
    """`begin("run", …, one=f)` is the command in a project with the drills a and b, each played by f(name): its exit
    code, stdout as NDJSON, and the drills that began."""
    (tmp_path / "pyproject.toml").write_text('[tool.drill]\ndrills = "."\n')
    (tmp_path / "compose.yaml").write_text("services: {api: {image: x}}\n")
    (tmp_path / "load.py").write_text("from locust import HttpUser\n")
    for name in "ab":
        (tmp_path / f"{name}.yaml").write_text(DRILL.replace("NAME", name))
    monkeypatch.chdir(tmp_path)

    def call(*words: str, one: Callable[[str], int]) -> tuple[int, list[dict[str, Any]], list[str]]:
        begun: list[str] = []

        def play(name: str, *rest: Any) -> int:
            begun.append(name)
            return one(name)

        monkeypatch.setattr(run, "_one", play)
        monkeypatch.setattr(sys, "argv", ["drill", *words])
        with pytest.raises(SystemExit) as end:
            cli.main()
        assert isinstance(end.value.code, int)
        lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        return end.value.code, lines, begun

    return call


def raising(error: BaseException) -> Callable[[str], int]:
    def play(name: str) -> int:
        raise error

    return play


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UsageError("a.yaml:3:1: no such key"), 2),
        (CannotRun("no Docker"), 4),
        (RuntimeError("a bug"), 6),
        (KeyboardInterrupt(), 130),
        (Signalled(15), 143),
        (SystemExit(0), 6),
    ],
)
def test_with_json_every_end_is_a_last_line_of_type_result(begin: Begin, error: BaseException, code: int) -> None:
    ended, lines, _ = begin("run", "a", "--json", one=raising(error))
    assert ended == code
    assert lines[-1]["type"] == "result"
    assert lines[-1]["exit_code"] == code
    assert lines[-1]["error"]


def test_a_signal_around_a_run_ends_the_command_as_ctrl_c_does(begin: Begin) -> None:
    def terminated(name: str) -> int:
        os.kill(os.getpid(), signal.SIGTERM)
        return 0

    code, lines, _ = begin("run", "a", "--json", one=terminated)
    assert code == lines[-1]["exit_code"] == 143
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL


@pytest.mark.parametrize(
    ("first", "begun"),
    [(0, "ab"), (1, "ab"), (3, "ab"), (4, "ab"), (5, "a"), (6, "a"), (7, "a"), (130, "a"), (143, "a")],
)
def test_after_a_drill_that_somebody_ended_or_that_left_something_the_next_does_not_begin(
    begin: Begin, first: int, begun: str
) -> None:
    code, _, names = begin("run", "a", "b", one=lambda name: first if name == "a" else 0)
    assert "".join(names) == begun
    assert code == first


def test_a_drill_that_cannot_run_does_not_keep_the_next_from_it(begin: Begin) -> None:
    code, lines, names = begin("run", "a", "b", "--json", one=raising(CannotRun("no image")))
    assert (code, names) == (4, ["a", "b"])
    assert [line["drill"] for line in lines] == ["a", "b"]


def test_of_several_drills_all_are_read_before_the_first_begins(begin: Begin, tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / f"{name}.yaml").write_text(DRILL.replace("NAME", name) + "colour: red\n")
    code, _, names = begin("run", "a", "b", one=lambda name: 0)
    assert (code, names) == (2, [])


def test_a_reader_that_has_had_enough_and_a_terminal_without_unicode_change_no_exit_code(tmp_path: Path) -> None:
    document = {"schema": "x", "findings": [], "faults": [], "phases": [], "invalid": [], "length_s": 1, "drill": "a"}
    document |= {"verdict": "passed", "exit_code": 0, "run": "r"}
    document["ending"] = dict.fromkeys(("gate", "stopped", "interrupted", "broken", "refused"), "") | {"not_mended": ()}
    document["findings"] = [
        {"id": "x", "outcome": "failed", "because": "ü ≥ 3", "where": "", "decide": "", "phase": "", "reason": ""}
    ]
    script = f"from harness import cli; from harness.cli.judge import show; cli.group.main = lambda **_: show({document!r}, 'runs/x'); cli.main()"
    ends = os.pipe()
    os.close(ends[0])
    closed = subprocess.run(
        [sys.executable, "-c", script], check=False, stdout=ends[1], stderr=subprocess.PIPE, text=True
    )
    os.close(ends[1])
    assert (closed.returncode, closed.stderr) == (0, "")
    env = {**os.environ, "PYTHONIOENCODING": "ascii"}
    plain = subprocess.run([sys.executable, "-c", script], check=False, capture_output=True, text=True, env=env)
    assert plain.returncode == 0, plain.stderr
    assert "X x  ? >= 3" in plain.stdout
