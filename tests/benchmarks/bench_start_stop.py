"""From the command to the first request, and from the last answer to nothing left, beside bare `docker compose` on the same project.

In turn, DRILL_BENCH_ROUNDS rounds (5) on compose/checkout and on compose/wiki with their images built: `docker compose up --wait`
and `down --volumes` by hand, then a short `drill run`. The first request is the ledger's first sent row; nothing is left when the
run says `closed`, which it does when a look at Docker found nothing that bears its label. Also printed: where the run's own time went.
"""

from __future__ import annotations

import contextlib
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import load_rig as rig

from harness.facts import Asked, Closed, Done, EdgeFound, LoadBegan, LoadEnded, LoadReady, MonitoringFound
from harness.journal import Journal, read
from harness.ledger import NEVER
from harness.ledger import read as read_ledger

COMPOSE = Path(__file__).parents[2] / "compose"
PROJECT = "bench-bare"
LOCUSTFILE = """
from locust import FastHttpUser, task


class Reader(FastHttpUser):
    @task
    def page(self):
        self.client.get("PAGE")
"""
DRILL = """
drill: short
stack: {compose: [FILE], ready_within: 300s}
load: {locustfile: load.py, against: "TARGET", arrivals: [{for: 1m, rate: 2/s}], max_in_flight: 50}
steady: {for: 2s, within: 60s, all: [errors < 50%]}
phases:
  - name: calm
    for: 2s
    expect: [errors_below: {ratio: 50%}]
abort: {max_duration: 15m}
"""


@dataclass(frozen=True)
class Project:
    """A Compose project: what load goes to, and the variable of the port that it is published on."""

    name: str
    target: str
    page: str
    port: str

    @property
    def file(self) -> Path:
        return COMPOSE / self.name / "compose.yaml"

    def drill(self) -> str:
        return DRILL.replace("FILE", str(self.file)).replace("TARGET", self.target)


PROJECTS = (
    Project("checkout", "api:8080", "/catalog", "CHECKOUT_PORT"),
    Project("wiki", "web:8080", "/wiki/Main_Page", "WIKI_PORT"),
)


@dataclass(frozen=True)
class Round:
    up_s: float
    down_s: float
    first_s: float
    left_s: float
    steps: dict[str, float]


def bare(project: Project) -> tuple[float, float]:
    """Seconds of `up --wait` and of `down --volumes`."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    env = {**os.environ, project.port: str(port)}
    command = ["docker", "compose", "--progress", "quiet", "-p", PROJECT, "-f", str(project.file)]
    began_s = time.monotonic()
    try:
        subprocess.run([*command, "up", "--detach", "--wait", "--no-build"], check=True, env=env)
        up_s = time.monotonic() - began_s
    finally:
        began_s = time.monotonic()
        subprocess.run([*command, "down", "--volumes"], check=True, env=env)
    return up_s, time.monotonic() - began_s


def rehearsed(project: Project, home: Path) -> tuple[float, float, dict[str, float]]:
    """Seconds from the command to the first request, from the last answer to nothing left, and by step."""
    home.mkdir()
    (home / "pyproject.toml").write_text("[tool.drill]\n")
    (home / "short.yaml").write_text(project.drill())
    (home / "load.py").write_text(LOCUSTFILE.replace("PAGE", project.page))
    began_ns = time.monotonic_ns()
    done = subprocess.run(
        [sys.executable, "-m", "harness", "run", "short.yaml", "--live", "plain"], cwd=home, capture_output=True, text=True, check=False
    )  # fmt: skip
    folders = sorted(home.glob("runs/*/2*"))
    if done.returncode not in (0, 1, 3) or not folders:
        sys.exit(f"the run ended with {done.returncode}:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    journal, rows = read(folders[-1]), read_ledger(folders[-1] / "ledger")
    opened = journal.opened
    assert opened is not None
    before_s = (opened.monotonic_ns - began_ns) / 1e9
    array = rows.array[rows.array["sent_us"] != NEVER]
    first_s = float((array["intended_us"] + array["sent_us"]).min()) / 1e6
    told = array[array["took_us"] != NEVER]
    last_s = float((told["intended_us"] + told["sent_us"] + told["took_us"]).max()) / 1e6
    closed = journal.last(Closed)
    assert closed is not None
    steps = {"before the run is opened": before_s, **_steps(journal, first_s)}
    return before_s + first_s, closed.seen_s - last_s, steps


def _steps(journal: Journal, first_s: float) -> dict[str, float]:
    ready = journal.last(LoadReady)
    ends = [
        ("checks and images", journal.first(Asked)),
        ("networks, lanes, Toxiproxy", journal.first(EdgeFound)),
        ("keeper, logs, pager", journal.first(MonitoringFound)),
        ("Compose up, ready", journal.first(Done)),
        ("users", ready),
    ]
    steps, before_s = {}, 0.0
    for name, fact in ends:
        if fact is not None:
            steps[name] = fact.seen_s - before_s
            before_s = fact.seen_s
    steps["order to first request"] = first_s - before_s
    ended, began = journal.last(LoadEnded), journal.first(LoadBegan)
    closed = journal.last(Closed)
    if ended and closed and began:
        steps["last arrival to load ended"] = ended.seen_s - ended.ended_s
        steps["load ended to closed"] = closed.seen_s - ended.seen_s
    return steps


def main() -> None:
    for project in PROJECTS:
        subprocess.run(["docker", "compose", "--progress", "quiet", "-f", str(project.file), "build"], check=True)
        print(f"  {project.name}", flush=True)
        measure(project)


def measure(project: Project) -> None:
    rounds: list[Round] = []
    averages = []
    with tempfile.TemporaryDirectory(prefix="drill-bench-") as name:
        for number in range(rig.ROUNDS):
            averages.append(os.getloadavg()[0])
            up_s, down_s = bare(project)
            first_s, left_s, steps = rehearsed(project, Path(name) / str(number))
            rounds.append(Round(up_s, down_s, first_s, left_s, steps))
            print(f"  round {number}: up {up_s:.1f} s, first request {first_s:.1f} s; down {down_s:.1f} s, left {left_s:.1f} s", flush=True)  # fmt: skip
    print(f"  load average {min(averages):.1f} to {max(averages):.1f}")
    rig.tell("docker compose up --wait, s", [one.up_s for one in rounds], "-")
    rig.tell("command to first request, s", [one.first_s for one in rounds], "-")
    rig.tell("first request / up --wait", [one.first_s / one.up_s for one in rounds], "<= 1.15")
    rig.tell("docker compose down, s", [one.down_s for one in rounds], "-")
    rig.tell("last answer to nothing left, s", [one.left_s for one in rounds], "-")
    rig.tell("nothing left / down", [one.left_s / one.down_s for one in rounds], "<= 1.25")
    for step in rounds[0].steps:
        with contextlib.suppress(KeyError):
            print(f"    {step:<28} {statistics.median(one.steps[step] for one in rounds):6.2f} s")


if __name__ == "__main__":
    main()
