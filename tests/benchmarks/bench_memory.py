"""The harness's own memory over a real run of ten minutes under light load: a slope with its interval, in kB per minute.

DRILL_BENCH_MINUTES sets how long (10). Every five seconds the process's private and shared memory is read
(/proc/PID/smaps_rollup): RSS, PSS, and of it what is anonymous. The phases take half a minute each. The first three
minutes are left out: caches fill, and looks of the last two minutes before a phase are held. The slope is Theil and
Sen's median of pairwise slopes; its 95 % interval comes from the slopes of disjoint pairs two thirds of that time apart
(so that the samples' autocorrelation does not narrow it), by order statistics.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from itertools import combinations
from pathlib import Path

import run_rig as rig

from harness.stats import percentile_ranks

MINUTES = float(os.environ.get("DRILL_BENCH_MINUTES", "10"))
EVERY_S = 5.0
WARM_S = 180.0
PHASE_S = 30.0
KINDS = ("Rss", "Pss", "Pss_Anon")


def memory_kb(pid: int) -> dict[str, int]:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    values = dict(line.split(":", 1) for line in lines[1:])
    return {kind: int(values[kind].split()[0]) for kind in KINDS}


def slope(points: list[tuple[float, float]]) -> tuple[float, float, float]:
    """Per minute: the median of all pairs' slopes, and an interval for it from pairs of points that share none."""
    every = [(b[1] - a[1]) / (b[0] - a[0]) * 60 for a, b in combinations(points, 2)]
    apart = len(points) // 3 * 2
    pairs = sorted((b[1] - a[1]) / (b[0] - a[0]) * 60 for a, b in zip(points, points[apart:], strict=False))
    low, high = percentile_ranks(len(pairs), 0.5)
    return statistics.median(every), pairs[max(low, 1) - 1], pairs[min(high, len(pairs)) - 1]


def main() -> None:
    seen: list[tuple[float, dict[str, int]]] = []
    load_averages = []
    with (
        tempfile.TemporaryDirectory(prefix="drill-bench-") as name,
        rig.running(Path(name) / "home", round(MINUTES * 60 / PHASE_S), PHASE_S) as run,
    ):
        run.wait_for("phase_began", 600)
        before, began_s = rig.used(run), time.monotonic()
        while time.monotonic() < began_s + MINUTES * 60 - EVERY_S and run.process.poll() is None:
            seen.append((time.monotonic() - began_s, memory_kb(run.pid)))
            load_averages.append(os.getloadavg()[0])
            time.sleep(EVERY_S)
        rig.tell_share(before, rig.used(run))
        folder = run.folder
        assert folder is not None
        facts = sum(1 for _ in (folder / "facts" / "harness.jsonl").open())
        logs_mb = sum(path.stat().st_size for path in (folder / "logs").glob("*")) / 1e6
    steady = [one for one in seen if one[0] >= WARM_S]
    print(
        f"  {len(seen)} looks in {seen[-1][0]:.0f} s, load average {min(load_averages):.1f} to {max(load_averages):.1f}"
    )
    print(f"  {facts} facts and {logs_mb:.1f} MB of logs on disk by the end")
    for kind in KINDS:
        values = [(at_s, float(kb[kind])) for at_s, kb in steady]
        middle, low, high = slope(values)
        first, last = values[0][1] / 1e3, values[-1][1] / 1e3
        print(
            f"  {kind}: {first:.1f} MB after {WARM_S:.0f} s, {last:.1f} MB at the end; "
            f"{middle:+.0f} kB/min [{low:+.0f}..{high:+.0f}]"
        )


if __name__ == "__main__":
    main()
