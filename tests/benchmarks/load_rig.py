"""For the load's benchmarks: the server on core 0, whoever is measured on core 1, one after the other in the same minute."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from harness.facts import Fact
from harness.ledger import Rows, read
from harness.load.arrivals import Segment
from harness.load.generator import Generator, LoadConfig

HERE = Path(__file__).parent
FLAT_OUT = HERE / "locustfiles" / "flat_out.py"
ROUNDS = int(os.environ.get("DRILL_BENCH_ROUNDS", "5"))
CLIENT_CORE = max(os.sched_getaffinity(0))
SERVER_CORE = min(os.sched_getaffinity(0))


class Server:
    def __init__(self, port: int, host: str = "127.0.0.1") -> None:
        self.url = f"http://{host}:{port}"

    def ask(self, path: str) -> Any:
        with urllib.request.urlopen(self.url + path, timeout=30) as answer:
            return json.load(answer)


@contextlib.contextmanager
def server(host: str = "127.0.0.1") -> Iterator[Server]:
    """`host`: where it listens; it is always asked on loopback."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        ["taskset", "-c", str(SERVER_CORE), sys.executable, str(HERE / "load_server.py"), str(port), host]
    )
    made = Server(port)
    try:
        for _ in range(100):
            with contextlib.suppress(OSError):
                made.ask("/__count")
                break
            time.sleep(0.05)
        yield made
    finally:
        process.kill()
        process.wait()


@contextlib.contextmanager
def on_core(core: int) -> Iterator[None]:
    """Children started inside run on this core."""
    kept = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, kept)


def flat_out_per_s(made: Server, for_s: float = 5.0, users: int = 32) -> float:
    """Requests per second that the server counts in the middle of a flat-out run."""
    command = [sys.executable, "-m", "locust", "-f", str(FLAT_OUT), "--headless", "--only-summary", "-u", str(users)]
    command += ["-r", str(users), "-H", made.url, "--exit-code-on-error", "0"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(["taskset", "-c", str(CLIENT_CORE), *command], **quiet)  # type: ignore[call-overload]
    try:
        before = made.ask("/__count")
        while made.ask("/__count") < before + 2000:
            time.sleep(0.1)
        began, first = time.monotonic(), made.ask("/__count")
        time.sleep(for_s)
        return float((made.ask("/__count") - first) / (time.monotonic() - began))
    finally:
        process.kill()
        process.wait()


class Held:
    """One open load: ramped up in 3 s, then held; what it recorded of the held part."""

    def __init__(self, made: Server, rate: float, for_s: float, *, users: int = 400, look: Any = None) -> None:
        with tempfile.TemporaryDirectory(prefix="drill-bench-") as name:
            folder = Path(name)
            opened = time.monotonic_ns()
            arrivals = (Segment(3, rate / 10, rate), Segment(1, rate, rate))
            config = LoadConfig(
                run="be9c0000",
                opened_monotonic_ns=opened,
                locustfiles=(FLAT_OUT,),
                host=made.url,
                arrivals=arrivals,
                max_in_flight=users,
                spawn_rate=400.0,
            )
            generator = Generator(config, folder)
            with on_core(CLIENT_CORE):
                generator.start()
            try:
                generator.ready(60)
                begin_s = (time.monotonic_ns() - opened) / 1e9 + 0.3
                generator.begin(begin_s)
                self.facts: list[Fact] = []
                self.start_s, self.end_s = begin_s + 4.0, begin_s + 4.0 + for_s
                while (time.monotonic_ns() - opened) / 1e9 < self.end_s + 0.1:
                    time.sleep(0.2)
                    self.facts += generator.poll()
                    if look is not None:
                        look(generator)
                generator.stop(5.0)
            finally:
                generator.kill()
            self.opened_ns = opened
            rows = read(generator.ledger)
            self.rows: Rows = rows.select(rows.between(self.start_s, self.end_s)).snapshot()

    @property
    def dropped(self) -> int:
        return int(self.rows.outcome("dropped").sum())


def tell(what: str, values: Sequence[float], target: str, unit: str = "") -> None:
    """The median of the rounds and their range."""
    median = statistics.median(values)
    spread = f"[{min(values):.4g}..{max(values):.4g}]"
    print(f"  {what:58} {median:8.4g}{unit} {spread:20} target {target}", flush=True)
