"""A request's trace is whole, goes on through the queue, and accuses who was hurt."""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from pydantic import Field

from harness.blaming import Parts, truth_of
from harness.expectations.base import Evidence, Expectation, Reach
from harness.expectations.requests import cites, now_s, stretch
from harness.facts import ExporterSeen, Looked
from harness.journal import Window
from harness.landings import Hurt, hurts
from harness.ledger.layout import request_id, trace_prefix
from harness.quantities import Ratio, Seconds, spell
from harness.spans import NO_SPANS, Queued, Span, Trace, queued
from harness.verdict import Details, Finding, Measure, failed, inconclusive, passed

if TYPE_CHECKING:
    from harness.ledger import Rows
    from harness.spans import Spans
    from harness.spans.trace import Key

PROBE, GAP_S, LAG_S = "traces", 5.0, 6.0
UNTRACED = 0.05
"""With more answered requests than this without any trace, what is seen is a sample, and says nothing of the rest."""
LEAST_USUAL = 20
SLOW = 0.99
"""Slow is what took longer than so many of the requests before the first fault."""
SHOWN = 3


class Traces(Expectation):
    """Every answered request has a whole trace, also across the queue; what failed or was slow is laid at the hurt one's door.

        expect:
          - traces: {request: POST /checkout, attributed: 90%, queue_within: 30s}

    Units:   attributed: the least share of failed and slow traces that accuse the right part (AC@1); 0% asks for none.
             queue_within: how long a message may wait for its consumer.
    Counts:  requests answered in the phase, by the trace id that was sent with each (W3C traceparent, sampled). Whole: the span
             right below ours is there, and every span's parent. Across the queue: each message that a trace sent is named by
             a consumer, as its parent or by a link. Accused: of the ERROR spans without an ERROR child the deepest, the last
             on a tie, and of it the address that it called, else its service. Of a trace without an error that was slower
             than 99 % of those before the first fault, the span whose own time grew most beyond its usual.
    Decides: once the phase is over. Failed: missing_root, missing_parent, broken_context, wrong_attribution. When more than 5 %
             of the answered requests have no trace at all it is inconclusive: the service samples, or does not trace them.
    Source:  what the services sent by OTLP over HTTP to a collector that stands in the stack under their endpoint's name.
    """

    word: ClassVar[str] = "traces"
    reads_traces: ClassVar[bool] = True

    request: str = Field(default="", description="a request's name, such as POST /checkout; all when left out")
    attributed: Ratio = Field(
        default=0.9, description="the least share of failed and slow traces that accuse who was hurt"
    )
    queue_within_s: Seconds = Field(
        default=30.0, alias="queue_within", gt=0, description="how long a message may wait for its consumer"
    )

    def about(self) -> str:
        return self.request or "all"

    def undecidable(self, reach: Reach) -> str:
        return "traces is a claim about a phase, or about the run, not about what comes `then`" if reach.then else ""

    def check(self, evidence: Evidence) -> Finding:
        found = stretch(evidence, self.request)
        if isinstance(found, Finding):
            return found
        window, _ = found
        if unseen := _unseen(evidence, window):
            return unseen
        seen = Seen(evidence, window, self.request)
        return self._incomplete(seen) or self._broken(seen) or self._accused(seen)

    def _incomplete(self, seen: Seen) -> Finding | None:
        """What is wrong with the traces themselves."""
        n, bare = len(seen.rows), len(seen.untraced)
        if not n:
            return inconclusive("no request was answered in the window", decide="answers", cites=seen.cites())
        if bare > UNTRACED * n:
            return inconclusive(
                f"{bare} of {n} answered requests have no trace at all, {bare / n * 100:.3g}%: what is seen is a sample{seen.strange}",
                reason="untraced",
                decide="a service that minds the sampled flag of the traceparent it is sent",
                cites=seen.cites(seen.untraced),
                details=seen.details(),
            )
        rootless = [place for place, trace in seen.traces if trace.root is None]
        if rootless:
            return failed(
                f"{len(rootless)} of {len(seen.traces)} traces have no root: the service that took the request up sent no span of it",
                reason="missing_root",
                cites=seen.cites(rootless),
                details=(*seen.details(), *seen.examples(rootless)),
            )
        torn = {place: trace.orphans for place, trace in seen.traces if trace.orphans}
        if torn:
            names = Counter(f"{span.name} of {span.service}" for spans in torn.values() for span in spans)
            return failed(
                f"in {len(torn)} of {len(seen.traces)} traces a span's parent is not there: {_most(names)}",
                reason="missing_parent",
                cites=seen.cites(list(torn)),
                details=(*seen.details(), *seen.examples(list(torn))),
            )
        return None

    def _broken(self, seen: Seen) -> Finding | None:
        """Whether messages lost their context on the way: consumers that name nobody, or messages that nobody took in time."""
        queue = seen.queue
        late = [span for span in queue.lost if span.end_s + self.queue_within_s <= seen.known_s]
        lost = max(min(len(queue.lost), len(queue.strays)), len(late))
        if not lost:
            return None
        names = Counter(f"{span.name} of {span.service}" for span in queue.strays)
        told = f"; {len(queue.strays)} consumers name no message as their cause: {_most(names)}" if queue.strays else ""
        return failed(
            f"{lost} of {queue.sent} messages were taken by nobody who names them, within {spell(self.queue_within_s)}{told}",
            reason="broken_context",
            cites=seen.cites(),
            details=(*seen.details(), *_shown("message that nobody names", queue.lost), *_shown("stray", queue.strays)),
        )

    def _accused(self, seen: Seen) -> Finding:
        whole = f"all {len(seen.traces)} traces of {len(seen.rows)} answered requests are whole"
        queue = seen.queue
        if queue.sent:
            waiting = f", {len(queue.lost)} still waited" if queue.lost else ""
            whole += f", {queue.sent - len(queue.lost)} of {queue.sent} messages went on with their context{waiting}"
        if not seen.hurts or not self.attributed:
            return passed(whole, cites=seen.cites(), details=seen.details())
        right, wrong = seen.accusations
        n = len(right) + len(wrong)
        if not n:
            return inconclusive(
                f"{whole}; but none failed or was slow while a fault was on, so that none accuses anybody",
                decide="a fault that is felt in the requests; attributed: 0% asks for none",
                cites=seen.cites(),
                details=seen.details(),
            )
        share = len(right) / n
        said = f"{len(right)} of {n} failed or slow traces accuse who was hurt, {share * 100:.3g}% (limit {self.attributed * 100:g}%)"
        measure = Measure(share * 100, share * 100, "%")
        if share < self.attributed:
            instead = Counter(blamed for _, blamed in wrong)
            return failed(
                f"{said}; the others accuse {_most(instead)}",
                reason="wrong_attribution",
                measure=measure,
                cites=seen.cites([place for place, _ in wrong]),
                details=(*seen.details(), *seen.examples([place for place, _ in wrong], dict(wrong))),
            )
        return passed(
            f"{whole}; {said}", measure=measure, cites=seen.cites([place for place, _ in right]), details=seen.details()
        )


