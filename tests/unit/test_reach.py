"""The ways into a stack end within their limits, whatever is behind them: a container without `timeout`, a flood, a hang, no Docker."""

from __future__ import annotations

import gzip
import os
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from harness.errors import NotApplied
from harness.world.handles import Said
from harness.world.reach import StackReach

DOCKER = """#!/bin/sh
shift; while [ "$1" = --env ]; do shift 2; done
container=$1; shift
echo "$container" > "$FAKE_LOG"
if [ "$1" = timeout ] && [ "$container" = bare ]; then
    echo 'OCI runtime exec failed: exec failed: unable to start container process: exec: "timeout": executable file not found in $PATH: unknown' >&2
    exit 127
fi
exec "$@"
"""
MOST = 1 << 20


class Listed:
    def __init__(self, *rows: tuple[str, str]) -> None:
        self._rows = [{"Id": name, "Names": [f"/{name}"], "State": state} for name, state in rows]

    def listed(self, service: str = "") -> list[dict[str, Any]]:
        return self._rows


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A `docker` that runs here what it is to run in a container; the file has the container it was asked for."""
    program = tmp_path / "bin" / "docker"
    program.parent.mkdir()
    program.write_text(DOCKER)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("FAKE_LOG", str(tmp_path / "asked"))
    return tmp_path / "asked"


def reach(*rows: tuple[str, str], port: int = 1, directory: Path = Path(), **environment: str) -> StackReach:
    return StackReach(Listed(*rows), {}, lambda _target: ("127.0.0.1", port), directory, environment)


def text(said: Said) -> str:
    return said.out.read().decode()


@pytest.mark.parametrize("container", ["shop-db-1", "bare"])
def test_a_command_runs_in_the_container_with_its_environment(docker: Path, container: str) -> None:
    there = reach((container, "running"))
    said = there.inside("db", ("sh", "-c", "echo $WHO; echo oops >&2; exit 3"), {"WHO": "anna"}, 5.0, MOST)
    assert (said.code, text(said), said.err) == (3, "anna\n", "oops")


def test_a_replica_that_runs_is_asked(docker: Path) -> None:
    there = reach(("db-1", "exited"), ("db-2", "running"), ("db-3", "running"))
    there.inside("db", ("true",), {}, 5.0, MOST)
    assert docker.read_text() == "db-2\n"
    with pytest.raises(NotApplied, match="db does not run: db-1 is exited"):
        reach(("db-1", "exited")).inside("db", ("true",), {}, 5.0, MOST)
    with pytest.raises(NotApplied, match=r"db does not run$"):
        reach().inside("db", ("true",), {}, 5.0, MOST)


@pytest.mark.parametrize("container", ["shop-db-1", "bare"])
def test_what_hangs_or_floods_is_ended(docker: Path, container: str) -> None:
    there = reach((container, "running"))
    began_s = time.monotonic()
    hung = there.inside("db", ("sleep", "60"), {}, 1.0, MOST)
    flood = there.inside("db", ("yes",), {}, 30.0, MOST)
    assert (hung.code, hung.err) == (124, "not ended after 1 s")
    assert (flood.code, flood.err) == (124, "it printed more than 1 MiB")
    assert time.monotonic() - began_s < 20


def test_a_command_here_runs_in_its_folder_and_is_told_the_project(tmp_path: Path) -> None:
    there = reach(directory=tmp_path, COMPOSE_PROJECT_NAME="drill-1")
    said = there.here(("sh", "-c", "pwd; echo $COMPOSE_PROJECT_NAME"), 5.0, MOST)
    assert text(said).split() == [str(tmp_path), "drill-1"]
    with pytest.raises(NotApplied, match="not-there could not be started: No such file"):
        there.here(("./not-there",), 5.0, MOST)


def test_without_docker_the_reason_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(NotApplied, match="docker could not be started"):
        reach(("db", "running")).inside("db", ("true",), {}, 5.0, MOST)


class Answers(BaseHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        self.send_response(302 if self.path == "/moved" else 200)
        self.send_header("X-Host", self.headers.get("Host", ""))
        self.send_header("Location", "http://elsewhere.example.test/")
        if self.path == "/zipped":
            self.send_header("Content-Encoding", "gzip")
        self.end_headers()
        if self.path == "/drip":
            for _ in range(100):
                self.wfile.write(b"x")
                time.sleep(0.05)
            return
        if self.path == "/zipped":
            self.wfile.write(gzip.compress(b"x" * 100_000))
            return
        for _ in range(1 if self.path in ("/", "/moved") else 100):
            self.wfile.write(b"x" * 65536)
            time.sleep(0.05 if self.path == "/slow" else 0)


@pytest.fixture
def port() -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()
    server.server_close()


def test_a_get_knows_its_limits_and_goes_nowhere_else(port: int) -> None:
    there = reach(port=port)
    page = there.get("payments", 8080, "/", {}, 5.0, MOST)
    assert (page.status, page.headers["x-host"], len(page.body)) == (200, "payments:8080", 65536)
    assert there.get("payments", 8080, "/moved", {}, 5.0, MOST).status == 302
    with pytest.raises(NotApplied, match="more than 1 MiB"):
        there.get("payments", 8080, "/large", {}, 5.0, MOST)
    with pytest.raises(NotApplied, match=r"not answered whole after 0\.5 s"):
        there.get("payments", 8080, "/slow", {}, 0.5, 100 * MOST)
    with pytest.raises(NotApplied, match="payments:8080 does not answer"):
        reach(port=1).get("payments", 8080, "/", {}, 1.0, MOST)


def test_a_body_that_drips_does_not_hold_a_get(port: int) -> None:
    began_s = time.monotonic()
    with pytest.raises(NotApplied, match=r"not answered whole after 0\.5 s"):
        reach(port=port).get("payments", 8080, "/drip", {}, 0.5, MOST)
    assert time.monotonic() - began_s < 3


def test_a_body_that_was_packed_for_the_way_is_unpacked(port: int) -> None:
    assert reach(port=port).get("payments", 8080, "/zipped", {}, 5.0, MOST).body == b"x" * 100_000
