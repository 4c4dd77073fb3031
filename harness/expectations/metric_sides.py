"""Both sides of a claim about a service's metric, over the same stretch: what its counters tell, and what the ledger does."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from harness.expectations.base import Evidence
from harness.expectations.census import Census, Mask, Placed, census
from harness.expectations.counters import Counters, stretches
from harness.expectations.metric_doubts import REDIRECTED, RETRIED
from harness.expectations.metric_in_front import either
from harness.expectations.metric_inner import Inner, inner_of
from harness.expectations.metric_late import Late, earlier, lagging, late, of_run
from harness.expectations.metric_odd import odd
from harness.expectations.metric_unscraped import no_series
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
    late: Late | None = None

    @cached_property
    def inner(self) -> Inner | None:
        """The service that counts, where the load comes to it through another."""
        return inner_of(self)

    @property
    def where(self) -> str:
        """The stretch, as scrapes bound it."""
        (begin_s, _), (_, end_s) = self.counters.begin, self.counters.end
        return f"from {max(0.0, begin_s):.1f} s to {f'{end_s:.1f} s' if math.isfinite(end_s) else 'the end'}"

    @property
    def labels(self) -> list[Mapping[str, str]]:
        """Those of the series that the claim counts."""
        every = (one for each in self.claim.selectors() for one in self.evidence.series.get(each, ()))
        return [one.labels for one in every]

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
        if self.late is not None:
            found.append(("behind by up to", f"{self.late.lag_s:.1f} s"))
        if others:
            found.append(("left out, not the load's", ", ".join(others)))
        if left := self.claim.groups(self.evidence, self.labels).left_out:
            found.append(("left out by `only`", ", ".join(left)))
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

    def beside(self, endpoints: frozenset[int], rose: float) -> bool:
        """Events alone tell of these, and no series counts them: they are no requests to this service, and nothing depends on them."""
        return rose == 0 and 0 < self.census.most(endpoints) == self.census.told[sorted(endpoints)].sum()

    def ids(self, citations: Sequence[str]) -> tuple[str, str]:
        """The ids under which these requests are found in the service's own logs."""
        opened = self.evidence.journal.opened
        run = opened.run if opened else ""
        pairs = (tuple(map(int, cite.removeprefix("row ").split(":"))) for cite in citations)
        return "example requests", ", ".join(request_id(run, worker, number) for worker, number in pairs)

    def cites(self, *rows: str) -> tuple[str, ...]:
        return (*cites(self.evidence), *rows)


def told(
    claim: ServiceMetric, evidence: Evidence, window: Window, found: Counters, slow: Late | None = None
) -> Told | Finding:
    """The ledger's side, between the edges that the scrapes give. `slow`: how late the counters are known to be."""
    ended = evidence.journal.last(LoadEnded) is not None
    if not ended and known_until_s(evidence.journal) < found.end[1] + claim.skew_s:
        return still_open(evidence, window)
    if not len(evidence.rows):
        return nothing_sent(evidence, "")
    if not found.targets:
        return no_series(claim, evidence, window)
    selector = claim.selectors()[0]
    if (strange := odd(evidence, found, selector)) is not None:
        return strange
    edges = claim.edges(evidence, found)
    behind = slow or late(evidence.rows, found, selector, edges)
    if behind is not None:
        begin, end = earlier((found.begin, found.end), behind.lag_s)
        edges = replace(edges, begin=begin, end=end, lost=earlier(found.lost, behind.lag_s))
    asked = census(evidence.rows, edges)
    if asked.waiting and not ended:
        return still_open(evidence, window)
    return Told(claim, evidence, window, found, asked, behind)


def if_late(told_: Told) -> Told | Finding | None:
    """The same between edges so much earlier as the counters are proven to be late over the whole run; None: they are not."""
    claim, evidence = told_.claim, told_.evidence
    run = of_run(evidence, claim.selectors())
    if run is None:
        return None
    series = list(evidence.series[claim.selectors()[0]])
    groups = claim.groups(evidence, [one.labels for one in series])
    names = frozenset(groups.series.values())
    rows = evidence.rows
    if claim.request:
        endpoints = frozenset[int]().union(*(groups.endpoints[name] for name in names))
        rows = rows.select(np.isin(rows.array["endpoint"], sorted(endpoints)))
    slow = lagging(run, [series[place] for place in groups.series], rows, claim.edges(evidence, run))
    return None if slow is None else told(claim, evidence, told_.window, told_.counters, slow)


def too_wide(told_: Told, what: str, least: int, most: int) -> Finding:
    if told_.late is not None:
        return counted_late(told_, what)
    if told_.census.moved:
        return redirected(told_, what)
    known = most - int(told_.census.more.sum())
    if known < most and not is_wide(least, known):
        return retried(told_, what)
    if told_.census.told.any() and not is_wide(least + int(told_.census.told.sum()), known):
        return only_told(told_, what)
    fronted = told_.census.fronted()
    excused = fronted and not is_wide(least + sum(fronted.values()), most)
    why = f": {sum(fronted.values())} were answered {either(fronted)}, which `in_front` excuses" if excused else ""
    return inconclusive(
        f"{what}: between {least} and {most} requests can have been counted {told_.where}, too far apart to tell{why}",
        reason="too_wide",
        decide="`in_front` without the statuses that the service answers itself; a window with fewer of the others"
        if excused
        else "a longer window, fewer requests on their way at its ends, no process that ends in it",
        cites=told_.cites(),
        details=told_.details(),
    )


def counted_late(told_: Told, what: str) -> Finding:
    behind = told_.late
    assert behind is not None
    return inconclusive(
        f"{what} lacked at {behind.since_s:.1f} s what had been answered, and by {behind.until_s:.1f} s rose by more than were sent "
        f"since: it is up to {behind.lag_s:.1f} s behind its service, and so cannot be laid beside the load",
        reason="counted_late",
        decide="Prometheus scraping the service itself (not what it pushes to), or a window many times as long as it is behind",
        cites=told_.cites(),
        details=told_.details(),
    )


def redirected(told_: Told, what: str) -> Finding:
    moved = told_.census.moved
    were = "1 request of the load was" if moved == 1 else f"{moved} requests of the load were"
    return inconclusive(
        f"{what}: {were} led on by redirects {told_.where}, each to the service two or more, and nobody wrote down which",
        reason="redirected",
        decide=REDIRECTED,
        cites=told_.cites(),
        details=told_.details(),
    )


def retried(told_: Told, what: str) -> Finding:
    again = int(told_.census.again.sum())
    were = "1 request of the load was" if again == 1 else f"{again} requests of the load were"
    return inconclusive(
        f"{what}: {were} sent again by the load's own client {told_.where} (a Retry, or a connection that was closed meanwhile): a row tells "
        "of the last attempt, and those before it may have come to the service",
        reason="retried",
        decide=RETRIED,
        cites=told_.cites(),
        details=told_.details(),
    )


def only_told(told_: Told, what: str) -> Finding:
    told_by = told_.census.told.tolist()
    names = [name for name, count in zip(told_.census.rows.endpoints, told_by, strict=True) if count]
    return inconclusive(
        f"{what}: of {sum(told_by)} of the load's rows {told_.where} ({', '.join(names[:3])}{', …' if len(names) > 3 else ''}) only events of "
        "the locustfile's tell, and nothing says whether each is one request to the service",
        reason="only_told",
        decide="`request`, where the series are spelt as these events are named; a load without them, where they are no requests",
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
