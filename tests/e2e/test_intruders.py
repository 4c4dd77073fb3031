"""Nobody who should not sees or steers a drill: the stack's secrets stand in no artefact, and what listens, listens on loopback."""

from __future__ import annotations

import json
import os
import socket
import struct
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from shop_runs import SHOP, Run, docker

from harness.facts import Injected

pytestmark = pytest.mark.e2e

CANARIES = {
    "token": "canaryTOKEN7f3a91",
    "url": "canaryURL55c0de",
    "file": "canaryFILE90ab12",
    "environment": "canaryENVI34cd56",
    "option": "canaryOPTI78ef90",
}
SERVICE = """
import http.server, json, os, sys
told = [os.environ["API_TOKEN"], os.environ["DATABASE_URL"], open(os.environ["DB_PASSWORD_FILE"]).read().strip(),
        open("/run/secrets/signing").read().strip(), sys.argv[-1]]
print("starting with", told, flush=True)
count = 0
class Leak(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        global count
        count += 1
        wrong = self.path == "/item" and count % 4 == 0
        body = json.dumps({"debug": told, "error": "cannot log in with " + told[0]}).encode()
        print("ERROR" if wrong else "INFO", "answered with", told, flush=True)
        self.send_response(500 if wrong else 200)
        self.send_header("X-Debug", told[0])
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *args): pass
http.server.ThreadingHTTPServer(("0.0.0.0", 8080), Leak).serve_forever()
"""
COMPOSE = f"""
name: leaky
services:
  web:
    build: {SHOP}
    entrypoint: [python3, -u, /leak.py]
    command: [--requirepass, {CANARIES["option"]}]
    environment:
      API_TOKEN: ${{LEAKY_TOKEN}}
      DATABASE_URL: postgres://shop:{CANARIES["url"]}@store:6379/shop
      DB_PASSWORD_FILE: /run/secrets/db_password
    volumes: [./leak.py:/leak.py:ro]
    secrets: [db_password, signing]
    depends_on: [store]
    healthcheck: {{test: [CMD, python3, -c, "import urllib.request as u; u.urlopen('http://127.0.0.1:8080/ok')"], interval: 1s, retries: 30}}
  store: {{build: {SHOP}, command: [store]}}
secrets:
  db_password: {{file: ./db_password}}
  signing: {{environment: LEAKY_SIGNING}}
"""
LOCUSTFILE = """
import os
from locust import FastHttpUser, task
print("the load knows", os.environ["LEAKY_TOKEN"], flush=True)
class Reader(FastHttpUser):
    @task
    def item(self):
        with self.client.get("/item", catch_response=True, headers={"Authorization": "Bearer " + os.environ["LEAKY_TOKEN"]}) as answer:
            if answer.status_code != 200:
                answer.failure("refused with " + os.environ["LEAKY_TOKEN"] + answer.text)
"""
DRILL = """
drill: shop
stack: {compose: [compose.yaml], ready_within: 2m}
load: {locustfile: users.py, against: web:8080, arrivals: [{for: 40s, rate: 40/s}], timeout: 3s}
steady: {for: 3s, within: 30s, all: [errors < 90%]}
phases:
  - name: leak
    for: 6s
    faults:
      - command: {run: [./hurt.sh], undo: [./hurt.sh], id: hurt, name: hurt}
    expect:
      - log_seen: {service: web, contains: answered, within: 5s}
      - errors_below: {request: GET /item, ratio: 1%}
abort: {max_duration: 3m}
"""


@dataclass
class Leaky(Run):
    """A stack that prints, answers and fails with every secret that it has; and what was seen listening meanwhile."""

    listening: set[tuple[str, int]] = field(default_factory=set)
    published: set[str] = field(default_factory=set)
    inside: dict[str, Any] = field(default_factory=dict)

    def prepare(self) -> None:
        super().prepare()
        texts = {
            "compose.yaml": COMPOSE,
            "leak.py": SERVICE,
            "users.py": LOCUSTFILE,
            "shop.yaml": DRILL,
            "db_password": CANARIES["file"] + "\n",
        }
        texts["hurt.sh"] = '#!/bin/sh\necho "hurting with $LEAKY_TOKEN"\nif [ "$1" = fail ]; then exit 1; fi\n'
        for name, text in texts.items():
            (self.home / name).write_text(text)
        (self.home / "hurt.sh").chmod(0o755)

    def watch(self, process: subprocess.Popen[bytes]) -> None:
        noted = False
        while process.poll() is None:
            self.listening |= {one for pid in descendants(process.pid) for one in listeners(pid)}
            latest = self.home / "runs" / "latest" / "stack.json"
            if not noted and latest.exists() and self.journal.of(Injected):
                noted = True
                self.drill("note", "the password is", CANARIES["url"], "and", CANARIES["file"])
                self.published |= set(
                    docker("ps", "--filter", f"label=io.drill.run={self.run_id}", "--format", "{{.Ports}}").split()
                )
            time.sleep(0.5)

    @property
    def run_id(self) -> str:
        return self.folder.name.rpartition("-")[2]


