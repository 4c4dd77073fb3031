"""How late an injection starts, beside one from a greenlet inside a busy Locust: targets 0.1 (median) and 0.25 (worst).

One Locust (FastHttpUser, flat out) on one core; while it runs, 200 changes to Toxiproxy are due 25 ms apart, first from
a greenlet in it, then from the drill's own starter and reconciler in this process, where another thread is busy a
quarter of the time, as a run's readers are. Late is from the planned instant to the begin of the call. Argument: rounds.
"""

from __future__ import annotations

import json
import os
import random
import socket
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
from pathlib import Path
from statistics import median

STEPS = 200
GAP_S = 0.025

SERVER = """
import asyncio, sys
class Answer(asyncio.Protocol):
    def connection_made(self, transport): self.transport = transport
    def data_received(self, data): self.transport.write(b"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nok")
async def main():
    server = await asyncio.get_running_loop().create_server(Answer, "127.0.0.1", int(sys.argv[1]))
    await server.serve_forever()
asyncio.run(main())
"""

LOCUSTFILE = """
import http.client, json, os, time
import gevent
from locust import FastHttpUser, constant, events, task

class Busy(FastHttpUser):
    wait_time = constant(0)
    @task
    def get(self):
        self.client.get("/")

@events.test_start.add_listener
def _(environment, **_):
    gevent.spawn(steps)

def steps():
    host, port, proxy, first, gap, count, out = json.loads(os.environ["STEPS"])
    api = http.client.HTTPConnection(host, port)
    late = []
    for n in range(count):
        due = first + n * gap
        gevent.sleep(max(0, due - time.monotonic()))
        late.append(time.monotonic() - due)
        if n % 2:
            api.request("DELETE", f"/proxies/{proxy}/toxics/it")
        else:
            toxic = {"name": "it", "type": "latency", "attributes": {"latency": 1}}
            api.request("POST", f"/proxies/{proxy}/toxics", json.dumps(toxic))
        api.getresponse().read()
    with open(out, "w") as file:
        json.dump(late, file)
"""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


CORES = sorted(os.sched_getaffinity(0))


