"""One trace put together: what is missing of it, and which span its failure, or its slowness, began in. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from harness.spans.span import CONSUMER, PRODUCER, Span, Spans

Key = tuple[str, str, str]
"""What makes spans of different traces comparable: service, name and address."""


@dataclass(frozen=True, eq=False)
class Trace:
    """The spans of one request. `asked` is the span id that was sent with the request: its root is the span right below it."""

    spans: tuple[Span, ...]
    asked: str

    @cached_property
    def by_number(self) -> Mapping[str, Span]:
        return {span.number: span for span in self.spans}

    @cached_property
    def children(self) -> Mapping[str, tuple[Span, ...]]:
        found: dict[str, list[Span]] = {}
        for span in self.spans:
            found.setdefault(span.parent, []).append(span)
        return {parent: tuple(spans) for parent, spans in found.items()}

    @property
    def root(self) -> Span | None:
        """The span of whoever took the request up: its parent is the one that was sent."""
        return next(iter(self.children.get(self.asked, ())), None)

    @cached_property
    def orphans(self) -> tuple[Span, ...]:
        """Spans whose parent was never sent to us, and those that begin anew although the request was under way."""
        return tuple(span for span in self.spans if span.parent != self.asked and span.parent not in self.by_number)

    @cached_property
    def culprit(self) -> Span | None:
        """Where the failure began: of the ERROR spans without an ERROR child the deepest, the one that began last on a tie."""
        failed = [span for span in self.spans if span.error]
        last = [span for span in failed if not any(child.error for child in self.children.get(span.number, ()))]
        return max(last, key=lambda span: (self._depth(span), span.begin_s, span.number), default=None)

    def exclusive_s(self) -> Iterator[tuple[Span, float]]:
        """Each span with the time that it spent itself: its length without that of its children, overlaps counted once.

        A child of another service has that service's clock. Where it sticks out of its parent it is moved into its middle, as
        far as it fits (Jaeger's clock skew adjuster does so): lengths count, not clocks. A consumer's span is no part of the
        time of the producer above it, which waits for nobody.
        """
        for span in self.spans:
            inner = sorted(
                _inside(span, child) for child in self.children.get(span.number, ()) if child.kind != CONSUMER
            )
            covered_s, until_s = 0.0, span.begin_s
            for begin_s, end_s in inner:
                covered_s += max(0.0, end_s - max(begin_s, until_s))
                until_s = max(until_s, end_s)
            yield span, max(0.0, span.took_s - covered_s)

    def slowest(self, usual_s: Mapping[Key, float]) -> Span | None:
        """The span whose own time grew most beyond what is usual for its like; None where none grew."""
        grown = [(own_s - usual_s.get(key_of(span), 0.0), span) for span, own_s in self.exclusive_s()]
        most_s, span = max(grown, key=lambda one: (one[0], one[1].number), default=(0.0, None))
        return span if most_s > 0 else None

    def _depth(self, span: Span) -> int:
        depth, seen = 0, {span.number}
        while (above := self.by_number.get(span.parent)) is not None and above.number not in seen:
            seen.add(above.number)
            depth, span = depth + 1, above
        return depth


def key_of(span: Span) -> Key:
    return span.service, span.name, span.address


@dataclass(frozen=True)
class Queued:
    """What was put into queues by some traces, and what of it was taken out with its context.

    sent     spans of kind PRODUCER without an error: messages that were put in well
    lost     those of them of which no consumer says that it has them
    unheard  those of the lost whose like no consumer of the whole run ever named: perhaps nobody who takes them sends spans
    taken    how many consumers go on in these traces, or name a span of them
    unnamed  how many messages of the whole run no consumer says that it has
    strays   consumers of the whole run that name nobody as their cause, neither as parent nor as link, nor does anything else of
             their trace
    """

    sent: int
    lost: tuple[Span, ...]
    unheard: tuple[Span, ...]
    taken: int
    unnamed: int
    strays: tuple[Span, ...]

    def without(self, gone: Collection[Span]) -> Queued:
        """The same, less some of the lost."""
        lost, unheard = (tuple(span for span in found if span not in gone) for found in (self.lost, self.unheard))
        fewer = len(self.lost) - len(lost)
        return replace(self, sent=self.sent - fewer, lost=lost, unheard=unheard, unnamed=self.unnamed - fewer)


def queued(spans: Spans, traces: Iterable[Trace]) -> Queued:
    """Producers of these traces against consumers of all."""
    traces = tuple(traces)
    consumers = [span for found in spans.by_trace.values() for span in found if span.kind == CONSUMER]
    causes = {(span.trace, span.parent) for span in consumers} | {link for span in consumers for link in span.links}
    producers = [span for trace in traces for span in trace.spans if span.kind == PRODUCER and not span.error]
    lost = tuple(span for span in producers if (span.trace, span.number) not in causes)
    mine = {span.trace for one in traces for span in one.spans}
    taken = sum(span.trace in mine or any(trace in mine for trace, _ in span.links) for span in consumers)
    strays = tuple(
        span for span in consumers if not span.parent and not any(other.links for other in spans.by_trace[span.trace])
    )
    heard = {key_of(span) for found in spans.by_trace.values() for span in found if (span.trace, span.number) in causes}
    unheard = tuple(span for span in lost if key_of(span) not in heard)
    unnamed = sum(
        span.kind == PRODUCER and not span.error and (span.trace, span.number) not in causes
        for found in spans.by_trace.values()
        for span in found
    )
    return Queued(len(producers), lost, unheard, taken, unnamed, strays)


def _inside(parent: Span, child: Span) -> tuple[float, float]:
    begin_s, end_s = child.begin_s, max(child.begin_s, child.end_s)
    if child.service != parent.service and (begin_s < parent.begin_s or end_s > parent.end_s):
        length_s = min(end_s - begin_s, parent.took_s)
        begin_s = parent.begin_s + (parent.took_s - length_s) / 2
        return begin_s, begin_s + length_s
    return max(begin_s, parent.begin_s), min(max(end_s, parent.begin_s), parent.end_s)
