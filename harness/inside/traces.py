"""The collector: takes what services send of their traces (OTLP over HTTP), so that nothing leaves the stack, and reads none of it.

`python3 -m harness.inside traces PORT… PORT=HOST:PORT…` listens on each port, under whatever names its container bears, and
answers; what comes to a port with a host it passes on to that one, a collector of the stack's own, which answers (`relay`). Of
both it writes one JSON line per request to …/v1/traces:

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
from harness.inside.relay import Relay, Request

TRACES = "/v1/traces"
JSON = "application/json"


class Received(Taken):
    """Answers as a collector does that took everything: an empty ExportTraceServiceResponse, in the encoding of the request."""

    server_version = "collector"

    def do_POST(self) -> None:
        at_ns = time.monotonic_ns()
        request = Request(self.path, {name.lower(): value for name, value in self.headers.items()}, *self._body())
        tell(request, at_ns)
        kind = _kind(request)
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


def tell(request: Request, at_ns: int = 0) -> None:
    """The line of a request with traces; of others nothing. `at_ns` 0 is now."""
    if not request.path.partition("?")[0].rstrip("/").endswith(TRACES):
        return
    encoding = request.headers.get("content-encoding", "").strip().lower()
    text = base64.b64encode(request.body).decode("ascii")
    sent = {"at_ns": at_ns or time.monotonic_ns(), "type": _kind(request), "encoding": encoding, "body": text}
    say({"traces": {**sent, "cut": request.cut}})


def _kind(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def listening(text: str) -> Server | Relay:
    """The server of `PORT` or of `PORT=HOST:PORT`. Raises ValueError, OverflowError or OSError for what is none."""
    port, relays, upstream = text.partition("=")
    if not relays:
        return Server(("0.0.0.0", int(port)), Received)
    host, _, number = upstream.rpartition(":")
    return Relay(("0.0.0.0", int(port)), (host, int(number)), tell, lambda begins: say({"strange": begins[:40]}))


def main(argv: list[str]) -> int:
    """Runs until stdin ends. Returns 2 for ports that are none."""
    try:
        servers = [listening(text) for text in argv]
    except (ValueError, OverflowError, OSError) as error:
        print(f"usage: python3 -m harness.inside traces PORT… PORT=HOST:PORT…: {error}", file=sys.stderr)
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
