"""Traces as the stack's services sent them: kept as they came (`disk`), read (`otlp`), put together (`trace`). A run's collector
fills them; claims ask."""

from harness.spans.disk import MOST_BYTES, SpanFolder, SpansWriter
from harness.spans.span import CLIENT, CONSUMER, INTERNAL, NO_SPANS, PRODUCER, SERVER, GivenSpans, Span, Spans
from harness.spans.trace import Queued, Trace, queued

__all__ = [
    "CLIENT",
    "CONSUMER",
    "INTERNAL",
    "MOST_BYTES",
    "NO_SPANS",
    "PRODUCER",
    "SERVER",
    "GivenSpans",
    "Queued",
    "Span",
    "SpanFolder",
    "Spans",
    "SpansWriter",
    "Trace",
    "queued",
]
