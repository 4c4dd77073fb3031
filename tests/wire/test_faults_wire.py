"""Every edge fault through a real Toxiproxy, looked at by the real witness: its beginning, its end, its share."""

from __future__ import annotations

import contextlib
import http.client
import http.server
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from harness.edges import Edge
from harness.facts import Witnessed
from harness.faults import FAULTS
from harness.faults.base import Fault
from harness.inside.look import meet
from harness.run.clock import MonotonicClock
from harness.world.handles import World
from harness.world.proxies import Reconciler

pytestmark = pytest.mark.wire

BY_WORD = {fault.word: fault for fault in FAULTS}


class Handler(http.server.BaseHTTPRequestHandler):
    """GET /n answers n bytes, and keeps the connection when it may."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        body = b"x" * int(self.path[1:])
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with contextlib.suppress(ConnectionError):
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Silent."""


class Stage:
    """api->web, where web answers, behind a Toxiproxy that a reconciler keeps."""

    def __init__(self, edge: Edge, port: int, world: World) -> None:
        self.edge, self.port, self.world = edge, port, world

    def fault(self, word: str, **fields: Any) -> Fault:
        return BY_WORD[word].model_validate({"edge": self.edge.id, **fields})

    def look(self, path: str = "/100", limit_ms: float = 10000) -> Witnessed:
        request = {
            "host": "web",
            "port": self.port,
            "speaks": "http",
            "credentials": {"path": path},
            "limit_ms": limit_ms,
        }
        said = meet(self.edge.address, request, time.monotonic() + limit_ms / 1000)
        return Witnessed(edge=self.edge.id, port=self.port, speaks="http", limit_ms=limit_ms, **said)

    def looks(self, count: int, path: str = "/100", limit_ms: float = 10000) -> list[Witnessed]:
        return [self.look(path, limit_ms) for _ in range(count)]

    def pooled(self, count: int) -> list[http.client.HTTPConnection]:
        """Connections that are open and have been used."""
        pool = [http.client.HTTPConnection(self.edge.address, self.port, timeout=20) for _ in range(count)]
        for connection in pool:
            ask(connection)
        return pool


def ask(connection: http.client.HTTPConnection) -> float:
    """One request on it; ms."""
    began_s = time.monotonic()
    connection.request("GET", "/100")
    assert len(connection.getresponse().read()) == 100
    return (time.monotonic() - began_s) * 1000


def end_of(connection: http.client.HTTPConnection, within_s: float = 20) -> str:
    """How it ends when nothing is asked of it: 'fin', 'rst', or 'open' when it does not."""
    connection.sock.settimeout(within_s)
    try:
        return "fin" if connection.sock.recv(1) == b"" else "data"
    except ConnectionResetError:
        return "rst"
    except TimeoutError:
        return "open"


def read_to_the_end(connection: socket.socket) -> None:
    while connection.recv(65536):
        pass


@pytest.fixture
def stage(toxiproxy: Any) -> Iterator[Stage]:
    http.server.ThreadingHTTPServer.daemon_threads = True
    web = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    web.daemon_threads = True
    threading.Thread(target=web.serve_forever, daemon=True).start()
    edge = Edge("api", "web", address="127.0.0.81", upstream="127.0.0.1")
    proxies = Reconciler(toxiproxy.api, [edge])
    proxies.start()
    proxies.listening("web", [web.server_port])
    clock = MonotonicClock(time.monotonic_ns())
    yield Stage(edge, web.server_port, World(clock, proxies, None, None))  # type: ignore[arg-type]
    proxies.close()
    web.shutdown()
    web.server_close()


