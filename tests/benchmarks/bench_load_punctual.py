"""Arrivals on time at 2,000/s, beside k9-load's constant arrivals (PyPI k9-load) in turn, both as the server saw them.

Lateness of an arrival is its time at the server after the best even schedule of that rate; the same for both.
k9 is looked for in DRILL_BENCH_K9 (path of its program) or installed into a virtual environment of its own.
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
import numpy as np

RATE, FOR_S = 2000, 8.0


def lateness_ms(arrived_us: np.ndarray, rate: float) -> np.ndarray:
    even = np.arange(len(arrived_us)) * 1e6 / rate
    off = np.sort(arrived_us) - even
    return np.asarray((off - np.percentile(off, 0.1)) / 1e3)


def k9_program(folder: Path) -> str | None:
    given = os.environ.get("DRILL_BENCH_K9") or shutil.which("k9")
    if given:
        return given
    subprocess.run([sys.executable, "-m", "venv", str(folder / "k9")], check=True)
    done = subprocess.run([str(folder / "k9/bin/pip"), "install", "-q", "k9-load==0.1.0"], check=False)
    return str(folder / "k9/bin/k9") if done.returncode == 0 else None


def of_k9(server: rig.Server, program: str, folder: Path) -> np.ndarray:
    plan = {
        "options": {
            "scenarios": {
                "even": {
                    "executor": "constant-arrival-rate",
                    "rate": RATE,
                    "timeUnit": "1s",
                    "duration": f"{FOR_S + 2:g}s",
                    "preAllocatedVUs": 50,
                    "maxVUs": 400,
                }
            }
        },
        "flows": {"default": [{"request": {"url": server.url + "/x"}}]},
    }
    path = folder / "plan.json"
    path.write_text(json.dumps(plan))
    server.ask("/__reset")
    with rig.on_core(rig.CLIENT_CORE):
        subprocess.run([program, "run", str(path)], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return middle([line[0] for line in server.ask("/__book")])


def of_drill(server: rig.Server) -> tuple[np.ndarray, rig.Held]:
    server.ask("/__reset")
    run = rig.Held(server, RATE, FOR_S)
    book = server.ask("/__book")
    opened_us = run.opened_ns // 1000
    return middle([line[0] for line in book if (line[0] - opened_us) / 1e6 >= run.start_s - 0.5]), run


def middle(arrived_us: list[int]) -> np.ndarray:
    """The arrivals of FOR_S seconds, half a second after the first."""
    found = np.sort(np.array(arrived_us, float))
    start = found[0] + 0.5e6
    return found[(found >= start) & (found < start + (FOR_S - 1) * 1e6)]


def main() -> None:
    ours, theirs, ratio, errors, theirs_errors, own = [], [], [], [], [], []
    with tempfile.TemporaryDirectory(prefix="drill-bench-") as name, rig.server() as server:
        program = k9_program(Path(name))
        for _ in range(rig.ROUNDS):
            arrived, run = of_drill(server)
            ours.append(float(np.percentile(lateness_ms(arrived, RATE), 99)))
            errors.append(abs(len(arrived) / (FOR_S - 1) / RATE - 1) * 100)
            own.append(float(np.nanpercentile(run.rows.late_ms, 99)))
            if program is not None:
                time.sleep(0.5)
                arrived = of_k9(server, program, Path(name))
                theirs.append(float(np.percentile(lateness_ms(arrived, RATE), 99)))
                theirs_errors.append(abs(len(arrived) / (FOR_S - 1) / RATE - 1) * 100)
                ratio.append(ours[-1] / theirs[-1])
    rig.tell("lateness p99 at the server, drill, ms", ours, "-")
    rig.tell("lateness p99 by the ledger (due to sent), ms", own, "-")
    rig.tell("rate error, drill, %", errors, "<= 0.1")
    if program is None:
        print("  k9-load could not be installed: nothing to compare with")
        return
    rig.tell("lateness p99 at the server, k9-load, ms", theirs, "-")
    rig.tell("rate error, k9-load, %", theirs_errors, "-")
    rig.tell("lateness p99, drill / k9-load", ratio, "<= 1.0")


if __name__ == "__main__":
    main()
