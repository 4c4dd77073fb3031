"""What the services send of their traces: a span of the api for each request, one for each call, and the queue's two ends."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from calibration.simulator import chance as chances
from calibration.simulator.scenario import WALL_UNIX_S
from calibration.simulator.service import History, Request, Served
from calibration.simulator.world import World
from harness.ledger import traceparent
from harness.spans import CLIENT, CONSUMER, INTERNAL, PRODUCER, SERVER, Span, SpansWriter

BATCH = 200


def spans(world: World, history: History, run: str, seed: int) -> list[Span]:
    """All spans, in the order of their ends. The worker's clock is a little off the api's."""
    tracing, chance = world.tracing, chances.stream(seed, "tracing")
    skew_s = chance.uniform(-0.02, 0.02)
    found: list[Span] = []
    orders = sorted((one for one in history.requests if one.served and one.served.order), key=_ended_s)
    handled = {one.number: at_s for one, at_s in zip(orders, history.handled_s, strict=False)}
    for request in history.requests:
        served = request.served
        if served is None or served.status == 0 or chance.random() >= tracing.sampled:
            continue
        found += _spans(world, request, served, run)
        if request.number in handled:
            found.append(_consumer(world, request, run, handled[request.number] + skew_s))
    return sorted(found, key=lambda span: (span.end_s, span.number))


def _ended_s(request: Request) -> float:
    return request.served.ended_s if request.served else 0.0


def _ids(request: Request, run: str) -> tuple[str, str]:
    """The trace's id and the id of the span that the load sent."""
    _, trace, asked, _ = traceparent(run, 0, request.number).split("-")
    return trace, asked


def _number(trace: str, what: str) -> str:
    return hashlib.sha256(f"{trace}/{what}".encode()).hexdigest()[:16]


def _spans(world: World, request: Request, served: Served, run: str) -> Iterator[Span]:
    tracing = world.tracing
    trace, asked = _ids(request, run)
    root, inner = _number(trace, "root"), _number(trace, "handler")
    failed = served.status >= 500
    if tracing.roots:
        yield Span(trace, root, asked, request.route, "api", SERVER, served.accepted_s, served.ended_s, failed)
    if tracing.handlers:
        yield Span(trace, inner, root, "handle", "api", INTERNAL, served.begun_s, served.ended_s, failed)
    for number, call in enumerate(served.calls):
        address = tracing.calls_it or call.dependency
        yield Span(
            trace,
            _number(trace, f"call {number}"),
            inner,
            f"call {call.dependency}",
            "api",
            CLIENT,
            call.begun_s,
            call.ended_s,
            call.outcome != "ok",
            address,
        )
    if served.order:
        sent_s = served.ended_s - 0.0005
        yield Span(trace, _number(trace, "put"), inner, "put order", "api", PRODUCER, sent_s, served.ended_s)


def _consumer(world: World, request: Request, run: str, ended_s: float) -> Span:
    trace, _ = _ids(request, run)
    number, begun_s = _number(trace, "take"), ended_s - 0.04
    if not world.tracing.through_the_queue:
        return Span(_number(trace, "anew") * 2, number, "", "fulfil order", "worker", CONSUMER, begun_s, ended_s)
    return Span(trace, number, _number(trace, "put"), "fulfil order", "worker", CONSUMER, begun_s, ended_s)


def write_spans(found: Sequence[Span], folder: Path) -> None:
    """As services send them: OTLP in JSON, some hundred spans in a body, a little after they ended."""
    writer = SpansWriter(folder)
    for place in range(0, len(found), BATCH):
        batch = found[place : place + BATCH]
        body = json.dumps({"resourceSpans": [_resource(batch, service) for service in ("api", "worker")]}).encode()
        sent = {"type": "application/json", "encoding": "", "body": base64.b64encode(body).decode()}
        writer.add(batch[-1].end_s + 0.3, sent)
    writer.close()


def _resource(batch: Sequence[Span], service: str) -> dict[str, Any]:
    named = [{"key": "service.name", "value": {"stringValue": service}}]
    mine = [_otlp(span) for span in batch if span.service == service]
    return {"resource": {"attributes": named}, "scopeSpans": [{"spans": mine}]}


def _otlp(span: Span) -> dict[str, Any]:
    attributes = [{"key": "server.address", "value": {"stringValue": span.address}}] if span.address else []
    return {
        "traceId": span.trace,
        "spanId": span.number,
        "parentSpanId": span.parent,
        "name": span.name,
        "kind": span.kind,
        "startTimeUnixNano": str(round((WALL_UNIX_S + span.begin_s) * 1e9)),
        "endTimeUnixNano": str(round((WALL_UNIX_S + span.end_s) * 1e9)),
        "status": {"code": 2} if span.error else {},
        "attributes": attributes,
    }
