"""A stored run of ten minutes judged again and reported, beside one exact percentile query of DuckDB on the same rows.

DRILL_BENCH_ROWS sets how many rows (a million when unset). The first million are written by the ledger's own writer; of
more, copies with later times follow. Each in a process of its own, in turn; the time is that of the work, without starting
Python and importing. On a busy machine the ratio of the CPU seconds tells more than that of the wall clock. DuckDB (PyPI) is looked for in DRILL_BENCH_DUCKDB (a Python that has it) or installed into a virtual
environment of its own; it reads the rows from Parquet, which is made beforehand and not counted.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import load_rig as rig
import numpy as np

from harness import facts as f
from harness.cli.export import write_parquet
from harness.drill.parse import parse
from harness.journal_writer import Writer as Journal
from harness.ledger import DTYPE, read
from harness.ledger.layout import C5XX, OK, TIMEOUT
from harness.ledger.writing import Writer

ROWS = int(os.environ.get("DRILL_BENCH_ROWS", "1000000"))
WRITTEN = min(ROWS, 1_000_000)
LENGTH_S = 600.0
ENDPOINTS = ("GET /catalog", "POST /checkout", "GET /orders", "GET /")
PHASES = ((60.0, 150.0), (180.0, 270.0), (300.0, 390.0), (420.0, 510.0))

DRILL = """
drill: long
stack: {compose: [compose.yaml]}
load: {locustfile: load.py, against: "api:80", arrivals: [{for: 10m, rate: RATE/s}]}
steady: {for: 15s, within: 60s, all: [errors < 5%, p95 < 2s]}
phases:
PHASES
expect:
  - errors_below: {ratio: 5%}
abort: {max_duration: 15m}
"""
PHASE = """
  - name: slow-N
    for: 90s
    faults:
      - latency: {edge: api->db, delay: 40ms}
    expect:
      - responds_within: {request: GET /catalog, p95: 900ms, p99: 2s}
      - responds_within: {request: POST /checkout, p95: 900ms}
      - errors_below: {ratio: 5%}
    then:
      - recovers: {within: 20s}
