"""What the stack and its servers answer: Prometheus, Alertmanager, Toxiproxy, Docker, queues, tables, pages, traces."""

from __future__ import annotations

import base64
import contextlib
import gzip
import io
import json
import socket
import struct
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from fuzz.target import Target
from harness.drill.readers import CommandReader, HttpReader, RabbitmqReader, Reader, RedisReader, SqlReader
from harness.orders.readers import read
from harness.spans.otlp import spans_of
from harness.wall import Wall
from harness.world import amqp, exposition, toxiproxy
from harness.world.alertmanager import Alertmanager
from harness.world.containers import Containers
from harness.world.events import Events
from harness.world.handles import Login, Page, Said
from harness.world.jsonapi import JsonApi
from harness.world.logstream import Lines, frames, terminal
from harness.world.metrics import Prometheus
from harness.world.pager import pages

WALL = Wall(((1.7e9, 0.0),))


class Clock:
    def now_s(self) -> float:
        return 10.0

    def wall_s(self) -> float:
        return 1.7e9

    def wait_until(self, at_s: float) -> None:
        raise AssertionError("nothing waits here")


class Answered(JsonApi):
    """The server's answer is what is tried, whatever was asked."""

    def __init__(self, what: str, body: bytes) -> None:
        super().__init__(what, ("127.0.0.1", 1))
        self._body = body

    def _asked(self, path: str, params: Mapping[str, Any] | None) -> tuple[bytes, int]:
        return self._body, 200


def prometheus(data: bytes) -> None:
    server = Prometheus(("127.0.0.1", 1), Clock())
    server._api = Answered("Prometheus", data)
    _each(
        lambda: server.query("up"),
        lambda: server.query_range("up", 0, 1, 1),
        lambda: server.samples("up", 5),
        server.rules,
        server.targets,
        lambda: server.alerts_since(5),
        server.counters,
    )


def alertmanager(data: bytes) -> None:
    server = Alertmanager(("127.0.0.1", 1))
    server._api = Answered("Alertmanager", data)
    _each(server.alerts, server.silences, server.config, server.counters)


def _each(*calls: Callable[[], object]) -> None:
    """All of them, though the first refuse; then the first refusal, as if there were only that."""
    from harness.errors import NotApplied

    refused = []
    for call in calls:
        try:
            call()
        except NotApplied as error:
            refused.append(error)
    if refused:
        raise refused[0]


def exposed(data: bytes) -> None:
    for server in ("prometheus", "alertmanager"):
        exposition.delivery_counters(server, data.decode("utf-8", "replace"))


def toxiproxies(data: bytes) -> None:
    server = toxiproxy.Server("127.0.0.1", 1)
    wire: Any = server._wire
    wire._call = lambda method, url, body=None: toxiproxy.Answer(200, data)
    _each(
        server.proxies,
        lambda: server.proxy("a"),
        server.version,
        lambda: server.create("a", "b:1", "c:2", True),
        lambda: server.enable("a"),
    )


def docker(data: bytes) -> None:
    """Containers as Docker lists and describes them, with what they use."""
    try:
        told = json.loads(data)
    except (ValueError, RecursionError):
        return  # the SDK's own to refuse, as below is what is no list of objects
    if not isinstance(told, list) or not all(isinstance(row, dict) for row in told):
        return
    containers = Containers.__new__(Containers)
    containers.project, containers.run_id, containers._machine_bytes = "shop", "0badcafe", None
    api = SimpleNamespace(
        containers=lambda **_: told,
        inspect_container=lambda one: next((row for row in told if row.get("Id") == one), {}),
        stats=lambda *_, **__: told[0] if told else {},
        info=lambda: {},
    )
    containers.client = SimpleNamespace(api=api)  # type: ignore[assignment]
    _each(containers.states, lambda: containers.memory("api"), containers.running)


def events(data: bytes) -> None:
    heard = Events("shop", 1)
    for line in data.splitlines():
        with contextlib.suppress(ValueError, RecursionError):  # the SDK decodes each
            told = json.loads(line)
            if isinstance(told, dict):
                heard.hear(told)
    heard.drain()


def log_stream(data: bytes) -> None:
    for made in (frames(io.BytesIO(data)), terminal(iter([data[:7], data[7:]]))):
        lines = Lines()
        for stream, part in made:
            list(lines.frame(stream, part))
        list(lines.rest())