@dataclass(frozen=True, eq=False)
class Seen:
    """The answered requests of a window with their traces. Requests are places in `rows`."""

    evidence: Evidence
    window: Window
    request: str

    @cached_property
    def rows(self) -> Rows:
        return self._answered(self.window.start_s, self.window.end_s)

    @cached_property
    def traces(self) -> tuple[tuple[int, Trace], ...]:
        return tuple(self._traces(self.rows))

    @cached_property
    def untraced(self) -> list[int]:
        traced = {place for place, _ in self.traces}
        return [place for place in range(len(self.rows)) if place not in traced]

    @cached_property
    def queue(self) -> Queued:
        return queued(self._spans, (trace for _, trace in self.traces), self.window.start_s, self.known_s)

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

    @cached_property
    def accusations(self) -> tuple[list[tuple[int, str]], list[tuple[int, str]]]:
        """Whom each failed or slow trace accuses that was under way while a fault was surely on: rightly, and wrongly."""
        parts = Parts.of(self.evidence.journal)
        sent_s, done_s, took_ms = self.rows.sent_s, self.rows.done_s, self.rows.service_ms
        right: list[tuple[int, str]] = []
        wrong: list[tuple[int, str]] = []
        for place, trace in self.traces:
            if not any(sent_s[place] >= one.sure_s and done_s[place] <= one.off_begun_s for one in self.hurts):
                continue
            on = [
                one for one in hurts(self.evidence.journal) if one.on_s <= done_s[place] and one.off_s >= sent_s[place]
            ]
            truth = truth_of((name for one in on for name in one.target.split("+")), parts)
            accused = trace.culprit
            if accused is None and took_ms[place] > self._slow_ms:
                accused = trace.slowest(self._usual_s)
            if accused is not None:
                blamed = parts.part(accused.blames)
                (right if blamed in truth.roots else wrong).append((place, blamed))
        return right, wrong

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
        mask = rows.between(start_s, end_s) & rows.counted() & (rows.array["status"] > 0)
        mask &= rows.done_s <= now_s(self.evidence.journal)
        if self.request:
            mask &= rows.at_endpoint(self.request)
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
        told = "; ".join(f"{count} bodies: {why}" for why, count in sorted(self._spans.strange.items()))
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


def _unseen(evidence: Evidence, window: Window) -> Finding | None:
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
            decide="a service with OTEL_EXPORTER_OTLP_ENDPOINT on http:// and a host outside of the stack",
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


def _most(names: Counter[str]) -> str:
    return ", ".join(f"{name} ({count})" for name, count in names.most_common(SHOWN))


def _shown(what: str, spans: Sequence[Span]) -> Details:
    return tuple(
        (what, f"{span.name} of {span.service}, trace {span.trace}, span {span.number}") for span in spans[:SHOWN]
    )
