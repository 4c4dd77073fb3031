"""A request's trace is whole, goes on through the queue, and accuses who was hurt."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import ClassVar

from pydantic import Field

from harness.expectations.accused import Names, judged
from harness.expectations.base import Evidence, Expectation, Reach
from harness.expectations.requests import stretch
from harness.expectations.sampled import unanswered
from harness.expectations.trace_losses import Losses
from harness.expectations.traced import SHOWN, Seen, unseen
from harness.journal import Window
from harness.quantities import Ratio, Seconds, numbered, spell
from harness.spans import Span
from harness.verdict import Details, Finding, Measure, Outcome, failed, inconclusive, passed

UNTRACED = 0.05
"""With more answered requests than this without any trace, what is seen is a sample, and says nothing of the rest."""

ALIKE = 2.0
"""Consumers without a cause, and messages that nobody names, are the same, of a whole run, when neither are more than so many times the others."""


class Traces(Expectation):
    """Every answered request has a whole trace, also across the queue; what failed or was slow is laid at the hurt one's door.

        expect:
          - traces: {request: POST /checkout, attributed: 90%, queue_within: 30s}
          - traces: {aliases: {payments: [payments-svc]}, uncaused: [poll]}

    Units:   attributed: the least share of failed and slow traces that accuse the right part (AC@1); 0% asks for none.
             queue_within: how long a message may wait for its consumer. aliases: by service, other names of it in traces
             (service.name, addresses); those that OTEL_SERVICE_NAME gives are known. uncaused: names of consumers' spans that
             begin of themselves, such as a timer's.
    Counts:  requests answered in the phase, by the trace id that was sent with each (W3C traceparent, sampled). Whole: the span
             right below ours is there, and every span's parent. Across the queue: each message that a trace sent is named by
             a consumer, as its parent or by a link; a message is a span of kind PRODUCER, a consumer one of kind CONSUMER. Accused: of the ERROR spans without an ERROR child the deepest, the last
             on a tie, and of it the address that it called, else its service. Of a trace without an error that was slower
             than 99 % of those before the first fault, the span whose own time grew most beyond its usual. What misses a span
             that a process may not have sent yet when it was killed (6 s) is left out, and its number told.
    Decides: once the phase is over. Failed: missing_root, missing_parent, broken_context, wrong_attribution. Inconclusive: more
             than 5 % of the answered requests have no trace at all (untraced: it samples, or does not trace them); what is
             missing may be of a service whose spans cannot be seen (no_exporter); consumers name no cause, and no message was
             seen to be sent, or none who takes it was (queue_half_seen); who is accused bears no known name (unknown_names).
    Source:  what the services sent by OTLP over HTTP: to a collector that stands in the stack under their endpoint's name, or on the
             way to one of the stack's own.
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

    aliases: dict[str, tuple[str, ...]] = Field(
        default_factory=dict, description="by service, other names of it in traces"
    )
    uncaused: tuple[str, ...] = Field(
        default=(), description="names of consumers' spans that take no message of a request, such as a timer's"
    )

    def about(self) -> str:
        return self.request or "all"

    def undecidable(self, reach: Reach) -> str:
        return "traces is a claim about a phase, or about the run, not about what comes `then`" if reach.then else ""

    def check(self, evidence: Evidence) -> Finding:
        asked = stretch(evidence, self.request)
        if isinstance(asked, Finding):
            return asked
        window, requests = asked
        if requests.waiting:
            return unanswered(evidence, requests.waiting)
        seen = Seen(evidence, window, self.request)
        if (blind := unseen(evidence, Window(window.start_s, max(window.end_s, seen.until_s)))) is not None:
            return blind
        names = Names.of(evidence.journal, self.aliases, seen.heard)
        seen = Losses.of(seen, names).without()
        found = self._incomplete(seen, names) or self._broken(seen)
        if found is None:
            found = self._accused(seen, names)
            found = found if found.outcome is Outcome.FAILED else self._open(seen) or found
        return found

    def _incomplete(self, seen: Seen, names: Names) -> Finding | None:
        """What is wrong with the traces themselves."""
        n, bare = len(seen.rows) - len(seen.aside), len(seen.untraced)
        if not n:
            said = f", less {seen.taken}" if seen.taken else ""
            return inconclusive(
                f"no request was answered in the window{said}",
                decide="answers",
                cites=seen.cites(),
                details=seen.details(),
            )
        if bare > UNTRACED * n:
            return inconclusive(
                f"{bare} of {numbered(n, 'answered request')} {'has' if bare == 1 else 'have'} no trace at all, "
                f"{bare / n * 100:.3g}%: what is seen is a sample{seen.strange}",
                reason="untraced",
                decide="a service that minds the sampled flag of the traceparent it is sent",
                cites=seen.cites(seen.untraced),
                details=seen.details(),
            )
        entry = seen.evidence.against
        rootless = [place for place, trace in seen.traces if trace.root is None]
        if rootless:
            said = f"{_of_traces(len(rootless), seen)} {'has' if len(rootless) == 1 else 'have'} no root"
            unheard: Mapping[str, str] = {**names.unheard((), entry), **_silent(entry, names)}
            said += ": the service that took the request up sent no span of it"
            return _hidden(seen, rootless, said, unheard) or failed(
                said,
                reason="missing_root",
                cites=seen.cites(rootless),
                details=(*seen.details(), *seen.examples(rootless)),
            )
        torn = {place: trace.orphans for place, trace in seen.traces if trace.orphans}
        if torn:
            orphans = [span for spans in torn.values() for span in spans]
            most = _most(Counter(f"{span.name} of {span.service}" for span in orphans))
            said = f"in {_of_traces(len(torn), seen)} a span's parent is not there: {most}"
            unheard = names.unheard({span.service for span in orphans}, entry)
            return _hidden(seen, list(torn), said, unheard) or failed(
                said,
                reason="missing_parent",
                cites=seen.cites(list(torn)),
                details=(*seen.details(), *seen.examples(list(torn))),
            )
        return None

    def _broken(self, seen: Seen) -> Finding | None:
        """Whether messages lost their context on the way: nobody who takes such messages names them, though their time is up."""
        queue, strays = seen.queue, self._strays(seen)
        late = [span for span in queue.lost if span.end_s + self.queue_within_s <= seen.known_s]
        if not late:
            return None
        details = (*seen.details(), *_shown("message that nobody names", late), *_shown("names no cause", strays))
        heard = [span for span in late if span not in set(queue.unheard)]
        every = [span for span in queue.strays if span.name not in self.uncaused]
        if not heard and not queue.unnamed / ALIKE <= len(every) <= queue.unnamed * ALIKE:
            return inconclusive(
                f"{_of_messages(len(late), queue.sent)} named by nobody within {spell(self.queue_within_s)}, but no consumer of the "
                f"like was ever seen{_anew(strays)}: perhaps who takes them sends no spans",
                reason="queue_half_seen",
                decide="a span of kind CONSUMER, by whoever takes the message, whose parent or link is the message's PRODUCER span",
                cites=seen.cites(),
                details=details,
            )
        return failed(
            f"{_of_messages(len(heard or late), queue.sent)} taken by nobody who names them, within {spell(self.queue_within_s)}"
            f"{_anew(strays)}",
            reason="broken_context",
            cites=seen.cites(),
            details=details,
        )

    def _open(self, seen: Seen) -> Finding | None:
        """Why it cannot be said that the queue keeps the context, though nothing of it was seen to be lost."""
        queue, strays = seen.queue, self._strays(seen)
        if len(seen.aside) > len(seen.traces) or len(seen.gone) > queue.sent:
            return inconclusive(
                f"{self._whole(seen)}; more are left out than can be judged",
                decide="a longer phase after who was killed is back",
                cites=seen.cites(),
                details=seen.details(),
            )
        if queue.lost:
            return inconclusive(
                f"{self._whole(seen)}; {'it' if len(queue.lost) == 1 else 'they'} may still be taken",
                reason="window_open",
                decide=f"what became of them, {spell(self.queue_within_s)} after the last was sent",
                cites=seen.cites(),
                details=(*seen.details(), *_shown("message that waits", queue.lost)),
            )
        if strays:
            return inconclusive(
                f"{self._whole(seen)}{_anew(strays)}, while requests were under way: they may have lost it",
                reason="queue_half_seen",
                decide="a span of kind PRODUCER where each message is sent; of consumers that take no message of a request (a "
                "timer, an empty poll) the name: uncaused: [NAME]",
                cites=seen.cites(),
                details=(*seen.details(), *_shown("names no cause", strays)),
            )
        return None

    def _strays(self, seen: Seen) -> list[Span]:
        """Consumers without a cause that began while the claim's requests were under way: these are all known by now."""
        return [
            span
            for span in seen.queue.strays
            if seen.window.start_s <= span.begin_s <= seen.until_s and span.name not in self.uncaused
        ]

    def _whole(self, seen: Seen) -> str:
        queue, n = seen.queue, len(seen.traces)
        said = f"all {numbered(n, 'trace')} of {numbered(len(seen.rows), 'answered request')} are whole"
        said += f", less {seen.taken}" if seen.taken else ""
        if queue.sent:
            waiting = f", {len(queue.lost)} still waited" if queue.lost else ""
            return f"{said}, {_of_messages(queue.sent - len(queue.lost), queue.sent, did='went')} on with their context{waiting}"
        if queue.taken:
            return f"{said}, {numbered(queue.taken, 'consumer')} went on in them"
        return f"{said}; no message was seen to be sent: the queue was not tried"

    def _accused(self, seen: Seen, names: Names) -> Finding:
        whole = self._whole(seen)
        if not seen.hurts or not self.attributed:
            return passed(whole, cites=seen.cites(), details=seen.details())
        found = judged(seen, names)
        n = len(found.every)
        if not n:
            return inconclusive(
                f"{whole}; but none failed or was slow while a fault was on, so that none accuses anybody",
                decide="a fault that is felt in the requests; attributed: 0% asks for none",
                cites=seen.cites(),
                details=seen.details(),
            )
        low, high = found.share
        said = (
            f"{len(found.right)} of {numbered(n, 'failed or slow trace')} {'accuses' if len(found.right) == 1 else 'accuse'} who was "
            f"hurt, {low * 100:.3g}% (limit {self.attributed * 100:g}%)"
        )
        measure = Measure(low * 100, high * 100, "%")
        if low >= self.attributed:
            cited = seen.cites([place for place, _ in found.right])
            return passed(f"{whole}; {said}", measure=measure, cites=cited, details=seen.details())
        others = [*found.wrong, *found.dim, *found.strange]
        said += f"; the others accuse {_most(Counter(blamed for _, blamed in others))}"
        cited = seen.cites([place for place, _ in others])
        details = (*seen.details(), *seen.examples([place for place, _ in others], dict(others)))
        if high < self.attributed:
            return failed(said, reason="wrong_attribution", measure=measure, cites=cited, details=details)
        dim = _most(Counter(part for _, part in found.dim))
        if len(found.right) + len(found.dim) >= self.attributed * n:
            return inconclusive(
                f"{said}; of {dim} no span came, so that nobody knows whom it would have accused{_why(names.hidden)}",
                reason="no_exporter",
                decide="the spans of every service on the way to who was hurt",
                measure=measure,
                cites=cited,
                details=details,
            )
        unknown = _most(Counter(name for _, name in found.strange))
        return inconclusive(
            f"{said}; no part of the stack is known as {unknown}",
            reason="unknown_names",
            decide="what they are names of: aliases: {SERVICE: [NAME]}",
            measure=measure,
            cites=cited,
            details=details,
        )


