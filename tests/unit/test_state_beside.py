"""The state beside a target: its parts are read by commands on this machine, which are told the target, and by nothing else."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from harness.drill.parse import parse_text
from harness.facts import Fact, StateRead
from harness.fakeworld.clock import FakeClock
from harness.run.sources import state_book_beside

DRILL = """
drill: fake
stack: {compose: [compose.yaml]}
load: {locustfile: locustfile.py, against: "api:80", arrivals: [{for: 1m, rate: 10/s}]}
state:
  PARTS
steady: {for: 5s, within: 20s, all: [errors < 1%]}
phases: [{name: calm, for: 20s}]
expect: [{state_restored: {only: [flags]}}]
abort: {max_duration: 5m}
"""
INSIDE = "schema: {sql: {service: db, query: SELECT 1}}"
HERE = "flags: {command: {run: [sh, flags.sh]}}"


def session(folder: Path, parts: str, record: Any = None) -> Any:
    (folder / "compose.yaml").write_text("services: {}\n")
    (folder / "locustfile.py").write_text("from locust import HttpUser\n")
    drill = parse_text(DRILL.replace("PARTS", parts), file=folder / "fake.yaml")
    run = SimpleNamespace(path=folder / "run", run="0a0b0c0d")
    display = SimpleNamespace(say=lambda line: None)
    stop = SimpleNamespace(interruptible=lambda again: nullcontext())
    return SimpleNamespace(drill=drill, folder=run, clock=FakeClock(), record=record, display=display, stop=stop)


def test_a_part_is_read_by_its_command_which_is_told_the_target(tmp_path: Path) -> None:
    (tmp_path / "flags.sh").write_text("""echo '{"id": "'$DRILL_TARGET'", "run": "'$DRILL_RUN'"}'\n""")
    facts: list[Fact] = []
    book = state_book_beside(session(tmp_path, f"{HERE}\n  {INSIDE}", facts.append), "staging")
    assert book is not None
    book.begin()
    (read,) = facts
    assert isinstance(read, StateRead)
    assert (read.part, read.error) == ("flags", "")
    assert read.held == ('{"id":"staging","run":"0a0b0c0d"}',)


def test_where_no_part_is_read_there_there_is_no_state(tmp_path: Path) -> None:
    assert state_book_beside(session(tmp_path, INSIDE.replace("schema", "flags")), "staging") is None
