"""Counters that cannot be laid beside the load's requests as they are: whose they are, and of when, is not what it seems. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from harness.expectations.census import Edges, placed
from harness.expectations.counters import START, Counters, Segment, Target
from harness.expectations.metric_names import OURS
from harness.expectations.requests import cites
from harness.series import RawSeries, scrapes_of
from harness.series.raw import MS, Floats
from harness.verdict import Finding, inconclusive

if TYPE_CHECKING:
    from harness.expectations.base import Evidence
    from harness.ledger import Rows

STOOD = 3  # requests that were surely answered while a counter stood still: it is behind
TRIED = 4  # times that one target's samples must have risen on from the other's, to be taken for the same counter


def odd(evidence: Evidence, found: Counters, selector: str) -> Finding | None:
    """Counters that are none: several processes behind one address, or one process behind several targets."""
    return several(evidence, found) or twice(evidence, found, selector)


def several(evidence: Evidence, found: Counters) -> Finding | None:
    """Several processes behind one address, each with counters of its own."""
    return next((_several(evidence, target) for target in found.targets if target.mixed or target.fell), None)


def _several(evidence: Evidence, target: Target) -> Finding:
    name = target.name[1]
    if target.mixed:
        why = f"{name} answered now as one process, now as another: each counts for itself, and a scrape meets either"
    else:
        times = "once" if len(target.fell) == 1 else f"{len(target.fell)} times"
        why = (
            f"counters of {name} fell {times}, first between {target.fell[0][0]:.1f} s and {target.fell[0][1]:.1f} s, and no "
            "container ended then: several processes that count for themselves, or one that was begun anew unseen"
        )
    return inconclusive(
        why,
        reason="several_processes",
        decide=f"a metrics page that tells of all its worker processes, a target for each, or {START} on the page",
        cites=cites(evidence),
    )


def twice(evidence: Evidence, found: Counters, selector: str, *, guess: bool = False) -> Finding | None:
    """One process that two targets tell of. `guess`: also where only their numbers say so, and not their address or beginning."""
    for one, other in combinations([target.name for target in found.targets], 2):
        if _same(found, selector, one, other, guess):
            names = [f"job {job!r}, instance {instance!r}" for job, instance in (one, other)]
            return inconclusive(
                f"{names[0]} and {names[1]} tell of the same process: each request is counted twice",
                reason="scraped_twice",
                decide=f"`only` with one of them, such as job={one[0]!r}".replace("'", '"')
                if one[0] != other[0]
                else f"`only` with one of them, such as instance={one[1]!r}".replace("'", '"'),
                cites=cites(evidence),
            )
    return None


def _same(found: Counters, selector: str, one: tuple[str, str], other: tuple[str, str], guess: bool) -> bool:
    mine, its = _by_labels(found, selector, one), _by_labels(found, selector, other)
    shared = mine.keys() & its.keys()
    if not shared:
        return False
    if one[1] == other[1]:
        return True
    begun = [
        {float(v) for s in found.book.get(START, ()) if s.target == name for v in s.value} for name in (one, other)
    ]
    if all(begun) and not begun[0] & begun[1]:
        return False
    if not all(begun) and not guess:
        return False
    took_s = max(_longest_s(found, one), _longest_s(found, other))
    told = [_one_counter(mine[key], its[key], took_s) for key in shared]
    return None not in told and sum(times or 0 for times in told) >= TRIED


def _by_labels(found: Counters, selector: str, name: tuple[str, str]) -> dict[tuple[tuple[str, str], ...], RawSeries]:
    return {
        tuple(sorted((k, v) for k, v in series.labels.items() if k not in OURS or k == "le")): series
        for series in found.book.get(selector, ())
        if series.target == name
    }


def _longest_s(found: Counters, name: tuple[str, str]) -> float:
    scrapes = scrapes_of(found.book, name)
    return float(np.percentile(scrapes.took_s[:-1], 95)) if scrapes is not None and len(scrapes) > 1 else 0.0


def _one_counter(mine: RawSeries, its: RawSeries, took_s: float) -> int | None:
    """How often the samples of one rose on from the other's; None when they cannot be of one counter."""
    at_s = np.concatenate([mine.t_s, its.t_s])
    order = np.argsort(at_s, kind="stable")
    value = np.concatenate([mine.value, its.value])[order]
    whose = np.concatenate([np.zeros(len(mine)), np.ones(len(its))])[order]
    apart = np.diff(at_s[order]) > took_s
    rose = np.diff(value)
    if (rose[apart] < 0).any():
        return None
    return int((apart & (rose > 0) & (np.diff(whose) != 0)).sum())


@dataclass(frozen=True)
class Late:
    """A counter that was seen to be behind: it stood still from `since_s` on, and by until_s rose by more than was asked then."""

    lag_s: float
    since_s: float
    until_s: float