"""

OURS = """
import json, resource, sys, time
from pathlib import Path
from harness import judging
import harness.report.html.page, harness.report.html.lanes, harness.judge, harness.drill.resolved, scipy.special, jinja2, numpy
began, used = time.perf_counter(), time.process_time()
judgement = judging.judge_folder(Path(sys.argv[1]))
judged = time.perf_counter()
page = judging.report_page(judgement.story)
ended = time.perf_counter()
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
print(json.dumps({
    "judge_s": judged - began, "report_s": ended - judged, "bytes": len(page), "verdict": judgement.document["verdict"],
    "cpu_s": time.process_time() - used, "peak_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6,
}))
"""
THEIRS = """
import json, sys, time
import duckdb
began, used = time.perf_counter(), time.process_time()
duckdb.sql("SET threads TO 2; SET enable_progress_bar = false")
duckdb.sql(
    "SELECT endpoint, count(*), quantile_disc(coalesce(latency_ms, 'infinity'::DOUBLE), [0.5, 0.95, 0.99])"
    f" FROM '{sys.argv[1]}' GROUP BY endpoint"
).fetchall()
print(json.dumps({"query_s": time.perf_counter() - began, "cpu_s": time.process_time() - used}))
"""


def make_run(folder: Path) -> Path:
    """A run folder of ten minutes with four phases, as the harness would have left it."""
    (folder / "compose.yaml").write_text("services: {api: {image: x}, db: {image: y}}\n")
    (folder / "load.py").write_text(
        "from locust import HttpUser, task\n\n\nclass U(HttpUser):\n    @task\n    def t(self):\n        self.client.get('/')\n"
    )
    phases = "".join(PHASE.replace("N", str(i)) for i in range(len(PHASES)))
    text = DRILL.replace("RATE", str(round(ROWS / LENGTH_S))).replace("PHASES", phases)
    (folder / "long.yaml").write_text(text)
    run = folder / "run"
    journal = Journal(run / "facts", "harness", lambda: 0.0)
    (run / "drill.yaml").write_text(parse(folder / "long.yaml").masked())
    for fact in sorted(told(), key=lambda fact: fact.seen_s):
        journal.write(fact)
    journal.close()
    make_ledger(run / "ledger")
    return run


def told() -> list[f.Fact]:
    facts: list[f.Fact] = [
        f.Opened(drill="long", run="0badcafe", wall_unix_s=1.7e9, monotonic_ns=5, seen_s=0.001),
        f.LoadBegan(begins_s=1.0, seen_s=0.9),
        f.GateHeld(seen_s=59.0),
        f.LoadEnded(clean=True, ended_s=LENGTH_S, seen_s=LENGTH_S + 1),
        f.Closed(seen_s=LENGTH_S + 5),
    ]
    for i, (start_s, end_s) in enumerate(PHASES):
        fault = f"slow-{i}/latency-api->db"
        facts += [
            f.PhaseBegan(phase=f"slow-{i}", seen_s=start_s),
            f.Injecting(fault=fault, kind="latency", target="api->db", planned_s=start_s, seen_s=start_s + 0.001),
            f.Injected(fault=fault, begun_s=start_s + 0.001, seen_s=start_s + 0.002),
            f.Mended(fault=fault, begun_s=end_s - 0.01, seen_s=end_s - 0.001),
            f.PhaseEnded(phase=f"slow-{i}", seen_s=end_s),
            f.PhaseSettled(phase=f"slow-{i}", steady=True, seen_s=end_s + 25),
        ]
    for tick in range(2 * int(LENGTH_S)):
        at_s = 1.0 + tick / 2
        slow = any(start_s <= at_s < end_s for start_s, end_s in PHASES)
        facts.append(
            f.Witnessed(
                edge="api->db",
                port=5432,
                outcome="answered",
                speaks="postgres",
                connect_ms=0.1,
                answer_ms=41.0 if slow else 0.8,
                turns=1,
                seen_s=at_s,
            )
        )
        if tick % 2:
            facts.append(f.LoadSampled(cpu_ratio=0.4, late_ms=1.0, due=1000, dropped=0, seen_s=at_s))
            facts.append(f.ClockRead(wall_unix_s=1.7e9 + at_s, seen_s=at_s))
    return facts


def make_ledger(folder: Path) -> None:
    writer = Writer(folder, "0badcafe", 0, 5)
    endpoints = [writer.number("endpoint", name) for name in ENDPOINTS]
    random = np.random.default_rng(1)
    took_us = (random.lognormal(3.0, 0.6, WRITTEN) * 1000).astype(int).tolist()
    step_us = (LENGTH_S - 1) * 1e6 / ROWS
    for i in range(WRITTEN):
        row = writer.due(round(1e6 + i * step_us), i % 400)
        writer.sent(row, 150, endpoints[i % 4])
        outcome = C5XX if i % 97 == 0 else TIMEOUT if i % 1009 == 0 else OK
        writer.done(row, row, took_us[i], endpoints[i % 4], 500 if outcome == C5XX else 200, 0, outcome, 900, 0)
    writer.close()
    if ROWS > WRITTEN:
        block = np.fromfile(folder / "0.rows", DTYPE)
        with (folder / "0.rows").open("ab") as file:
            for start in range(WRITTEN, ROWS, WRITTEN):
                block["intended_us"] += round(WRITTEN * step_us)
                block["parent"] += WRITTEN
                block[: ROWS - start].tofile(file)


def duckdb_python(folder: Path) -> str | None:
    given = os.environ.get("DRILL_BENCH_DUCKDB")
    if given:
        return given
    subprocess.run([sys.executable, "-m", "venv", str(folder / "duckdb")], check=True)
    done = subprocess.run([str(folder / "duckdb/bin/pip"), "install", "-q", "duckdb"], check=False)
    return str(folder / "duckdb/bin/python") if done.returncode == 0 else None


def measured(python: str, script: str, path: Path) -> dict[str, float]:
    done = subprocess.run([python, "-c", script, str(path)], check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="drill-bench-") as name:
        run, parquet = make_run(Path(name)), Path(name) / "rows.parquet"
        write_parquet(read(run / "ledger"), parquet)
        python = duckdb_python(Path(name))
        ours = [measured(sys.executable, OURS, run)]
        print(f"  {ROWS} rows, verdict {ours[0]['verdict']}, report.html {ours[0]['bytes'] / 1e3:.0f} kB")
        ours, theirs = [], []
        for _ in range(rig.ROUNDS):
            ours.append(measured(sys.executable, OURS, run))
            if python is not None:
                theirs.append(measured(python, THEIRS, parquet))
    total = [one["judge_s"] + one["report_s"] for one in ours]
    rig.tell("judged, s", [one["judge_s"] for one in ours], "-")
    rig.tell("reported, s", [one["report_s"] for one in ours], "-")
    rig.tell("peak memory, the mapped ledger in it, GB", [one["peak_gb"] for one in ours], "< 0.6")
    if not theirs:
        print("  DuckDB could not be installed: nothing to compare with")
        return
    queried = [one["query_s"] for one in theirs]
    rig.tell("one exact percentile query, DuckDB, s", queried, "-")
    rig.tell("judged and reported / DuckDB", [a / b for a, b in zip(total, queried, strict=True)], "<= 6")
    shares = [a["cpu_s"] / b["cpu_s"] for a, b in zip(ours, theirs, strict=True)]
    rig.tell("the same in CPU seconds of all threads", shares, "-")
    print(f"  load average {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