def descendants(pid: int) -> Iterator[int]:
    """A process and all below it, as long as they are there."""
    yield pid
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children = path.read_text().split()
        except OSError:
            continue
        for child in children:
            yield from descendants(int(child))


def listeners(pid: int) -> set[tuple[str, int]]:
    """Address and port of each TCP socket on which a process listens, in its own network namespace."""
    try:
        inodes = {os.readlink(path).removeprefix("socket:[").rstrip("]") for path in Path(f"/proc/{pid}/fd").iterdir()}
        rows = [
            line.split()
            for name in ("tcp", "tcp6")
            for line in Path(f"/proc/{pid}/net/{name}").read_text().splitlines()[1:]
        ]
    except OSError:
        return set()
    return {address(row[1]) for row in rows if row[3] == "0A" and row[9] in inodes}


def address(text: str) -> tuple[str, int]:
    """`0100007F:1F90` of the kernel's table."""
    host, _, port = text.partition(":")
    words = struct.pack(f"={len(host) // 8}I", *(int(host[at : at + 8], 16) for at in range(0, len(host), 8)))
    return socket.inet_ntop(socket.AF_INET if len(words) == 4 else socket.AF_INET6, words), int(port, 16)


def accepts(port: int) -> bool:
    with socket.socket() as sock:
        sock.settimeout(1)
        return sock.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(scope="module")
def leaky(tmp_path_factory: pytest.TempPathFactory) -> Leaky:
    run = Leaky(tmp_path_factory.mktemp("intruders") / "leaky")
    run.env = {"LEAKY_TOKEN": CANARIES["token"], "LEAKY_SIGNING": CANARIES["environment"]}
    run.finish(run.start(), run.watch)
    return run


def test_the_stack_said_all_its_secrets_and_was_judged(leaky: Leaky) -> None:
    assert leaky.outcome("leak/log_seen-web") == "passed", leaky.said
    assert leaky.code in (1, 3), leaky.said
    logs = "".join(path.read_text(errors="replace") for path in (leaky.folder / "logs").glob("*.log"))
    assert "answered with" in logs
    assert "[API_TOKEN]" in logs, "nothing was masked: nothing was tested"


def test_no_artefact_holds_a_secret(leaky: Leaky) -> None:
    held = []
    for path in sorted(leaky.folder.rglob("*")):
        if path.is_file() and not path.is_symlink():
            if path.name.startswith("compose") and path.suffix == ".yaml":
                assert path.stat().st_mode & 0o077 == 0, f"{path} holds secrets, and others may read it"
                continue
            data = path.read_bytes()
            held += [
                f"{path.relative_to(leaky.folder)}: {kind}"
                for kind, value in CANARIES.items()
                if value.encode() in data
            ]
    assert not held, held


def test_no_output_and_no_report_tells_a_secret(leaky: Leaky) -> None:
    told = leaky.said
    for words in (("report", "--format", form, "-o", "-") for form in ("html", "md", "junit", "json")):
        told += (answer := leaky.drill(*words)).stdout + answer.stderr
    told += leaky.drill("export").stdout
    told += leaky.drill("judge").stdout
    assert [kind for kind, value in CANARIES.items() if value in told] == []


def test_whatever_listened_was_on_loopback_and_is_gone(leaky: Leaky) -> None:
    assert leaky.published, "nothing was published: nothing was tested"
    wide = [one for one in leaky.published if "->" in one and not one.startswith("127.0.0.1:")]
    assert not wide, wide
    own = sorted(leaky.listening)
    assert all(host in ("127.0.0.1", "::1", "::ffff:127.0.0.1") for host, _ in own), own
    ports = [port for _, port in own] + [
        int(one.partition("->")[0].rpartition(":")[2].partition("-")[0]) for one in leaky.published if "->" in one
    ]
    assert [port for port in ports if accepts(port)] == []
    assert not leaky.left()
    assert json.loads((leaky.folder / "verdict.json").read_text())
