"""For the load's tests: a server on the loopback that counts what arrives, and a load against it from beginning to
end."""

from __future__ import annotations

import itertools
import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.facts import Fact, LoadBegan, LoadEnded
from harness.ledger import ASIDE, DEPENDENT, ELSEWHERE, NEVER, UNGATED, Rows, read, row_of_request_id
from harness.load.arrivals import Segment
from harness.load.generator import Generator, LoadConfig

LOCUSTFILES = Path(__file__).parent / "locustfiles"


class CountingServer(ThreadingHTTPServer):
    """Answers by path; `seen` has (method, path, X-Request-ID, traceparent) of each request that arrived."""

    daemon_threads = True
    request_queue_size = 512

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answers)
        self.seen: list[tuple[str, str, str, str]] = []
        self.hold_s = 0.0  # how long each answer is held back

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is part of the tests."""


class Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: CountingServer

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def answer(self) -> None:
        ids = (self.headers.get("X-Request-ID", ""), self.headers.get("traceparent", ""))
        self.server.seen.append((self.command, self.path, *ids))
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = self.path.partition("?")[0]
        time.sleep(self.server.hold_s)
        status, kind, body, more = 200, "text/plain", b"hello", {}
        if path == "/json":
            kind, body = "application/json; charset=utf-8", b'{"ok": true, "items": [{"id": 1}]}'
        elif path.startswith("/status/"):
            status = int(path.rpartition("/")[2])
        elif path == "/redirect":
            status, more = 302, {"Location": "/json"}
        elif path == "/see":
            status, more = 303, {"Location": self.path.partition("?")[2]}
        elif path == "/digest" and "Authorization" not in self.headers:
            status, more = 401, {"WWW-Authenticate": 'Digest realm="shop", nonce="7", qop="auth"'}
        elif path == "/large":
            body = b"x" * 8_000_000
        elif path == "/slow":
            time.sleep(0.5)
        elif path == "/closed":
            self.close_connection = True
            return
        elif path == "/cut":
            more = {"Content-Length": "1000"}
            self.close_connection = True
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), "X-Version": "v7", **more}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = answer


@pytest.fixture
def server() -> Iterator[CountingServer]:
    counting = CountingServer()
    threading.Thread(target=counting.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    yield counting
    counting.shutdown()
    counting.server_close()


@dataclass
class Loaded:
    """What a load left: the facts it told, the rows it wrote, what Locust printed."""

    facts: list[Fact]
    rows: Rows
    log: str
    folder: Path

    def of(self, kind: type[Any]) -> list[Any]:
        return [fact for fact in self.facts if isinstance(fact, kind)]

    def check(self, server: CountingServer, rate: float | None) -> None:
        """One arrival each 1/rate s, whatever the tasks do; each row that was sent arrived, each that arrived has its
        row."""
        array, counted = self.rows.array, ~self.rows.has(ASIDE)
        arrivals = (counted & ~self.rows.has(DEPENDENT) & ~self.rows.has(UNGATED)).sum()
        begun, ended = self.of(LoadBegan)[0], self.of(LoadEnded)[0]
        assert ended.clean, ended.detail
        if rate is not None:
            assert arrivals == round((ended.ended_s - begun.begins_s) * rate) + 1
        elsewhere = [n for n, name in enumerate(self.rows.endpoints) if not name.partition(" ")[2].startswith("/")]
        elsewhere += [n for n, name in enumerate(self.rows.endpoints) if name.endswith("refused")]
        here = (array["sent_us"] != NEVER) & ~np.isin(array["endpoint"], elsewhere) & ~self.rows.has(ELSEWHERE)
        sent = set(np.flatnonzero(here).tolist())
        ids = [row_of_request_id(seen[2]) for seen in server.seen]
        arrived = {found[2] for found in ids if found}
        assert len(sent - arrived) == ids.count(None)
        assert not arrived - sent

    def by_endpoint(self) -> dict[str, Counter[str]]:
        """Outcomes of counted rows by endpoint."""
        from harness.ledger import OUTCOMES

        counted: dict[str, Counter[str]] = {}
        array = self.rows.array[~self.rows.has(ASIDE)]
        for endpoint, outcome in zip(array["endpoint"], array["outcome"], strict=True):
            counted.setdefault(self.rows.endpoints[endpoint], Counter())[OUTCOMES[outcome]] += 1
        return counted


@pytest.fixture
def full_disk() -> Callable[[Path], Callable[[], None]]:
    """`full_disk(path)`: what this process has open there meets a full disk from now on; what it returns makes room."""

    def turn(number: int, to: str) -> None:
        there = os.open(to, os.O_WRONLY | os.O_APPEND)
        os.dup2(there, number)
        os.close(there)

    def fill(path: Path) -> Callable[[], None]:
        (number,) = (int(fd.name) for fd in Path("/proc/self/fd").iterdir() if fd.exists() and fd.samefile(path))
        turn(number, "/dev/full")
        return lambda: turn(number, str(path))

    return fill


_runs = itertools.count(0xAA000000)


@pytest.fixture
def load(tmp_path: Path) -> Iterator[Callable[..., Generator]]:
    """Makes a Generator for a locustfile of tests/unit/locustfiles; it is killed at the end."""
    made: list[Generator] = []

    def make(locustfile: str | Path | tuple[Path, ...], host: str, *, rate: float = 40.0, **changes: Any) -> Generator:
        changes.setdefault("max_in_flight", 20)
        changes.setdefault("spawn_rate", 200.0)
        changes.setdefault("seed", 7)
        if changes.get("model") != "closed":
            changes.setdefault("arrivals", (Segment(1.0, rate, rate),))
        if isinstance(locustfile, tuple):
            locustfiles = locustfile
        else:
            locustfiles = (locustfile if isinstance(locustfile, Path) else LOCUSTFILES / f"{locustfile}.py",)
        config = LoadConfig(
            run=f"{next(_runs):08x}",
            opened_monotonic_ns=time.monotonic_ns(),
            locustfiles=locustfiles,
            host=host,
            timeout_s=changes.pop("timeout_s", 2.0),
            **changes,
        )
        folder = tmp_path / f"run{len(made)}"
        folder.mkdir()
        made.append(Generator(config, folder))
        return made[-1]

    yield make
    for generator in made:
        generator.kill()


@pytest.fixture
def loaded(load: Callable[..., Generator], server: CountingServer) -> Callable[..., Loaded]:
    """Runs a load against the server for so many seconds, stops it, and counts."""

    def run(locustfile: str | Path | tuple[Path, ...], host: str, *, for_s: float = 1.0, **changes: Any) -> Loaded:
        generator = load(locustfile, host, **changes)
        generator.start()
        generator.ready(30.0)
        facts = generator.poll()
        opened = generator.config.opened_monotonic_ns
        generator.begin((time.monotonic_ns() - opened) / 1e9 + 0.1)
        until = time.monotonic() + 0.1 + for_s
        while time.monotonic() < until and not generator.ended:
            time.sleep(0.05)
            facts += generator.poll()
        generator.stop(2.0)
        facts += generator.poll()
        done = Loaded(facts, read(generator.ledger), generator.log.read_text(), generator.ledger.parent)
        done.check(server, None if changes.get("model") == "closed" else changes.get("rate", 40.0))
        return done

    return run
