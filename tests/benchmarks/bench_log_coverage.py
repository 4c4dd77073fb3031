"""Failed requests looked up in a large run's logs by their ids, beside one `grep -c -F` of one id over the same files.

DRILL_BENCH_MB sets how many megabytes of logs (1000 when unset), over four services, JSON and plain lines in turn, each with the id
of a request; of 100,000 requests 2 % failed, and have a line that tells why and names who was hurt. Each in a process of its own,
in turn; the time is that of the check, without starting Python and importing. Peak memory counts the mapped pages of the logs,
which the kernel may drop at any time; what is anonymous stands beside it.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import load_rig as rig

from harness.ledger import request_id, traceparent

MEGABYTES = int(os.environ.get("DRILL_BENCH_MB", "1000"))
REQUESTS, RATE, FAILED_EVERY = 100_000, 200.0, 50
RUN = "0badcafe"
SERVICES = ("api", "checkout", "worker", "gateway")
FAULT = "hurt/latency-api->db"

OURS = """
import json, resource, sys, threading, time
from pathlib import Path
import numpy as np
from harness import facts as f
from harness.expectations.base import Evidence, Steady
from harness.expectations.log_coverage import LogCoverage
from harness.faults.latency import Latency
from harness.ledger import DONE, DTYPE, OUTCOMES, Rows
from harness.logfiles import read_logs
from harness.testing import journal_of
folder, requests, rate, every, run, fault = Path(sys.argv[1]), *json.loads(sys.argv[2])
length_s = requests / rate
array = np.zeros(requests, DTYPE)
array["intended_us"] = np.round((1.0 + np.arange(requests) / rate) * 1e6)
array["took_us"], array["parent"], array["state"], array["status"] = 20_000, np.arange(requests), DONE, 200
array["outcome"] = OUTCOMES.index("ok")
failed = np.arange(requests) % every == 0
array["outcome"][failed], array["status"][failed] = OUTCOMES.index("5xx"), 503
rows = Rows(array, np.zeros(requests, np.uint16), np.arange(requests, dtype=np.uint32), ("GET /",))
services = ("api", "checkout", "worker", "gateway")
end_s = length_s + 1
journal = journal_of(
    f.Opened(drill="d", run=run, wall_unix_s=1.7e9, monotonic_ns=1),
    f.EdgeFound(seen_s=0.5, edge="api->db", address="10.0.0.1"),
    f.LoadBegan(begins_s=1.0, seen_s=0.9), f.GateHeld(seen_s=1.0), f.PhaseBegan(phase="hurt", seen_s=8.0),
    f.Injecting(seen_s=8.1, fault=fault, kind="latency", target="api->db", planned_s=8.1),
    f.Injected(seen_s=8.2, fault=fault, begun_s=8.1),
    f.Mended(seen_s=end_s - 0.1, fault=fault, begun_s=end_s - 0.2), f.PhaseEnded(phase="hurt", seen_s=end_s),
    f.LoadEnded(seen_s=end_s + 1, clean=True, ended_s=end_s),
    *(f.ContainerSeen(seen_s=0.5, service=name, container=f"{name}-1", status="running") for name in services),
    *(f.LoadSampled(cpu_ratio=0.1, late_ms=1, due=1, dropped=0, seen_s=float(s)) for s in range(1, int(end_s) + 2)),
    *(f.Looked(probe="logs", target=f"{name}-1", seen_s=float(s)) for s in range(1, int(end_s) + 40) for name in services),
)
evidence = Evidence(
    journal, rows, read_logs(folder, journal, ()), Steady(5.0, ()), phase="hurt",
    faults={fault: Latency(edge="api->db", delay="40ms", id=fault)}, over=True,
)
most_kb, looking = [0], [True]
def look():
    while looking[0]:
        text = Path("/proc/self/smaps_rollup").read_text()
        most_kb[0] = max(most_kb[0], next(int(line.split()[1]) for line in text.splitlines() if line.startswith("Anonymous:")))
        time.sleep(0.2)
