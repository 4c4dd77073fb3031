"""Shared by all tests: the real Toxiproxy program, and a Docker Engine. What is missing fails; nothing skips."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from harness.doctor import examine
from harness.doctor.images import toxiproxy_binary as out_of_the_image
from harness.errors import CannotRun

settings.register_profile("any-machine", deadline=None)  # how long an example takes says nothing on a busy machine
settings.load_profile("any-machine")


@pytest.fixture(scope="session")
def toxiproxy_binary() -> Path:
    """The real Toxiproxy program: the one that DRILL_TOXIPROXY_BIN names, else the one in the image."""
    given = os.environ.get("DRILL_TOXIPROXY_BIN")
    if given:
        return Path(given)
    try:
        return out_of_the_image()
    except CannotRun as error:
        pytest.fail(f"wire tests need a real Toxiproxy: {error}", pytrace=False)


@pytest.fixture(scope="session")
def toxiproxy_server(toxiproxy_binary: Path) -> Iterator[tuple[str, int]]:
    """A real Toxiproxy on a free port of 127.0.0.1, one for all tests: (host, port) of its API."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        host, port = free.getsockname()
    server = subprocess.Popen(
        [str(toxiproxy_binary), "-host", host, "-port", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        while True:
            assert server.poll() is None, f"{toxiproxy_binary} ended with {server.returncode}"
            with contextlib.suppress(OSError), socket.create_connection((host, port)):
                break
            time.sleep(0.01)
        yield host, port
    finally:
        server.kill()
        server.wait()


@pytest.fixture(scope="session")
def docker_engine() -> None:
    """Docker, Compose and the images of ours are there; otherwise every test that starts stacks fails and says why."""
    try:
        examine.preflight()
    except CannotRun as error:
        pytest.fail(f"end-to-end tests need Docker: {error}", pytrace=False)


@pytest.fixture(autouse=True)
def _what_the_mark_says(request: pytest.FixtureRequest) -> None:
    """A test marked e2e gets its engine looked at first, once for all of them."""
    if request.node.get_closest_marker("e2e"):
        request.getfixturevalue("docker_engine")


TALE = """
drill: tale
title: TITLE
hypothesis: It waits when the database is slow.
stack: {compose: [compose.yaml]}
load: {locustfile: load.py, against: "api:80", arrivals: [{for: 1m, rate: 20/s}]}
steady: {for: 5s, within: 30s, all: [errors < 1%]}
phases:
  - name: slow
    for: 10s
    faults:
      - latency: {edge: api->db, delay: 400ms}
    expect:
      - responds_within: {request: GET /x, p95: P95}
      - errors_below: {ratio: 1%}
      - log_seen: {service: api, contains: slow, within: 5s}
    then:
      - recovers: {within: 3s}
expect:
  - log_quiet: {service: "*", matches: "panic"}
abort: {max_duration: 5m}
"""


@pytest.fixture
def make_story(tmp_path: Path) -> Callable[..., Any]:
    """Makes the Story of a small run, judged as any run is: a phase with one fault, 20 requests a second.

    p95      the limit of its first claim; below 450ms it fails
    line     what api logs in the phase, beside the line that is waited for
    title, endpoint   what stands where names of the user's stand
    cut_s    what was known at that instant alone
    """
    from harness import facts as f
    from harness import judge as judging
    from harness.document import verdict_doc
    from harness.drill.parse import parse
    from harness.expectations.base import Line
    from harness.plan import make_plan
    from harness.report.story import Story
    from harness.testing import WrittenLogs, journal_of, rows_of

    def make(
        *, p95: str = "600ms", line: str = "fine", title: str = "A tale", endpoint: str = "GET /x", cut_s: float = 1e9
    ) -> Story:
        (tmp_path / "compose.yaml").write_text("services: {api: {image: x}, db: {image: y}}\n")
        (tmp_path / "load.py").write_text(
            "from locust import HttpUser, task\n\n\nclass U(HttpUser):\n    @task\n    def t(self):\n        self.client.get('/x')\n"
        )
        text = TALE.replace("P95", p95).replace("TITLE", json.dumps(title)).replace("GET /x", json.dumps(endpoint))
        (tmp_path / "tale.yaml").write_text(text)
        drill = parse(tmp_path / "tale.yaml")
        fault = "slow/latency-api->db"

        def look(at_s: float) -> f.Fact:
            slow = 10 <= at_s < 20
            took_ms = 402.0 if slow else 2.0
            told = {"connect_ms": 0.2, "answer_ms": took_ms, "turns": 1, "limit_ms": 1500.0}
            seen_s = at_s + took_ms / 1000
            return f.Witnessed(
                edge="api->db", port=5432, outcome="answered", speaks="postgres", seen_s=seen_s, happened_s=at_s, **told
            )

        facts: list[f.Fact] = [
            f.Opened(drill="tale", run="0badcafe", wall_unix_s=1.7e9, monotonic_ns=5, version="0.1.0", seen_s=0.001),
            f.EdgeFound(edge="api->db", address="10.0.0.9", ports=(5432,), speaks="postgres", seen_s=0.1),
            f.ContainerSeen(
                service="api", container="tale-api-1", status="running", image="x", image_id="sha256:1", seen_s=0.2
            ),
            f.ContainerSeen(
                service="db", container="tale-db-1", status="running", image="y", image_id="sha256:2", seen_s=0.2
            ),
            f.ContainerChanged(service="db", container="tale-db-1", event="start", seen_s=0.3),
            f.LoadBegan(begins_s=1.0, seen_s=0.9),
            f.GateHeld(detail="errors < 1%: 0%", seen_s=9.9),
            f.PhaseBegan(phase="slow", seen_s=10.0),
            f.Injecting(fault=fault, kind="latency", target="api->db", planned_s=10.0, seen_s=10.001),
            f.Injected(fault=fault, begun_s=10.001, seen_s=10.002),
            f.Mended(fault=fault, begun_s=19.9, seen_s=19.95),
            f.PhaseEnded(phase="slow", seen_s=20.0),
            f.PhaseSettled(phase="slow", steady=True, seen_s=26.0),
            f.LoadEnded(clean=True, ended_s=30.0, seen_s=30.1),
            f.Closed(seen_s=33.0),
            *(look(0.5 * i) for i in range(2, 62)),
            *(f.LoadSampled(cpu_ratio=0.1, late_ms=1, due=20, dropped=0, seen_s=s + 0.5) for s in range(1, 31)),
            *(f.ClockRead(wall_unix_s=1.7e9 + s, seen_s=float(s)) for s in range(1, 33)),
            *(
                f.Looked(probe="logs", target=name, seen_s=float(s))
                for s in range(1, 33)
                for name in ("tale-api-1", "tale-db-1")
            ),
            *(f.Surveyed(edge="api->db", mediated=5, direct=0, seen_s=float(s)) for s in range(1, 31)),
        ]
        journal = journal_of(*facts).cut(cut_s)
        logs = WrittenLogs(
            [Line("api", "tale-api-1", 11.0, "the database is slow"), Line("api", "tale-api-1", 12.0, line)]
        )
        entries = [
            {
                "at_s": 1 + i / 20,
                "took_ms": 450.0 if 180 <= i < 380 else 20.0,
                "endpoint": endpoint,
                "outcome": "5xx" if i == 200 else "ok",
            }
            for i in range(580)
        ]
        rows = rows_of(entry for entry in entries if entry["at_s"] <= cut_s)
        plan = make_plan(drill)
        over = journal.first(f.Closed) is not None
        verdict = judging.judge(drill, plan.all_claims, journal, rows, logs, over=over)
        document = verdict_doc(verdict, journal, rows, judging.faults_of(drill))
        return Story(document, journal, rows, logs, plan, text, {"api": "x", "db": "y"})

    return make
