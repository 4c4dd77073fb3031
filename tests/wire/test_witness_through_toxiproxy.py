"""What a look says of each thing that Toxiproxy does to a connection: the words that landings are judged from."""

from __future__ import annotations

import contextlib
import itertools
import json
import socket
import threading
import time
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from harness.inside.look import meet

pytestmark = pytest.mark.wire

COUNT = itertools.count(1)


def serve_redis(server: socket.socket) -> None:
    """Answers PING, says goodbye to QUIT and closes."""

    def one(client: socket.socket) -> None:
        with client, contextlib.suppress(OSError):
            while data := client.recv(1000):
                client.sendall(b"+PONG\r\n" if b"PING" in data else b"+OK\r\n")
                if b"QUIT" in data:
                    return

    while True:
        try:
            client, _ = server.accept()
        except OSError:
            return
        threading.Thread(target=one, args=(client,), daemon=True).start()


class Edge:
    """One proxy in front of one small server, and the API calls that hurt it."""

    def __init__(self, api: tuple[str, int]) -> None:
        self.api = api
        self.server = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=serve_redis, args=(self.server,), daemon=True).start()
        self.name = f"witness-{next(COUNT)}"
        upstream = f"127.0.0.1:{self.server.getsockname()[1]}"
        self.proxy = self.call("POST", "/proxies", {"name": self.name, "listen": "127.0.0.1:0", "upstream": upstream})
        self.port = int(self.proxy["listen"].rpartition(":")[2])

    def call(self, method: str, path: str, data: dict[str, Any] | None = None) -> Any:
        body = json.dumps(data).encode() if data is not None else None
        request = urllib.request.Request(f"http://{self.api[0]}:{self.api[1]}{path}", body, method=method)
        with urllib.request.urlopen(request, timeout=5) as answer:
            return json.loads(answer.read() or b"null")

    def toxic(self, kind: str, **attributes: int) -> None:
        self.call("POST", f"/proxies/{self.name}/toxics", {"type": kind, "attributes": attributes})

    def look(self, limit_ms: int = 1500, speaks: str = "redis") -> dict[str, Any]:
        request = {"host": "127.0.0.1", "port": self.port, "speaks": speaks, "limit_ms": limit_ms}
        return meet("127.0.0.1", request, time.monotonic() + limit_ms / 1000)

    def close(self) -> None:
        self.call("DELETE", f"/proxies/{self.name}")
        self.server.close()


@pytest.fixture
def edge(toxiproxy_server: tuple[str, int]) -> Iterator[Edge]:
    edge = Edge(toxiproxy_server)
    try:
        yield edge
    finally:
        edge.close()


def test_a_healthy_edge_is_answered_in_one_turn_and_closed_by_the_other_side(edge: Edge) -> None:
    seen = edge.look()
    assert (seen["outcome"], seen["size"], seen["turns"]) == ("answered", 7, 1)
    assert seen["close_ms"] is not None


def test_latency_shows_in_the_answer_and_not_in_the_connect(edge: Edge) -> None:
    edge.toxic("latency", latency=300)
    seen = edge.look()
    assert seen["outcome"] == "answered"
    assert seen["answer_ms"] >= 300
    assert seen["connect_ms"] < 300


def test_latency_above_the_limit_is_hung(edge: Edge) -> None:
    edge.toxic("latency", latency=2000)
    seen = edge.look(limit_ms=200)
    assert (seen["outcome"], seen.get("answer_ms")) == ("hung", None)
    assert "connect_ms" in seen


def test_a_black_hole_is_hung(edge: Edge) -> None:
    edge.toxic("timeout", timeout=0)
    assert edge.look(limit_ms=200)["outcome"] == "hung"


def test_a_timeout_that_ends_the_connection_is_closed(edge: Edge) -> None:
    edge.toxic("timeout", timeout=50)
    assert edge.look()["outcome"] == "closed"


def test_a_reset_is_a_reset(edge: Edge) -> None:
    edge.toxic("reset_peer", timeout=0)
    assert edge.look()["outcome"] == "reset"


def test_a_disabled_proxy_is_refused(edge: Edge) -> None:
    edge.call("PATCH", f"/proxies/{edge.name}", {"enabled": False})
    seen = edge.look()
    assert seen["outcome"] == "refused"
    assert "connect_ms" not in seen


def test_a_slow_close_shows_in_the_close_alone(edge: Edge) -> None:
    edge.toxic("slow_close", delay=400)
    seen = edge.look()
    assert seen["outcome"] == "answered"
    assert seen["close_ms"] >= 390
    assert seen["answer_ms"] < 390


def test_a_close_later_than_the_limit_is_not_measured(edge: Edge) -> None:
    edge.toxic("slow_close", delay=2000)
    seen = edge.look(limit_ms=400)
    assert (seen["outcome"], seen["close_ms"]) == ("answered", None)


def test_a_data_limit_cuts_the_answer_short(edge: Edge) -> None:
    edge.toxic("limit_data", bytes=3)
    seen = edge.look()
    assert (seen["outcome"], seen["size"]) == ("closed", 3)


def test_sliced_data_comes_in_more_chunks(edge: Edge) -> None:
    edge.toxic("slicer", average_size=1, size_variation=0, delay=20_000)
    seen = edge.look()
    assert seen["outcome"] == "answered"
    assert seen["chunks"] >= 5


def test_an_upstream_that_is_gone_is_closed_or_reset_also_for_a_bare_look(edge: Edge) -> None:
    edge.server.shutdown(socket.SHUT_RDWR)
    edge.server.close()
    assert edge.look()["outcome"] in ("closed", "reset")
    assert edge.look(speaks="")["outcome"] in ("closed", "reset")


def test_a_bare_look_only_connects(edge: Edge) -> None:
    seen = edge.look(speaks="")
    assert (seen["outcome"], seen["size"], "close_ms" in seen) == ("answered", 0, False)
