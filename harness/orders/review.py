"""An order book judged: is there enough to judge by, and what is wrong then. Pure.

A source counts as read when both of its readings after the end are there and agree; what moves between them is not yet the end.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from harness.facts import LoadEnded, OrdersSettled, SourceRead, TargetChosen, WorkerLost
from harness.journal import Journal
from harness.ledger import Rows
from harness.orders.audit import Audit, Class, audit
from harness.orders.book import Book, Unread, Unreadable
from harness.orders.cure import cure
from harness.orders.declared import AMID, FIRST, QUEUE, SECOND, START, Declared
from harness.orders.holdings import Start
from harness.orders.operations import operations
from harness.orders.sums import Sums, sums
from harness.orders.tables import Table
from harness.orders.undone import undone
from harness.quantities import numbered

REST = "a stack that comes to rest within `settle`"
DECIDED_BY = {
    "unsettled": REST,
    "readings_differ": REST,
    "keys_unreadable": "sources whose `key` is the one that the requests carry, or whose `id` a store ties to it",
}
"""By the reason for which a source says nothing that could be read."""


def decided_by(one: Unread) -> str:
    """What would have made a source say something."""
    return DECIDED_BY.get(one.reason) or cure(one.error) or "a source that can be read"


@dataclass(frozen=True)
class Open:
    """Why an order book cannot be judged at all: a reason code, a sentence, and what would have decided it."""

    reason: str
    why: str
    decide: str
    cites: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Review:
    """
    An order book, judged.

    open      why it cannot be; then there is no audit
    unread    by source that says nothing, why; what depends on it is not decided
    rows      by source that was read, how many rows it has
    unproven  sources that may be misnamed: none of their readings found anything, and what has no such name reads like that
    sums      what the laws came to
    settled   how long the stack was waited for
    cites     the readings that it rests on
    counted   by queue whose rows could not be read, how many were counted in its two readings
    undone    acknowledged operations that are not done, where all such queues stay as long as they are
    amid      by queue that could be looked at while a fault was on, how many more rows it held then than before the load, at most
    """

    name: str
    declared: Declared
    open: Open | None = None
    audit: Audit | None = None
    sums: tuple[Sums, ...] = ()
    unread: Mapping[str, Unread] = field(default_factory=dict)
    settled: OrdersSettled | None = None
    cites: tuple[str, ...] = ()
    rows: Mapping[str, int] = field(default_factory=dict)
    unproven: tuple[str, ...] = ()
    amid: Mapping[str, int] = field(default_factory=dict)
    counted: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    undone: Class = field(default_factory=lambda: Class(reason="stuck"))


class Reviews:
    """The order books of a run, each judged once, for all who ask. `over`: nothing more will come."""

    def __init__(self, books: Mapping[str, Book], journal: Journal, rows: Rows, *, over: bool) -> None:
        self._books, self._journal, self._rows, self._over = books, journal, rows, over
        self._done: dict[str, Review] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """The order books that there are."""
        return tuple(self._books)

    def of(self, name: str) -> Review | None:
        """The review of an order book; None for one that the run does not have."""
        if name in self._books and name not in self._done:
            self._done[name] = review(name, self._books[name], self._journal, self._rows, over=self._over)
        return self._done.get(name)


def review(name: str, book: Book, journal: Journal, rows: Rows, *, over: bool) -> Review:
    """Judge one order book by what the journal says was read."""
    declared = book.declared
    last = {(fact.source, fact.reading): fact for fact in journal.of(SourceRead, op=name)}
    settled = journal.last(OrdersSettled, op=name)
    cites = tuple(fact.cite for (_, reading), fact in last.items() if reading == SECOND)
    missing = [source for source in declared.sources if (source, SECOND) not in last]
    if missing and not over:
        ended = journal.last(LoadEnded) is not None
        why = "its sources are being read" if ended else "its sources are read when the load has ended"
        return Review(name, declared, Open(reason="window_open", why=f"{name}: {why}", decide="the end of the run"))
    if len(missing) == len(declared.sources):
        detail = f": {settled.detail}" if settled is not None and settled.detail else ""
        why = f"{name}: the run ended before any of its sources was read{detail}"
        decide = "a run that comes to its end, or is stopped once, so that the sources are read before the stack goes"
        return Review(name, declared, Open(reason="not_read", why=why, decide=decide), settled=settled)
    if settled is None or (not settled.quiet and settled.waited_s < 0.9 * declared.within_s):
        return _rushed(name, declared, settled, cites)
    lost = next((one for one in journal.of(WorkerLost) if not one.home), None)
    if lost is not None:  # what it asked for last is in no book of ours, and would be taken for somebody else's order
        why = (
            f"{name}: the keys that worker {lost.worker} of the load asked with last did not come home ({lost.detail})"
        )
        decide = "a load whose workers live to its end"
        return Review(name, declared, Open("not_read", why, decide, (lost.cite,)), settled=settled)
    tables, moving, unread = _tables(book, last, settled)
    if not tables:
        first = next(iter(unread.values()))
        why = f"{name}: {first.why}"
        return Review(name, declared, Open(first.reason, why, decided_by(first), cites), settled=settled)
    starts = _starts(book, last)
    asked_s = min(fact.at_s if fact.begun_s is None else fact.begun_s for (_, r), fact in last.items() if r == FIRST)
    shared = journal.last(TargetChosen) is not None and not declared.alone
    asked = operations(book.asked, rows, declared.request, asked_s)
    found = audit(declared, asked, tables, starts, moving=moving, shared=shared)
    unread |= found.unread
    told = sums(declared, found, tables, starts, unread)
    counts = {source: len(table) for source, table in tables.items()}
    unproven = tuple(
        source
        for source in tables
        if source in declared.unproven and not any(max(f.rows, f.most) for (s, _), f in last.items() if s == source)
    )
    waited = _amid(journal.of(SourceRead, op=name, reading=AMID), last)
    empty = _nothing_to_judge(name, found)
    counted = _counted(declared, last)
    left = Class(reason="stuck") if settled.quiet else undone(declared, found, counted)
    return Review(name, declared, empty, found, told, unread, settled, cites, counts, unproven, waited, counted, left)


def _counted(declared: Declared, last: Mapping[tuple[str, str], SourceRead]) -> dict[str, tuple[int, int]]:
    found = {}
    for source in declared.of(QUEUE):
        first, second = (last.get((source, reading)) for reading in (FIRST, SECOND))
        if first is not None and second is not None and (first.error or second.error):
            before, after = (one.counted if one.error else one.rows for one in (first, second))
            if before is not None and after is not None:
                found[source] = (before, after)
    return found


def _amid(looks: Sequence[SourceRead], last: Mapping[tuple[str, str], SourceRead]) -> dict[str, int]:
    found: dict[str, int] = {}
    for look in looks:
        if not look.error:
            start = last.get((look.source, START))
            more = look.rows - (start.rows if start is not None else 0)
            found[look.source] = max(found.get(look.source, 0), more)
    return found


def _rushed(name: str, declared: Declared, settled: OrdersSettled | None, cites: tuple[str, ...]) -> Review:
    """The stack was not waited for, or not for as long as the drill would have."""
    why = f"{name}: nobody waited for the stack to come to rest before its sources were read"
    if settled is not None:
        waited = f"only {settled.waited_s:.0f} s of {declared.within_s:g} s were waited for the stack to come to rest"
        why = f"{name}: {waited}{f', {settled.detail}' if settled.detail else ''}"
    decide = "a run that is not cut short while its orders settle"
    return Review(name, declared, Open(reason="unsettled", why=why, decide=decide, cites=cites), settled=settled)


def _tables(
    book: Book, last: Mapping[tuple[str, str], SourceRead], settled: OrdersSettled | None
) -> tuple[dict[str, Table], dict[str, tuple[Table, Table]], dict[str, Unread]]:
    """Of each source its last reading; of a queue that still moved both; and why the others, and those too, say nothing."""
    tables: dict[str, Table] = {}
    moving: dict[str, tuple[Table, Table]] = {}
    unread: dict[str, Unread] = {}
    for source, role in book.declared.sources.items():
        facts = [last.get((source, reading)) for reading in (FIRST, SECOND)]
        read = [fact for fact in facts if fact is not None]
        errors = [fact.error for fact in read if fact.error]
        if len(read) < 2 or errors:
            why = f"{source} could not be read: {errors[0]}" if errors else f"{source} was not read twice after the end"
            unread[source] = Unread(reason="not_read", why=why, error=errors[0] if errors else "")
            continue
        try:
            second = book.table(read[1])
            same = bool(read[0].sha256) and read[0].sha256 == read[1].sha256
            if same or (first := book.table(read[0])).agrees(second):
                tables[source] = second
                continue
        except Unreadable as error:
            unread[source] = Unread(reason="not_read", why=str(error))
            continue
        unread[source] = _moved(source, read[0], read[1], settled)
        if role == QUEUE and unread[source].reason == "unsettled":
            moving[source] = (first, second)
    return tables, moving, unread


def _moved(source: str, first: SourceRead, second: SourceRead, settled: OrdersSettled | None) -> Unread:
    apart = f"{second.at_s - first.at_s:.0f} s apart ({numbered(first.rows, 'row')}, then {second.rows})"
    if settled is not None and settled.quiet:
        return Unread(reason="readings_differ", why=f"two readings of {source} differ, {apart}")
    waited = f" after {settled.waited_s:.0f} s of waiting" if settled is not None else ""
    if second.role == QUEUE and second.rows > first.rows:
        why = f"{source} still grew{waited}, though the load had ended: two readings {apart}"
        return Unread(reason="unsettled", why=why)
    return Unread(reason="unsettled", why=f"{source} was still changing{waited}: two readings differ, {apart}")


def _starts(book: Book, last: Mapping[tuple[str, str], SourceRead]) -> dict[str, Start]:
    found = {}
    for source in book.declared.sources:
        fact = last.get((source, START))
        if fact is None or fact.error:
            continue
        try:
            found[source] = Start(book.table(fact), fact.at_s)
        except Unreadable:
            continue
    return found


def _nothing_to_judge(name: str, found: Audit) -> Open | None:
    size, unkeyed = len(found.operations), found.operations.unkeyed
    if not size and unkeyed:
        why = f"{name}: of {numbered(unkeyed, 'request')} no key could be read"
        return Open(reason="keys_unreadable", why=why, decide="`key` as the requests carry it")
    if not size:
        why = f"{name}: the load asked for no such operation"
        return Open(reason="no_operations", why=why, decide="a load that makes this request")
    return None
