"""Order books written by hand: operations with what each attempt was told, and what the sources hold of them at the end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from harness import facts as f
from harness.expectations.base import Evidence, Steady
from harness.expectations.orders_kept import OrdersKept
from harness.journal import Journal
from harness.ledger import Rows
from harness.orders.book import GivenBook
from harness.orders.declared import DEAD, EFFECT, FIGURES, QUEUE, STORE, Declared
from harness.orders.laws import law
from harness.orders.review import Review, Reviews
from harness.testing import WrittenLogs, journal_of, rows_of
from harness.verdict import Finding

REQUEST, RUN = "POST /checkout", "cafe0123"
SOURCES = {"orders": STORE, "payments": EFFECT, "waiting": QUEUE, "parked": DEAD}
ENDED_S, FIRST_S, SECOND_S, CLOSED_S = 100.0, 110.0, 121.0, 130.0
Rows_ = Sequence[Mapping[str, Any]]
OK: dict[str, Any] = {"outcome": "ok", "status": 201}
HUNG: dict[str, Any] = {"outcome": "timeout"}
BROKEN: dict[str, Any] = {"outcome": "5xx"}
NO: dict[str, Any] = {"outcome": "4xx", "status": 422}


def keys(*names: str, **columns: Any) -> list[dict[str, Any]]:
    """Rows with these keys, all with the same columns."""
    return [{"key": name, **columns} for name in names]


@dataclass
class Story:
    """
    asked     (key, what the ledger has of the attempt), in order, a second apart from 10 s on
    held      by source, its rows at the end; left out: none
    start     by source, its rows before the load; `first`: where the first reading differs from the second
    """

    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    held: dict[str, Rows_] = field(default_factory=dict)
    start: dict[str, Rows_] = field(default_factory=dict)
    first: dict[str, Rows_] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=lambda: dict(SOURCES))
    laws: tuple[str, ...] = ()
    in_order: dict[str, str] = field(default_factory=dict)
    quiet: bool = True
    waited_s: float = 10.0
    facts: tuple[f.Fact, ...] = ()
    start_s: float = 1.0
    most: int = 0
    """Rows that some glance at each source found."""
    read: bool = True
    others: list[dict[str, Any]] = field(default_factory=list)
    """Further rows of the ledger, of requests that were not written down."""
    elsewhere: tuple[str, ...] = ()
    """Keys that the run sent in other operations."""
    alone: bool = False
    counts: dict[tuple[str, str], int | None] = field(default_factory=dict)
    """Of sources that could not be read, by source and reading, how many rows were counted all the same."""

    @property
    def declared(self) -> Declared:
        return Declared(REQUEST, self.sources, tuple(map(law, self.laws)), 120.0, self.in_order, alone=self.alone)

    def rows(self) -> Rows:
        told = [
            {"at_s": 10.0 + i, "endpoint": REQUEST, "took_ms": 50, **attempt}
            for i, (_, attempt) in enumerate(self.asked)
        ]
        return rows_of([*told, *self.others])

    def book(self) -> GivenBook:
        readings: dict[tuple[str, str], Rows_] = {}
        for source in self.sources:
            last = self.held.get(source, [])
            readings[source, "second"] = last
            readings[source, "first"] = self.first.get(source, last)
            readings[source, "start"] = self.start.get(source, [])
        return GivenBook(self.declared, [(i, key) for i, (key, _) in enumerate(self.asked)], readings, self.elsewhere)

    def journal(self) -> Journal:
        read: list[f.Fact] = []
        for source, role in self.sources.items():
            for reading, at_s in (("start", self.start_s), ("first", FIRST_S), ("second", SECOND_S)):
                last = self.held.get(source, [])
                rows = self.first.get(source, last) if reading == "first" else last
                error = self.errors.get(source, "") if reading != "start" else self.errors.get(f"{source} at start", "")
                read.append(
                    f.SourceRead(
                        seen_s=at_s, begun_s=at_s - 0.5, op="checkout", source=source, role=role, reading=reading,
                        rows=len(rows), error=error, most=self.most, counted=self.counts.get((source, reading)),
                    )
                )  # fmt: skip
        settled = f.OrdersSettled(seen_s=ENDED_S + 5, op="checkout", quiet=self.quiet, waited_s=self.waited_s)
        return journal_of(
            f.Opened(drill="orders", run=RUN, wall_unix_s=1.7e9, monotonic_ns=1),
            f.LoadBegan(seen_s=2.0, begins_s=3.0),
            f.GateHeld(seen_s=9.0),
            f.PhaseBegan(seen_s=9.5, phase="hurt"),
            f.LoadEnded(seen_s=ENDED_S, clean=True, ended_s=ENDED_S),
            settled,
            *(read if self.read else ()),
            *self.facts,
            f.Closed(seen_s=CLOSED_S),
        )

    def review(self) -> Review:
        found = Reviews({"checkout": self.book()}, self.journal(), self.rows(), over=True).of("checkout")
        assert found is not None
        return found

    def check(self, at_s: float = CLOSED_S, **claim: Any) -> Finding:
        """What the claim says at an instant."""
        journal, rows = self.journal().cut(at_s), self.rows()
        over = at_s >= CLOSED_S
        reviews = Reviews({"checkout": self.book()}, journal, rows, over=over)
        evidence = Evidence(journal, rows, WrittenLogs(), Steady(1.0, ()), over=over, orders=reviews)
        return OrdersKept(orders="checkout", **claim).check(evidence)


def classes(story: Story) -> dict[str, set[str]]:
    """By class that is not empty, the keys (or ids) of what is in it; 'recovered' too, as their number."""
    from harness.landings import hurts
    from harness.orders.told import Teller

    found = story.review()
    assert found.audit is not None, found.open
    teller = Teller(found.audit, story.journal(), story.rows(), hurts(story.journal()))
    return {
        name: set(teller.keys(one.operations, one.strangers)) for name, one in found.audit.classes.items() if len(one)
    }


def all_ok(names: Iterable[str]) -> list[tuple[str, dict[str, Any]]]:
    """Each asked for once, and acknowledged."""
    return [(name, OK) for name in names]


def honest(*names: str, **story: Any) -> Story:
    """Each of these acknowledged, in the store once, paid for once."""
    return Story(
        asked=all_ok(names),
        held={"orders": keys(*names, amount=10), "payments": keys(*names, amount=10)},
        **story,
    )


__all__ = ["BROKEN", "FIGURES", "HUNG", "NO", "OK", "Story", "all_ok", "classes", "honest", "keys"]
