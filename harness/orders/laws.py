"""Laws across sources: sums that must be equal, such as `payments.amount = orders.amount`. Parsed here, and evaluated exactly.

    stock.left at start - stock.left = orders.quantity
    count(payments) = count(orders)
    refunds.cents + payments.cents = 100 * orders.euros
    payments.amount = orders.amount for each order
    payouts.cents = orders.cents in all

`source.column` is the sum of a column over the rows of a source, `count(source)` how many rows it has; `at start` takes what the
source held before the first phase. Terms are added and taken away, each with a factor before it if need be; nothing else.
Of sources whose rows name an operation only what was not there at the start counts, unless the law asks for the start; of an order of
before that is finished in the run, all of it; and of an operation that still waits or was given up nothing, unless the law names the
queue or the dead letters that it is in.
`for each order` demands it of every operation's own rows, not of the sums alone; `in all`, of the sums alone: one payout for several
orders. A law that says neither is not proven by sums that agree where rows tell that it is off at some orders: errors cancel out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Annotated

from pydantic import PlainSerializer, PlainValidator, WithJsonSchema

_HOW = re.compile(r"\s+(?:(?P<each>for\s+each\s+order)|(?P<all>in\s+all))\s*$")
_TERM = re.compile(
    r"\s*(?:(?P<factor>\d+(?:\.\d+)?)\s*(?P<times>\*\s*)?)?"
    r"(?:count\(\s*(?P<counted>[A-Za-z_]\w*)\s*\)|(?P<source>[A-Za-z_]\w*)\.(?P<column>[A-Za-z_]\w*))?"
    r"(?P<start>\s+at\s+start\b)?\s*"
)
COUNT = ""  # the column of `count(source)`


@dataclass(frozen=True)
class Term:
    """`factor` times the sum of a source's column (COUNT: its number of rows); a plain number has no source."""

    factor: Fraction
    source: str = ""
    column: str = COUNT
    at_start: bool = False

    @property
    def name(self) -> str:
        """The term without its factor, as it is written."""
        if not self.source:
            return "1"
        name = f"{self.source}.{self.column}" if self.column else f"count({self.source})"
        return f"{name} at start" if self.at_start else name


@dataclass(frozen=True)
class Law:
    """Two sides that must be equal. `each`: of every operation's own rows; `in_all`: though rows of some differ."""

    text: str
    left: tuple[Term, ...]
    right: tuple[Term, ...]
    each: bool = False
    in_all: bool = False

    def __str__(self) -> str:
        return self.text

    @property
    def terms(self) -> tuple[Term, ...]:
        return (*self.left, *self.right)

    @property
    def sources(self) -> frozenset[str]:
        """The names of the sources that it is about."""
        return frozenset(term.source for term in self.terms if term.source)

    def columns(self, source: str) -> frozenset[str]:
        """The columns of a source that it sums."""
        return frozenset(term.column for term in self.terms if term.source == source and term.column)


def law(value: object) -> Law:
    """A law from its text. Raises ValueError on anything else, with what was meant."""
    if isinstance(value, Law):
        return value
    if not isinstance(value, str) or value.count("=") != 1:
        raise ValueError(
            f"write two sums and one = between them, such as payments.amount = orders.amount, not {value!r}"
        )
    text = " ".join(value.split())
    how = _HOW.search(text)
    each, in_all = (how is not None and how[name] is not None for name in ("each", "all"))
    left, right = (_side(side, text) for side in _HOW.sub("", text).split("="))
    found = Law(text, left, right, each, in_all)
    if not found.sources:
        raise ValueError(f"{text!r} names no source; write source.column or count(source)")
    if each and any(term.at_start or not term.source for term in found.terms):
        raise ValueError(f"{text!r}: what holds for each order has neither `at start` nor plain numbers")
    return found


def _side(side: str, text: str) -> tuple[Term, ...]:
    terms, at, sign = [], 0, 1
    stripped = side.strip()
    if stripped.startswith("-"):
        sign, at = -1, side.index("-") + 1
    while True:
        match = _TERM.match(side, at)
        assert match is not None  # every part of it may be missing
        term = _term(match, sign)
        after = side[match.end() : match.end() + 1]
        if term is None or after not in ("", "+", "-"):
            raise ValueError(
                f"{text!r}: {_where(side, at)}; write source.column or count(source), each with + or - before it"
            )
        terms.append(term)
        if not after:
            return tuple(terms)
        sign, at = (1 if after == "+" else -1), match.end() + 1


def _where(side: str, at: int) -> str:
    rest = side[at:].strip()
    return f"cannot read {rest!r}" if rest else "a side is empty, or ends with a sign"


def _term(match: re.Match[str], sign: int) -> Term | None:
    factor, source = match["factor"], match["counted"] or match["source"] or ""
    if not source and (factor is None or match["start"] or match["times"]):
        return None
    return Term(sign * Fraction(factor or 1), source, match["column"] or COUNT, bool(match["start"]))


LawText = Annotated[
    Law,
    PlainValidator(law),
    PlainSerializer(str),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": "=",
            "examples": ["payments.amount = orders.amount", "stock.left at start - stock.left = orders.quantity"],
        }
    ),
]
