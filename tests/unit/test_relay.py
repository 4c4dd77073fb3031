"""A relay passes everything on as it came, and its copy is what a collector without us would have been sent."""

from __future__ import annotations

import base64
import contextlib
import gzip
import http.client
import http.server
import queue
import socket
import sys
import threading
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.inside import relay
from harness.inside.relay import NotHttp, Request, Requests
from harness.world.helper import Helper

PLAIN = b"POST /v1/traces HTTP/1.1\r\nHost: c:4318\r\nContent-Type: application/json\r\nContent-Length: 5\r\n\r\nhello"
CHUNKED = (
    b"POST /v1/traces HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nTrailer: t\r\n\r\n"
)
BARE = b"GET /healthz HTTP/1.1\r\nHost: c\r\n\r\n"


def told(*pieces: bytes) -> list[Request]:
    requests = Requests()
    return [request for piece in pieces for request in requests.feed(piece)]


@given(st.lists(st.integers(0, len(PLAIN + CHUNKED + BARE)), max_size=12))
def test_requests_are_read_however_they_are_cut_into_pieces(cuts: list[int]) -> None:
    sent = PLAIN + CHUNKED + BARE
    bounds = [0, *sorted(cuts), len(sent)]
    found = told(*(sent[start:end] for start, end in pairwise(bounds)))
    assert [(one.path, one.body, one.cut) for one in found] == [
        ("/v1/traces", b"hello", False),
        ("/v1/traces", b"abcde", False),
        ("/healthz", b"", False),
    ]
    assert found[0].headers["content-type"] == "application/json"


def test_a_body_that_is_too_long_is_cut_in_the_copy_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay, "MOST_BYTES", 3)
    plain, _, bare = told(PLAIN + CHUNKED + BARE)
    assert (plain.body, plain.cut, bare.cut) == (b"hel", True, False)


@pytest.mark.parametrize(
    "sent",
    [
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\x16\x03\x01" + b"x" * (1 << 17),
        b"POST / HTTP/1.1\r\nContent-Length: many\r\n\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nno length\r\n",
    ],
)
def test_what_is_no_http_is_said_and_not_guessed_at(sent: bytes) -> None:
    with pytest.raises(NotHttp):
        told(sent)


class Own(http.server.BaseHTTPRequestHandler):
    """The stack's own collector: it keeps what it is sent, and answers as it is told to."""

    protocol_version = "HTTP/1.1"
    got: list[tuple[str, dict[str, str], bytes]]
    status = 200

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.got.append((self.path, dict(self.headers.items()), body))
        self.send_response(self.status, "as it says")
        self.send_header("Retry-After", "7")
        self.send_header("Content-Length", "3")
        self.end_headers()
        self.wfile.write(b"own")

    def log_message(self, format: str, *args: object) -> None:
        pass


class Inside:
    """The helper as it runs in its container, before a collector on `upstream`."""

    def __init__(self, upstream: int) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.said: queue.Queue[dict[str, Any]] = queue.Queue()
        argv = [sys.executable, "-m", "harness.inside", "traces", f"{self.port}=127.0.0.1:{upstream}"]
        self.helper = Helper(argv, self.said.put, lambda words: None)
        self.next("beat")

    def next(self, word: str) -> Any:
        while True:
            said = self.said.get(timeout=30)
            if word in said:
                return said[word]

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)


@contextlib.contextmanager
def inside(upstream: int) -> Iterator[Inside]:
    started = Inside(upstream)
    try:
        yield started
    finally:
        started.helper.close()


@pytest.fixture
def own() -> Iterator[tuple[type[Own], int]]:
    kind = type("Kept", (Own,), {"got": []})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), kind)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield kind, server.server_address[1]
    server.shutdown()
    server.server_close()


