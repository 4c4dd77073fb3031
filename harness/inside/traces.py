"""The collector: takes what services send of their traces (OTLP over HTTP), so that nothing leaves the stack, and reads none of it.

`python3 -m harness.inside traces PORT…` listens on each port, under whatever names its container bears, and writes one JSON
line per POST to …/v1/traces:

    {"traces": {"at_ns": …, "type": "application/x-protobuf", "encoding": "gzip", "body": "<base64>", "cut": false}}

`at_ns` is CLOCK_MONOTONIC, which containers share with their host. Metrics and logs that come the same way are answered, and
nothing is told of them. What is sent as gRPC is none of HTTP's requests: {"strange": "PRI"}. Each second {"beat": n} says that
it is there. The end of stdin is its end.
"""

from __future__ import annotations

import base64
import contextlib
import sys
import threading
import time

from harness.inside.pager import Server, Taken, say

TRACES = "/v1/traces"
JSON = "application/json"


class Received(Taken):
    """Answers as a collector does that took everything: an empty ExportTraceServiceResponse, in the encoding of the request."""

    server_version = "collector"

    def do_POST(self) -> None:
        at_ns = time.monotonic_ns()
        body, cut = self._body()
        kind = str(self.headers.get("Content-Type") or "").partition(";")[0].strip().lower()
        if self.path.partition("?")[0].rstrip("/").endswith(TRACES):
            encoding = str(self.headers.get("Content-Encoding") or "").strip().lower()
            text = base64.b64encode(body).decode("ascii")
            say({"traces": {"at_ns": at_ns, "type": kind, "encoding": encoding, "body": text, "cut": cut}})
        empty = b"{}" if kind == JSON else b""
        self.send_response(200)
        self.send_header("Content-Type", kind or JSON)
        self.send_header("Content-Length", str(len(empty)))
        self.end_headers()
        self.wfile.write(empty)

    do_PUT = do_POST

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """A request that is none: of HTTP/2 (gRPC) the preface `PRI * HTTP/2.0`."""
        say({"strange": str(getattr(self, "requestline", ""))[:40]})
        super().send_error(code, message, explain)


def main(argv: list[str]) -> int:
    """Runs until stdin ends. Returns 2 for ports that are none."""
    try:
        servers = [Server(("0.0.0.0", int(text)), Received) for text in argv]
    except (ValueError, OverflowError, OSError) as error:
        print(f"usage: python3 -m harness.inside traces PORT…: {error}", file=sys.stderr)
        return 2
    for server in servers:
        threading.Thread(target=server.serve_forever, args=(0.1,), daemon=True).start()
    over = threading.Event()

    def beat() -> None:
        number = 0
        while not over.is_set():
            say({"beat": number})
            number += 1
            over.wait(1.0)

    threading.Thread(target=beat, daemon=True).start()
    with contextlib.suppress(ValueError):
        for _ in sys.stdin:
            pass
    over.set()
    return 0