def webhook(data: bytes) -> None:
    pages({"body": data.decode("utf-8", "replace"), "at_ns": 2, "host": "pager", "port": 80}, 1, 1, Clock())


def otlp_json(data: bytes) -> None:
    list(spans_of("application/json", "", data, WALL))


def otlp_protobuf(data: bytes) -> None:
    list(spans_of("application/x-protobuf", "", data, WALL))


def otlp_packed(data: bytes) -> None:
    for encoding in ("gzip", "deflate"):
        with contextlib.suppress(ValueError):
            list(spans_of("application/json", encoding, data, WALL))


def amqp_frames(data: bytes) -> None:
    """The server's side of one look at a queue, all that it ever says."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            theirs.sendall(data[:100_000])
        theirs.shutdown(socket.SHUT_WR)
        amqp.peek_on(ours, Login("guest", "guest"), "orders", 10, time.monotonic() + 2.0)


@dataclass
class OneAnswer:
    """A reach that gives the same bytes, whatever is asked."""

    said: bytes
    services: dict[str, dict[str, Any]] = field(
        default_factory=lambda: {"db": {"environment": {"URL": "postgres://a:b@db/x"}}}
    )

    def inside(
        self, service: str, command: Sequence[str], environment: Mapping[str, str], within_s: float, most_bytes: int
    ) -> Said:
        return Said(0, io.BytesIO(self.said), "")

    def here(self, command: Sequence[str], within_s: float, most_bytes: int) -> Said:
        return Said(0, io.BytesIO(self.said), "")

    def get(
        self, service: str, port: int, path: str, headers: Mapping[str, str], within_s: float, most_bytes: int
    ) -> Page:
        return Page(200, {"link": self.said[:200].decode("latin-1")}, self.said)

    def peek(self, service: str, login: Login, queue: str, most: int, within_s: float) -> Sequence[bytes]:
        return self.said.split(b"\n")[:most]


FIELDS = {"key": "key", "id": "id", "amount": "cents"}


def _rows(reader: Reader) -> Callable[[bytes], None]:
    def one(data: bytes) -> None:
        _each(
            lambda: list(read(reader, OneAnswer(data), 1000, 1 << 20)),
            lambda: list(read(reader, OneAnswer(data), 1000, 1 << 20, everything=True)),
        )

    return one


ROWS = b'{"key": "k1", "id": 7, "cents": 1250}\n{"key": "k2", "id": "8", "cents": "12.50", "more": {"a": [1]}}\n'
XML = b'<?xml version="1.0"?>\n<resultset xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><row><field name="key">k1</field><field name="amount" xsi:nil="true"/></row></resultset>\n'
PAGE = b'{"orders": [{"key": "k1", "id": 7, "cents": 1250}], "next": null, "total": 1, "meta": {"total": 1}}'
QUEUES = b'[{"name": "orders", "messages_ready": 0, "messages_unacknowledged": 2}]'
PROMETHEUS: tuple[Any, ...] = (
    {"status": "success", "data": {"resultType": "vector", "result": [{"metric": {"a": "b"}, "value": [1.7e9, "1"]}]}},
    {"status": "success", "data": {"resultType": "matrix", "result": [{"metric": {"alertname": "X", "alertstate": "firing"}, "values": [[1.7e9, "NaN"], [1.7e9, "1"]]}]}, "warnings": ["w"]},
    {"status": "success", "data": {"resultType": "scalar", "result": [1.7e9, "1"]}},
    {"status": "success", "data": {"groups": [{"name": "g", "file": "f", "interval": 5, "rules": [{"name": "X", "type": "alerting", "query": "up", "duration": 5, "labels": {"severity": "page"}, "health": "ok", "lastEvaluation": "2026-01-02T03:04:05.123456789Z", "alerts": [{"labels": {"alertname": "X"}, "state": "firing", "activeAt": "2026-01-02T03:04:05Z", "value": "1e+00"}]}]}]}},
    {"status": "success", "data": {"activeTargets": [{"labels": {"job": "api", "instance": "a:1"}, "health": "up", "scrapeInterval": "5s", "lastScrapeDuration": 0.1, "lastError": ""}]}},
    {"status": "error", "error": "bad"},
)  # fmt: skip
ALERTMANAGER: tuple[Any, ...] = (
    [{"labels": {"alertname": "X"}, "status": {"state": "active", "silencedBy": [], "inhibitedBy": ["a"]}, "fingerprint": "f", "receivers": [{"name": "r"}]}],
    [{"id": "s", "status": {"state": "active"}, "matchers": [{"name": "a", "value": "b", "isRegex": False, "isEqual": True}], "createdBy": "x", "comment": "c"}],
    {"config": {"original": "route: {}"}},
)  # fmt: skip
METRICS = b'# TYPE alertmanager_alerts_received_total counter\nalertmanager_alerts_received_total{status="firing"} 3\nprometheus_notifications_sent_total{alertmanager="http://u:p@a/"} 1e3\n'
TOXIPROXY: tuple[Any, ...] = (
    {"a": {"name": "a", "listen": "1:2", "upstream": "b:3", "enabled": True, "toxics": [{"name": "t", "type": "latency", "stream": "upstream", "toxicity": 1, "attributes": {"latency": 5}}]}},
    {"name": "a", "listen": "1:2", "upstream": "b:3", "enabled": True, "toxics": []},
    {"version": "2.12.0"},
)  # fmt: skip
CONTAINER = {
    "Id": "c1", "Names": ["/shop-api-1"], "Name": "/shop-api-1", "Image": "sha256:1", "RestartCount": 0, "Labels": {"com.docker.compose.service": "api"},
    "State": {"Status": "running", "Running": True, "Paused": False, "StartedAt": "2026-01-02T03:04:05Z", "ExitCode": 0, "OOMKilled": False, "Health": {"Status": "healthy"}, "Pid": 7},
    "Config": {"Labels": {"com.docker.compose.service": "api"}, "Image": "api:1", "Hostname": "c1"}, "HostConfig": {"NetworkMode": "shop_default"},
    "NetworkSettings": {"Networks": {"shop_default": {"IPAddress": "172.18.0.2", "GlobalIPv6Address": "", "Aliases": ["api"], "DNSNames": None}}},
    "memory_stats": {"usage": 5, "limit": 9, "stats": {"inactive_file": 2}},
}  # fmt: skip
EVENT = {"Type": "container", "Action": "health_status: healthy", "Actor": {"ID": "c1", "Attributes": {"name": "shop-api-1", "com.docker.compose.service": "api", "exitCode": "137"}}, "timeNano": 17}  # fmt: skip
WEBHOOK = {
    "version": "4", "groupKey": "{}:{}", "truncatedAlerts": 0, "status": "firing", "receiver": "oncall",
    "alerts": [{"status": "firing", "labels": {"alertname": "X", "severity": "page"}, "annotations": {"summary": "s"}, "startsAt": "2026-01-02T03:04:05Z", "endsAt": "0001-01-01T00:00:00Z", "generatorURL": "http://p", "fingerprint": "f"}],
}  # fmt: skip
TRACE = {
    "resourceSpans": [{"resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "api"}}]}, "scopeSpans": [{"spans": [{"traceId": "0af7651916cd43dd8448eb211c80319c", "spanId": "b7ad6b7169203331", "parentSpanId": "", "name": "GET /", "kind": 2, "startTimeUnixNano": "1700000000000000000", "endTimeUnixNano": "1700000001000000000", "status": {"code": 2}, "attributes": [{"key": "server.address", "value": {"stringValue": "db"}}], "links": []}]}]}],
}  # fmt: skip


def _protobuf() -> bytes:
    from google.protobuf.json_format import ParseDict
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    told = json.loads(json.dumps(TRACE))
    span = told["resourceSpans"][0]["scopeSpans"][0]["spans"][0]
    for name in ("traceId", "spanId"):
        span[name] = base64.b64encode(bytes.fromhex(span[name])).decode()
    return bytes(ParseDict(told, ExportTraceServiceRequest()).SerializeToString())


def _frame(kind: int, method: int, arguments: bytes, channel: int = 0) -> bytes:
    payload = struct.pack(">HH", kind, method) + arguments
    return struct.pack(">BHI", amqp.METHOD, channel, len(payload)) + payload + bytes([amqp.FRAME_END])


def _broker() -> bytes:
    """What RabbitMQ says while one message is looked at."""
    body = ROWS.split(b"\n")[0]
    return b"".join((
        _frame(amqp.CONNECTION, amqp.START, b"\0\x09" + struct.pack(">I", 0) * 3),
        _frame(amqp.CONNECTION, amqp.TUNE, struct.pack(">HIH", 2047, 131072, 60)),
        _frame(amqp.CONNECTION, amqp.OPEN_OK, b"\0"),
        _frame(amqp.CHANNEL, amqp.CHANNEL_OPEN_OK, b"\0\0\0\0", 1),
        _frame(amqp.QUEUE, amqp.DECLARE_OK, b"\6orders" + struct.pack(">II", 1, 0), 1),
        _frame(amqp.BASIC, amqp.GET_OK, struct.pack(">QB", 1, 0) + b"\0\6orders" + struct.pack(">I", 0), 1),
        struct.pack(">BHI", amqp.CONTENT, 1, 14) + struct.pack(">HHQH", 60, 0, len(body), 0) + bytes([amqp.FRAME_END]),
        struct.pack(">BHI", amqp.BODY, 1, len(body)) + body + bytes([amqp.FRAME_END]),
        _frame(amqp.BASIC, amqp.GET_EMPTY, b"\0", 1),
        _frame(amqp.CONNECTION, amqp.CLOSE_OK, b""),
    ))  # fmt: skip


def _told(*answers: Any) -> Callable[[], Sequence[bytes]]:
    return lambda: [json.dumps(answer).encode() for answer in answers]


def _given(*answers: bytes) -> Callable[[], Sequence[bytes]]:
    return lambda: answers


DB = {"service": "db", "fields": FIELDS}
REDIS = b'["list", "", ["{\\"key\\": \\"k1\\"}", "plain"]]\n'
STREAM = b'["stream", "", [["1-0", ["key", "k1"]], ["2-0", ["key", "k2"]]]]\n'
TARGETS = (
    Target("prometheus", "answers of Prometheus", _told(*PROMETHEUS), prometheus),
    Target("alertmanager", "answers of Alertmanager", _told(*ALERTMANAGER), alertmanager),
    Target("exposition", "metrics of Prometheus and Alertmanager", _given(METRICS), exposed),
    Target("toxiproxy", "answers of Toxiproxy", _told(*TOXIPROXY), toxiproxies),
    Target("docker", "containers as Docker describes them", _told([CONTAINER]), docker),
    Target("docker-events", "Docker's events", _told(EVENT, {**EVENT, "Action": "die"}), events),
    Target("docker-logs", "Docker's stream of a container's log", _given(b"\x01\0\0\0\0\0\0\x22" + b"2026-01-02T03:04:05.123456789Z hi\n"), log_stream),
    Target("webhook", "pages as Alertmanager delivers them", _told(WEBHOOK), webhook),
    Target("otlp-json", "traces in JSON", _told(TRACE), otlp_json, (ValueError,)),
    Target("otlp-protobuf", "traces in protobuf", lambda: [_protobuf()], otlp_protobuf, (ValueError,)),
    Target("otlp-packed", "traces in gzip and deflate", lambda: [gzip.compress(json.dumps(TRACE).encode())], otlp_packed),
    Target("amqp", "frames of a RabbitMQ", lambda: [_broker()], amqp_frames),
    Target("sql", "rows as psql and mariadb print them", _given(ROWS, XML), _rows(SqlReader.model_validate({"service": "db", "query": "SELECT 1"}))),
    Target("http", "pages of a service's list", _given(PAGE), _rows(HttpReader.model_validate({**DB, "port": 80, "path": "/orders", "each": "orders", "next": "next"}))),
    Target("redis", "elements as redis-cli prints them", _given(REDIS), _rows(RedisReader.model_validate({**DB, "list": "orders"}))),
    Target("redis-stream", "a stream's entries", _given(STREAM), _rows(RedisReader.model_validate({"service": "db", "stream": "orders"}))),
    Target("rabbitmq", "queues as rabbitmqctl lists them", _given(QUEUES), _rows(RabbitmqReader.model_validate({**DB, "queue": "orders"}))),
    Target("command", "rows that a command prints", _given(ROWS), _rows(CommandReader.model_validate({**DB, "run": ["list"]}))),
)  # fmt: skip
