"""Bodies of OTLP as services send them, in protobuf and JSON, kept and read back; what is torn, twice there or strange."""

from __future__ import annotations

import base64
import gzip
import json
import zlib
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from harness.spans import CLIENT, PRODUCER, Span, SpanFolder, SpansWriter
from harness.wall import Wall

WALL = Wall(((1000.0, 0.0),))  # second 1000 of the wall clock is second 0 of the run
TRACE, ROOT, CALL = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", "00f067aa0ba902b7"
EXPECTED = [
    Span(TRACE, ROOT, "", "POST /checkout", "api", 2, 2.0, 2.5, error=True),
    Span(TRACE, CALL, ROOT, "call", "api", CLIENT, 2.1, 2.2, address="payments", links=(("c" * 32, "d" * 16),)),
]


def protobuf() -> bytes:
    request = ExportTraceServiceRequest()
    resource = request.resource_spans.add()
    resource.resource.attributes.add(key="service.name").value.string_value = "api"
    scope = resource.scope_spans.add()
    for span in EXPECTED:
        put = scope.spans.add(
            trace_id=bytes.fromhex(span.trace),
            span_id=bytes.fromhex(span.number),
            parent_span_id=bytes.fromhex(span.parent),
            name=span.name,
            kind=span.kind,
            start_time_unix_nano=int((1000 + span.begin_s) * 1e9),
            end_time_unix_nano=int((1000 + span.end_s) * 1e9),
        )
        put.status.code = 2 if span.error else 0
        put.attributes.add(key="http.response.status_code").value.int_value = 503
        if span.address:
            put.attributes.add(key="net.peer.name").value.string_value = "older"
            put.attributes.add(key="server.address").value.string_value = span.address
        for trace, number in span.links:
            put.links.add(trace_id=bytes.fromhex(trace), span_id=bytes.fromhex(number))
    return bytes(request.SerializeToString())


def as_json(**more: Any) -> bytes:
    """As the specification has it: ids in hex, 64-bit numbers as text, enums as numbers (some libraries: by name)."""

    def one(span: Span) -> dict[str, Any]:
        attributes = [{"key": "n", "value": {"intValue": "3"}}]
        if span.address:
            attributes.append({"key": "server.address", "value": {"stringValue": span.address}})
        return {
            "traceId": span.trace.upper(),
            "spanId": span.number,
            "parentSpanId": span.parent,
            "name": span.name,
            "kind": span.kind,
            "startTimeUnixNano": str(int((1000 + span.begin_s) * 1e9)),
            "endTimeUnixNano": str(int((1000 + span.end_s) * 1e9)),
            "attributes": attributes,
            "status": {"code": "STATUS_CODE_ERROR"} if span.error else {},
            "links": [{"traceId": trace, "spanId": number} for trace, number in span.links],
            **more,
        }

    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": "api"}}]}
    spans = [one(span) for span in EXPECTED]
    return json.dumps({"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": spans}]}]}).encode()


def sent(body: bytes, kind: str = "application/x-protobuf", encoding: str = "") -> dict[str, Any]:
    return {"type": kind, "encoding": encoding, "body": base64.b64encode(body).decode()}


def read_back(tmp_path: Path, *bodies: dict[str, Any]) -> SpanFolder:
    writer = SpansWriter(tmp_path / "spans")
    for number, body in enumerate(bodies):
        writer.add(float(number), body)
    writer.close()
    return SpanFolder(tmp_path / "spans", WALL)


