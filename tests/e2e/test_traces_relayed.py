"""A collector of the stack's own, really started: what a service sends it is seen on the way, and arrives as it was sent."""

from __future__ import annotations

import base64
import json
import secrets
import subprocess
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from harness.doctor.images import ensure_harness_image
from harness.expectations.traces import Traces
from harness.facts import ExporterSeen, Fact
from harness.run.together import Together
from harness.run.tracing import take_traces
from harness.stack.exporters import exporting
from harness.stack.find import find_edges
from harness.stack.keeper import Keeper
from harness.stack.project import read_project
from harness.stack.stack import Stack
from harness.world.proxies import Reconciler

pytestmark = pytest.mark.e2e

COLLECTOR = """
import http.server
class Own(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers['Content-Length']))
        print('took', self.path, body.hex(), flush=True)
        self.send_response(202)
        self.end_headers()
http.server.HTTPServer(('', 4318), Own).serve_forever()
"""
SEND = """
import sys, urllib.request
sent = urllib.request.Request('http://otel:4318/v1/traces', bytes.fromhex(sys.argv[1]), {'Content-Type': 'application/json'})
print(urllib.request.urlopen(sent, timeout=10).status)
"""


def project(image: str) -> dict[str, Any]:
    waits = ["python3", "-c", "import time; time.sleep(600)"]
    api = {
        "image": image,
        "init": True,
        "command": waits,
        "environment": {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://otel:4318"},
    }
    return {"services": {"api": api, "otel": {"image": image, "init": True, "command": ["python3", "-c", COLLECTOR]}}}


def docker(*words: str) -> str:
    done = subprocess.run(["docker", *words], capture_output=True, text=True, timeout=60, check=False)
    return (done.stdout + done.stderr).strip()


def test_what_goes_to_the_stack_s_own_collector_is_seen_and_arrives(tmp_path: Path) -> None:
    file = tmp_path / "compose.yaml"
    file.write_text(json.dumps(project(ensure_harness_image(lambda line: None))))
    made, run = read_project([file]), secrets.token_hex(4)
    edges = find_edges(made)
    held = exporting(made.config, edges).held
    assert held == ("api",)
    stack = Stack(made, run, tmp_path / "runs" / "x" / run, edges, held=held, ready_within_s=60)
    facts: list[Fact] = []
    session: Any = SimpleNamespace(
        record=facts.append,
        drill=SimpleNamespace(claims=lambda: [("", False, Traces())]),
        clock=SimpleNamespace(opened_ns=time.monotonic_ns()),
        folder=SimpleNamespace(run=run, spans=tmp_path / "spans"),
    )
    together = Together()
    try:
        proxies = Reconciler(stack.begin(), stack.edges)
        proxies.start()
        keeper = Keeper(run, stack.project_name, stack.dependencies, proxies.listening, lambda why: None)
        keeper.start()
        try:
            collector = take_traces(session, stack, proxies, together)
            assert collector is not None
            assert [(seen.service, seen.observable) for seen in facts if isinstance(seen, ExporterSeen)] == [
                ("api", True)
            ]
            stack.up()
            stack.wait_ready()
            assert send(stack, b"{}") == "202", "the answer is the collector's own"
            assert collector.blind() == ""
            docker("kill", f"{stack.project_name}-traces")  # ours is gone: the stack's own must not be
            end_s = time.monotonic() + 10
            while not collector.lost and time.monotonic() < end_s:
                time.sleep(0.1)
            time.sleep(1)  # until Toxiproxy dials the other way
            assert send(stack, b"[]") == "202"
        finally:
            together.close()
            keeper.close()
            proxies.close()
        took = docker("logs", f"{stack.project_name}-otel-1")
        assert [line.split()[1:] for line in took.splitlines() if line.startswith("took")] == [
            ["/v1/traces", b"{}".hex()],
            ["/v1/traces", b"[]".hex()],
        ]
        kept = [json.loads(line) for line in (tmp_path / "spans" / "otlp.jsonl").read_text().splitlines()]
        assert [(one["type"], base64.b64decode(one["body"])) for one in kept] == [("application/json", b"{}")]
    finally:
        left = stack.down()
    assert left == []


def send(stack: Stack, body: bytes) -> str:
    return docker("exec", f"{stack.project_name}-api-1", "python3", "-c", SEND, body.hex())
