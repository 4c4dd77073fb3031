"""`drill run` around its rehearsal: those who are to know are told in order, whatever the rehearsal comes to; a silence stands around it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from test_cli_endings import DRILL

from harness import cli
from harness.cli import inputs
from harness.doctor import examine
from harness.errors import CannotRun
from harness.facts import GuardTripped, Opened
from harness.run import observing, prepare, session, silences

TELL = 'announce:\n  - {command: [sh, -c, "cat >> told.jsonl; echo >> told.jsonl"], timeout: 30s}\n'
Rehearse = Callable[[Any, Callable[[str], None]], Any]


@pytest.fixture
def events(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make_story: Callable[..., Any]
) -> Callable[[Rehearse], tuple[int, list[str]]]:
    """`events(f)` is the exit code of `drill run a` and what was told, where f(display, opened) is played as the rehearsal."""
    (tmp_path / "pyproject.toml").write_text('[tool.drill]\ndrills = "."\n')
    (tmp_path / "compose.yaml").write_text("services: {api: {image: x}}\n")
    (tmp_path / "load.py").write_text(
        "from locust import HttpUser, task\nclass U(HttpUser):\n    @task\n    def t(self): ...\n"
    )
    (tmp_path / "a.yaml").write_text(DRILL.replace("NAME", "a") + TELL)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(prepare, "read_stack", lambda drill: (SimpleNamespace(services=("api",), name="x"), ()))
    known = {"prometheus": "", "alertmanager": ""}
    monkeypatch.setattr(observing, "monitoring_of", lambda *_: SimpleNamespace(known=lambda: known))
    monkeypatch.setattr(inputs, "doubts_of", lambda *_: ())
    monkeypatch.setattr(examine, "begun", lambda: lambda: [])
    monkeypatch.setattr(examine, "preflight", lambda *_, **__: None)

    def played(play: Rehearse) -> tuple[int, list[str]]:
        def rehearse(plan: Any, ground: Any, runs: Path, options: Any, display: Any, opened: Any) -> Any:
            opened("3f9a12cd")
            play(display, opened)
            story = make_story(p95="300ms")
            judgement = SimpleNamespace(
                document=dict(story.document), story=story, verdict=SimpleNamespace(exit_code=1)
            )
            return SimpleNamespace(judgement=judgement, folder=SimpleNamespace(path=runs / "a" / "x"), unwritten="")

        monkeypatch.setattr(session, "rehearse", rehearse)
        monkeypatch.setattr(sys, "argv", ["drill", "run", "a"])
        with pytest.raises(SystemExit) as end:
            cli.main()
        told = tmp_path / "told.jsonl"
        lines = told.read_text().splitlines() if told.exists() else []
        assert isinstance(end.value.code, int)
        return end.value.code, [json.loads(line)["event"] for line in lines]

    return played


def test_the_beginning_and_the_end_are_told(events: Callable[[Rehearse], tuple[int, list[str]]]) -> None:
    assert events(lambda display, opened: None) == (1, ["begins", "ended"])


def test_an_abort_is_told_between_them(events: Callable[[Rehearse], tuple[int, list[str]]]) -> None:
    def tripped(display: Any, opened: Any) -> None:
        display.fact(Opened(drill="a", run="3f9a12cd", wall_unix_s=0, monotonic_ns=0, version="1", boot=""))
        display.fact(GuardTripped(guard="errors > 50%", detail="62%"))

    code, told = events(tripped)
    assert code == 1
    assert sorted(told) == ["aborted", "begins", "ended"]


def test_a_rehearsal_that_could_not_be_is_told_as_its_end(events: Callable[[Rehearse], tuple[int, list[str]]]) -> None:
    def full(display: Any, opened: Any) -> None:
        raise CannotRun("the disk is full")

    assert events(full) == (4, ["begins", "aborted"])


def test_an_announcement_that_fails_changes_no_code(
    tmp_path: Path, events: Callable[[Rehearse], tuple[int, list[str]]], capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.yaml").write_text((tmp_path / "a.yaml").read_text() + "  - {command: ['false']}\n")
    assert events(lambda display, opened: None)[0] == 1
    assert capsys.readouterr().err.count("warning: the command false was not told of") == 2


def test_a_run_that_cannot_have_its_silence_does_not_begin(
    tmp_path: Path, events: Callable[[Rehearse], tuple[int, list[str]]]
) -> None:
    silence = "silence: [{at: 'http://127.0.0.1:9', matchers: ['a=\"b\"']}]\n"
    (tmp_path / "a.yaml").write_text((tmp_path / "a.yaml").read_text() + silence)
    begun: list[str] = []
    assert events(lambda display, opened: begun.append("begun")) == (4, [])
    assert begun == []
    assert (tmp_path / "runs" / silences.FOLDER).is_dir()
