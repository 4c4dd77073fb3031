"""What it costs that a power cut takes at most the last second: each second's note with its syncs, beside the same note without any.

A second of a lively run is written (RATE requests, FACTS facts, LOG_BYTES of logs), then noted by `run/keeping`; the disk is that of this
checkout's `runs/`, as of a real run. Seconds with and without syncs alternate. What others feel: the same facts once more, one
of them durable as an injection's is, while a note goes on in its thread.
"""

from __future__ import annotations

import contextlib
import os
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import load_rig as rig

from harness.facts import ClockRead, Opened
from harness.journal import CHAINED
from harness.journal_writer import Writer
from harness.ledger.writing import Writer as Ledger
from harness.run.keeping import Keeping

RUNS = Path(__file__).parents[2] / "runs"
SECONDS = int(os.environ.get("DRILL_BENCH_SECONDS", "40"))
RATE, FACTS, LOG_BYTES = 200, 40, 50_000


class Run:
    """A run's folder that grows by a second at each `second`."""

    def __init__(self, folder: Path) -> None:
        opened_ns = time.monotonic_ns()
        self.folder = folder
        self.now = lambda: (time.monotonic_ns() - opened_ns) / 1e9
        self.facts = Writer(folder / "facts", CHAINED, self.now, chained="bench")
        self.facts.write(Opened(drill="bench", run="be9c0000", wall_unix_s=time.time(), monotonic_ns=opened_ns))
        self.ledger = Ledger(folder / "ledger", "be9c0000", 0, opened_ns)
        (folder / "logs").mkdir()
        self.keeping = Keeping(folder, self.facts.write, self.now)

    def second(self) -> None:
        for _ in range(RATE):
            self.ledger.due(round(self.now() * 1e6), 0)
        with (self.folder / "logs" / "api.log").open("ab") as log:
            log.write(b"x" * LOG_BYTES)
        for _ in range(FACTS):
            self.fact()

    def fact(self, *, durable: bool = False) -> float:
        """Seconds that writing one takes."""
        began_s = time.perf_counter()
        self.facts.write(ClockRead(wall_unix_s=time.time()), durable=durable)
        return time.perf_counter() - began_s


@contextlib.contextmanager
def unsynced() -> Iterator[None]:
    kept = os.fsync, os.fdatasync
    os.fsync = os.fdatasync = lambda descriptor: None  # type: ignore[assignment]
    try:
        yield
    finally:
        os.fsync, os.fdatasync = kept


def noted(run: Run) -> tuple[float, float]:
    """Wall and CPU seconds of one note."""
    wall_s, cpu_s = time.perf_counter(), time.thread_time()
    run.keeping.note()
    return time.perf_counter() - wall_s, time.thread_time() - cpu_s


def beside(run: Run) -> tuple[float, float]:
    """The slowest ordinary fact, and a durable one, while a note goes on."""
    thread = threading.Thread(target=run.keeping.note)
    thread.start()
    slowest = max(run.fact() for _ in range(FACTS))
    durable = run.fact(durable=True)
    thread.join()
    return slowest, durable


def main() -> None:
    RUNS.mkdir(exist_ok=True)
    walls, bares, cpus, ratios, slowest, durable = [], [], [], [], [], []
    with tempfile.TemporaryDirectory(prefix="bench-", dir=RUNS) as folder:
        run = Run(Path(folder))
        for _ in range(SECONDS):
            run.second()
            wall_s, cpu_s = noted(run)
            run.second()
            with unsynced():
                bare_s, bare_cpu_s = noted(run)
            run.second()
            plain_s, durable_s = beside(run)
            walls.append(wall_s * 1e3)
            bares.append(bare_s * 1e3)
            ratios.append(cpu_s / bare_cpu_s)
            cpus.append(cpu_s * 1e3)
            slowest.append(plain_s * 1e3)
            durable.append(durable_s * 1e3)
        run.ledger.close()
        run.facts.close()
    rig.tell("a second's note, CPU, synced / not synced", ratios, "-")
    rig.tell("a second's note, CPU", cpus, "<= 10 (1 % of a core)", " ms")
    rig.tell("a second's note, wall, synced", walls, "<= 100 (a tenth of the time)", " ms")
    rig.tell("a second's note, wall, not synced", bares, "-", " ms")
    rig.tell("the slowest of 40 ordinary facts beside a note", slowest, "-", " ms")
    rig.tell("a durable fact (an injection's) beside a note", durable, "-", " ms")
    print(f"  mean share of the time spent on notes: {statistics.fmean(walls) / 1e3:.2%} of a second", flush=True)


if __name__ == "__main__":
    main()
