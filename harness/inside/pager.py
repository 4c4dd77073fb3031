"""The pager's mailbox: takes what Alertmanager sends to its receivers, so that no real person is paged.

`python3 -m harness.inside pager PORT…` listens on each port, under whatever names its container bears, answers 200 to every
POST, and writes one JSON line per delivery:

    {"page": {"host": "pager.example.test", "port": 80, "path": "…", "at_ns": …, "from": "…", "agent": "…", "body": "…", "cut": false}}

`path` is the beginning of its SHA-256: a path can be the key to somebody's pager, and is told to nobody.
`at_ns` is CLOCK_MONOTONIC, which containers share with their host. Each second a line {"beat": n, "refuse": false} says that
it is there: no page means something only while it was. JSON lines on stdin: {"refuse": true} closes the ports, as a provider
that is gone, {"refuse": false} opens them again. At the end of stdin nobody hears it any more, and it goes on: what still runs of
the stack would page people. Its container goes with the stack.
"""

from __future__ import annotations

import contextlib
import hashlib
import http.server
import json
import signal
import socketserver
import sys
import threading
import time
from typing import Any

MOST_BYTES = 1 << 20
"""Of a body; what is longer is cut, and said to be."""
ASK_S = 10.0
"""How long a sender may take to say what it sends."""

_printing = threading.Lock()


def say(data: dict[str, Any]) -> None:
    """One line, whole, at once."""
    with _printing:
        print(json.dumps(data, separators=(",", ":")), flush=True)


class Taken(http.server.BaseHTTPRequestHandler):
    """Answers 200 once the whole message is here, and tells of it first: a delivery that was not told was not taken."""

    protocol_version = "HTTP/1.1"
    timeout = ASK_S
    server_version = "pager"

    def do_POST(self) -> None:
        at_ns = time.monotonic_ns()
        body, cut = self._body()
        host = str(self.headers.get("Host") or "")
        page = {
            "host": host.rpartition(":")[0] if ":" in host else host,
            "port": self.connection.getsockname()[1],
            "path": hashlib.sha256(self.path.encode()).hexdigest()[:16],
            "at_ns": at_ns,
            "from": self.client_address[0],
            "agent": str(self.headers.get("User-Agent") or ""),
            "body": body.decode("utf-8", "replace"),
            "cut": cut,
        }
        say({"page": page})
        self._answer(200)

    do_PUT = do_POST

    def do_GET(self) -> None:
        self._answer(200)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: stdout is for pages."""

    def _body(self) -> tuple[bytes, bool]:
        if "chunked" in str(self.headers.get("Transfer-Encoding") or "").lower():
            return self._chunks()
        with contextlib.suppress(ValueError):
            length = max(0, int(self.headers.get("Content-Length") or 0))
            if length > MOST_BYTES:
                self.close_connection = True
            return self.rfile.read(min(length, MOST_BYTES)), length > MOST_BYTES
        return b"", False

    def _chunks(self) -> tuple[bytes, bool]:
        found = b""
        while len(found) <= MOST_BYTES:
            with contextlib.suppress(ValueError):
                size = int(self.rfile.readline(100).partition(b";")[0], 16)
                if size == 0:
                    self.rfile.readline(100)
                    return found, False
                found += self.rfile.read(size)
                self.rfile.readline(10)
                continue
            break
        self.close_connection = True
        return found[:MOST_BYTES], True

    def _answer(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.send_header("Connection", "close")  # a connection kept would go on when the ports are closed
        self.end_headers()


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    """One port. It does not look up its own name, which may be one that leads nowhere."""

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 64

    def server_bind(self) -> None:
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = "pager", self.server_address[1]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A sender that went away."""


class Mailbox:
    """The servers, open or refusing."""

    def __init__(self, ports: list[int]) -> None:
        self._ports = ports
        self._servers: list[Server] = []
        self._lock = threading.Lock()
        self.refusing = True

    def refuse(self, refuse: bool) -> None:
        with self._lock:
            if refuse == self.refusing:
                return
            self.refusing = refuse
            if refuse:
                for server in self._servers:
                    server.shutdown()
                    server.server_close()
                self._servers = []
                return
            self._servers = [Server(("0.0.0.0", port), Taken) for port in self._ports]
            for server in self._servers:
                threading.Thread(target=server.serve_forever, args=(0.1,), daemon=True).start()


def main(argv: list[str]) -> int:
    """Runs until it is killed. Returns 2 for ports that are none."""
    try:
        box = Mailbox([int(text) for text in argv])
        box.refuse(False)
    except (ValueError, OverflowError) as error:
        print(f"usage: python3 -m harness.inside pager PORT…: {error}", file=sys.stderr)
        return 2
    over = threading.Event()

    def beat() -> None:
        number = 0
        while not over.is_set():
            say({"beat": number, "refuse": box.refusing})
            number += 1
            over.wait(1.0)

    threading.Thread(target=beat, daemon=True).start()
    for line in sys.stdin:
        with contextlib.suppress(ValueError):
            asked = json.loads(line)
            if isinstance(asked, dict) and isinstance(asked.get("refuse"), bool):
                box.refuse(asked["refuse"])
    over.set()
    while True:
        signal.pause()
