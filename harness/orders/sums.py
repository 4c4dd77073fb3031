"""Both sides of a law, summed over what the sources hold. Pure.

Whole numbers (of 64 bits) are summed and compared exactly; others as doubles, to a part in 10^12.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from harness.orders.audit import OTHERS, Audit
from harness.orders.book import Unread
from harness.orders.counted import Masks, counted, once, splits
from harness.orders.declared import FIGURES, Declared
from harness.orders.excused import excuse, unnamed
from harness.orders.holdings import Start
from harness.orders.laws import Law, Term
from harness.orders.operations import Ints
from harness.orders.tables import NONE, Digests, Table

ROUNDED = 1e-12
"""Of numbers that are not whole, so much of all that was summed: a million amounts are rounded by less, and a cent of a billion is
more."""


@dataclass(frozen=True, eq=False)
class Sums:
    """
    A law and what its sides came to.

    sides       left and right; None where they could not be summed
    terms       what each of its terms came to, without its factor, by name
    holds       None where it could not be told; `reason` is then a reason code
    why         why it could not be told; of a law that is broken, which numbers are not there
    operations  of a law that does not hold, those whose own rows differ, where rows tell
    strangers   likewise (source, place) of rows that belong to no operation of ours
    once        of a law that does not hold: it does where what was done more than once counts once
    """

    law: Law
    sides: tuple[float, float] | None = None
    terms: tuple[tuple[str, float], ...] = ()
    holds: bool | None = None
    why: str = ""
    reason: str = ""
    operations: Ints | None = None
    strangers: tuple[tuple[str, int], ...] = ()
    once: bool = False


@dataclass(frozen=True, eq=False)
class _Apart:
    """
    Where a law is off.

    operations, strangers   operations, and rows of strangers, whose own two sides differ
    loose                   so many rows that the law counts name no order, each of which may be of any
    told                    whether rows can tell at all
    """

    operations: Ints
    strangers: tuple[tuple[str, int], ...] = ()
    loose: int = 0
    told: bool = True

    def __len__(self) -> int:
        return len(self.operations) + len(self.strangers)


class _Unsummed(Exception):
    """Why a law cannot be summed: a reason code and a sentence."""

    def __init__(self, *, reason: str, why: str) -> None:
        super().__init__(why)
        self.reason, self.why = reason, why


def sums(
    declared: Declared,
    audit: Audit,
    tables: Mapping[str, Table],
    starts: Mapping[str, Start],
    unread: Mapping[str, Unread],
) -> tuple[Sums, ...]:
    """Every law of the book. `unread`: by source that could not be read, why."""
    return tuple(_sums(law, declared, audit, tables, starts, unread) for law in declared.laws)


def _sums(
    law: Law,
    declared: Declared,
    audit: Audit,
    tables: Mapping[str, Table],
    starts: Mapping[str, Start],
    unread: Mapping[str, Unread],
) -> Sums:
    try:
        for source in sorted(law.sources & set(unread)):
            raise _Unsummed(reason=unread[source].reason, why=unread[source].why)
        masks = counted(law, declared, audit)
        empty = _empty(law, declared, audit, masks)
        terms, equal = _sides(law, declared, audit, tables, starts, masks)
        apart = _apart(law, declared, audit, masks)
        holds = equal if not law.each else not len(apart)
        if law.each and not (apart.told and (len(apart) or not apart.loose)):
            raise _Unsummed(reason="law_unreadable", why="rows name no order, so that it cannot be held against each")
        if holds and empty:
            raise _Unsummed(reason="law_unreadable", why=empty)
    except _Unsummed as error:
        return Sums(law, why=error.why, reason=error.reason)
    sides = _sum(terms[: len(law.left)]), _sum(terms[len(law.left) :])
    told = tuple((term.name, float(value)) for term, value, _ in terms if term.source)
    others = _others(audit, apart)
    if not holds and (why := excuse(law, declared, audit, starts) or unnamed(apart.loose, len(apart)) or others):
        return Sums(law, sides, told, why=why, reason="law_open")
    if not apart.told or apart.loose or (holds and (law.in_all or others or not len(apart))):
        return Sums(law, sides, told, holds, empty)
    alike = once(law, audit, masks)
    if law.each or holds:
        but = not len(_apart(law, declared, audit, alike))
    else:
        but = _sides(law, declared, audit, tables, starts, alike)[1]
    found = Sums(law, sides, told, False, empty, operations=apart.operations, strangers=apart.strangers, once=but)
    return replace(found, holds=None, why="its sums agree, and rows differ", reason="law_apart") if holds else found


_Term = tuple[Term, Fraction, float | None]


def _sides(
    law: Law,
    declared: Declared,
    audit: Audit,
    tables: Mapping[str, Table],
    starts: Mapping[str, Start],
    masks: Masks,
) -> tuple[list[_Term], bool]:
    """What each term comes to, of the left side and then of the right; and whether the two are equal."""
    terms = [(term, *_term(term, declared, audit, tables, starts, masks)) for term in law.terms]
    off = sum((term.factor * value for term, value, _ in terms[: len(law.left)]), Fraction())
    off -= sum((term.factor * value for term, value, _ in terms[len(law.left) :]), Fraction())
    slack = ROUNDED * sum(abs(float(term.factor)) * most for term, _, most in terms if most is not None)
    return terms, abs(off) <= slack


def _empty(law: Law, declared: Declared, audit: Audit, masks: Masks) -> str:
    """Which numbers are not there, of rows that name an order. Each counts as nothing, as in SQL's sum(): a law that holds so is not
    proven, and one that does not is broken, for the other side has a number.

    Raises _Unsummed for what is there and is no number, and where rows cannot tell whose number is not there.
    """
    found = []
    for term in law.terms:
        if term.source in masks and term.column and not term.at_start:
            table, counted = audit.held[term.source].table, masks[term.source]
            empty = table.numbers[term.column].empty
            _whole(term, table, counted & ~empty if splits(law, declared) else counted)
            found.append(_lacking(term, table, counted))
    return "; ".join(dict.fromkeys(filter(None, found)))


def _whole(term: Term, table: Table, counted: NDArray[np.bool_]) -> None:
    """Raises _Unsummed where a number is missing."""
    if lacking := _lacking(term, table, counted):
        raise _Unsummed(reason="law_unreadable", why=lacking)


def _lacking(term: Term, table: Table, counted: NDArray[np.bool_]) -> str:
    missing = int(np.count_nonzero(table.numbers[term.column].missing & counted)) if term.column else 0
    rows = f"a row of {term.source} has" if missing == 1 else f"{missing} rows of {term.source} have"
    return f"{rows} no number in {term.column}" if missing else ""


def _sum(terms: list[_Term]) -> float:
    return float(sum((term.factor * value for term, value, _ in terms), Fraction()))


def _others(audit: Audit, apart: _Apart) -> str:
    """Whether it is off at orders of others alone, who may be about them still."""
    return OTHERS if audit.shared and apart.strangers and not len(apart.operations) else ""


def _term(
    term: Term,
    declared: Declared,
    audit: Audit,
    tables: Mapping[str, Table],
    starts: Mapping[str, Start],
    masks: Masks,
) -> tuple[Fraction, float | None]:
    """What it comes to without its factor; and, where numbers were rounded, the sum of their sizes."""
    if not term.source:
        return Fraction(1), None
    if term.at_start:
        start = starts.get(term.source)
        if start is None:
            raise _Unsummed(reason="not_read", why=f"{term.source} was not read before the first phase")
        first_s = audit.operations.sent_s()
        if bool((first_s <= start.read_s).any()):
            why = f"{term.source} was first read when operations were under way already, so that its start is not known"
            raise _Unsummed(reason="law_open", why=why)
        return _total_of_all(term, start.table)
    if declared.sources[term.source] == FIGURES:
        table = tables[term.source]
        if not len(table):
            raise _Unsummed(reason="law_unreadable", why=f"{term.source} has no row")
        return _total_of_all(term, table)
    return _total(term, audit.held[term.source].table, masks[term.source])


def _total_of_all(term: Term, table: Table) -> tuple[Fraction, float | None]:
    every = np.ones(len(table), bool)
    _whole(term, table, every)
    return _total(term, table, every)


def _total(term: Term, table: Table, counted: NDArray[np.bool_]) -> tuple[Fraction, float | None]:
    if not term.column:
        return Fraction(int(np.count_nonzero(counted))), None
    values = table.numbers[term.column].values[counted]
    if values.dtype == np.int64:
        return Fraction(sum(values.tolist())), None
    return Fraction(math.fsum(values.tolist())), math.fsum(np.abs(values).tolist())


def _apart(law: Law, declared: Declared, audit: Audit, masks: Masks) -> _Apart:
    """Of the rows that name an order, whose two sides differ."""
    if not splits(law, declared):
        return _Apart(np.zeros(0, np.int64), told=False)
    owners: list[Digests] = []
    shares: list[tuple[Fraction, NDArray[np.generic]]] = []
    for sign, side in ((1, law.left), (-1, law.right)):
        for term in side:
            held = audit.held[term.source]
            named = masks[term.source] & (held.owner != NONE)
            owner = held.owner[named]
            values = held.table.numbers[term.column].values[named] if term.column else np.ones(len(owner), np.int64)
            owners.append(owner)
            shares.append((sign * term.factor, values))
    keys, at = np.unique(np.concatenate(owners), return_inverse=True)
    keys = keys[_uneven(shares, at, len(keys))]
    mine = audit.operations.find(keys)
    loose = sum(int(np.count_nonzero(masks[name] & (audit.held[name].owner == NONE))) for name in law.sources)
    return _Apart(np.sort(mine[mine >= 0]), _rows_of(keys[mine < 0], law, audit), loose)


def _uneven(shares: list[tuple[Fraction, NDArray[np.generic]]], at: Ints, size: int) -> NDArray[np.bool_]:
    """Of each key, whether its shares do not add up to nothing. `at`: of each row of the shares, the number of its key."""
    if any(values.dtype != np.int64 for _, values in shares):
        share = np.concatenate([float(factor) * values.astype(np.float64) for factor, values in shares])
        off, slack = np.bincount(at, share, size), ROUNDED * np.bincount(at, np.abs(share), size)
        return np.asarray(np.abs(off) > slack)
    common = math.lcm(*(factor.denominator for factor, _ in shares))
    factors = [int(factor * common) for factor, _ in shares]
    most = sum(
        abs(factor) * len(values) * max(abs(int(values.max())), abs(int(values.min())))
        for factor, (_, values) in zip(factors, shares, strict=True)
        if len(values)
    )
    kind = np.int64 if most + max(map(abs, factors)) < 2**63 else np.object_  # numbers of any size, slowly
    whole = np.zeros(size, kind)
    np.add.at(
        whole,
        at,
        np.concatenate([factor * values.astype(kind) for factor, (_, values) in zip(factors, shares, strict=True)]),
    )
    return np.asarray(whole != 0, np.bool_)


def _rows_of(keys: Digests, law: Law, audit: Audit) -> tuple[tuple[str, int], ...]:
    """A row for each of these keys."""
    found = []
    for key in keys:
        for source in sorted(law.sources):
            places = np.flatnonzero(audit.held[source].owner == key)
            if len(places):
                found.append((source, int(places[0])))
                break
    return tuple(found)
