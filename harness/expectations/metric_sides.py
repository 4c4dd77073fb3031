"""Both sides of a claim about a service's metric, over the same stretch: what its counters tell, and what the ledger does."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from harness.expectations.base import Evidence
from harness.expectations.census import Census, Edges, Mask, Placed, census
from harness.expectations.counters import Counters, stretches
from harness.expectations.requests import cites, known_until_s, nothing_sent, still_open
from harness.facts import LoadEnded
from harness.journal import Window
from harness.ledger import OUTCOMES, request_id
from harness.verdict import Details, Finding, inconclusive

if TYPE_CHECKING:
    from harness.expectations.service_metric import ServiceMetric

TOO_WIDE = 0.05  # L and U further apart than this share of the requests tell too little


@dataclass(frozen=True)
class Told:
    """What the counters tell and what the ledger does, of the same stretch."""

    claim: ServiceMetric
    evidence: Evidence
    window: Window
    counters: Counters
    census: Census

    @property
    def where(self) -> str:
        """The stretch, as scrapes bound it."""
        (begin_s, _), (_, end_s) = self.counters.begin, self.counters.end
        return f"from {max(0.0, begin_s):.1f} s to {f'{end_s:.1f} s' if math.isfinite(end_s) else 'the end'}"

    def details(self, *more: tuple[str, str], others: Sequence[str] = ()) -> Details:
        """What a person checks the finding by."""
        found = [
            *more,
            ("counted between", f"{_between(self.counters.begin)} and {_between(self.counters.end)}"),
            ("query", " and ".join(self.claim.selectors())),
            ("targets", ", ".join(sorted(" ".join(filter(None, t.name)) for t in self.counters.targets))),
        ]
        if self.counters.lost:
            found.append(("may be in no counter, a process ended", "; ".join(stretches(self.counters.lost))))
        if others:
            found.append(("left out, not the load's", ", ".join(others)))
        return tuple(found)

    def examples(self, endpoints: frozenset[int], classes: frozenset[int] | None = None) -> tuple[str, ...]:
        """Citations of three requests that were surely counted, or should have been."""
        return tuple(self.census.rows.cite(place) for place in self.census.examples(endpoints, classes))

    def lost_examples(self, outcomes: Sequence[str]) -> tuple[str, ...]:
        """Three that came to one of these outcomes."""
        numbers = [OUTCOMES.index(outcome) for outcome in outcomes]
        return self._cited(lambda one: one.ended & np.isin(one.part["outcome"], numbers))

    def slow_examples(self, endpoints: frozenset[int], took_us: int, *, over: bool) -> tuple[str, ...]:
        """Three of these requests that took more than so long, or no more."""
        chosen = sorted(endpoints)

        def which(one: Placed) -> Mask:
            slow = one.took_us > took_us
            return one.sure & np.isin(one.part["endpoint"], chosen) & (slow if over else ~slow)

        return self._cited(which)

    def _cited(self, which: Callable[[Placed], Mask]) -> tuple[str, ...]:
        return tuple(self.census.rows.cite(place) for place in self.census.spread(which))

    def fates(self) -> str:
        """How the requests between the edges ended."""
        total = self.census.ended.sum(axis=0).tolist()
        return ", ".join(f"{count} {name}" for name, count in zip(OUTCOMES, total, strict=True) if name and count)

    def ids(self, citations: Sequence[str]) -> tuple[str, str]:
        """The ids under which these requests are found in the service's own logs."""
        opened = self.evidence.journal.opened
        run = opened.run if opened else ""
        pairs = (tuple(map(int, cite.removeprefix("row ").split(":"))) for cite in citations)
        return "example requests", ", ".join(request_id(run, worker, number) for worker, number in pairs)

    def cites(self, *rows: str) -> tuple[str, ...]:
        return (*cites(self.evidence), *rows)


def told(claim: ServiceMetric, evidence: Evidence, window: Window, found: Counters) -> Told | Finding:
    """The ledger's side, between the edges that the scrapes give."""
    ended = evidence.journal.last(LoadEnded) is not None
    if not ended and known_until_s(evidence.journal) < found.end[1] + claim.skew_s:
        return still_open(evidence, window)
    if not len(evidence.rows):
        return nothing_sent(evidence, "")
    if not found.targets:
        return inconclusive(
            f"no series of {claim.selectors()[0]} in the window",
            reason="no_series",
            decide="a metric of that name, with these labels; `only` and `metric` as the service exposes them",
            cites=cites(evidence),
        )
    if (odd := _odd(evidence, found)) is not None:
        return odd
    linger_s = evidence.timeout_s if claim.linger_s is None else claim.linger_s
    edges = Edges(found.begin, found.end, found.lost, claim.skew_s, linger_s, claim.in_front)
    asked = census(evidence.rows, edges)
    if asked.waiting and not ended:
        return still_open(evidence, window)
    return Told(claim, evidence, window, found, asked)


def _odd(evidence: Evidence, found: Counters) -> Finding | None:
    """Counters that are none: several processes behind one address, or one that falls while its process goes on."""
    mixed = [target.name[1] for target in found.targets if target.mixed]
    if mixed:
        return inconclusive(
            f"{mixed[0]} answered now as one process, now as another: each counts for itself, and a scrape meets either",
            reason="several_processes",
            decide="a metrics page that tells of all its worker processes",
            cites=cites(evidence),
        )
    return None


def too_wide(told_: Told, what: str, least: int, most: int) -> Finding:
    return inconclusive(
        f"{what}: between {least} and {most} requests can have been counted {told_.where}, too far apart to tell",
        reason="too_wide",
        decide="a longer window, fewer requests on their way at its ends, no process that ends in it",
        cites=told_.cites(),
        details=told_.details(),
    )


def most_under_way_s(window_s: float, skew_s: float) -> float:
    """How long requests may be under way at either end of a window so that L and U stay within TOO_WIDE of each other, at an even
    rate: at each end those are not sure that were under way, or sent or answered within twice the skew."""
    return TOO_WIDE * window_s / 2 - 2 * skew_s


def is_wide(least: int, most: int) -> bool:
    return most - least > TOO_WIDE * max(least, 1)


def no_number(told_: Told) -> Finding:
    return inconclusive(
        f"a sample of {' or '.join(told_.claim.selectors())} was no number {told_.where}",
        reason="no_data",
        decide="a counter that gives numbers",
        cites=told_.cites(),
        details=told_.details(),
    )


def _between(interval: tuple[float, float]) -> str:
    low, high = interval
    return f"{low:.3f}–{high:.3f} s" if math.isfinite(low) and math.isfinite(high) else "the run's own beginning or end"