thread = threading.Thread(target=look, daemon=True); thread.start()
began, used = time.perf_counter(), time.process_time()
finding = LogCoverage().check(evidence)
ended, cpu = time.perf_counter(), time.process_time()
looking[0] = False; thread.join()
print(json.dumps({
    "s": ended - began, "cpu_s": cpu - used, "peak_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6,
    "anonymous_gb": most_kb[0] / 1e6, "outcome": finding.outcome.value, "because": finding.because,
}))
"""


def make_logs(folder: Path, megabytes: int) -> None:
    """As a run leaves them: an index, and a file for each container, each line behind Docker's stamp."""
    folder.mkdir()
    each = megabytes * 1_000_000 // len(SERVICES)
    with (folder / "index.jsonl").open("w") as index:
        for name in SERVICES:
            index.write(json.dumps({"service": name, "container": f"{name}-1", "file": f"{name}-1.log"}) + "\n")
    for place, name in enumerate(SERVICES):
        _make_log(folder / f"{name}-1.log", name, place, each)


def _make_log(path: Path, service: str, place: int, size: int) -> None:
    blocks: list[str] = []
    filler = "cart=42 items=3 total=99.50 currency=EUR region=eu-west took=0.0123 " * 2
    lines = max(1, round(size / REQUESTS / 330))
    with path.open("w") as file:
        for number in range(REQUESTS):
            at_s = 1.0 + number / RATE
            stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(1.7e9 + at_s)) + f".{int(at_s % 1 * 1e9):09d}Z"
            id_, trace = request_id(RUN, 0, number), traceparent(RUN, 0, number)[3:35]
            for line in range(lines):
                if (number + line + place) % 2:
                    said = {"level": "INFO", "message": f"{filler}{service}", "request_id": id_, "trace_id": trace}
                    blocks.append(f"{stamp} {json.dumps(said)}\n")
                else:
                    blocks.append(f"{stamp} INFO [{id_}] {service} handled GET /catalog {filler} trace={trace}\n")
            if number % FAILED_EVERY == 0 and place == 0:
                said = {
                    "level": "ERROR",
                    "message": "no connection",
                    "request_id": id_,
                    "dependency": "db",
                    "error.type": "PoolTimeout",
                }
                blocks.append(f"{stamp} {json.dumps(said)}\n")
            if len(blocks) > 20_000:
                file.write("".join(blocks))
                blocks.clear()
        file.write("".join(blocks))


def grepped_s(folder: Path) -> float:
    id_ = request_id(RUN, 0, REQUESTS // 2)
    began = time.perf_counter()
    subprocess.run(
        ["grep", "-c", "-F", id_, *map(str, sorted(folder.glob("*.log")))], check=True, stdout=subprocess.DEVNULL
    )
    return time.perf_counter() - began


def main() -> None:
    ours, theirs = [], []
    root = Path(tempfile.mkdtemp(prefix="drill-bench-"))
    try:
        folder = root / "logs"
        make_logs(folder, MEGABYTES)
        size = sum(path.stat().st_size for path in folder.glob("*.log"))
        asked = json.dumps([REQUESTS, RATE, FAILED_EVERY, RUN, FAULT])
        for _ in range(rig.ROUNDS):
            done = subprocess.run(
                [sys.executable, "-c", OURS, str(folder), asked], check=True, capture_output=True, text=True
            )
            ours.append(json.loads(done.stdout))
            theirs.append(grepped_s(folder))
    finally:
        shutil.rmtree(root)
    print(f"  {size / 1e6:.0f} MB of logs, {REQUESTS} requests: {ours[0]['outcome']}: {ours[0]['because']}")
    rig.tell("log_coverage, s", [one["s"] for one in ours], "-")
    rig.tell("its CPU, s", [one["cpu_s"] for one in ours], "-")
    rig.tell("grep -c -F of one id, s", theirs, "-")
    rig.tell("log_coverage / grep", [one["s"] / grep_s for one, grep_s in zip(ours, theirs, strict=True)], "-")
    rig.tell("peak memory, GB (pages of the mapped logs in it)", [one["peak_gb"] for one in ours], "< 0.6")
    rig.tell("of it anonymous, GB", [one["anonymous_gb"] for one in ours], "-")
    print(f"  load average {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
