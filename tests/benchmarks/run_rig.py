"""For the benchmarks of whole runs: a real `drill run` on the watched project (web, store, Prometheus, Alertmanager) under light load, looked at from outside.

The harness runs as ever, but its threads bear their names in the kernel too, so that /proc tells whose CPU it is. A
container's CPU is that of its first process and its descendants.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

WATCHED = Path(__file__).parents[1] / "e2e" / "projects" / "watched"
HZ = os.sysconf("SC_CLK_TCK")
RATE_PER_S = 20

NAMED = """
import ctypes, sys, threading
libc, inner = ctypes.CDLL(None), threading.Thread._bootstrap_inner
def named(self):
    libc.prctl(15, self.name.encode()[:15], 0, 0, 0)  # PR_SET_NAME
    inner(self)
threading.Thread._bootstrap_inner = named
from harness.cli import main
sys.argv = ["drill", *sys.argv[1:]]
main()
"""
DRILL = f"""
drill: watched
stack: {{compose: [{WATCHED}/compose.yaml], ready_within: 300s}}
load:
  locustfile: {WATCHED}/locustfile.py
  against: web:8080
  arrivals: [{{for: 1m, rate: {RATE_PER_S}/s}}]
  max_in_flight: 30
  timeout: 3s
steady: {{for: 4s, within: 4m, all: [errors < 99%]}}
phases:
PHASES
expect: [{{stays_up: {{service: "*"}}}}]
abort: {{max_duration: 1h}}
"""
PHASE = """  - name: slow-NUMBER
    for: LENGTHs
    faults: [{latency: {edge: web->store, delay: 50ms}}]
    expect:
      - errors_below: {ratio: 10%}
      - alert_quiet: {alert: "*", allow: [Watchdog]}
      - metric_stays: {query: 'count(up{job="web"})', above: 0.5}
      - log_quiet: {service: web, matches: Traceback}
"""


@dataclass
class Run:
    """A run that goes on. `pid` is the harness's, `folder` the run's, once it is there."""

    process: subprocess.Popen[bytes]
    home: Path

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def folder(self) -> Path | None:
        found = sorted(self.home.glob("runs/*/2*"))
        return found[-1] if found else None

    def told(self, fact: str) -> bool:
        """Whether a fact of this kind stands in the journal."""
        folder = self.folder
        journal = folder / "facts" / "harness.jsonl" if folder else None
        return journal is not None and journal.exists() and f'"fact":"{fact}"' in journal.read_text()

    def wait_for(self, fact: str, within_s: float) -> None:
        end_s = time.monotonic() + within_s
        while not self.told(fact):
            if self.process.poll() is not None or time.monotonic() > end_s:
                sys.exit(f"the run ended, or did not get to {fact}:\n{(self.home / 'out').read_text()[-3000:]}")
            time.sleep(0.25)


def drill(phases: int, length_s: float) -> str:
    told = (PHASE.replace("NUMBER", str(i)).replace("LENGTH", f"{length_s:g}") for i in range(phases))
    return DRILL.replace("PHASES\n", "".join(told))


@contextlib.contextmanager
def running(home: Path, phases: int, length_s: float) -> Iterator[Run]:
    """A run of so many phases, each of this length. Halted and taken down by itself at the end, killed only if it hangs."""
    home.mkdir(parents=True, exist_ok=True)
    (home / "pyproject.toml").write_text("[tool.drill]\n")
    (home / "watched.yaml").write_text(drill(phases, length_s))
    with (home / "out").open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-c", NAMED, "run", "watched.yaml", "--live", "plain"],
            cwd=home,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield Run(process, home)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(120)
            process.kill()
        shutil.rmtree(home, ignore_errors=True)


@dataclass(frozen=True)
class Used:
    """CPU seconds used so far, by whom; at_s on the monotonic clock."""

    at_s: float
    harness: dict[str, float] = field(default_factory=dict)
    containers: dict[str, float] = field(default_factory=dict)
    load: float = 0.0


def used(run: Run) -> Used:
    folder = run.folder
    containers = {}
    if folder is not None:
        listed = _docker("ps", "--format", "{{.ID}} {{.Names}}", "--filter", f"name={folder.name.rpartition('-')[2]}")
        for identity, name in (line.split() for line in listed.splitlines()):
            first = int(_docker("inspect", "--format", "{{.State.Pid}}", identity) or 0)
            containers[re.sub(r"^drill-[0-9a-f]{8}-|-[0-9a-f]{6}$", "", name)] = _tree_s(first)
    children = [pid for pid in _children(run.pid) if "harness.load.child" in _command(pid)]
    return Used(time.monotonic(), threads_s(run.pid), containers, sum(map(_tree_s, children)))


def threads_s(pid: int) -> dict[str, float]:
    """CPU seconds by thread's name: those with one purpose and many targets (log-…, probe-…) under their own names."""
    found: dict[str, float] = {}
    for task in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(OSError):
            name = "main" if task.name == str(pid) else (task / "comm").read_text().strip()
            name = re.sub(r"^log-.*", "log-*", name)
            found[name] = found.get(name, 0.0) + _cpu_s(task / "stat")
    return found


def _cpu_s(stat: Path) -> float:
    fields = stat.read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / HZ


def _children(pid: int) -> list[int]:
    found: list[int] = []
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            found += [int(child) for child in (task / "children").read_text().split()]
    return found


def _tree_s(pid: int) -> float:
    """Of a process and its descendants that live."""
    with contextlib.suppress(OSError):
        return _cpu_s(Path(f"/proc/{pid}/stat")) + sum(map(_tree_s, _children(pid)))
    return 0.0


def _command(pid: int) -> str:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    return ""


def _docker(*args: str) -> str:
    return subprocess.run(["docker", *args], capture_output=True, text=True, check=False).stdout.strip()


def tell_share(before: Used, after: Used) -> None:
    """Who used the CPU between the two, in percent of one core."""
    length_s = after.at_s - before.at_s
    ours = {name: after.harness[name] - before.harness.get(name, 0.0) for name in after.harness}
    print(f"  harness process: {100 * sum(ours.values()) / length_s:.1f}% of a core over {length_s:.0f} s, by thread:")
    for name, spent_s in sorted(ours.items(), key=lambda one: -one[1]):
        if spent_s > 0:
            print(f"    {name:<16} {100 * spent_s / length_s:5.2f}%")
    print(f"  load process: {100 * (after.load - before.load) / length_s:.1f}%")
    for name, spent_s in sorted(after.containers.items(), key=lambda one: -one[1]):
        print(f"  container {name:<20} {100 * (spent_s - before.containers.get(name, 0.0)) / length_s:5.2f}%")
