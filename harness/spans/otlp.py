"""OTLP's ExportTraceServiceRequest read, in protobuf and in JSON. Pure.

Source: opentelemetry-proto, collector/trace/v1. JSON differs from protobuf's own mapping: ids are hex, not base64, and numbers
of 64 bits may be text (OTLP specification, "JSON Protobuf Encoding").
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from harness.spans.span import ADDRESS, ERROR, Span
from harness.wall import Wall

MOST_UNPACKED = 64 << 20
"""Of one body: a bomb of a few KB unpacks to gigabytes."""
KINDS = ("UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER")


def spans_of(kind: str, encoding: str, body: bytes, wall: Wall) -> Iterator[Span]:
    """The spans of one body. Raises ValueError with the reason for what cannot be read."""
    plain = _unpacked(encoding, body)
    yield from _json(plain, wall) if kind == "application/json" else _protobuf(plain, wall)


def _unpacked(encoding: str, body: bytes) -> bytes:
    if encoding in ("", "identity"):
        return body
    if encoding not in ("gzip", "deflate"):
        raise ValueError(f"the encoding {encoding} is not known")
    unpacker = zlib.decompressobj(wbits=31 if encoding == "gzip" else 15)
    try:
        plain = unpacker.decompress(body, MOST_UNPACKED)
    except zlib.error:
        raise ValueError(f"it is no {encoding}") from None
    if unpacker.unconsumed_tail:
        raise ValueError(f"it unpacks to more than {MOST_UNPACKED >> 20} MiB")
    if not unpacker.eof:
        raise ValueError(f"it is no {encoding}")
    return plain


def _protobuf(body: bytes, wall: Wall) -> Iterator[Span]:
    from google.protobuf.message import DecodeError
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    request = ExportTraceServiceRequest()
    try:
        request.ParseFromString(body)
    except DecodeError:
        raise ValueError("it is no ExportTraceServiceRequest in protobuf") from None
    for resource in request.resource_spans:
        service = next((a.value.string_value for a in resource.resource.attributes if a.key == "service.name"), "")
        for scope in resource.scope_spans:
            for span in scope.spans:
                yield Span(
                    trace=span.trace_id.hex(),
                    number=span.span_id.hex(),
                    parent=_id(span.parent_span_id.hex()),
                    name=span.name,
                    service=service,
                    kind=span.kind,
                    begin_s=wall.at_s(span.start_time_unix_nano / 1e9),
                    end_s=wall.at_s(span.end_time_unix_nano / 1e9),
                    error=span.status.code == ERROR,
                    address=_address({a.key: a.value.string_value for a in span.attributes}),
                    links=tuple((link.trace_id.hex(), link.span_id.hex()) for link in span.links),
                )


def _json(body: bytes, wall: Wall) -> Iterator[Span]:
    try:
        data = json.loads(body)
        for resource in data.get("resourceSpans", ()):
            service = _attributes(resource.get("resource", {})).get("service.name", "")
            for scope in resource.get("scopeSpans", ()):
                for span in scope.get("spans", ()):
                    yield _span(span, service, wall)
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
        raise ValueError("it is no ExportTraceServiceRequest in JSON") from None


def _span(span: Mapping[str, Any], service: str, wall: Wall) -> Span:
    links: Iterable[Mapping[str, Any]] = span.get("links", ())
    return Span(
        trace=str(span["traceId"]).lower(),
        number=str(span["spanId"]).lower(),
        parent=_id(str(span.get("parentSpanId") or "").lower()),
        name=str(span.get("name") or ""),
        service=service,
        kind=_enum(span.get("kind"), "SPAN_KIND_", KINDS),
        begin_s=wall.at_s(int(span["startTimeUnixNano"]) / 1e9),
        end_s=wall.at_s(int(span["endTimeUnixNano"]) / 1e9),
        error=_enum((span.get("status") or {}).get("code"), "STATUS_CODE_", ("UNSET", "OK", "ERROR")) == ERROR,
        address=_address(_attributes(span)),
        links=tuple((str(link["traceId"]).lower(), str(link["spanId"]).lower()) for link in links),
    )


def _enum(value: object, prefix: str, words: tuple[str, ...]) -> int:
    """A number of OTLP as JSON has it: the number, or its name in full."""
    if isinstance(value, str) and not value.isdigit():
        return words.index(value.removeprefix(prefix))
    return int(str(value or 0))


def _attributes(holder: Mapping[str, Any]) -> dict[str, str]:
    return {
        str(one["key"]): str((one.get("value") or {}).get("stringValue") or "") for one in holder.get("attributes", ())
    }


def _address(attributes: Mapping[str, str]) -> str:
    return next((attributes[name] for name in ADDRESS if attributes.get(name)), "")


def _id(text: str) -> str:
    """An id of zeros is none (W3C Trace Context)."""
    return text if text.strip("0") else ""
