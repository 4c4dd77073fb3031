"""An order book as a drill declares it, without how its sources are read: what judging needs to know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from harness.orders.laws import Law

STORE, EFFECT, QUEUE, DEAD, FIGURES = "store", "effect", "queue", "dead", "figures"
ROLES = (STORE, EFFECT, QUEUE, DEAD, FIGURES)
KEYED = (STORE, EFFECT, QUEUE, DEAD)
"""Roles whose rows each speak of an operation; `figures` are numbers alone."""
START, AGAIN, AMID, FIRST, SECOND = "start", "again", "amid", "first", "second"
"""Before the load; once more before the first phase, where that failed; of a queue while a fault is on, only counted; and twice when the stack has settled."""


@dataclass(frozen=True)
class Declared:
    """
    request    the endpoint's name in the ledger, `POST /checkout`
    sources    role by source, in the file's order
    laws       what must hold across them
    within_s   for how long the stack is waited for at most, until it is quiet
    in_order   by source, the column whose rows must stand in the order in which their operations were acknowledged
    own_ids    effects of which the drill does not say that their `id` is the order's: it may be the rows' own
    unproven   sources that read as empty where nothing has their name
    alone      nobody but this load orders, also on a project that runs already
    """

    request: str
    sources: Mapping[str, str]
    laws: tuple[Law, ...] = ()
    within_s: float = 120.0
    in_order: Mapping[str, str] = field(default_factory=dict)
    own_ids: frozenset[str] = frozenset()
    unproven: frozenset[str] = frozenset()
    alone: bool = False

    def of(self, *roles: str) -> tuple[str, ...]:
        """The sources that have one of these roles."""
        return tuple(source for source, role in self.sources.items() if role in roles)

    def columns(self, source: str) -> frozenset[str]:
        """The columns of a source whose numbers the laws sum."""
        return frozenset(column for law in self.laws for column in law.columns(source))
