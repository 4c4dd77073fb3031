"""What recording costs: CPU per request with and without it, toggled every 0.3 s inside one flat-out Locust process.

bare: Locust as it is. ids: the two id headers go with each request and nothing is recorded. recorded: headers and rows.
asked: and each is an attempt of an order book, whose key is written down before it is sent.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile

import load_rig as rig

SLOT_S, CYCLES = 0.3, 12

INSIDE = """
import json, sys, tempfile, time
from pathlib import Path
import gevent, locust
from locust import FastHttpUser, constant, task
from locust.contrib.fasthttp import FastHttpSession
from locust.env import Environment
bare = FastHttpSession.request
from harness.ledger import request_id, traceparent
from harness.ledger.writing import Writer
from harness.load import patches
from harness.load.asked import Asked, Operation
from harness.load.config import LoadConfig
from harness.load.gate import Gate
from harness.load.hosts import Hosts
from harness.load.recorder import Recorder
from harness.load.seat import Seats
slot_s, cycles, url, folder = float(sys.argv[1]), int(sys.argv[2]), sys.argv[3], Path(sys.argv[4])
opened = time.monotonic_ns()
writer, seats = Writer(folder, "be9c0000", 0, opened), Seats()
recorder = Recorder(writer, seats, opened, "X-Version", lambda kind, text: None)
gate = Gate(writer, recorder, seats, closed=True, seed=1)
config = LoadConfig(run="be9c0000", opened_monotonic_ns=opened, locustfiles=(Path("x"),), host=url, model="closed", users=32)
hosts = Hosts(url, lambda kind, text: None)
patches.install(config, gate, recorder, hosts)
recorded = FastHttpSession.request
FastHttpSession.request = bare
book = Asked(folder, 0, (Operation("order", "GET /x", header="Idempotency-Key"),))
patches._record_requests(FastHttpSession, config, gate, recorder, hosts, book)
asked = FastHttpSession.request
listen = recorder.on_request
locust.events.request.add_listener(lambda **meta: on[0] and listen(**meta))
on, number = [True], [0]
prefix = traceparent("be9c0000", 0, 0)[:19]
def with_ids(self, method, url, name=None, *args, **kwargs):
    number[0] += 1
    n = number[0]
    headers = dict(kwargs.get("headers") or ())
    headers["X-Request-ID"] = f"drill-be9c0000-0-{n}"
    headers["traceparent"] = f"{prefix}{n:016x}-{n:016x}-01"
    kwargs["headers"] = headers
    return bare(self, method, url, name, *args, **kwargs)
class U(FastHttpUser):
    wait_time = constant(0)
    host = url
    @task
    def ask(self):
        self.client.get("/x", headers={"Idempotency-Key": "6f730303-50ef-4d0c-93c8-74bf0fb661a2"})
        count[0] += 1
count = [0]
gate.admit([(U, 1.0, 1)])
environment = Environment(user_classes=[U], events=locust.events)
runner = environment.create_local_runner()
runner.start(32, 100)
gevent.sleep(1.5)
gate.begin(recorder.now_us(), iter(()))
gevent.sleep(1)
import gc; gc.collect(); gc.freeze()  # as the load process does
ways = {"bare": (bare, False), "ids": (with_ids, False), "recorded": (recorded, True), "asked": (asked, True)}
found = {way: [] for way in ways}
for cycle in range(cycles):
    for way, (request, recording) in ways.items():
        FastHttpSession.request, on[0] = request, recording
        gevent.sleep(0.05)
        before, cpu = count[0], time.process_time()
        gevent.sleep(slot_s)
        found[way].append((time.process_time() - cpu) / max(1, count[0] - before) * 1e6)
print(json.dumps(found), flush=True)
import os; os._exit(0)
"""


def main() -> None:
    recording, everything, cost, asking = [], [], [], []
    with rig.server() as server:
        for _ in range(rig.ROUNDS):
            with tempfile.TemporaryDirectory(prefix="drill-bench-") as folder, rig.on_core(rig.CLIENT_CORE):
                command = [sys.executable, "-c", INSIDE, str(SLOT_S), str(CYCLES), server.url, folder]
                done = subprocess.run(command, check=True, capture_output=True, text=True)
            found = json.loads(done.stdout.splitlines()[-1])
            asking.append(statistics.median(a / b for a, b in zip(found["asked"], found["recorded"], strict=True)))
            pairs = zip(found["recorded"], found["ids"], found["bare"], strict=True)
            slots = [(full / ids, full / bare, full - ids) for full, ids, bare in pairs]
            recording.append(statistics.median(slot[0] for slot in slots))
            everything.append(statistics.median(slot[1] for slot in slots))
            cost.append(statistics.median(slot[2] for slot in slots))
    rig.tell("CPU per request, recorded / ids only", recording, "<= 1.03")
    rig.tell("CPU per request, key kept / recorded", asking, "<= 1.02")
    rig.tell("CPU per request, recorded and ids / bare Locust", everything, "-")
    rig.tell("recording, µs per request", cost, "-")


if __name__ == "__main__":
    main()
