"""A scheduled run for real: begun once, another beside it refused and written down, ended by a halt, and all of it announced."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from shop_runs import Run

from harness.facts import Injected

pytestmark = pytest.mark.e2e

TELL = """
import json, sys
with open("told.jsonl", "a") as file:
    file.write(json.dumps(json.load(sys.stdin)) + "\\n")
"""


def test_a_scheduled_run_begins_once_and_tells_of_itself(tmp_path: Path) -> None:
    home = tmp_path / "shop"
    at = f"daily {datetime.now(UTC):%H:%M}"

    def told_and_scheduled(text: str) -> str:
        ways = json.dumps(
            [{"command": [sys.executable, "tell.py"], "timeout": "30s"}, {"command": ["false"], "on": ["begins"]}]
        )
        return f"{text}announce: {ways}\nschedule: {{at: '{at}'}}\n"

    run = Run(home, ("--scheduled",), edit=told_and_scheduled)
    run.prepare()
    (home / "tell.py").write_text(TELL)
    beside: list[subprocess.CompletedProcess[str]] = []

    def meanwhile(process: subprocess.Popen[bytes]) -> None:
        run.await_fact(process, Injected)
        beside.append(run.drill("run", "shop.yaml", "--scheduled"))
        beside.append(run.drill("run", "shop.yaml", "--scheduled", "--if-due"))
        beside.append(run.drill(*shlex.split("halt --reason 'a real incident'")))

    run.finish(run.start(), meanwhile)
    assert run.code == 5, run.said
    assert [one.returncode for one in beside] == [4, 0, 0]
    assert "was begun already" in beside[0].stderr
    assert (beside[1].stdout, beside[1].stderr) == ("", "")
    told = [json.loads(line) for line in (home / "told.jsonl").read_text().splitlines()]
    assert [one["event"] for one in told if one["event"] != "refused"] == ["begins", "aborted", "ended"]
    assert [one["event"] for one in told].count("refused") == 1
    aborted, end = (next(one for one in told if one["event"] == event) for event in ("aborted", "ended"))
    assert "a real incident" in aborted["text"]
    assert (end["exit_code"], end["run"]) == (5, run.folder.name.rpartition("-")[2])
    assert Path(end["report"]).is_file()
    assert "warning: the command false was not told of 'begins': false ended with 1" in run.said
    listed = run.drill("runs", "shop", "--json")
    words = [one["word"] for one in json.loads(listed.stdout)["runs"]]
    assert sorted(words) == ["refused", "stopped"]
    assert run.left() == []
