"""One span, and all of a run: when, whose, below which, and whether it says that it failed. Frozen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

UNSPECIFIED, INTERNAL, SERVER, CLIENT, PRODUCER, CONSUMER = range(6)
"""Span.SpanKind of OTLP (opentelemetry-proto, trace.proto)."""
ERROR = 2
"""Status.StatusCode of OTLP."""

ADDRESS = (
    "server.address", "peer.service", "net.peer.name", "peer.hostname", "server.socket.address",
    "network.peer.address", "net.sock.peer.addr", "net.peer.ip",
)  # fmt: skip
"""Where a client's span says whom it called: today's name of the attribute first, then those of older instrumentation; where it
has no name for it, its address."""


@dataclass(frozen=True, slots=True)
class Span:
    """
    trace, number, parent   ids in lower-case hex; parent '' for the first of a trace
    begin_s, end_s          on the run's axis, by the clock of the service that made it
    links                   (trace, span) of others that it names as its cause
    """

    trace: str
    number: str
    parent: str
    name: str
    service: str
    kind: int
    begin_s: float
    end_s: float
    error: bool = False
    address: str = ""
    links: tuple[tuple[str, str], ...] = ()

    @property
    def took_s(self) -> float:
        return max(0.0, self.end_s - self.begin_s)

    @property
    def called(self) -> str:
        """The address of whom it called, or sent a message to; '' where it called nobody, or does not say whom."""
        return self.address if self.kind in (CLIENT, PRODUCER) else ""

    @property
    def blames(self) -> str:
        """Whom it accuses when it is where a failure began: the one it called, else the service it is of."""
        return self.called or self.service


class Spans(Protocol):
    """What services sent: spans by trace id, each span once; and how many bodies could not be read, by the reason."""

    @property
    def by_trace(self) -> Mapping[str, tuple[Span, ...]]: ...
    @property
    def strange(self) -> Mapping[str, int]: ...


@dataclass(frozen=True, eq=False)
class GivenSpans:
    """Spans in memory."""

    by_trace: Mapping[str, tuple[Span, ...]] = field(default_factory=dict)
    strange: Mapping[str, int] = field(default_factory=dict)

    @staticmethod
    def of(spans: Iterable[Span]) -> GivenSpans:
        found: dict[str, dict[str, Span]] = {}
        for span in spans:
            found.setdefault(span.trace, {}).setdefault(span.number, span)
        return GivenSpans({trace: tuple(one.values()) for trace, one in found.items()})


NO_SPANS = GivenSpans()
