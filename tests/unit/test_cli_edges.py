"""What `drill edges` prints of each edge."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Never

import pytest
from click.testing import CliRunner

from harness.cli import edges
from harness.cli.edges import _here, _print
from harness.edges import Edge, Known
from harness.errors import Signalled, UsageError
from harness.run.stop import ending_at_once
from harness.stack.find import Found

KNOWN = (Known("inferred", "environment HOST"),)


@pytest.mark.parametrize(
    ("edge", "service", "line"),
    [
        (Edge("api", "db", ports=(5432,), speaks="postgres", known=KNOWN), {}, "5432 postgres"),
        (Edge("api", "mc", ports=(11311,), known=KNOWN), {"command": ["memcached", "-p", "11311"]}, "11311 memcached"),
        (Edge("api", "mc", known=KNOWN), {"command": "memcached -u nobody"}, "memcached, ports as seen"),
        (Edge("api", "own", known=KNOWN), {}, "ports as seen"),
        (Edge("api", "own", ports=(7777,), known=KNOWN), {"command": ["./own"]}, "7777 unknown protocol"),
    ],
)
def test_an_edge_is_printed_with_what_the_witness_will_speak(
    edge: Edge, service: dict[str, Any], line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    _print((edge,), Found((edge,)), {edge.dependency: service})
    assert capsys.readouterr().out == f"{edge.id}  {line}  [inferred: environment HOST]\n"


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_an_observation_that_is_ended_from_outside_takes_down_what_it_started(number: int, code: int) -> None:
    usual, taken_down = signal.getsignal(number), []

    def observed() -> None:
        try:
            os.kill(os.getpid(), number)
        finally:
            taken_down.append(True)

    with pytest.raises(Signalled) as end, ending_at_once():
        observed()
    assert (end.value.exit_code, taken_down) == (code, [True])
    assert signal.getsignal(number) == usual


def test_without_a_stack_the_projects_own_files_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COMPOSE_FILE", raising=False)
    (tmp_path / "drills").mkdir()
    (tmp_path / "pyproject.toml").write_text("[tool.drill]\n")
    monkeypatch.chdir(tmp_path / "drills")
    with pytest.raises(UsageError, match="there is no Compose file here; name one, a folder with one, or a drill"):
        _here()
    (tmp_path / "compose.yaml").write_text("services: {}\n")
    (tmp_path / "compose.override.yaml").write_text("services: {}\n")
    assert _here() == (str(tmp_path / "compose.yaml"), str(tmp_path / "compose.override.yaml"))


def test_edges_reads_them_where_it_is_given_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "compose.yaml").write_text("services: {}\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("COMPOSE_FILE", raising=False)
    asked: list[Sequence[str]] = []

    def read(stack: Sequence[str], *_: object) -> Never:
        asked.append(stack)
        raise UsageError("far enough")

    monkeypatch.setattr(edges, "_read", read)
    CliRunner().invoke(edges.command, ["other.yaml"])
    CliRunner().invoke(edges.command, [])
    assert asked == [("other.yaml",), (str(tmp_path / "compose.yaml"),)]