def late(rows: Rows, found: Counters, selector: str, skew_s: float, linger_s: float) -> Late | None:
    """How far the counters are behind their service, where that shows: a page that is pushed to, or kept, steps. None: it does not."""
    steps = [
        step
        for target in found.targets
        for segment in target.segments
        for step in _steps(_totals(found, selector, target, segment))
    ]
    if not steps:
        return None
    asked = _Asked.of(rows, skew_s, linger_s)
    proven = [
        Late(end_s - before_s, still_s, end_s)
        for before_s, still_s, jump_s, end_s, rose in steps
        if asked.least(still_s, jump_s) >= STOOD and rose > asked.most(jump_s, end_s + _took_s(found, end_s))
    ]
    return max(proven, key=lambda one: one.lag_s, default=None)


def behind(rows: Rows, found: Counters, selector: str, less: str, skew_s: float, linger_s: float) -> Late | None:
    """How far a counter is behind its service, also where it rises at every scrape: at one it lacked requests that were surely
    answered since another before, and by a later one it rose by more than were asked since. So they were not lost, but late.

    rows  the requests that it counts; `less`: the selector of series to be left out, with theirs
    """
    asked = _Asked.of(rows, skew_s, linger_s)
    worst: Late | None = None
    for target in found.targets if len(found.targets) == 1 else ():  # of several nobody knows who took which request
        for segment in target.segments:
            at_s, total = _totals(found, selector, target, segment)
            total = total - _totals(found, less, target, segment)[1]
            for i in range(1, len(at_s) - 1):
                lacks = total[i] - total[i - 1] < asked.least(at_s[i - 1] + _took_s(found, at_s[i - 1]), at_s[i])
                later = next(
                    (
                        j
                        for j in range(i + 1, len(at_s))
                        if total[j] - total[i] > asked.most(at_s[i], at_s[j] + _took_s(found, at_s[j]))
                    ),
                    None,
                )
                if lacks and later is not None and (worst is None or at_s[later] - at_s[i - 1] > worst.lag_s):
                    worst = Late(float(at_s[later] - at_s[i - 1]), float(at_s[i]), float(at_s[later]))
    return worst


def _totals(found: Counters, selector: str, target: Target, segment: Segment) -> tuple[Floats, Floats]:
    """At each good scrape of one process, the sum of all its series (of a histogram, those that count all)."""
    scrapes = scrapes_of(found.book, target.name)
    if scrapes is None:
        return np.zeros(0), np.zeros(0)
    good = scrapes.began_s[scrapes.good]
    good = good[(good >= segment.first_s - MS) & (good <= segment.last_s + MS)]
    total = np.zeros(len(good))
    for series in found.book.get(selector, ()):
        if series.target == target.name and series.labels.get("le", "+Inf") in ("+Inf", "inf", "Inf"):
            part = series.between(segment.first_s - MS, segment.last_s + MS)
            place = np.searchsorted(good, part.t_s - MS)
            fits = place < len(good)
            np.add.at(total, place[fits], part.value[fits])
    return good, total


def _steps(totals: tuple[Floats, Floats]) -> Iterator[tuple[float, float, float, float, float]]:
    """Each rise after a stand-still: the scrape before it stood, the first and last at which it did, the next one, and the rise."""
    at_s, total = totals
    rises = np.diff(total)
    still = 0
    for i, rose in enumerate(rises.tolist()):
        if rose == 0:
            still += 1
            continue
        if still and rose > 0:
            first = i - still
            yield float(at_s[max(0, first - 1)]), float(at_s[first]), float(at_s[i]), float(at_s[i + 1]), rose
        still = 0


def _took_s(found: Counters, at_s: float) -> float:
    every = (scrapes_of(found.book, target.name) for target in found.targets)
    return max((scrapes.took_at(at_s) for scrapes in every if scrapes is not None), default=0.0)


@dataclass(frozen=True, eq=False)
class _Asked:
    """When all requests were sent and answered, sorted (s): so that any stretch's bounds are four look-ups."""

    sent_s: Floats
    until_s: Floats
    sure_sent_s: Floats
    sure_done_s: Floats
    skew_s: float

    @staticmethod
    def of(rows: Rows, skew_s: float, linger_s: float) -> _Asked:
        everything = Edges((-np.inf, -np.inf), (np.inf, np.inf), (), skew_s, linger_s)
        found: list[Sequence[Floats]] = []
        for one in placed(rows, everything):
            sent_s = (one.part["intended_us"] + one.part["sent_us"].astype(np.float64)) / 1e6
            done_s = sent_s + one.part["took_us"] / 1e6
            until_s = np.where(one.sure, done_s, np.where(one.ended, done_s + linger_s, np.inf))
            asked = one.can | one.unclear
            found.append((sent_s[asked], until_s[asked], sent_s[one.sure], done_s[one.sure]))
        columns = [np.sort(np.concatenate([np.zeros(0), *column])) for column in zip(*found, strict=True)]
        return _Asked(columns[0], columns[1], columns[2], columns[3], skew_s)

    def most(self, start_s: float, end_s: float) -> int:
        """No more than so many can have been counted in a stretch."""
        return _before(self.sent_s, end_s + self.skew_s) - _before(self.until_s, start_s - self.skew_s)

    def least(self, start_s: float, end_s: float) -> int:
        """So many surely were, or more."""
        return _before(self.sure_done_s, end_s - self.skew_s) - _before(self.sure_sent_s, start_s + self.skew_s)


def _before(at_s: Floats, instant_s: float) -> int:
    return int(np.searchsorted(at_s, instant_s))