@pytest.mark.parametrize(
    ("word", "fields", "path", "limit_ms"),
    [
        ("latency", {"delay": "400ms", "jitter": "50ms"}, "/100", 10000),
        ("latency", {"delay": "400ms", "stream": "upstream"}, "/100", 10000),
        ("bandwidth", {"rate": "20KB/s"}, "/20000", 10000),
        ("hang", {}, "/100", 500),
        ("hang", {"share": "100%", "stream": "upstream"}, "/100", 500),
        ("reset", {}, "/100", 10000),
        ("reset", {"stream": "upstream", "after_data": "50ms"}, "/100", 10000),
        ("down", {}, "/100", 10000),
        ("slow_close", {"delay": "600ms"}, "/100", 10000),
        ("limit_data", {"bytes": "2KB"}, "/20000", 10000),
        ("slicer", {"size": "1KB", "variation": "100B", "delay": "10ms"}, "/20000", 10000),
    ],
)
def test_it_lands_as_stated_and_is_proven_gone(
    stage: Stage, word: str, fields: dict[str, Any], path: str, limit_ms: float
) -> None:
    fault = stage.fault(word, **fields)
    before = stage.looks(6, path)
    readback = fault.inject("it", stage.world)
    during = stage.looks(4, path, limit_ms)
    assert fault.mend("it", stage.world) == ""
    after = stage.looks(6, path)
    (proxy,) = readback.values()
    assert bool(proxy["toxics"]) == (word != "down")
    landing = fault.landing(before, during)
    assert landing.outcome == "landed", landing
    assert landing.share == 1
    assert fault.gone(before, during).outcome == "not_landed" or word in ("slow_close", "slicer")
    assert fault.gone(before, after).outcome == "landed", fault.gone(before, after)


def test_a_latency_measures_no_less_than_stated_and_a_rate_no_more(stage: Stage) -> None:
    latency = stage.fault("latency", delay="400ms")
    before = stage.looks(6, "/20000")
    latency.inject("it", stage.world)
    assert latency.landing(before, stage.looks(3, "/20000")).measured["added_ms"] > 395
    latency.mend("it", stage.world)
    bandwidth = stage.fault("bandwidth", rate="20KB/s")
    bandwidth.inject("it", stage.world)
    assert bandwidth.landing(before, stage.looks(2, "/20000")).measured["rate_bytes_s"] < 21500


def test_a_share_of_fresh_connections_is_hit(stage: Stage) -> None:
    fault = stage.fault("reset", share="50%")
    before = stage.looks(3)
    fault.inject("it", stage.world)
    during = stage.looks(200)
    landing = fault.landing(before, during)
    assert 0.3 < (landing.share or 0) < 0.7, "more than five standard deviations from a half"
    assert {look.outcome for look in during} == {"answered", "reset"}


def test_pooled_connections_that_are_kept_are_drawn_once_each_and_all_requests_of_one_are_alike(stage: Stage) -> None:
    pool = stage.pooled(40)
    stage.fault("latency", delay="600ms", share="50%", open_connections="keep").inject("it", stage.world)
    threads, times = [], [[0.0] * 3 for _ in pool]

    def use(number: int, connection: http.client.HTTPConnection) -> None:
        times[number] = [ask(connection) for _ in range(3)]

    for number, connection in enumerate(pool):
        threads.append(threading.Thread(target=use, args=(number, connection)))
        threads[-1].start()
    for thread in threads:
        thread.join()
    hit = [row for row in times if min(row) >= 600]
    assert 4 < len(hit) < 36, "five standard deviations from a half"
    spared = [row for row in times if min(row) < 600]
    assert all(sorted(row)[1] < 600 for row in spared), "a connection is spared or hit as a whole"