@pytest.mark.parametrize(
    "body",
    [
        sent(protobuf()),
        sent(gzip.compress(protobuf()), encoding="gzip"),
        sent(zlib.compress(protobuf()), encoding="deflate"),
        sent(as_json(), "application/json"),
        sent(gzip.compress(as_json()), "application/json", "gzip"),
    ],
    ids=["protobuf", "gzip", "deflate", "json", "json in gzip"],
)
def test_a_body_is_read_as_the_spans_that_it_holds(tmp_path: Path, body: dict[str, Any]) -> None:
    found = read_back(tmp_path, body)
    assert list(found.by_trace) == [TRACE]
    for span, expected in zip(found.by_trace[TRACE], EXPECTED, strict=True):
        assert (span.begin_s, span.end_s) == pytest.approx((expected.begin_s, expected.end_s), abs=1e-5)
        for name in ("trace", "number", "parent", "name", "service", "kind", "error", "address", "links"):
            assert getattr(span, name) == getattr(expected, name), name
    assert found.strange == {}


def test_a_kind_may_be_named_in_full(tmp_path: Path) -> None:
    body = sent(as_json(kind="SPAN_KIND_PRODUCER"), "application/json")
    assert {span.kind for span in read_back(tmp_path, body).by_trace[TRACE]} == {PRODUCER}


def test_a_parent_of_zeros_is_none(tmp_path: Path) -> None:
    body = sent(as_json(parentSpanId="0" * 16), "application/json")
    assert {span.parent for span in read_back(tmp_path, body).by_trace[TRACE]} == {""}


def test_a_span_that_was_sent_twice_counts_once(tmp_path: Path) -> None:
    assert len(read_back(tmp_path, sent(protobuf()), sent(protobuf())).by_trace[TRACE]) == 2


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (sent(b"\xff\xff\xff"), "protobuf"),
        (sent(b"no gzip", encoding="gzip"), "it is no gzip"),
        (sent(gzip.compress(protobuf())[:-9], encoding="gzip"), "it is no gzip"),
        (sent(b"[]", "application/json"), "JSON"),
        (sent(as_json(kind="SPAN_KIND_WISH"), "application/json"), "JSON"),
        (sent(as_json(traceId=None, startTimeUnixNano="x"), "application/json"), "JSON"),
        (sent(protobuf(), encoding="zstd"), "the encoding zstd is not known"),
    ],
)
def test_what_cannot_be_read_is_counted_and_hides_nothing_else(tmp_path: Path, body: dict[str, Any], why: str) -> None:
    found = read_back(tmp_path, body, sent(protobuf()))
    assert len(found.by_trace[TRACE]) == 2
    (reason,) = found.strange
    assert why in reason
    assert found.strange[reason] == 1


def test_a_line_torn_by_a_kill_is_left_out_and_so_is_what_came_later(tmp_path: Path) -> None:
    found = read_back(tmp_path, sent(protobuf()), sent(protobuf()))
    file = tmp_path / "spans" / "otlp.jsonl"
    whole = file.read_bytes()
    file.write_bytes(whole[:-40])
    assert len(found.by_trace[TRACE]) == 2
    assert SpanFolder(tmp_path / "spans", WALL, until_s=-1.0).by_trace == {}
    file.write_bytes(whole[:30])
    assert SpanFolder(tmp_path / "spans", WALL).by_trace == {}


def test_a_run_without_traces_has_none(tmp_path: Path) -> None:
    assert SpanFolder(tmp_path / "nothing", WALL).by_trace == {}


def test_beyond_the_limit_of_unpacked_bytes_nothing_is_kept(tmp_path: Path) -> None:
    body = sent(gzip.compress(protobuf() * 50), encoding="gzip")
    writer = SpansWriter(tmp_path, most_bytes=len(protobuf()) * 100)
    writer.add(0.0, body)
    writer.add(1.0, body)
    assert not writer.full
    writer.add(2.0, body)
    assert writer.full
    writer.close()
    assert len((tmp_path / "otlp.jsonl").read_text().splitlines()) == 2


def test_a_disk_that_refuses_is_told_of_and_nothing_raises(tmp_path: Path) -> None:
    (tmp_path / "otlp.jsonl").symlink_to("/dev/full")
    writer = SpansWriter(tmp_path)
    writer.add(0.0, sent(protobuf()))
    assert "No space left" in writer.broken
    writer.close()
