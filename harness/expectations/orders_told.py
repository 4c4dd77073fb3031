"""What an order book's classes say in a finding, to the person on call: how many, which ones, where they are, what they share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from harness.expectations.orders_halves import halves
from harness.orders.audit import Class
from harness.orders.declared import DEAD, EFFECT, QUEUE, STORE
from harness.orders.holdings import Holding
from harness.orders.operations import ACKNOWLEDGED, UNKNOWN
from harness.orders.review import Open, Review, decided_by
from harness.orders.sums import Sums
from harness.orders.told import Entry, Teller
from harness.orders.toll import Toll
from harness.quantities import numbered

NAMED = 3
WHERE = ("phantom", "duplicated", "orphan")
"""Classes that do not say yet where their operations are."""


@dataclass(frozen=True)
class Words:
    """How a class is said: of one operation, and of several."""

    one: str
    many: str


WORDS: Mapping[str, Words] = {
    "lost": Words("was acknowledged and is nowhere", "were acknowledged and are nowhere"),
    "dead": Words("was acknowledged and given up", "were acknowledged and given up"),
    "stuck": Words("was acknowledged and still waits", "were acknowledged and still wait"),
    "runaway": Words(
        "waits again and again, and ever more often though nobody asks any more",
        "wait again and again, and ever more often though nobody asks any more",
    ),
    "phantom": Words("is there that the load never asked for", "are there that the load never asked for"),
    "resurrected": Words("was refused and done all the same", "were refused and done all the same"),
    "duplicated": Words("was done more than once", "were done more than once"),
    "orphan": Words("is half there", "are half there"),
    "reordered": Words(
        "stands after one that was sent only when it had been acknowledged",
        "stand after others that were sent only when they had been acknowledged",
    ),
}


def said(review: Review, found: Class, teller: Teller, allowed: int = 0) -> str:
    """'2 operations of checkout were acknowledged and are nowhere: a1 and b2 (sent while x was on, …)'."""
    count, words = len(found), WORDS[found.reason]
    entries = teller.entries(found.operations, found.strangers, NAMED)
    limit = f"; {allowed} {'is' if allowed == 1 else 'are'} allowed" if allowed else ""
    other = found.doubt - found.parked
    parked = (
        f"; {found.parked} of them may have been given up, for so many dead letters name no order"
        if found.parked
        else ""
    )
    doubt = f"; {other} of them may be something else, for {found.why}" if other else ""
    shared = teller.common(found.operations) if len(found.operations) else ""
    assert review.audit is not None
    half = f" ({halves(found, review.audit, review.declared)})" if found.reason == "orphan" else ""
    return (
        f"{numbered(count, 'operation')} of {review.name} {words.one if count == 1 else words.many}{half}: "
        f"{listed(entries, count, where=found.reason in WHERE)}"
        f"{f' ({shared})' if shared else ''}{limit}{parked}{doubt}"
    )


def given_up_said(name: str, found: Class, teller: Teller) -> str:
    """Of a class that dead letters which name no order explain: '2 operations of checkout were acknowledged, and given up or lost: …'."""
    count = len(found)
    names = listed(teller.entries(found.operations, found.strangers, NAMED), count, where=True)
    letters = "a dead letter names" if found.parked == 1 else f"{found.parked} dead letters name"
    were = "was" if count == 1 else "were"
    return f"{numbered(count, 'operation')} of {name} {were} acknowledged, and given up or lost: {names}; {letters} no order"


def undone_said(review: Review, teller: Teller) -> str:
    """'2 operations of checkout were acknowledged, and still wait, or are lost or half there: …; 7 rows stayed in waiting, …'."""
    count = len(review.undone)
    names = listed(teller.entries(review.undone.operations, (), NAMED), count, where=True)
    shared = teller.common(review.undone.operations)
    were, wait, are = ("was", "waits", "is") if count == 1 else ("were", "wait", "are")
    other = review.undone.doubt
    doubt = f"; {other} of them may be done, for {review.undone.why}" if other else ""
    stayed = " and ".join(f"{numbered(last, 'row')} stayed in {name}" for name, (_, last) in review.counted.items())
    errors = "; ".join(dict.fromkeys(review.unread[name].error for name in review.counted if name in review.unread))
    return (
        f"{numbered(count, 'operation')} of {review.name} {were} acknowledged, and still {wait}, or {are} lost or half there: {names}"
        f"{f' ({shared})' if shared else ''}{doubt}; {stayed}, and whose they are could not be read: {errors}"
    )


def unread_said(review: Review) -> Iterator[Open]:
    """Why sources say nothing; those that could not be read for the same reason in one sentence."""
    alike: dict[str, list[str]] = {}
    for name, one in review.unread.items():
        if one.error:
            rows = f" ({numbered(review.counted[name][1], 'row')}, only counted)" if name in review.counted else ""
            alike.setdefault(one.error, []).append(name + rows)
    for one in review.unread.values():
        names = alike.pop(one.error, []) if one.error else []
        if names:
            yield Open(one.reason, f"{_and(names)} could not be read: {one.error}", decided_by(one))
        elif not one.error:
            yield Open(one.reason, one.why, decided_by(one))


def _and(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else "".join(names)


def listed(entries: Sequence[Entry], count: int, *, where: bool) -> str:
    """'a1 (2 in payments), b2 and 4 more'."""
    names = [f"{entry.name} ({entry.where})" if where else entry.name for entry in entries[:NAMED]]
    if count > len(names):
        return f"{', '.join(names)} and {count - len(names)} more"
    return _and(names)


def law_said(found: Sums, teller: Teller) -> str:
    """Both sides of a law that is broken, what each term came to, and whose rows differ where that can be told."""
    left, right = found.sides if found.sides is not None else (0.0, 0.0)
    terms = ", ".join(f"{name} is {figure(value)}" for name, value in found.terms)
    differ = "" if found.operations is None else _differing(found, teller)
    lacking = f"; {found.why}" if found.why else ""
    if found.law.each:
        return f"'{found.law}' does not hold{differ} (in all {terms}){lacking}"
    return f"'{found.law}' does not hold: {figure(left)} is not {figure(right)} ({terms}){differ}{lacking}"


def law_untold(found: Sums, teller: Teller) -> Open:
    """Why it is not known whether a law holds."""
    assert found.holds is None
    differ = "" if found.operations is None else _differing(found, teller)
    decide = "numbers in every row, and figures that are read before the first operation and after the last"
    if found.operations is not None:
        decide = "the law with `for each order` at its end, or with `in all` where its sums alone must agree"
    return Open(found.reason, f"'{found.law}' could not be told: {found.why}{differ}", decide)


def _differing(found: Sums, teller: Teller) -> str:
    assert found.operations is not None
    count = len(found.operations) + len(found.strangers)
    if not count:
        return ""
    entries = teller.entries(found.operations, found.strangers, NAMED)
    return f"; it is off at {listed(entries, count, where=False)}"


def empty_stores(review: Review) -> list[str]:
    """Stores of which no row at all was read though operations were acknowledged: everything is lost, or it was the wrong query."""
    audit = review.audit
    if audit is None or not audit.number(ACKNOWLEDGED):
        return []
    return [name for name in review.declared.of(STORE) if name in audit.held and not len(audit.held[name].table)]


def unplaced(held: Holding, role: str) -> Iterator[str]:
    """What a source has that nobody knows whose it is, a sentence each. An effect's and a store's strangers are told as what they are."""
    kinds = [(held.nameless, "no key and no id", "no key and no id")]
    if role != EFFECT:
        kinds.append((len(held.unowned), "an id that no store ties to a key", "ids that no store ties to a key"))
    if role in (QUEUE, DEAD):
        kinds.append((len(held.foreign), "a key that the load never sent", "keys that the load never sent"))
    for count, one, many in kinds:
        if count:
            yield f"{numbered(count, 'row')} of {held.source} {f'has {one}' if count == 1 else f'have {many}'}"


def figure(value: float) -> str:
    """A sum as a person reads it: whole numbers without a point."""
    return f"{value:.0f}" if value == int(value) else f"{value:.6f}".rstrip("0")


def well(review: Review) -> str:
    """What there is to say of an order book in which nothing is wrong."""
    audit = review.audit
    assert audit is not None
    acknowledged, unknown = audit.number(ACKNOWLEDGED), audit.number(UNKNOWN)
    parts = [f"{numbered(acknowledged, 'acknowledged operation')} of {review.name}, each as it was told"]
    if unknown:
        recovered = audit.recovered or 0
        parts.append(
            f"of {unknown} whose outcome nobody was told, {recovered} {'was' if recovered == 1 else 'were'} done"
        )
    laws = len(review.sums)
    if laws:
        twice = ", but for what was done more than once" if any(one.once for one in review.sums) else ""
        parts.append(f"{numbered(laws, 'law')} {'holds' if laws == 1 else 'hold'}{twice}")
    if repeated := audit.operations.repeated():
        parts.append(f"{numbered(repeated, 'request')} came under a key that had been acknowledged")
    parts += [*stores_apart(review), *(f"{name} was never there: its name is not proven" for name in review.unproven)]
    return "; ".join(parts)


def tried(review: Review, found: Toll, delivery: str) -> Iterator[str]:
    """What a run with faults did not try, though nothing is wrong in its order book."""
    unread = [name for name in review.declared.of(QUEUE) if name not in review.amid]
    unseen = f", and what waited in {' and '.join(unread)} meanwhile was not read" if unread else ""
    if found.waited:
        yield f"{numbered(found.waited, 'row')} waited in {' and '.join(review.amid)} while a fault was on"
    if found.refused:
        yield _refused(found)
    if found.unhurt:
        late = f"{found.late} of {found.amid} were late" if found.late else "none was late"
        other = "other " if found.refused else ""
        yield (
            f"the faults hurt no order that was seen: no {other}request for one failed or was sent again, {late}{unseen}, so it proves little "
            "of them"
        )
    elif found.faults and delivery == "exactly_once" and not found.again:
        yield (
            "that nothing is done twice was not seen to be tried: no request was sent again, and no source tells of a second delivery"
        )


def _refused(found: Toll) -> str:
    """'60 of 62 requests for one were refused (403) while a fault was on, and none of 300 before the first'."""
    statuses = ", ".join(map(str, found.statuses))
    before = f"{found.before or 'none'} of {found.calm}" if found.calm else "none was sent"
    were = "was" if found.refused == 1 else "were"
    return f"{found.refused} of {numbered(found.amid, 'request')} for one {were} refused ({statuses}) while a fault was on, and {before} before the first"


def stores_apart(review: Review) -> Iterator[str]:
    """How many acknowledged operations not every store has: one is enough."""
    audit = review.audit
    assert audit is not None
    stores = [audit.held[name] for name in review.declared.of(STORE) if name in audit.held]
    has = sum((one.count > 0).astype(int) for one in stores)
    some = int(np.count_nonzero((audit.operations.outcome == ACKNOWLEDGED) & (has > 0) & (has < len(stores))))
    if some:
        names = ", ".join(one.source for one in stores)
        yield f"{some} {'stands' if some == 1 else 'stand'} in only some of {names}, which is enough"
