"""Two real Locust workers under one master: every arrival once and on time, whoever sends it, and what is told when one dies."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.errors import CannotRun
from harness.facts import LoadBegan, LoadEnded, LoadReady, LoadSaid, LoadSampled, WorkerClock, WorkerLost
from harness.ledger import LOST, Rows, read, row_of_request_id
from harness.load.arrivals import Segment, instants
from harness.load.generator import Generator, LoadConfig
from harness.load.joining import join
from harness.load.knock import knock
from harness.load.secured import Keys

RATE = 40.0
LOCUSTFILE = """
from locust import FastHttpUser, task

from shared import BUY

class Buyer(FastHttpUser):
    weight = 3
    @task
    def buy(self):
        self.client.get(BUY)
"""
LOOKER = """
from locust import FastHttpUser, task

class Looker(FastHttpUser):
    @task
    def look(self):
        self.client.get("/look")
"""


class Answering(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    seen: Counter[str]

    def do_GET(self) -> None:
        self.seen[self.headers["X-Request-ID"]] += 1
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_: Any) -> None: ...


@pytest.fixture
def server() -> Iterator[ThreadingHTTPServer]:
    Answering.seen = Counter()
    made = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    yield made
    made.shutdown()
    made.server_close()


class Load:
    """A load of so many workers, from its beginning to its end."""

    def __init__(
        self, folder: Path, server: ThreadingHTTPServer, workers: int, for_s: float, at_half: Any = None, **changes: Any
    ) -> None:
        locustfiles = tuple(folder / name for name in ("shop.py", "shared.py", "more/shop.py"))
        (folder / "more").mkdir()
        for locustfile, text in zip(locustfiles, (LOCUSTFILE, 'BUY = "/buy"\n', LOOKER), strict=True):
            locustfile.write_text(text)
        opened = time.monotonic_ns()
        config = LoadConfig(
            run="be9c0001",
            opened_monotonic_ns=opened,
            locustfiles=locustfiles,
            host=f"http://127.0.0.1:{server.server_address[1]}",
            arrivals=(Segment(1.0, RATE, RATE),),
            max_in_flight=12,
            seed=3,
            workers=workers,
            **changes,
        )
        generator = Generator(config, folder / "run")
        self.facts: list[Any] = []
        try:
            generator.start()
            generator.ready(60.0)
            self.begin_s = (time.monotonic_ns() - opened) / 1e9 + 0.5
            generator.begin(self.begin_s)
            half = time.monotonic() + 0.5 + for_s / 2
            end = half + for_s / 2
            while time.monotonic() < end:
                time.sleep(0.05)
                self.facts += generator.poll()
                if at_half is not None and time.monotonic() > half:
                    at_half, _ = None, at_half(generator)
            generator.stop(2.0)
            self.facts += generator.poll()
        finally:
            generator.kill()
        self.log = generator.log.read_text()
        self.rows: Rows = read(generator.ledger)

    def of(self, kind: type[Any]) -> list[Any]:
        return [fact for fact in self.facts if isinstance(fact, kind)]


def schedule_us(load: Load, count: int) -> list[int]:
    due = instants((Segment(1.0, RATE, RATE),), seed=3)
    begin_us = round(load.begin_s * 1e6)
    return [begin_us + round(next(due) * 1e6) for _ in range(count)]


def test_a_worker_that_is_killed_is_told_with_what_it_left(tmp_path: Path, server: ThreadingHTTPServer) -> None:
    def kill(generator: Generator) -> None:
        children.extend(Path(f"/proc/{generator.pid}/task/{generator.pid}/children").read_text().split())
        os.kill(int(children[1]), signal.SIGKILL)

    children: list[str] = []

    load = Load(tmp_path, server, workers=2, for_s=2.4, at_half=kill)
    assert len(children) == 2
    assert not any(Path("/proc", child).exists() for child in children), "nothing of it is left"
    (lost,) = load.of(WorkerLost)
    assert (lost.worker, lost.workers, lost.detail, lost.home) == (1, 2, "killed by SIGKILL", True)
    assert load.begin_s + 1.1 < lost.lost_s < load.begin_s + 2.4, "seen within a second or two"
    by = {worker: load.rows.array["intended_us"][load.rows.worker == worker] / 1e6 for worker in (0, 1)}
    assert by[1].max() < lost.lost_s < by[0].max() - 0.5, "the other one goes on with its own part"
    assert np.allclose(np.diff(by[0]), 2 / RATE, atol=1e-5)
    unfinished = load.rows.array["state"] != 3
    assert (load.rows.has(LOST) == unfinished).all()
    assert lost.in_flight == unfinished.sum()
    assert [end.clean for end in load.of(LoadEnded)] == [True]


def test_one_here_and_one_that_joins_send_the_one_schedule_and_all_of_it_comes_home(
    tmp_path: Path, server: ThreadingHTTPServer
) -> None:
    token = tmp_path / "token"
    token.write_text("correct horse battery staple")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    said: list[str] = []
    joining = threading.Thread(target=join, args=("127.0.0.1", port, token.read_text(), said.append), daemon=True)
    late: list[str] = []

    def others(_: Generator) -> None:
        assert knock("127.0.0.1", port, Keys.of("who knows what it is")) == "refused"
        try:
            join("127.0.0.1", port, token.read_text(), late.append, wait_s=0)
        except CannotRun as error:
            late.append(str(error))

    joining.start()
    listening = {"joining": 1, "listen": f"127.0.0.1:{port}", "token_file": str(token)}
    load = Load(tmp_path, server, workers=2, for_s=2.0, at_half=others, **listening)
    joining.join(10)
    assert not joining.is_alive(), said
    assert [end.clean for end in load.of(LoadEnded)] == [True], load.log
    assert not load.of(WorkerLost)
    rows, ended_s = load.rows, load.of(LoadEnded)[0].ended_s
    assert load.of(LoadReady)[0].users == 12, "of each class as many here as there, so that nobody lacks one"
    assert len(load.of(LoadBegan)) == 1
    assert rows.array["intended_us"].tolist() == schedule_us(load, len(rows)), "every arrival, once, in order"
    assert len(rows) == round((ended_s - load.begin_s) * RATE) + 1, "to the last"
    assert rows.worker.tolist() == [n % 2 for n in range(len(rows))]
    ids = {row_of_request_id(text): count for text, count in Answering.seen.items()}
    assert rows.outcome("ok").all()
    assert ids == {("be9c0001", int(w), int(n)): 1 for w, n in zip(rows.worker, rows.number, strict=True)}
    assert sum(sample.due for sample in load.of(LoadSampled)) > RATE, "samples are of both workers"
    draws = Counter(rows.endpoints[number] for number in rows.array["endpoint"])
    assert draws["GET /buy"] > draws["GET /look"] > 0
    assert (load.rows.array["sent_us"] < 200_000).all(), "its clock is the run's"
    clocks = [(clock.worker, clock.when) for clock in load.of(WorkerClock)]
    assert clocks == [(1, "before"), (1, "after")]
    assert all(clock.uncertainty_ms < 20 and abs(clock.drift_ms) < 20 for clock in load.of(WorkerClock))
    assert said[-1] == f"joining the load of 127.0.0.1:{port}"
    assert "not welcome there: the run has its 2 workers already; waiting for the next run" in late[1]
    told = " ".join(fact.text for fact in load.of(LoadSaid) if fact.kind == "refused_worker")
    assert "does not know the token" in told
    assert "may not join: the run has its 2 workers already" in told
