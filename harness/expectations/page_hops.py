"""What the way of a page is told by: its hops, what became of each, and the page that is looked for. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness import alerting
from harness.facts import DeliveryCounted, Fact
from harness.verdict import Details

DONE, BROKEN, UNTOLD = "done", "broken", "not observable"
OPEN = "not reached"


@dataclass(frozen=True)
class Hop:
    """`reason` is the code of a finding whose page ended here, `decide` what would tell where that cannot be told."""

    name: str
    state: str
    said: str
    reason: str = ""
    decide: str = ""
    facts: tuple[Fact, ...] = ()


@dataclass(frozen=True)
class Way:
    """The hops in their order, those after the broken one as not reached."""

    hops: tuple[Hop, ...]

    @property
    def broke(self) -> Hop | None:
        return next((hop for hop in self.hops if hop.state == BROKEN), None)

    @property
    def unseen(self) -> Hop | None:
        """Where the page may have gone on and nobody here could see it."""
        return next((hop for hop in self.hops if hop.state == UNTOLD and hop.reason), None)

    @property
    def facts(self) -> tuple[Fact, ...]:
        return tuple(fact for hop in self.hops for fact in hop.facts)

    def details(self) -> Details:
        return tuple((hop.name, f"{hop.state}{f': {hop.said}' if hop.said else ''}") for hop in self.hops)


@dataclass(frozen=True)
class Sought:
    """The page that a claim is about, and the stretch in which it should have come. receiver '': any; url '': wherever it came."""

    alert: str
    labels: Mapping[str, str]
    receiver: str
    from_s: float
    limit_s: float
    url: str = ""

    def about(self, alert: str, labels: Mapping[str, str]) -> bool:
        return alerting.named(alert, self.alert) and alerting.bears(labels, self.labels)


def risen(known: Sequence[DeliveryCounted], counter: str, since_s: float) -> list[DeliveryCounted]:
    """Readings of a counter since an instant that are above its reading before; one that was never read before counts from 0."""
    found: list[DeliveryCounted] = []
    before: dict[tuple[tuple[str, str], ...], float] = {}
    for one in known:
        if one.counter != counter:
            continue
        key = tuple(sorted(one.labels.items()))
        if one.at_s >= since_s and one.value > before.get(key, 0.0):
            found.append(one)
        before[key] = one.value
    return found
