"""A bad release on a small real stack, taken back by a person: beside the run with `drill exec`, at its terminal, or not at all."""

from __future__ import annotations

import os
import pty
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from shop_runs import SHOP, Act, Run, Told, told_by

from harness.facts import Acknowledged, Deployed, Executed, Executing, LeverAsked, LeverEnded, Noted, Sealed
from harness.judging import judge_folder

pytestmark = pytest.mark.e2e

DRILL = f"""
drill: shop
stack: {{compose: [stack/compose.yaml], ready_within: 2m}}
load:
  locustfile: {SHOP / "locustfile.py"}
  against: web:8080
  arrivals: [{{for: 2m, rate: 10/s}}]
  max_in_flight: 120
  timeout: 3s
steady: {{for: 4s, within: 60s, all: [errors < 1%, p95 < 1s]}}
phases:
  - name: release
    for: 60s
    faults: [{{bad_release: {{service: web, environment: {{RELEASE: bad}}}}}}]
    expect:
      - rolled_back: {{by: human, command: [./rollback.sh], trigger: after 2s, within: 58s, id: back}}
      - on_call: {{acknowledged: 40s, diagnosed: 50s, mitigations: [rollback.sh], harmful: [restart store], trigger: after 2s, id: people}}
    then: [{{recovers: {{within: 15s}}}}]
abort: {{max_duration: 4m}}
"""
ROLLBACK = """#!/bin/sh
set -e
docker compose --ansi never up --detach --no-deps --no-build --pull never $DRILL_SERVICE
echo "back to $DRILL_GOOD_IMAGE"
"""


@dataclass
class Attended(Run):
    """A run that somebody started at a terminal."""

    terminal: int = field(default=-1)

    def prepare(self) -> None:
        super().prepare()
        stack = self.home / "stack"
        shutil.copytree(SHOP, stack)
        text = (stack / "compose.yaml").read_text().replace("name: shop", "name: shop-human")
        (stack / "compose.yaml").write_text(text)
        (self.home / "rollback.sh").write_text(ROLLBACK)
        (self.home / "rollback.sh").chmod(0o755)

    def start(self) -> subprocess.Popen[bytes]:
        self.terminal, theirs = pty.openpty()
        with (self.home / "out").open("wb") as out, (self.home / "err").open("wb") as err:
            argv = [sys.executable, "-m", "harness", "run", "shop.yaml", "--live", "plain"]
            process = subprocess.Popen(
                argv, cwd=self.home, stdin=theirs, stdout=out, stderr=err, start_new_session=True
            )
        os.close(theirs)
        return process

    def type(self, line: str) -> None:
        os.write(self.terminal, f"{line}\n".encode())


def silent(run: Run, process: subprocess.Popen[bytes]) -> None:
    """Nobody says or does anything."""


def beside(run: Run, process: subprocess.Popen[bytes]) -> None:
    run.await_fact(process, LeverAsked)
    assert run.drill("ack").returncode == 0
    assert run.drill("note", "the new release of web fails").returncode == 0
    done = run.drill("exec", "--", "./rollback.sh")
    assert done.returncode == 0, done.stderr
    assert "back to" in done.stdout


def typed(run: Run, process: subprocess.Popen[bytes]) -> None:
    assert isinstance(run, Attended)
    run.await_fact(process, LeverAsked)
    run.type("ack")
    run.await_fact(process, Acknowledged)
    run.type("note web is broken since the deploy")
    run.await_fact(process, Noted)
    run.type("yes")
    run.await_fact(process, LeverEnded)


STORIES: dict[str, tuple[Act, dict[str, Any]]] = {
    name: (act, {"edit": lambda _: DRILL}) for name, act in (("beside", beside), ("typed", typed), ("silence", silent))
}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory, docker_engine: None) -> Iterator[Told]:
    yield from told_by(tmp_path_factory.mktemp("human"), STORIES, at_once=1, kind=Attended)  # their seconds count


def found(run: Run, claim: str) -> dict[str, Any]:
    (one,) = [finding for finding in run.verdict["findings"] if finding["id"] == claim]
    return dict(one)


@pytest.mark.parametrize("name", ["beside", "typed"])
def test_a_person_who_rolls_back_passes_and_all_they_said_and_did_is_among_the_facts(told: Told, name: str) -> None:
    run = told(name)
    assert run.code == 0, run.said
    for claim in ("back", "people"):
        assert found(run, claim)["outcome"] == "passed", found(run, claim)["because"]
    assert [fact.by for fact in run.journal.of(Deployed)] == ["harness", "rollback"]
    (release,) = run.verdict["releases"]
    order = [release["instants"][one]["high_s"] for one in ("asked", "acknowledged", "believed", "decided", "executed")]
    assert order == sorted(order)
    assert run.journal.of(Sealed)
    assert "acknowledged by" in run.said


def test_a_command_that_was_run_beside_is_told_with_its_exit_code_and_output(told: Told) -> None:
    journal = told("beside").journal
    (began,), (ended,) = journal.of(Executing), journal.of(Executed)
    assert (began.command, ended.exit_code, ended.begun_s) == (("./rollback.sh",), 0, began.seen_s)
    assert "back to" in ended.output
    assert len(ended.sha256) == 64
    assert ended.size > 0


def test_silence_is_judged_as_silence(told: Told) -> None:
    run = told("silence")
    assert run.code == 1, run.said
    assert found(run, "back")["reason"] == "never_decided"
    assert found(run, "people")["reason"] == "not_acknowledged"
    assert [fact.by for fact in run.journal.of(Deployed)] == ["harness", "mend"]


def test_a_record_that_was_changed_afterwards_is_found_out(told: Told, tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(told("beside").folder, folder)
    (record,) = [path for path in (folder / "facts").glob("people-*.jsonl") if "web fails" in path.read_text()]
    record.write_text(record.read_text().replace("web fails", "store fails"))
    verdict = judge_folder(folder).verdict
    assert {judged.id: judged.finding.reason for judged in verdict.findings}[f"record/{record.stem}"] == "record_broken"
    assert verdict.exit_code == 3


def test_when_no_drill_is_running_there_is_nobody_to_tell(told: Told) -> None:
    run = told("beside")
    for words in (("ack",), ("note", "late"), ("exec", "--", "true"), ("ack", "--run", str(run.folder))):
        ended = run.drill(*words)
        assert ended.returncode == 4, ended.stderr


@pytest.mark.parametrize("name", STORIES)
def test_nothing_is_left(told: Told, name: str) -> None:
    assert told(name).left() == []
