"""A small staging environment without containers: a service behind TLS and a token, its store behind a Toxiproxy that is there already."""

from __future__ import annotations

import contextlib
import http.client
import json
import ssl
import subprocess
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

TOKEN = "open-sesame-7f3a"


def certificates(folder: Path) -> None:
    """ca.pem, and server.pem with its key, signed by it for 127.0.0.1; other.pem is another authority's."""
    for name in ("ca", "other"):
        _openssl(
            folder,
            "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}",
            "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign",
            "-keyout", f"{name}.key", "-out", f"{name}.pem",
        )  # fmt: skip
    _openssl(
        folder, "req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=staging", "-keyout", "server.key", "-out", "s.csr"
    )
    (folder / "names").write_text("subjectAltName=IP:127.0.0.1,DNS:localhost\n")
    _openssl(
        folder,
        "x509", "-req", "-in", "s.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2",
        "-extfile", "names", "-out", "s.pem",
    )  # fmt: skip
    (folder / "server.pem").write_text((folder / "s.pem").read_text() + (folder / "server.key").read_text())


def _openssl(folder: Path, *words: str) -> None:
    subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)


class Store(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        body = b"a lamp"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        pass


class Shop(Store):
    """Asks its store for each item; wants the token."""

    server: Staging

    def do_GET(self) -> None:
        status, body = 200, b"ok"
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            status, body = 401, b"who are you"
        elif self.path != "/":
            status, body = self.server.ask()
            self.server.keep(self.headers.get("Idempotency-Key"))
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Staging(ThreadingHTTPServer):
    """The service. `store_port` is where it finds its store: through the proxy, or around it. `kept` is where it notes what it did, and
    it forgets each `forgets`th."""

    daemon_threads = True
    request_queue_size = 128
    kept: Path | None = None
    forgets = 0

    def __init__(self, store_port: int, certificate: Path) -> None:
        super().__init__(("127.0.0.1", 0), Shop)
        self.store_port = store_port
        self._keeping, self._asked = threading.Lock(), 0
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.server_port}"

    def keep(self, key: str | None) -> None:
        if key is None or self.kept is None:
            return
        with self._keeping:
            self._asked += 1
            if not self.forgets or self._asked % self.forgets:
                with self.kept.open("a") as file:
                    file.write(json.dumps({"key": key}) + "\n")

    def ask(self) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.store_port, timeout=8)
        try:
            connection.request("GET", "/lamp", headers={"Connection": "close"})
            return 200, connection.getresponse().read()
        except (OSError, http.client.HTTPException):
            return 503, b"no store"
        finally:
            connection.close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that does not trust us hangs up."""


@dataclass
class Seen:
    """What a command printed and how it ended."""

    code: int
    out: str
    err: str
    took_s: float
    result: dict[str, Any] = field(default_factory=dict)

    def finding(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = next(one for one in self.result["findings"] if one["id"].endswith(name))
        return found


def drill(home: Path, *words: str, env: dict[str, str], python: str) -> Seen:
    """`drill …` as a user types it in the folder."""
    began_s = time.monotonic()
    done = subprocess.run(
        [python, "-m", "harness", *words], cwd=home, env=env, capture_output=True, text=True, timeout=240, check=False
    )
    last: dict[str, Any] = {}
    with contextlib.suppress(ValueError, IndexError):
        last = json.loads(done.stdout.splitlines()[-1])
    return Seen(done.returncode, done.stdout, done.stderr, time.monotonic() - began_s, last)
