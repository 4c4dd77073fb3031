"""What a killed process took of its traces with it: spans that ended shortly before wait in it for the next batch."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from harness.expectations.accused import Names
from harness.expectations.traced import Seen
from harness.facts import ContainerChanged, ExporterSeen
from harness.journal import Journal
from harness.quantities import numbered
from harness.spans import CONSUMER, SERVER, Span
from harness.spans.trace import Key, Trace, key_of

BATCH_S = 6.0  # OTEL_BSP_SCHEDULE_DELAY is 5 s where nobody sets it, and a batch takes its time
FLUSHED = (0, 143)  # it was asked to end, and could have sent what it had


@dataclass(frozen=True, eq=False)
class Losses:
    """`killed`: by part that sends spans, when a process of its was killed."""

    seen: Seen
    names: Names
    killed: Mapping[str, tuple[float, ...]]

    @staticmethod
    def of(seen: Seen, names: Names) -> Losses:
        journal = seen.evidence.journal
        sends = names.heard | {one.service for one in journal.of(ExporterSeen, observable=True)}
        return Losses(seen, names, {part: at_s for part, at_s in _killed(journal).items() if part in sends})

    def without(self) -> Seen:
        """What is seen, less the traces and messages of which a killed process may have taken what is missing."""
        if not self.killed:
            return self.seen
        broken = [(place, trace) for place, trace in self.seen.every if trace.root is None or trace.orphans]
        aside = {place for place, trace in broken if self._took(place, trace)}
        aside.update(place for place in self.seen.untraced if self._took_root(place))
        gone = frozenset(span for span in self.seen.queue.lost if self._took_taker(span))
        if not aside and not gone:
            return self.seen
        who = ", ".join(f"{part} at {at_s:.1f} s" for part, its in sorted(self.killed.items()) for at_s in its)
        what = " and ".join(numbered(len(its), word) for its, word in ((aside, "trace"), (gone, "message")) if its)
        said = f"{what} that miss what a killed process may not have sent ({who})"
        return replace(self.seen, aside=frozenset(aside), gone=gone, taken=said)

    def _took(self, place: int, trace: Trace) -> bool:
        rooted = trace.root is not None or self._took_root(place)
        return rooted and all(self._took_parent(place, span) for span in trace.orphans)

    def _took_root(self, place: int) -> bool:
        sent_s, done_s = float(self.seen.rows.sent_s[place]), float(self.seen.rows.done_s[place])
        return self._lost(self._entries, sent_s, done_s)

    def _took_parent(self, place: int, span: Span) -> bool:
        """The span above one of kind SERVER or CONSUMER is another part's; above any other it is of the same."""
        mine = self.names.service(span.service)
        others = (self.killed.keys() & self.names.heard) - {mine}
        if span.kind == CONSUMER:
            return self._lost(others, span.begin_s - self._wait_s, span.begin_s)
        until_s = max(span.end_s, float(self.seen.rows.done_s[place]))
        return self._lost(others if span.kind == SERVER else {mine}, span.begin_s, until_s)

    def _took_taker(self, message: Span) -> bool:
        return self._lost(self._takers.get(key_of(message), ()), message.begin_s, message.end_s + self._wait_s)

    def _lost(self, parts: Collection[str], begin_s: float, end_s: float) -> bool:
        """Whether one of these parts was killed while a span of its was under way, or shortly after it may have ended. A name that
        nobody knows may be of any that sends spans and was not heard under its own."""
        nameless = not all(self.names.known(part) for part in parts)
        maybe = {*parts, *(self.killed.keys() - self.names.heard if nameless else ())}
        return any(begin_s <= at_s <= end_s + BATCH_S for part in maybe for at_s in self.killed.get(part, ()))

    @cached_property
    def _entries(self) -> Collection[str]:
        """Who takes requests up."""
        if self.seen.evidence.against:
            return (self.seen.evidence.against,)
        return {self.names.service(trace.root.service) for _, trace in self.seen.every if trace.root is not None}

    @cached_property
    def _taken(self) -> list[tuple[Span, Span]]:
        """Each message of the run with a consumer that names it as its cause."""
        return list(self.seen.taken_up())

    @cached_property
    def _takers(self) -> Mapping[Key, set[str]]:
        """By the like of a message, the parts that take such ones."""
        found: dict[Key, set[str]] = defaultdict(set)
        for message, consumer in self._taken:
            found[key_of(message)].add(self.names.service(consumer.service))
        return found

    @cached_property
    def _wait_s(self) -> float:
        """How long a message of the run waited at most until its consumer had done."""
        return max((consumer.end_s - message.end_s for message, consumer in self._taken), default=0.0)


def _killed(journal: Journal) -> Mapping[str, tuple[float, ...]]:
    found: dict[str, list[float]] = defaultdict(list)
    for died in journal.of(ContainerChanged, event="die"):
        if died.exit_code not in FLUSHED:
            found[died.service].append(died.at_s)
    return {service: tuple(sorted(at_s)) for service, at_s in found.items()}
