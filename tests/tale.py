"""A small run, made by hand: one phase with a slow database, 20 requests a second, and what any run writes of it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from harness import facts as f
from harness.drill.parse import parse
from harness.journal_writer import Writer as JournalWriter
from harness.ledger import OUTCOMES
from harness.ledger.writing import Writer as LedgerWriter

WALL_UNIX_S = 1.7e9
FAULT = "slow/latency-api->db"
COMPOSE = "services: {api: {image: x, environment: {DB: 'db:5432'}, depends_on: [db]}, db: {image: y}}\n"
LOCUSTFILE = "from locust import HttpUser, task\n\n\nclass U(HttpUser):\n    @task\n    def t(self):\n        self.client.get('/x')\n"
DRILL = """
drill: NAME
title: TITLE
hypothesis: It waits when the database is slow.
stack: {compose: [COMPOSE]}
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


def text(
    *,
    name: str = "tale",
    p95: str = "600ms",
    title: str = "A tale",
    endpoint: str = "GET /x",
    compose: str = "compose.yaml",
) -> str:
    """The drill's file."""
    told = DRILL.replace("NAME", name).replace("COMPOSE", compose).replace("P95", p95)
    return told.replace("TITLE", json.dumps(title)).replace("GET /x", json.dumps(endpoint))


def facts(
    name: str = "tale", run: str = "0badcafe", *, opened_ns: int = 5, wall_unix_s: float = WALL_UNIX_S
) -> list[f.Fact]:
    """What the run did and saw; it was opened at that instant of the monotonic clock and of the wall's."""

    def look(at_s: float) -> f.Fact:
        slow = 10 <= at_s < 20
        took_ms = 402.0 if slow else 2.0
        told: dict[str, Any] = {"connect_ms": 0.2, "answer_ms": took_ms, "turns": 1, "limit_ms": 1500.0}
        seen_s = at_s + took_ms / 1000
        return f.Witnessed(
            edge="api->db", port=5432, outcome="answered", speaks="postgres", seen_s=seen_s, happened_s=at_s, **told
        )

    return [
        f.Opened(drill=name, run=run, wall_unix_s=wall_unix_s, monotonic_ns=opened_ns, version="0.1.0", seen_s=0.001),
        f.EdgeFound(edge="api->db", address="10.0.0.9", ports=(5432,), speaks="postgres", seen_s=0.1),
        f.ContainerSeen(
            service="api", container=f"{name}-api-1", status="running", image="x", image_id="sha256:1", seen_s=0.2
        ),
        f.ContainerSeen(
            service="db", container=f"{name}-db-1", status="running", image="y", image_id="sha256:2", seen_s=0.2
        ),
        f.ContainerChanged(service="db", container=f"{name}-db-1", event="start", seen_s=0.3),
        f.LoadBegan(begins_s=1.0, seen_s=0.9),
        f.GateHeld(detail="errors < 1%: 0%", seen_s=9.9),
        f.PhaseBegan(phase="slow", seen_s=10.0),
        f.Injecting(fault=FAULT, kind="latency", target="api->db", planned_s=10.0, seen_s=10.001),
        f.Injected(fault=FAULT, begun_s=10.001, seen_s=10.002),
        f.Mended(fault=FAULT, begun_s=19.9, seen_s=19.95),
        f.PhaseEnded(phase="slow", seen_s=20.0),
        f.PhaseSettled(phase="slow", steady=True, seen_s=26.0),
        f.LoadEnded(clean=True, ended_s=30.0, seen_s=30.1),
        f.Closed(seen_s=33.0),
        *(look(0.5 * i) for i in range(2, 62)),
        *(f.LoadSampled(cpu_ratio=0.1, late_ms=1, due=20, dropped=0, seen_s=s + 0.5) for s in range(1, 31)),
        *(f.ClockRead(wall_unix_s=wall_unix_s + s, seen_s=float(s)) for s in range(1, 33)),
        *(
            f.Looked(probe="logs", target=target, seen_s=float(s))
            for s in range(1, 33)
            for target in (f"{name}-api-1", f"{name}-db-1")
        ),
        *(f.Surveyed(edge="api->db", mediated=5, direct=0, seen_s=float(s)) for s in range(1, 31)),
    ]


def requests(endpoint: str = "GET /x") -> Iterator[dict[str, Any]]:
    """Every request of the load: slow in the phase; one of them fails."""
    for i in range(580):
        slow = 180 <= i < 380
        outcome = "5xx" if i == 200 else "ok"
        yield {"at_s": 1 + i / 20, "took_ms": 450.0 if slow else 20.0, "endpoint": endpoint, "outcome": outcome}


def project(folder: Path, drill: str) -> Path:
    """A project's folder with the drill that is given as text; its file."""
    (folder / "compose.yaml").write_text(COMPOSE)
    (folder / "load.py").write_text(LOCUSTFILE)
    (folder / "tale.yaml").write_text(drill)
    return folder / "tale.yaml"


def stored(folder: Path, drill: Path, *, name: str = "tale", endpoint: str = "GET /x", over: bool = True) -> Path:
    """The run as it lies in its folder, whose name ends with its id. `over`: it came to its end; else it began 15 s ago, and is slow."""
    run = folder.name.rpartition("-")[2]
    (folder / "logs").mkdir(parents=True)
    (folder / "drill.yaml").write_text(parse(drill).masked())
    ago_s = 0.0 if over else 15.0
    opened_ns, wall_unix_s = (5, WALL_UNIX_S) if over else (time.monotonic_ns() - int(ago_s * 1e9), time.time() - ago_s)
    told = sorted(facts(name, run, opened_ns=opened_ns, wall_unix_s=wall_unix_s), key=lambda fact: fact.seen_s)
    writer = JournalWriter(folder / "facts", "harness", lambda: 0.0)
    for fact in told if over else [fact for fact in told if fact.seen_s < ago_s]:
        writer.write(fact)
    writer.close()
    ledger = LedgerWriter(folder / "ledger", run, 0, opened_ns)
    for entry in requests(endpoint) if over else []:
        number = ledger.number("endpoint", endpoint)
        row = ledger.due(round(entry["at_s"] * 1e6), 1)
        ledger.sent(row, 100, number)
        status, outcome = (200, "ok") if entry["outcome"] == "ok" else (503, "5xx")
        ledger.done(row, row, round(entry["took_ms"] * 1000), number, status, 0, OUTCOMES.index(outcome), 0, 0)
    ledger.close()
    line = f"{datetime.fromtimestamp(WALL_UNIX_S + 11, UTC):%Y-%m-%dT%H:%M:%S}.000000000Z the database is slow\n"
    (folder / "logs" / "api.log").write_text(line)
    index = {"service": "api", "container": f"{name}-api-1", "file": "api.log"}
    (folder / "logs" / "index.jsonl").write_text(json.dumps(index) + "\n")
    return folder
