"""orders_kept: what the load was told of its orders is what the stack holds of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import ClassVar, Literal

from pydantic import Field

from harness.expectations.base import Evidence, Expectation, Reach
from harness.expectations.orders_keys import borne, doubted_keys
from harness.expectations.orders_told import (
    NAMED,
    empty_stores,
    figure,
    given_up_said,
    law_said,
    law_untold,
    said,
    stores_apart,
    tried,
    undone_said,
    unplaced,
    unread_said,
    well,
)
from harness.landings import hurts
from harness.orders.audit import Audit, Class
from harness.orders.declared import QUEUE
from harness.orders.operations import ACKNOWLEDGED, REFUSED, UNKNOWN
from harness.orders.review import REST, Open, Review
from harness.orders.sums import Sums
from harness.orders.told import Teller
from harness.orders.toll import toll
from harness.quantities import numbered
from harness.verdict import Details, Finding, Measure, failed, inconclusive, passed


class OrdersKept(Expectation):
    """No order is lost, done twice or done in secret, whatever broke: an audit of every operation that the load asked for.

        expect:
          - orders_kept: {orders: checkout}
          - orders_kept: {orders: mails, delivery: at_least_once, dead: 2}

    Units:   operations, each counted once, however many attempts it took.
    Counts:  exactly. `orders` names one of the drill's order books (its own `orders:`), which says which requests are operations,
             where they carry their idempotency key, and where the stack keeps what became of them. An operation is acknowledged
             when an attempt was answered as it must be; refused, when every attempt surely did nothing (4xx, never connected);
             unknown after anything else: a 5xx, a time-out, a reset, a redirect that was followed to where it failed. A service
             that answers 4xx and keeps a record of it (402, and an order whose state is "declined") is read by a query without
             such rows: a refused operation that a store holds is resurrected.
             Lost: acknowledged, and in no store, queue or dead letters. Dead, stuck: acknowledged, and among dead letters, or still
             in a queue though all is quiet; also, where the messages of a queue can only be counted and become no fewer, what is acknowledged
             and in no store, or lacks an effect. Runaway: the same row of it stands in a queue ten times and more, and more often still in
             the second reading, though the load has ended and `settle` is over. Phantom: in a store, and never asked for. Resurrected: refused, and in a store.
             Duplicated: more than once in a store or an effect. Orphan: an effect without its order, or an order without its
             effect. Reordered: see `in_order` of a source. A law: both of its sums, and whose rows differ; a NULL counts as nothing.
             What was unknown and is there is well, and counted.
             Unhurt: it holds, but no request for an operation failed or was sent again from the first fault on, hardly one was late under one,
             and no queue that was looked at meanwhile had come to hold ten rows.
    Decides: after the run (it belongs under the drill's own `expect`): when the load has ended and the faults are out, the stack is
             waited for, and every source is read, twice. Failed by each of the above, with every key in verdict.json, whatever
             the gates say; and as dead, where dead letters name no order and only they could explain what is lost or half there
             of acknowledged ones, beyond `dead`. Inconclusive where a source could not be read, or names its rows as no request does; where its two
             readings differ, the stack was not waited for or did not come to rest, keys could not be read, were there
             before the load sent them, or stand for more than ten requests each, rows that wait or were given up are nobody's, the
             sums of a law agree and rows differ, or nothing was acknowledged; only what no missing reading can explain fails then.
             Rows of the run's other `orders` are nobody's fault.
    Source:  what the load asked for, written before it was sent; the ledger; the readings of the sources. The algebra is that of
             Jepsen's `total-queue`, extended.
    """

    word: ClassVar[str] = "orders_kept"
    faultless: ClassVar[bool] = True
    whenever_sent: ClassVar[bool] = True

    orders: str = Field(min_length=1, description="which of the drill's `orders`")
    delivery: Literal["exactly_once", "at_least_once"] = Field(
        default="exactly_once",
        description="at_least_once: done twice is counted, and no failure, nor is a law that holds but for that",
    )
    dead: int = Field(default=0, ge=0, description="so many acknowledged operations may be given up as dead letters")
    stuck: int = Field(default=0, ge=0, description="so many acknowledged operations may still wait when all is quiet")

    def about(self) -> str:
        return self.orders

    def needs(self, reach: Reach) -> str:
        return "1 acknowledged operation"

    def check(self, evidence: Evidence) -> Finding:
        review = evidence.orders.of(self.orders) if evidence.orders is not None else None
        if review is None:
            return inconclusive(
                f"the run kept no order book {self.orders!r}",
                reason="not_read",
                decide="a run of a drill with these `orders`",
            )
        if review.open is not None:
            return _open(review.open)
        assert review.audit is not None
        return self._judged(review, review.audit, evidence)

    def _judged(self, review: Review, audit: Audit, evidence: Evidence) -> Finding:
        faults = hurts(evidence.journal)
        teller = Teller(audit, evidence.journal, evidence.rows, faults)
        wrong = [one for one in audit.classes.values() if len(one) > self._allowed(one) + one.doubt]
        given_up = [
            replace(one, operations=audit.acknowledged(one), strangers=())
            for one in audit.classes.values()
            if one not in wrong and self._given_up(one, audit)
        ]
        broken = [one for one in review.sums if one.holds is False and not self._but_for_twice(one)]
        undone = self._undone(review)
        measure = Measure(*(float(sum(map(len, [*wrong, *given_up, *undone]))),) * 2, "operations")
        details = tuple(self._details(review, audit))
        told = [said(review, one, teller, self._allowed(one)) for one in wrong]
        told += [given_up_said(review.name, one, teller) for one in given_up]
        told += [undone_said(review, teller)] if undone else []
        told += [law_said(one, teller) for one in broken]
        if audit.classes["runaway"] in wrong:
            told += [review.unread[name].why for name in review.declared.of(QUEUE) if name in review.unread]
        if wrong:
            told += [f"no row at all was read of {name}: is that the right place?" for name in empty_stores(review)]
        if told:
            return failed(
                "; ".join(told),
                reason=wrong[0].reason if wrong else "dead" if given_up else "stuck" if undone else "law_broken",
                measure=measure,
                cites=[*review.cites, *_rows_of([*wrong, *given_up, *undone], teller)],
                census=True,
                details=details,
            )
        doubts = list(self._doubts(review, audit, teller))
        if doubts:
            first = doubts[0]
            because = "; ".join(dict.fromkeys(one.why for one in doubts))
            return _open(Open(first.reason, because, first.decide, review.cites), details)
        hurt = toll(audit.operations, faults, sum(review.amid.values()))
        because = "; ".join([well(review), *tried(review, hurt, self.delivery)])
        reason = "unhurt" if hurt.unhurt else "met"
        return passed(because, reason=reason, measure=measure, cites=review.cites, details=details)

    def _allowed(self, found: Class) -> int:
        if found.reason == "duplicated" and self.delivery == "at_least_once":
            return len(found)
        return {"dead": self.dead, "stuck": self.stuck}.get(found.reason, 0)

    def _given_up(self, found: Class, audit: Audit) -> bool:
        """Whether more acknowledged operations are of it than anything but dead letters explains: an order that those may be of was
        given up, or it is what it looks like, and neither is allowed."""
        spare = max(0, self.dead - len(audit.classes["dead"]))
        surely = len(audit.acknowledged(found)) if found.parked else 0
        return surely > found.doubt - found.parked + min(found.parked, spare)

    def _undone(self, review: Review) -> list[Class]:
        """Acknowledged operations that are not done, where more of them are than anything allowed explains."""
        assert review.audit is not None
        spare = max(0, self.dead - len(review.audit.classes["dead"])) + self.stuck
        return [review.undone] if len(review.undone) > review.undone.doubt + spare else []

    def _but_for_twice(self, law: Sums) -> bool:
        return law.once and self.delivery == "at_least_once"

    def _doubts(self, review: Review, audit: Audit, teller: Teller) -> Iterator[Open]:
        """What keeps an order book in which nothing is surely wrong from being proven right."""
        yield from unread_said(review)
        if review.settled is not None and not review.settled.quiet and not _waiting(review, audit):
            why = f"the stack did not come to rest in {review.settled.waited_s:.0f} s"
            detail = f": {review.settled.detail}" if review.settled.detail else ""
            yield Open(reason="unsettled", why=why + detail, decide=REST)
        yield from doubted_keys(audit)
        keys = "a key in every request and in every row, or an `id` that a store ties to a key"
        for found in audit.classes.values():
            if len(found) > self._allowed(found):
                many = numbered(len(found), "operation")
                yield Open(reason="keys_unreadable", why=f"{many} may be {found.reason}: {found.why}", decide=keys)
        if audit.operations.unkeyed:
            why = f"of {numbered(audit.operations.unkeyed, 'request')} no key could be read"
            yield Open(reason="keys_unreadable", why=why, decide=keys)
        for held in audit.held.values():
            for why in unplaced(held, review.declared.sources[held.source]):
                yield Open(reason="keys_unreadable", why=why, decide=keys)
        for law in review.sums:
            if law.holds is None and not self._but_for_twice(law):
                yield law_untold(law, teller)
        if not audit.number(ACKNOWLEDGED):
            why = f"no operation of {review.name} was acknowledged, so that none could be lost"
            yield Open(
                reason="no_operations", why=why, decide="a load of which some operations are answered as they must be"
            )

    def _details(self, review: Review, audit: Audit) -> Iterator[tuple[str, str]]:
        recovered = "" if audit.recovered is None else f", of which {audit.recovered} were done"
        yield (
            "operations",
            f"{len(audit.operations)}: {audit.number(ACKNOWLEDGED)} acknowledged, {audit.number(UNKNOWN)} unknown{recovered}, "
            f"{audit.number(REFUSED)} refused; {borne(audit.operations)}",
        )
        counts = ", ".join(f"{len(one)} {name}" for name, one in audit.classes.items())
        yield "found", counts
        for apart in stores_apart(review):
            yield "stores", apart
        for name in review.unproven:
            yield (
                "name",
                f"no reading of {name} found anything: what is misspelled, or in another database, reads like that too",
            )
        for law in review.sums:
            sides = "" if law.sides is None else f"{figure(law.sides[0])} and {figure(law.sides[1])}"
            why = "equal where what was done more than once counts once" if self._but_for_twice(law) else law.why
            yield "law", f"{law.law}: {sides}{f' ({why})' if why else ''}"
        if review.settled is not None:
            detail = f": {review.settled.detail}" if review.settled.detail else ""
            rest = "came to rest" if review.settled.quiet else "did not come to rest"
            yield "settled", f"the stack {rest} in {review.settled.waited_s:.0f} s{detail}"


def _open(found: Open, details: Details = ()) -> Finding:
    return inconclusive(found.why, reason=found.reason, decide=found.decide, cites=found.cites, details=details)


def _waiting(review: Review, audit: Audit) -> bool:
    """Whether a queue is known to hold rows, which is why the stack is not at rest."""
    return any(len(audit.held[name].table) for name in review.declared.of(QUEUE) if name in audit.held)


def _rows_of(wrong: Sequence[Class], teller: Teller) -> list[str]:
    """The requests of the operations that are named, of each class."""
    entries = [entry for one in wrong for entry in teller.entries(one.operations, (), NAMED)]
    return list(dict.fromkeys(attempt.cite for entry in entries for attempt in entry.attempts if attempt.cite))