def test_every_body_goes_on_unchanged_and_in_order_and_a_copy_is_told(own: tuple[type[Own], int]) -> None:
    kind, upstream = own
    bodies = [gzip.compress(bytes([n]) * 1000) for n in range(20)]
    with inside(upstream) as started:
        connection = started.connect()
        for body in bodies:
            headers = {"Content-Type": "application/x-protobuf", "Content-Encoding": "gzip", "X-Token": "t"}
            connection.request("POST", "/v1/traces?x=1", body, headers)
            answer = connection.getresponse()
            assert (answer.status, answer.reason, answer.read()) == (200, "as it says", b"own")
        copies = [started.next("traces") for _ in bodies]
        connection.close()
    assert [body for _, _, body in kind.got] == bodies
    assert [base64.b64decode(copy["body"]) for copy in copies] == bodies
    assert {(copy["type"], copy["encoding"], copy["cut"]) for copy in copies} == {
        ("application/x-protobuf", "gzip", False)
    }
    path, headers, _ = kind.got[0]
    assert (path, headers["X-Token"], headers["Host"]) == ("/v1/traces?x=1", "t", f"127.0.0.1:{started.port}")


def test_the_answer_is_the_stack_s_own_and_metrics_pass_untold(own: tuple[type[Own], int]) -> None:
    kind, upstream = own
    kind.status = 503
    with inside(upstream) as started:
        connection = started.connect()
        for path in ("/v1/metrics", "/v1/traces"):
            connection.request("POST", path, path.encode(), {"Content-Type": "application/json"})
            answer = connection.getresponse()
            assert (answer.status, answer.headers["Retry-After"], answer.read()) == (503, "7", b"own")
        assert base64.b64decode(started.next("traces")["body"]) == b"/v1/traces"
        connection.close()
    assert [path for path, _, _ in kind.got] == ["/v1/metrics", "/v1/traces"]


def test_a_body_longer_than_the_copy_goes_on_whole(own: tuple[type[Own], int]) -> None:
    kind, upstream = own
    body = bytes(range(256)) * (5 << 12)  # 5 MiB
    with inside(upstream) as started:
        connection = started.connect()
        connection.request("POST", "/v1/traces", body)
        assert connection.getresponse().status == 200
        copy = started.next("traces")
        connection.close()
    assert kind.got[0][2] == body
    assert copy["cut"]
    assert base64.b64decode(copy["body"]) == body[: relay.MOST_BYTES]


def test_a_collector_that_does_not_listen_is_a_connection_that_breaks() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        nobody = free.getsockname()[1]
    with (
        inside(nobody) as started,
        pytest.raises(
            ConnectionResetError
        ),  # as it reads, or as it connects: the reset may come before connect() has returned
        socket.create_connection(("127.0.0.1", started.port), timeout=30) as client,
    ):
        client.recv(1)


def test_a_reset_of_the_collector_is_one_for_the_service_and_a_silence_stays_one() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        inside(listener.getsockname()[1]) as started,
        socket.create_connection(("127.0.0.1", started.port), timeout=30) as client,
    ):
        client.sendall(PLAIN)
        taken, _ = listener.accept()
        assert taken.recv(1000)[:4] == b"POST"
        client.settimeout(0.3)
        with pytest.raises(TimeoutError):
            client.recv(1)
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, relay.RESET)
        taken.close()
        client.settimeout(30)
        with pytest.raises(ConnectionResetError):
            client.recv(1)


def test_grpc_on_the_same_port_passes_both_ways_and_is_said_to_be_strange() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        inside(listener.getsockname()[1]) as started,
        socket.create_connection(("127.0.0.1", started.port), timeout=30) as client,
    ):
        client.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        taken, _ = listener.accept()
        taken.sendall(b"settings")
        assert client.recv(8) == b"settings"
        assert started.next("strange").startswith("PRI")
        client.sendall(b"more")
        client.shutdown(socket.SHUT_WR)
        with taken:
            assert b"".join(iter(lambda: taken.recv(100), b"")).endswith(b"more")
