"""`drill init` on projects that it has never seen: what it writes runs without an edit, ends with a verdict, and leaves nothing."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from shop_runs import SHOP

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.e2e

SITE = '''
"""front: pages over HTTP, each asks the store; store: answers a line, from its volume."""
import http.server, os, pathlib, re, socket, sys, threading, time

def ask():
    host, port = re.search(r"store = (\\S+):(\\d+)", pathlib.Path("/etc/site/site.ini").read_text()).groups()
    with socket.create_connection((host, int(port)), 2) as one, one.makefile("rw") as lines:
        lines.write("stock\\n")
        lines.flush()
        return lines.readline().strip()

counts = {}

class Front(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        status, body = 200, ""
        if self.path == "/":
            body = "<a href='/items/1'>one</a> <a href='/items/2'>two</a> <a href='/logout'>out</a> <a href='http://elsewhere.example/'>x</a>"
        elif self.path.startswith("/items/") and self.path[7:] in ("1", "2"):
            try:
                body = ask()
            except (OSError, ValueError):
                status = 503
        elif self.path == "/metrics":
            body = "# TYPE http_requests_total counter\\n" + "".join(f'http_requests_total{{status="{s}"}} {n}\\n' for s, n in counts.items())
        else:
            status = 404
        counts[status] = counts.get(status, 0) + 1
        self.send_response(status)
        self.send_header("Content-Type", "text/plain" if self.path == "/metrics" else "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())
    def log_message(self, *_):
        pass

def store():
    time.sleep(3)  # it begins late: whoever needs it at once must try again
    listener = socket.create_server(("0.0.0.0", 7000))
    while True:
        one, _ = listener.accept()
        threading.Thread(target=answer, args=(one,), daemon=True).start()

def answer(one):
    with one, one.makefile("rw") as lines:
        for _ in lines:
            lines.write("12 left\\n")
            lines.flush()

if sys.argv[1] == "store":
    store()
elif sys.argv[1] == "idle":
    with socket.create_connection((sys.argv[2], 7000), 20):
        time.sleep(1e6)
else:
    http.server.ThreadingHTTPServer(("0.0.0.0", int(os.environ["PORT"])), Front).serve_forever()
'''

COMPOSE = {
    # No published port, no health check; the store's host stands only in a config; `tally` calls it by its address.
    "compose.yaml": """
name: oddities
include: [parts/store.yaml]
services:
  front:
    extends: {file: parts/base.yaml, service: base}
    command: [front]
    links: ["store:backend"]
    configs: [{source: settings, target: /etc/site/site.ini}]
    secrets: [password]
    networks: {fixed: {ipv4_address: "${PREFIX}.10"}}
  tally:
    extends: {file: parts/base.yaml, service: base}
    command: [idle, "${PREFIX}.20"]
    restart: on-failure
    networks: [fixed]
  unused:
    image: none.example/never:1
    profiles: [never]
configs: {settings: {content: "store = backend:7000\\n"}}
secrets: {password: {environment: ODD_PASSWORD}}
""",
    "parts/base.yaml": "services: {base: {image: 'drill-test/oddities:1', build: .., environment: {PORT: '${ODD_PORT}'}}}\n",
    "parts/store.yaml": """
services:
  store:
    image: drill-test/oddities:1
    build: ..
    command: [store]
    volumes: ["stock:/stock"]
    networks: {fixed: {ipv4_address: "${PREFIX}.20"}}
networks: {fixed: {ipam: {config: [{subnet: "${PREFIX}.0/24"}]}}}
volumes: {stock: {}}
""",
    ".env": "PREFIX=10.87.93\nODD_PORT=8123\n",
    "parts/.env": "PREFIX=10.87.93\nODD_PORT=8123\n",
}


def drill(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """A command of ours in that folder."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "ODD_PASSWORD": "canary-93"}
    command = [sys.executable, "-m", "harness", *words]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=900, check=False
    )


def rehearse(folder: Path, name: str, *options: str) -> tuple[str, dict[str, Any]]:
    """init, validate, run: what init said, and the verdict."""
    began = drill(folder, "init", name, *options)
    assert began.returncode == 0, began.stderr
    assert f"Next:  drill run {name}" in began.stdout
    valid = drill(folder, "validate")
    assert valid.returncode == 0, valid.stdout + valid.stderr
    ran = drill(folder, "run", name)
    assert ran.returncode in (0, 3), ran.stdout + ran.stderr
    (verdict,) = (folder / "runs" / name).glob("*/verdict.json")
    document = json.loads(verdict.read_text())
    if ran.returncode == 3:  # a full machine is no fault of the project: only its own words may leave claims open
        assert re.search(r"host_disturbed|invalid", verdict.read_text()), ran.stdout
    return began.stdout, document


def left_behind(run: str) -> str:
    """Containers and networks of that run, and of every look that `init` had."""
    told = ""
    for kind in ("ps --all", "network ls"):
        command = ["docker", *kind.split(), "--quiet", "--filter", f"label=io.drill.run={run}"]
        told += subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return told


def test_a_project_that_is_built_and_publishes_nothing_is_rehearsed_without_an_edit(tmp_path: Path) -> None:
    for name in ("compose.yaml", "Dockerfile", "shop.py"):
        shutil.copy(SHOP / name, tmp_path / name)
    said, verdict = rehearse(tmp_path, "first")
    assert "no Prometheus was found" in said
    assert "store is ready" in said
    assert "what web does while store is slow" in said  # its store speaks a protocol of its own, as below
    assert [fault["landing"]["outcome"] for fault in verdict["faults"]] == ["landed"]
    assert left_behind(verdict["run"]) == ""


def test_include_extends_links_configs_static_addresses_and_an_edge_that_cannot_be_one(tmp_path: Path) -> None:
    for name, text in COMPOSE.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "site.py").write_text(SITE)
    base = (
        (SHOP / "Dockerfile")
        .read_text()
        .replace("COPY shop.py /shop.py", "COPY site.py /site.py")
        .replace("/shop.py", "/site.py")
    )
    (tmp_path / "Dockerfile").write_text(base)
    lines = [
        '1.2.3.4 - - [12/Nov/2026:10:00:00 +0000] "GET /items/' + f'{n % 2 + 1} HTTP/1.1" 200 9' for n in range(30)
    ]
    lines += ['1.2.3.4 - - [12/Nov/2026:10:00:00 +0000] "GET / HTTP/1.1" 200 9'] * 10
    lines += ['1.2.3.4 - - [12/Nov/2026:10:00:00 +0000] "GET /gone HTTP/1.1" 200 9'] * 5
    (tmp_path / "access.log").write_text("\n".join(lines))
    said, verdict = rehearse(tmp_path, "first", "--from-access-log", "access.log")
    assert "load goes to front:8123; what is hurt: front->store: it had connections" in said
    assert "faults on tally->store, which is left as it is: tally addresses store by its IP" in said
    assert "1 route of the locustfile, commented out" in said  # /gone is not there
    assert "canary-93" not in "".join(path.read_text() for path in (tmp_path / "drills").iterdir())
    told = drill(tmp_path, "edges", "first").stdout
    assert "tally->store" in told.partition("Not mediated")[2]
    # That its store is slow nobody could see but its caller, and the drill says so.
    assert "what front does while store is slow" in said
    assert [fault["landing"]["outcome"] for fault in verdict["faults"]] == ["landed"]
    assert left_behind(verdict["run"]) == ""