def _hidden(seen: Seen, places: Sequence[int], said: str, unheard: Mapping[str, str]) -> Finding | None:
    """Spans are missing; that accuses nobody while they may be of a service whose spans could not come."""
    if not unheard:
        return None
    return inconclusive(
        f"{said}; they may be of {', '.join(unheard)}, whose spans were not seen{_why(unheard)}",
        reason="no_exporter",
        decide="the spans of every service on the way",
        cites=seen.cites(places),
        details=(*seen.details(), *seen.examples(places)),
    )


def _silent(entry: str, names: Names) -> dict[str, str]:
    """The service that the load goes to, where no span of it came in the whole run."""
    silent = entry and names.known(entry) and entry not in names.heard
    return {entry: "no span of it came in the whole run: it may send them elsewhere"} if silent else {}


def _why(unheard: Mapping[str, str]) -> str:
    told = "; ".join(f"{service}: {why}" for service, why in list(unheard.items())[:SHOWN])
    return f" ({told})" if told else ""


def _of_traces(count: int, seen: Seen) -> str:
    return f"{count} of {numbered(len(seen.traces), 'trace')}"


def _of_messages(count: int, sent: int, did: str = "") -> str:
    return f"{count} of {numbered(sent, 'message')} {did or ('was' if count == 1 else 'were')}"


def _anew(strays: Sequence[Span]) -> str:
    """Of consumers that name no cause."""
    names = Counter(f"{span.name} of {span.service}" for span in strays)
    one = len(strays) == 1
    told = f"{numbered(len(strays), 'consumer')} {'names' if one else 'name'} no message as {'its' if one else 'their'} cause"
    return f"; {told}: {_most(names)}" if strays else ""


def _most(names: Counter[str]) -> str:
    return ", ".join(f"{name} ({count})" for name, count in names.most_common(SHOWN))


def _shown(what: str, spans: Sequence[Span]) -> Details:
    return tuple(
        (what, f"{span.name} of {span.service}, trace {span.trace}, span {span.number}") for span in spans[:SHOWN]
    )
