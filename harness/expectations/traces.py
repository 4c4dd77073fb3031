"""A request's trace is whole, goes on through the queue, and accuses who was hurt."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import ClassVar

from pydantic import Field

from harness.blaming import Parts, truth_of
from harness.expectations.base import Evidence, Expectation, Reach
from harness.expectations.requests import stretch
from harness.expectations.sampled import unanswered
from harness.expectations.traced import SHOWN, Seen, unseen
from harness.journal import Window
from harness.landings import hurts
from harness.quantities import Ratio, Seconds, spell
from harness.spans import Span
from harness.verdict import Details, Finding, Measure, failed, inconclusive, passed

UNTRACED = 0.05
"""With more answered requests than this without any trace, what is seen is a sample, and says nothing of the rest."""


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
        window, requests = found
        if requests.waiting:
            return unanswered(evidence, requests.waiting)
        seen = Seen(evidence, window, self.request)
        if (blind := unseen(evidence, Window(window.start_s, max(window.end_s, seen.until_s)))) is not None:
            return blind
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
        if queue.lost:
            return inconclusive(
                f"{whole}; they may still be taken",
                reason="window_open",
                decide=f"what became of them, {spell(self.queue_within_s)} after the last was sent",
                cites=seen.cites(),
                details=(*seen.details(), *_shown("message that waits", queue.lost)),
            )
        if not seen.hurts or not self.attributed:
            return passed(whole, cites=seen.cites(), details=seen.details())
        right, wrong = _by_truth(seen)
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


def _by_truth(seen: Seen) -> tuple[list[tuple[int, str]], list[tuple[int, str]]]:
    """Whom each failed or slow trace accuses that was under way while a fault was surely on: rightly, and wrongly."""
    journal = seen.evidence.journal
    parts, every, during = Parts.of(journal), hurts(journal), seen.during(seen.hurts)
    sent_s, done_s = seen.rows.sent_s, seen.rows.done_s
    right: list[tuple[int, str]] = []
    wrong: list[tuple[int, str]] = []
    for one in seen.accusations(parts):
        if not during[one.place]:
            continue
        on = [hurt for hurt in every if hurt.on_s <= done_s[one.place] and hurt.off_s >= sent_s[one.place]]
        truth = truth_of((name for hurt in on for name in hurt.target.split("+")), parts)
        (right if one.part in truth.roots else wrong).append((one.place, one.part))
    return right, wrong


def _most(names: Counter[str]) -> str:
    return ", ".join(f"{name} ({count})" for name, count in names.most_common(SHOWN))


def _shown(what: str, spans: Sequence[Span]) -> Details:
    return tuple(
        (what, f"{span.name} of {span.service}, trace {span.trace}, span {span.number}") for span in spans[:SHOWN]
    )
