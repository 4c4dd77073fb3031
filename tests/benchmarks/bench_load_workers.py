"""One load by 1, 2 and 4 workers, and by 4 in network namespaces of their own, 20 ms from their master, one killed half-way.

Told of each: the rate's error, how late requests were sent (p99), and whether the merged ledger is the one seeded schedule to its
last arrival, and the server's own book. Namespaces need root. DRILL_BENCH_RATE sets the rate (200), DRILL_BENCH_SECONDS the length (12).

This needs no `netem`: between each worker and the master lies a relay that holds every byte for 10 ms, each way.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import load_rig as rig
import numpy as np

from harness.facts import Fact, LoadEnded, WorkerClock, WorkerLost
from harness.ledger import NEVER, Rows, read, row_of_request_id
from harness.load.arrivals import Segment, instants
from harness.load.generator import Generator, LoadConfig

RATE = float(os.environ.get("DRILL_BENCH_RATE", "200"))
FOR_S = float(os.environ.get("DRILL_BENCH_SECONDS", "12"))
SEED = 7
HERE, NETWORK = "10.213.77.1", "10.213.77"
ONE_WAY_S = 0.010
SEGMENTS = (Segment(1, RATE, RATE),)


@dataclass
class Done:
    rows: Rows
    facts: list[Fact]
    begin_s: float
    seen: set[tuple[int, int]]
    seen_s: Any  # when the server saw each request, in seconds of the run

    def of(self, kind: type[Any]) -> list[Any]:
        return [fact for fact in self.facts if isinstance(fact, kind)]

    def tell(self, what: str, workers: int, killed: int | None = None) -> None:
        ended_s = self.of(LoadEnded)[0].ended_s
        due = self.rows.array["intended_us"]
        planned = list(islice(instants(SEGMENTS, seed=SEED), round((ended_s - self.begin_s) * RATE) + 1))
        schedule = np.array([round(self.begin_s * 1e6) + round(at_s * 1e6) for at_s in planned])
        stretch_s = FOR_S / 2 - 1.5  # from the first second to just before the kill, by the server's book
        at_s = self.seen_s - self.begin_s
        error = ((at_s >= 1) & (at_s < 1 + stretch_s)).sum() / (RATE * stretch_s) - 1
        late = np.percentile(self.rows.late_ms[self.rows.array["sent_us"] != NEVER], 99)
        print(
            f"  {what:44} rate error {100 * error:+.3f}%  late p99 {late:6.2f} ms  dropped {self.rows.outcome('dropped').sum()}"
        )
        parts = [due[self.rows.worker == worker] for worker in range(workers)]
        complete = [np.array_equal(part, schedule[worker::workers][: len(part)]) for worker, part in enumerate(parts)]
        to_the_end = [len(part) == len(schedule[worker::workers]) for worker, part in enumerate(parts)]
        sent = self.rows.array["sent_us"] != NEVER
        ids = set(zip(self.rows.worker[sent].tolist(), self.rows.number[sent].tolist(), strict=True))
        good = all(complete) and all(end for worker, end in enumerate(to_the_end) if worker != killed)
        print(
            f"  {'':44} merge {'complete' if good else f'NOT COMPLETE {complete} {to_the_end}'}: {len(due)} rows, "
            f"{len(self.seen - ids)} the server saw and no row tells of, {len(ids - self.seen)} the other way"
        )


def played(config: LoadConfig, server: rig.Server, folder: Path, joining: Any = None, at_half: Any = None) -> Done:
    generator = Generator(config, folder)
    facts: list[Fact] = []
    try:
        generator.start()
        if joining is not None:
            joining()
        generator.ready(90)
        server.ask("/__reset")
        begin_s = (time.monotonic_ns() - config.opened_monotonic_ns) / 1e9 + 0.5
        generator.begin(begin_s)
        half = time.monotonic() + 0.5 + FOR_S / 2
        while time.monotonic() < half + FOR_S / 2:
            time.sleep(0.1)
            facts += generator.poll()
            if at_half is not None and time.monotonic() > half:
                at_half, _ = None, at_half()
        generator.stop(3.0)
        facts += generator.poll()
    finally:
        generator.kill()
    book = server.ask("/__book")
    found = (row_of_request_id(one[2]) for one in book)
    seen_s = np.array([one[0] / 1e6 for one in book]) - config.opened_monotonic_ns / 1e9
    return Done(read(generator.ledger), facts, begin_s, {(one[1], one[2]) for one in found if one}, seen_s)


def config_of(server: rig.Server, workers: int, **changes: Any) -> LoadConfig:
    return LoadConfig(
        run="be9c0000",
        opened_monotonic_ns=time.monotonic_ns(),
        locustfiles=(rig.FLAT_OUT,),
        host=server.url,
        arrivals=SEGMENTS,
        seed=SEED,
        max_in_flight=80,
        workers=workers,
        **changes,
    )


# --- namespaces -------------------------------------------------------------------------------------------------------


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)


@contextlib.contextmanager
def namespaces(count: int) -> Iterator[list[str]]:
    """So many, each on the one bridge with this one."""
    names = [f"drillbw{number}" for number in range(count)]
    try:
        ip("link", "add", "drillbw", "type", "bridge")
        ip("addr", "add", f"{HERE}/24", "dev", "drillbw")
        ip("link", "set", "drillbw", "up")
        for number, name in enumerate(names):
            ip("netns", "add", name)
            ip("link", "add", f"{name}a", "type", "veth", "peer", "name", "eth0", "netns", name)
            ip("link", "set", f"{name}a", "master", "drillbw", "up")
            ip("-n", name, "addr", "add", f"{NETWORK}.{number + 2}/24", "dev", "eth0")
            ip("-n", name, "link", "set", "eth0", "up")
            ip("-n", name, "link", "set", "lo", "up")
        yield names
    finally:
        for name in names:
            for pid in pids(name):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            subprocess.run(["ip", "netns", "del", name], check=False, capture_output=True)
        subprocess.run(["ip", "link", "del", "drillbw"], check=False, capture_output=True)


def pids(name: str) -> list[int]:
    found = subprocess.run(["ip", "netns", "pids", name], check=False, capture_output=True, text=True)
    return [int(pid) for pid in found.stdout.split()]


class Far:
    """A relay to a port of this machine that holds every byte, each way, for so long."""

    def __init__(self, to: int) -> None:
        self._to = to
        self._loop = asyncio.new_event_loop()
        ready = threading.Event()
        threading.Thread(target=self._run, args=(ready,), daemon=True).start()
        ready.wait()

    def _run(self, ready: threading.Event) -> None:
        server = self._loop.run_until_complete(asyncio.start_server(self._carry, HERE, 0))
        self.port: int = server.sockets[0].getsockname()[1]
        ready.set()
        self._loop.run_forever()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            there, back = await asyncio.open_connection("127.0.0.1", self._to)
            await asyncio.gather(self._hold(reader, back), self._hold(there, writer))

    async def _hold(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                self._loop.call_later(ONE_WAY_S, writer.write, data)
        self._loop.call_later(ONE_WAY_S, writer.close)


def far(server: rig.Server, folder: Path) -> None:
    token = folder / "token"
    token.write_text(secrets.token_hex(32))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with namespaces(4) as names:
        started: list[subprocess.Popen[bytes]] = []

        def join() -> None:
            for name in names:
                command = [sys.executable, "-m", "harness", "worker", "--join", f"{HERE}:{Far(port).port}"]
                command = ["ip", "netns", "exec", name, *command, "--token-file", str(token)]
                started.append(subprocess.Popen(command, env={**os.environ, "TMPDIR": str(folder)}))

        def kill() -> None:
            for pid in pids(names[2]):
                os.kill(pid, signal.SIGKILL)

        config = config_of(server, 4, joining=4, listen=f"127.0.0.1:{port}", token_file=str(token))
        done = played(config, server, folder / "far", join, kill)
        lost = done.of(WorkerLost)[0]
        done.tell("4 workers, 20 ms away, one killed half-way", 4, killed=lost.worker)
        heard_s = lost.lost_s - done.begin_s - FOR_S / 2
        print(f"  lost: {lost.detail}, heard last {heard_s:+.1f} s from the kill, all home: {lost.home}")
        for clock in done.of(WorkerClock):
            told = (
                f"±{clock.uncertainty_ms:.1f} ms, drift {clock.drift_ms:+.2f} ms, wall {clock.wall_offset_ms:+.1f} ms"
            )
            print(f"  clock of worker {clock.worker} {clock.when} the load: {told}")
        for one in started:
            one.wait(30)


def main() -> None:
    print(f"  {RATE:g}/s for {FOR_S:g} s, load average {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory(prefix="drill-bench-") as name, rig.server(host="0.0.0.0") as server:
        for workers in (1, 2, 4):
            done = played(config_of(server, workers), server, Path(name) / str(workers))
            done.tell(f"{workers} worker{'s' if workers > 1 else ''} on this machine", workers)
        if os.geteuid() == 0:
            with_address = rig.Server(int(server.url.rpartition(":")[2]), HERE)
            far(with_address, Path(name))
        else:
            print("  namespaces need root: the other half was not run")


if __name__ == "__main__":
    main()
