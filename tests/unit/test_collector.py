"""The collector takes traces as any would, reads none of them, and says so when it cannot; what it tells is kept as it came."""

from __future__ import annotations

import base64
import http.client
import json
import os
import queue
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from harness.errors import NotApplied
from harness.facts import Blinded, Looked
from harness.fakeworld import FakeWorld
from harness.probes.traces import TracesProbe
from harness.world.attached import Place
from harness.world.collector import Collector
from harness.world.helper import Helper

PLACE = Place("no-such-container-of-a-test", {}, (), ())


class Inside:
    """The helper itself, as it runs in its container."""

    def __init__(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.said: queue.Queue[dict[str, Any]] = queue.Queue()
        self.over = threading.Event()
        self.helper = Helper(self.argv, self.said.put, lambda words: self.over.set())

    @property
    def argv(self) -> list[str]:
        return [sys.executable, "-m", "harness.inside", "traces", str(self.port)]

    def next(self, word: str) -> Any:
        while True:
            said = self.said.get()
            if word in said:
                return said[word]

    def post(self, path: str, body: bytes, **headers: str) -> tuple[int, str, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port)
        connection.request("POST", path, body, {name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        found = answer.status, str(answer.headers["Content-Type"]), answer.read()
        connection.close()
        return found


@pytest.fixture
def inside() -> Iterator[Inside]:
    started = Inside()
    started.next("beat")
    yield started
    started.helper.close()
    assert started.helper.process.returncode == 0, "the end of stdin is its end"


def test_traces_are_answered_as_a_collector_does_and_told_whole(inside: Inside) -> None:
    body = bytes(range(256))
    protobuf = inside.post("/v1/traces", body, Content_Type="application/x-protobuf", Content_Encoding="gzip")
    assert protobuf == (200, "application/x-protobuf", b"")
    told = inside.next("traces")
    assert (told["type"], told["encoding"], told["cut"]) == ("application/x-protobuf", "gzip", False)
    assert base64.b64decode(told["body"]) == body
    assert told["at_ns"] > 0
    assert inside.post("/v1/traces", b"{}", Content_Type="application/json; charset=utf-8")[1:] == (
        "application/json",
        b"{}",
    )
    assert inside.next("traces")["type"] == "application/json"


def test_metrics_and_logs_are_answered_and_not_told(inside: Inside) -> None:
    assert inside.post("/v1/metrics", b"m", Content_Type="application/x-protobuf")[0] == 200
    assert inside.post("/v1/logs", b"l", Content_Type="application/x-protobuf")[0] == 200
    inside.post("/v1/traces", b"t", Content_Type="application/x-protobuf")
    assert base64.b64decode(inside.next("traces")["body"]) == b"t"


def test_what_is_sent_as_grpc_is_said_to_be_strange(inside: Inside) -> None:
    with socket.create_connection(("127.0.0.1", inside.port)) as connection:
        connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        assert inside.next("strange").startswith("PRI")


def test_ports_that_are_none_are_refused() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "harness.inside", "traces", "many"], env=os.environ, capture_output=True, check=False
    )
    assert done.returncode == 2
    assert b"usage" in done.stderr


@dataclass
class Kept:
    full: bool = False
    broken: str = ""
    bodies: list[tuple[float, Mapping[str, Any]]] = field(default_factory=list)
    closed: bool = False

    def add(self, at_s: float, sent: Mapping[str, Any]) -> None:
        self.bodies.append((at_s, sent))

    def close(self) -> None:
        self.closed = True


def collector(*lines: str, keeper: Kept, end: bool = False) -> Collector:
    """One whose helper says these lines; `end`: and then ends."""
    script = "".join(f"print({line!r}, flush=True)\n" for line in lines) + (
        "" if end else "import sys; sys.stdin.read()"
    )

    def attached(
        place: Place, command: Sequence[str], heard: Callable[[dict[str, Any]], None], ended: Callable[[str], None]
    ) -> Helper:
        assert command == ("traces", "4318")
        return Helper((sys.executable, "-c", script), heard, ended)

    return Collector(PLACE, (4318,), 1_000_000_000, keeper, attached)


BEAT = json.dumps({"beat": 0})


def test_every_body_is_kept_at_its_instant_of_the_run() -> None:
    keeper = Kept()
    sent = {"at_ns": 3_500_000_000, "type": "t", "encoding": "", "body": "", "cut": False}
    taken = collector(json.dumps({"traces": sent}), BEAT, keeper=keeper)
    taken.start()
    try:
        assert taken.blind() == ""
        assert keeper.bodies == [(2.5, sent)]
    finally:
        taken.close()
    assert keeper.closed


@pytest.mark.parametrize(
    ("keeper", "line", "why"),
    [
        (Kept(full=True), BEAT, "grown to their limit"),
        (Kept(broken="no space"), BEAT, "no space"),
        (Kept(), json.dumps({"traces": {"at_ns": 0, "cut": True}}), "were cut"),
    ],
)
def test_what_was_not_kept_blinds(keeper: Kept, line: str, why: str) -> None:
    taken = collector(line, BEAT, keeper=keeper)
    taken.start()
    try:
        assert why in taken.blind()
        (fact,) = TracesProbe(taken).look(FakeWorld().world)
        assert isinstance(fact, Blinded)
    finally:
        taken.close()


def test_one_that_ends_is_blind_and_one_that_never_speaks_does_not_start() -> None:
    taken = collector(BEAT, keeper=Kept(), end=True)
    with pytest.raises(NotApplied, match="did not start"):
        collector(keeper=Kept(), end=True).start()
    try:
        taken.start()
    except NotApplied:
        return  # it had ended before its first word was waited for
    while not taken.lost:
        threading.Event().wait(0.01)
    assert "ended" in taken.blind()
    taken.close()


def test_traffic_goes_by_the_relays_only_while_they_are_there() -> None:
    steered: list[bool] = []

    def attached(
        place: Place, command: Sequence[str], heard: Callable[[dict[str, Any]], None], ended: Callable[[str], None]
    ) -> Helper:
        assert command == ("traces", "4318", "14318=otel:4318")
        return Helper((sys.executable, "-c", f"print({BEAT!r}, flush=True); input()"), heard, ended)

    relays = {("otel", 4318): 14318}
    taken = Collector(PLACE, (4318,), 0, Kept(), attached, relays=relays, steer=steered.append)
    taken.start()
    assert steered == [True]
    taken.close()
    assert steered[:2] == [True, False], "before its container is taken away"
    assert not any(steered[1:])


def test_the_probe_looks_where_nothing_blinds() -> None:
    class Fine:
        def blind(self) -> str:
            return ""

    assert TracesProbe(Fine()).look(FakeWorld().world) == (Looked(probe="traces"),)