def start(core: int, *command: str, **environment: str) -> subprocess.Popen[bytes]:
    """A process on one core; without two of them everybody shares the one."""
    process = subprocess.Popen(
        [sys.executable, *command],
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.sched_setaffinity(process.pid, {CORES[core % len(CORES)]})
    return process


def busy_a_quarter(over: threading.Event) -> None:
    line = json.dumps({"fact": "looked", "values": list(range(200))})
    while not over.is_set():
        end_s = time.monotonic() + 0.0025
        while time.monotonic() < end_s:
            json.loads(line)
        time.sleep(0.0075)


def drill_steps(api: tuple[str, int], port: int, first_s: float) -> list[float]:
    """Seconds late, of each step, by our starter and reconciler."""
    from harness.edges import Edge
    from harness.run.clock import MonotonicClock
    from harness.run.ontime import OnTime
    from harness.world import toxiproxy
    from harness.world.handles import Toxic, Want
    from harness.world.proxies import Reconciler

    begun: list[float] = []
    exchange = toxiproxy._Wire._exchange

    def watched(wire: toxiproxy._Wire, method: str, url: str, body: bytes | None) -> toxiproxy.Answer:
        if threading.current_thread().name.startswith("at "):
            begun.append(time.monotonic())
        return exchange(wire, method, url, body)

    edge = Edge("api", "web", address="127.0.0.91", upstream="127.0.0.1")
    proxies = Reconciler(api, [edge])
    proxies.start()
    proxies.listening("web", [port])
    starter = OnTime(MonotonicClock(0))
    want = Want(edge.id, "it", (Toxic("latency", {"latency": 1, "jitter": 0}),))
    toxiproxy._Wire._exchange = watched  # type: ignore[method-assign]
    late = []
    try:
        for n in range(STEPS):
            due_s = first_s + n * GAP_S
            begun.clear()
            step = (lambda: proxies.unwant("it")) if n % 2 else (lambda: proxies.want(want))
            starter.at(due_s, step).result()
            late.append(begun[0] - due_s)
    finally:
        toxiproxy._Wire._exchange = exchange  # type: ignore[method-assign]
        starter.close()
        proxies.close()
    return late


def one_round(api: tuple[str, int]) -> tuple[list[float], list[float]]:
    """Lateness by the greenlet and by the drill, in ms, while one Locust runs flat out."""
    with tempfile.TemporaryDirectory() as folder:
        return in_turn(api, free_port(), Path(folder))


def in_turn(api: tuple[str, int], port: int, folder: Path) -> tuple[list[float], list[float]]:
    (folder / "server.py").write_text(SERVER)
    (folder / "locustfile.py").write_text(textwrap.dedent(LOCUSTFILE))
    from harness.world.toxiproxy import Server

    admin = Server(*api)
    admin.create("greenlet", "127.0.0.1:0", f"127.0.0.1:{port}", True)
    server = start(0, str(folder / "server.py"), str(port))
    first_s = time.monotonic() + 6 + random.random() / 10
    steps = json.dumps([*api, "greenlet", first_s, GAP_S, STEPS, str(folder / "late.json")])
    options = ("--headless", "-u", "32", "-r", "1000", "--only-summary", "-H", f"http://127.0.0.1:{port}")
    locust = start(1, "-m", "locust", "-f", str(folder / "locustfile.py"), *options, STEPS=steps)
    over = threading.Event()
    reader = threading.Thread(target=busy_a_quarter, args=(over,), daemon=True)
    try:
        greenlet_ends_s = first_s + STEPS * GAP_S
        time.sleep(greenlet_ends_s + 1 - time.monotonic())
        reader.start()
        drill = drill_steps(api, port, time.monotonic() + 0.5)
        assert locust.poll() is None, "Locust ended before the last step"
        greenlet = json.loads((folder / "late.json").read_text())
    finally:
        over.set()
        for process in (locust, server):
            process.kill()
            process.wait()
        admin.delete("greenlet")
        admin.close()
    return [s * 1000 for s in greenlet], [s * 1000 for s in drill]


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    from harness.doctor.images import toxiproxy_binary

    binary = os.environ.get("DRILL_TOXIPROXY_BIN") or str(toxiproxy_binary())
    os.sched_setaffinity(0, {CORES[0]})
    api = ("127.0.0.1", free_port())
    toxiproxy = subprocess.Popen([binary, "-host", api[0], "-port", str(api[1])], stdout=subprocess.DEVNULL)
    try:
        ratios: dict[str, list[float]] = {"median": [], "worst": []}
        drifts = []
        for n in range(rounds):
            greenlet, drill = one_round(api)
            ratios["median"].append(median(drill) / median(greenlet))
            ratios["worst"].append(max(drill) / max(greenlet))
            drifts.append(median(drill[-20:]) - median(drill[:20]))
            print(
                f"  round {n + 1}, median / worst of {STEPS}: greenlet {median(greenlet):.2f} / {max(greenlet):.2f} ms,"
                f" drill {median(drill):.3f} / {max(drill):.2f} ms, drift {drifts[-1]:+.3f} ms",
                flush=True,
            )
        for what, target in (("median", 0.1), ("worst", 0.25)):
            found = ratios[what]
            span = f"{median(found):.3f} [{min(found):.3f}..{max(found):.3f}]"
            print(f"injection lateness, {what}: {span} of a greenlet's; target {target}")
        span = f"{median(drifts):+.3f} ms [{min(drifts):+.3f}..{max(drifts):+.3f}]"
        print(f"drift over {STEPS} steps: {span}; target 5 ms")
    finally:
        toxiproxy.kill()
        toxiproxy.wait()


if __name__ == "__main__":
    main()