def test_another_fault_on_the_edge_draws_the_share_again_among_open_connections(stage: Stage) -> None:
    pool = stage.pooled(24)
    stage.fault("latency", delay="300ms", share="50%", open_connections="keep").inject("share", stage.world)

    def hit() -> set[int]:
        found: set[int] = set()

        def use(number: int) -> None:
            if min(ask(pool[number]) for _ in range(2)) >= 300:
                found.add(number)

        threads = [threading.Thread(target=use, args=(number,)) for number in range(len(pool))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return found

    first = hit()
    other = stage.fault("bandwidth", rate="1GB/s")
    other.inject("other", stage.world)
    other.mend("other", stage.world)
    assert hit() != first, "the same draw twice has a chance of 1 in 16 million"


def test_pooled_connections_are_cut_so_that_they_redial_unless_kept_on_purpose(stage: Stage) -> None:
    (pooled,) = stage.pooled(1)
    kept = stage.fault("latency", delay="300ms", share="50%", open_connections="keep")
    kept.inject("kept", stage.world)
    assert end_of(pooled, within_s=0.3) == "open"
    kept.mend("kept", stage.world)
    stage.fault("latency", delay="300ms", share="50%").inject("cut", stage.world)
    assert end_of(pooled) == "fin"


def test_latency_at_its_end_leaves_connections_open_and_hang_closes_all_of_them_also_those_it_did_not_hit(
    stage: Stage,
) -> None:
    latency, hang = stage.fault("latency", delay="300ms"), stage.fault("hang", share="1%", open_connections="keep")
    pool = stage.pooled(3)
    latency.inject("slow", stage.world)
    latency.mend("slow", stage.world)
    assert [end_of(connection, within_s=0.3) for connection in pool] == ["open"] * 3
    hang.inject("hang", stage.world)
    hang.mend("hang", stage.world)
    assert [end_of(connection) for connection in pool] == ["fin"] * 3


def test_down_closes_open_connections_and_what_was_refused_is_accepted_after_it(stage: Stage) -> None:
    (pooled,) = stage.pooled(1)
    down = stage.fault("down")
    down.inject("it", stage.world)
    assert end_of(pooled) == "fin"
    assert stage.look().outcome == "refused"
    down.mend("it", stage.world)
    assert stage.look().outcome == "answered"


def test_a_kept_connection_meets_an_end_of_file_where_a_new_one_meets_a_reset(stage: Stage) -> None:
    (kept,) = stage.pooled(1)
    stage.fault("reset", open_connections="keep").inject("it", stage.world)
    with pytest.raises(http.client.RemoteDisconnected):
        ask(kept)
    fresh = http.client.HTTPConnection(stage.edge.address, stage.port, timeout=20)
    with pytest.raises(ConnectionResetError):
        ask(fresh)


def test_under_a_share_of_resets_a_connection_that_was_not_hit_ends_with_a_reset_too(stage: Stage) -> None:
    """Toxiproxy sets the linger option on every connection that opens while the toxic is there."""
    stage.fault("reset", share="1%").inject("it", stage.world)
    with socket.create_connection((stage.edge.address, stage.port), timeout=20) as connection:
        connection.sendall(b"GET /100 HTTP/1.1\r\nHost: web\r\nConnection: close\r\n\r\n")
        time.sleep(0.5)  # the answer has come and the dependency has closed
        with pytest.raises(ConnectionResetError):
            read_to_the_end(connection)


def test_slow_close_at_its_end_closes_at_once_what_waited(stage: Stage) -> None:
    fault = stage.fault("slow_close", delay="60s")
    fault.inject("it", stage.world)
    with socket.create_connection((stage.edge.address, stage.port), timeout=30) as connection:
        connection.sendall(b"GET /100 HTTP/1.1\r\nHost: web\r\nConnection: close\r\n\r\n")
        time.sleep(0.3)
        fault.mend("it", stage.world)
        with contextlib.suppress(ConnectionResetError):
            read_to_the_end(connection)


def test_bandwidth_at_its_end_sends_what_it_held_back(stage: Stage) -> None:
    fault = stage.fault("bandwidth", rate="1KB/s")
    fault.inject("it", stage.world)
    (said,) = [threading.Event()]
    looked: list[Witnessed] = []

    def wait_for_it() -> None:
        looked.append(stage.look("/100000", limit_ms=60000))
        said.set()

    threading.Thread(target=wait_for_it, daemon=True).start()
    time.sleep(0.5)
    assert not said.is_set()
    fault.mend("it", stage.world)
    assert said.wait(30)
    assert looked[0].outcome == "answered"
    assert looked[0].size > 100000


def test_a_hang_of_answers_alone_is_an_end_of_file_where_the_dependency_closes_after_its_answer(stage: Stage) -> None:
    fault = stage.fault("hang", stream="downstream")
    before = stage.looks(2)
    fault.inject("it", stage.world)
    landing = fault.landing(before, stage.looks(2, limit_ms=900))
    assert landing.outcome == "not_landed"
    assert "2 closed" in landing.because


def test_faults_that_overlap_on_one_edge_are_mended_one_by_one(stage: Stage) -> None:
    latency, hang = stage.fault("latency", delay="300ms"), stage.fault("hang")
    before = stage.looks(4)
    latency.inject("a", stage.world)
    hang.inject("b", stage.world)
    assert stage.look(limit_ms=900).outcome == "hung"
    hang.mend("b", stage.world)
    assert latency.landing(before, stage.looks(3)).outcome == "landed"
    latency.mend("a", stage.world)
    assert latency.gone(before, stage.looks(3)).outcome == "landed"
