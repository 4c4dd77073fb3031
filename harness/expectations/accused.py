"""Whom traces accuse, as parts of the stack: a span's service and its address are names, and not every name is a part's."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from harness.blaming import Parts, Truth, truth_of
from harness.expectations.traced import Seen
from harness.facts import EdgeFound, ExporterSeen
from harness.journal import Journal
from harness.landings import hurts
from harness.spans import Span

Place = tuple[int, str]
"""A request, as its place among the rows, and the part (or the name) that its trace accuses."""


@dataclass(frozen=True)
class Names:
    """
    parts    the stack's, under the names that one calls another by
    senders  by the service.name of spans, the part that sends under it; '' where several do, so that it names none
    heard    the parts of which any span came in the run
    hidden   by service that sends its traces to where they cannot be seen, why
    """

    parts: Parts
    senders: Mapping[str, str] = field(default_factory=dict)
    heard: frozenset[str] = frozenset()
    hidden: Mapping[str, str] = field(default_factory=dict)

    @staticmethod
    def of(journal: Journal, aliases: Mapping[str, Iterable[str]], heard: Iterable[str]) -> Names:
        """`aliases` are more names by part, for both; `heard` is every service.name of which a span came."""
        edges: dict[str, set[str]] = defaultdict(set)
        for found in journal.of(EdgeFound):
            edges[found.address].add(found.edge.rpartition("->")[2])
        more: dict[str, tuple[str, ...]] = {part: tuple(others) for part, others in aliases.items()}
        for address, parts in edges.items():
            if address and len(parts) == 1:
                (part,) = parts
                more[part] = (*more.get(part, ()), address)
        senders: dict[str, str] = {}
        for seen in journal.of(ExporterSeen):
            if seen.called:
                senders[seen.called] = seen.service if senders.get(seen.called, seen.service) == seen.service else ""
        senders |= {other: part for part, others in aliases.items() for other in others}
        names = Names(Parts.of(journal, more), senders)
        named = frozenset(names.service(one) for one in heard)
        hidden = {seen.service: seen.why for seen in journal.of(ExporterSeen, observable=False)}
        return Names(names.parts, senders, named, hidden)

    def service(self, called: str) -> str:
        """The part whose spans bear this service.name; '' where several parts' do; the name itself where nobody knows it."""
        return self.senders[called] if called in self.senders else self.parts.part(called)

    def accused(self, span: Span) -> str:
        """The part that a span accuses where it is the one in which a failure began; else what it says, for a person."""
        if span.called:
            part = self.parts.part(span.called, span.begin_s)
            return part if self.known(part) else (self.senders.get(span.called) or part)
        return self.service(span.service) or f"{span.service} (a name that several services bear)"

    def known(self, part: str) -> bool:
        return part in self.parts.services or part in self.parts.names.values()

    def unheard(self, below: Iterable[str], entry: str) -> Mapping[str, str]:
        """Services that may have made a span which is missing, each with why no span of theirs came: those whose exporter cannot
        be seen, and those on the way from the entry to the services `below` (under their own names) that sent none at all."""
        way = {above for one in below for above in self.parts.between(entry, self.parts.above(self.service(one)))}
        silent = "no span of it came in the whole run: it may send them elsewhere"
        return {one: silent for one in sorted(way - self.heard)} | dict(self.hidden)


@dataclass(frozen=True)
class Judged:
    """Traces that failed or were slow while a fault was surely on, by whom they accuse.

    right    who was hurt
    wrong    another part
    dim      a part on the way to who was hurt (or that cannot be seen) of which no span came: it may have gone on from there
    strange  a name that no part of the stack is known by
    """

    right: tuple[Place, ...] = ()
    wrong: tuple[Place, ...] = ()
    dim: tuple[Place, ...] = ()
    strange: tuple[Place, ...] = ()

    @property
    def every(self) -> tuple[Place, ...]:
        return (*self.right, *self.wrong, *self.dim, *self.strange)

    @property
    def share(self) -> tuple[float, float]:
        """Of the right ones among all: the least, and the greatest if all that cannot be told were right."""
        n, sure = len(self.every), len(self.right)
        return sure / n, (n - len(self.wrong)) / n


def judged(seen: Seen, names: Names) -> Judged:
    """Whom each trace accuses that was under way while one of the claim's own faults was surely on."""
    every, during = hurts(seen.evidence.journal), seen.during(seen.hurts)
    sent_s, done_s = seen.rows.sent_s, seen.rows.done_s
    found: dict[str, list[Place]] = defaultdict(list)
    for place, span, _ in seen.accusing():
        if during[place]:
            on = [hurt for hurt in every if hurt.on_s <= done_s[place] and hurt.off_s >= sent_s[place]]
            truth = truth_of((name for hurt in on for name in hurt.target.split("+")), names.parts)
            part = names.accused(span)
            found[_word(part, truth, names)].append((place, part))
    return Judged(**{word: tuple(places) for word, places in found.items()})


def _word(part: str, truth: Truth, names: Names) -> str:
    if part in truth.roots:
        return "right"
    if part in names.hidden or (part in truth.chain and part not in names.heard):
        return "dim"
    return "wrong" if names.known(part) else "strange"
