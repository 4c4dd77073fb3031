"""Traces: what a request did, as spans that name their parents, sent by OTLP over HTTP to OTEL_EXPORTER_OTLP_ENDPOINT.

A request's context comes in its `traceparent` (W3C) and goes on with each call, and with each order into the queue. Spans are
kept for a second and sent together; a collector that is slow, gone or full costs spans, never a request: they are counted.
"""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import random
import re
import time
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field

import aiohttp
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from checkout import defects, metrics
from checkout.release import VERSION
from checkout.settings import TRACES_URL

# Numbers of OTLP's Span.SpanKind and Status.StatusCode.
INTERNAL, SERVER, CLIENT, PRODUCER, CONSUMER = range(1, 6)
ERROR = 2

TO_QUEUE = {"messaging.destination.name": "orders"}

EVERY_S = 1.0
MOST_KEPT = 4096
MOST_SENT = 512
SEND_S = 2.0
LONGEST_PAUSE_S = 30.0

_PARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")


@dataclass
class Span:
    name: str
    kind: int
    trace: bytes
    parent: bytes
    sampled: bool
    number: bytes = field(default_factory=lambda: random.getrandbits(64).to_bytes(8, "big"))
    began_ns: int = field(default_factory=time.time_ns)
    attributes: dict[str, str | int] = field(default_factory=dict)
    error: str = ""

    @property
    def traceparent(self) -> str:
        """The context that goes on from here."""
        return f"00-{self.trace.hex()}-{self.number.hex()}-{'01' if self.sampled else '00'}"

    def fail(self, why: str) -> None:
        self.error = why


current: ContextVar[Span | None] = ContextVar("span", default=None)
_kept: list[tuple[Span, int]] = []


@contextlib.contextmanager
def span(
    name: str, kind: int, attributes: Mapping[str, str | int] | None = None, *, context: str | None = None
) -> Iterator[Span]:
    """A span around what is done in it. `context` is a traceparent that came from elsewhere ('' for none came); without one
    it is a child of the span around it. Whatever is raised through it makes it an error."""
    above = current.get()
    if context is not None:
        trace, parent, sampled = _read(context)
    elif above is not None:
        trace, parent, sampled = above.trace, above.number, above.sampled
    else:
        trace, parent, sampled = _new_trace(), b"", False  # the service's own housekeeping is nobody's request
    made = Span(name, kind, trace, parent, sampled, attributes=dict(attributes or {}))
    token = current.set(made)
    try:
        yield made
    except asyncio.CancelledError:
        made.fail("cancelled")
        raise
    except Exception as error:
        made.fail(made.error or f"{type(error).__name__}: {error}")
        raise
    finally:
        current.reset(token)
        if made.sampled and TRACES_URL:
            _keep(made)


def _read(context: str) -> tuple[bytes, bytes, bool]:
    found = _PARENT.fullmatch(context)
    if found is None or not int(found[1], 16) or not int(found[2], 16):
        return _new_trace(), b"", True
    return bytes.fromhex(found[1]), bytes.fromhex(found[2]), bool(int(found[3], 16) & 1)


def _new_trace() -> bytes:
    return random.getrandbits(128).to_bytes(16, "big")


def _keep(made: Span) -> None:
    if defects.TRACE_ROOT_LOST and made.kind == SERVER:
        return
    if len(_kept) >= MOST_KEPT:
        metrics.spans_total.labels("dropped").inc()
        return
    _kept.append((made, time.time_ns()))


async def export(service: str) -> None:
    """Send what is kept, again and again, until cancelled; then what is left, once."""
    if not TRACES_URL:
        return
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=SEND_S)) as session:
        pause_s = EVERY_S
        try:
            while True:
                await asyncio.sleep(pause_s)
                well = await _send(session, service)
                pause_s = EVERY_S if well else min(LONGEST_PAUSE_S, 2 * pause_s)
        finally:
            await _send(session, service)


async def _send(session: aiohttp.ClientSession, service: str) -> bool:
    """Whether the collector took all that was kept. What it did not take is given up."""
    while _kept:
        batch = _kept[:MOST_SENT]
        del _kept[:MOST_SENT]
        outcome = "failed"
        try:
            headers = {"Content-Type": "application/x-protobuf", "Content-Encoding": "gzip"}
            body = gzip.compress(_encoded(service, batch), 1)
            async with session.post(TRACES_URL, data=body, headers=headers) as answer:
                outcome = "sent" if answer.status < 300 else "refused"
        except (TimeoutError, aiohttp.ClientError, OSError):
            pass  # counted below; a line in the log each second would hide the ones that matter
        finally:
            metrics.spans_total.labels(outcome).inc(len(batch))
        if outcome != "sent":
            return False
    return True


def _encoded(service: str, batch: list[tuple[Span, int]]) -> bytes:
    request = ExportTraceServiceRequest()
    resource = request.resource_spans.add()
    for key, value in (("service.name", service), ("service.version", VERSION)):
        resource.resource.attributes.add(key=key).value.string_value = value
    scope = resource.scope_spans.add()
    scope.scope.name = "checkout"
    for made, ended_ns in batch:
        put = scope.spans.add(
            trace_id=made.trace,
            span_id=made.number,
            parent_span_id=made.parent,
            name=made.name,
            kind=made.kind,
            start_time_unix_nano=made.began_ns,
            end_time_unix_nano=ended_ns,
            flags=1,
        )
        for key, told in made.attributes.items():
            into = put.attributes.add(key=key).value
            if isinstance(told, int):
                into.int_value = told
            else:
                into.string_value = told
        if made.error:
            put.status.code = ERROR
            put.status.message = made.error
    return bytes(request.SerializeToString())
