"""The answered requests of a window with their traces, and the spans in which a failure or slowness of theirs began."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from harness.expectations.base import Evidence
from harness.expectations.requests import cites, now_s
from harness.facts import ExporterSeen, Looked
from harness.journal import Window
from harness.landings import Hurt, hurts
from harness.ledger.layout import request_id, trace_prefix
from harness.quantities import numbered
from harness.spans import CONSUMER, NO_SPANS, PRODUCER, Queued, Trace, queued
from harness.verdict import Details, Finding, inconclusive

if TYPE_CHECKING:
    from harness.ledger import Rows
    from harness.spans import Span, Spans
    from harness.spans.trace import Key

PROBE, GAP_S, LAG_S = "traces", 5.0, 6.0
LEAST_USUAL = 20
SLOW = 0.99
"""Slow is what took longer than so many of the requests before the first fault."""
SHOWN = 3


@dataclass(frozen=True, eq=False)
class Seen:
    """The answered requests of a window with their traces. Requests are places in `rows`.

    aside, gone  requests and messages left out: what is missing of them a killed process may have taken with it; `taken` says so
    """

    evidence: Evidence
    window: Window
    request: str
    aside: frozenset[int] = frozenset()
    gone: frozenset[Span] = frozenset()
    taken: str = ""

    @cached_property
    def rows(self) -> Rows:
        return self._answered(self.window.start_s, self.window.end_s)

    @property
    def until_s(self) -> float:
        """When the last of them was answered: its spans come after that."""
        return float(self.rows.done_s.max()) if len(self.rows) else self.window.end_s

    @cached_property
    def every(self) -> tuple[tuple[int, Trace], ...]:
        return tuple(self._traces(self.rows))

    @cached_property
    def traces(self) -> tuple[tuple[int, Trace], ...]:
        return tuple((place, trace) for place, trace in self.every if place not in self.aside)

    @cached_property
    def untraced(self) -> list[int]:
        known = {place for place, _ in self.every} | self.aside
        return [place for place in range(len(self.rows)) if place not in known]

    @cached_property
    def queue(self) -> Queued:
        return queued(self._spans, (trace for _, trace in self.traces)).without(self.gone)

    def taken_up(self) -> Iterator[tuple[Span, Span]]:
        """Each message of the run with a consumer that names it, as its parent or by a link."""
        sent = {(s.trace, s.number): s for found in self._spans.by_trace.values() for s in found if s.kind == PRODUCER}
        for found in self._spans.by_trace.values():
            for span in found:
                causes = ((span.trace, span.parent), *span.links) if span.kind == CONSUMER else ()
                yield from ((sent[cause], span) for cause in causes if cause in sent)

    @property
    def heard(self) -> frozenset[str]:
        """Every service.name of which a span came, at any time of the run."""
        return frozenset(span.service for found in self._spans.by_trace.values() for span in found)

    @property
    def known_s(self) -> float:
        """Until when spans are known, since what a service keeps for a while has come by then: no message is overdue before."""
        looks = self.evidence.journal.of(Looked, probe=PROBE)
        return looks[-1].seen_s - LAG_S if looks else 0.0

    @cached_property
    def hurts(self) -> list[Hurt]:
        """The injections of the claim's own faults that came about."""
        every = hurts(self.evidence.journal)
        return [hurt for hurt in every if hurt.fault in self.evidence.faults and math.isfinite(hurt.sure_s)]

    def accusing(self) -> Iterator[tuple[int, Span, bool]]:
        """Of each trace that failed, or was slow: its request's place among the rows, the span in which that began, and
        whether it was merely slow."""
        took_ms, slow_ms = self.rows.service_ms, self._slow_ms
        for place, trace in self.traces:
            span, slow = trace.culprit, False
            if span is None and took_ms[place] > slow_ms:
                span, slow = trace.slowest(self._usual_s), True
            if span is not None:
                yield place, span, slow

    def during(self, hurting: Sequence[Hurt]) -> NDArray[np.bool_]:
        """The requests that were under way while one of these faults was surely on."""
        sent_s, done_s = self.rows.sent_s, self.rows.done_s
        mask = np.zeros(len(self.rows), bool)
        for one in hurting:
            mask |= (sent_s >= one.sure_s) & (done_s <= one.off_begun_s)
        return mask

    @cached_property
    def _before(self) -> Rows:
        """The same requests before the first fault of the run."""
        first_s = min((hurt.on_s for hurt in hurts(self.evidence.journal)), default=0.0)
        run = self.evidence.journal.window("")
        found = self._answered(run.start_s if run else 0.0, first_s)
        return found.select(found.done_s <= first_s)

    @cached_property
    def _slow_ms(self) -> float:
        before = self._before.service_ms
        return float(np.quantile(before, SLOW)) if len(before) >= LEAST_USUAL else math.inf

    @cached_property
    def _usual_s(self) -> Mapping[Key, float]:
        from harness.spans.trace import key_of

        own: dict[Key, list[float]] = {}
        for _, trace in self._traces(self._before):
            for span, own_s in trace.exclusive_s():
                own.setdefault(key_of(span), []).append(own_s)
        return {key: statistics.median(found) for key, found in own.items()}

    @property
    def _spans(self) -> Spans:
        return self.evidence.spans or NO_SPANS

    def _answered(self, start_s: float, end_s: float) -> Rows:
        rows = self.evidence.rows
        mask = rows.between(start_s, end_s) & rows.counted(self.request) & (rows.array["status"] > 0)
        mask &= rows.done_s <= now_s(self.evidence.journal)
        return rows.select(mask)

    def _traces(self, rows: Rows) -> Iterator[tuple[int, Trace]]:
        prefixes = {int(worker): trace_prefix(self._run, int(worker)) for worker in np.unique(rows.worker)}
        by_trace = self._spans.by_trace
        for place, (worker, number) in enumerate(zip(rows.worker.tolist(), rows.number.tolist(), strict=True)):
            asked = f"{number + 1:016x}"
            spans = by_trace.get(f"{prefixes[worker]}{asked}")
            if spans:
                yield place, Trace(spans, asked)

    @property
    def _run(self) -> str:
        opened = self.evidence.journal.opened
        return opened.run if opened else ""

    # --- what a person checks it by -------------------------------------------------------------------------------------

    @property
    def strange(self) -> str:
        told = "; ".join(
            f"{numbered(count, 'body', 'bodies')}: {why}" for why, count in sorted(self._spans.strange.items())
        )
        return f" (not readable: {told})" if told else ""

    def cites(self, places: Sequence[int] = ()) -> tuple[str, ...]:
        return (*cites(self.evidence), *(self.rows.cite(place) for place in places[:SHOWN]))

    def details(self) -> Details:
        senders = sorted(seen.service for seen in self.evidence.journal.of(ExporterSeen, observable=True))
        spans = sum(len(trace.spans) for _, trace in self.traces)
        return (
            ("window", f"{self.window.start_s:.1f} s to {self.window.end_s:.1f} s"),
            ("answered requests", str(len(self.rows))),
            ("with a trace", f"{len(self.traces)}, of {spans} spans"),
            ("without any", f"{len(self.untraced)}{self.strange}"),
            ("sent by", ", ".join(senders)),
            *((("left out, a process was killed", self.taken),) if self.taken else ()),
        )

    def examples(self, places: Sequence[int], blamed: Mapping[int, str] | None = None) -> Details:
        """The first few by the ids under which anybody finds them."""
        found = []
        for place in places[:SHOWN]:
            worker, number = int(self.rows.worker[place]), int(self.rows.number[place])
            trace = f"{trace_prefix(self._run, worker)}{number + 1:016x}"
            said = f", accuses {blamed[place]}" if blamed else ""
            found.append(("example", f"{request_id(self._run, worker, number)}, trace {trace}{said}"))
        return tuple(found)


def unseen(evidence: Evidence, window: Window) -> Finding | None:
    """Why traces could not have been seen, or None."""
    journal = evidence.journal
    exporters = journal.of(ExporterSeen)
    if not any(seen.observable for seen in exporters):
        whys = (
            "; ".join(f"{seen.service}: {seen.why}" for seen in exporters) or "no service names a place for its traces"
        )
        return inconclusive(
            f"no traces can be seen here ({whys})",
            reason="no_exporter",
            decide="a service that sends its traces by HTTP, over an edge to a collector of the stack's own or to a host outside: in the "
            "drill, give it OTEL_EXPORTER_OTLP_ENDPOINT=http://traces.example.test:4318, which the run's collector answers",
            cites=cites(evidence, *exporters),
        )
    if not journal.watched(PROBE, "", window.start_s, window.end_s, GAP_S, LAG_S):
        return inconclusive(
            f"traces were not taken all the time from {window.start_s:.1f} s to {window.end_s:.1f} s",
            reason="not_watched",
            decide="a collector that is there until some seconds after the window",
            cites=cites(evidence),
        )
    return None
