"""Counters that are late: how far behind their service, where the load's own requests prove it. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from harness.expectations.census import Counts, Edges, placed
from harness.expectations.counters import Counters, Interval, Segment, Target, Unclear, counters
from harness.journal import Window
from harness.series import RawSeries, scrapes_of
from harness.series.raw import MS, Floats

if TYPE_CHECKING:
    from harness.expectations.base import Evidence
    from harness.ledger import Rows

STOOD = 3  # requests that were surely answered while a counter stood still: it is behind


@dataclass(frozen=True)
class Late:
    """A counter that was seen to be behind: at since_s it lacked what had been answered, and by until_s rose by more than was asked
    since then."""

    lag_s: float
    since_s: float
    until_s: float


def late(rows: Rows, found: Counters, selector: str, edges: Edges) -> Late | None:
    """How far the counters are behind their service, where that shows: a page that is pushed to, or kept, steps. None: it does not."""
    steps = [
        step
        for target in found.targets
        for segment in target.segments
        for step in _steps(_totals(found, found.book.get(selector, ()), target, segment))
    ]
    if not steps:
        return None
    asked = _Asked.of(rows, edges)
    proven = [
        Late(end_s - before_s, still_s, end_s)
        for before_s, still_s, jump_s, end_s, rose in steps
        if asked.least(still_s, jump_s) >= STOOD and rose > asked.most(jump_s, end_s + _took_s(found, end_s))
    ]
    return max(proven, key=lambda one: one.lag_s, default=None)


def lagging(found: Counters, series: Collection[RawSeries], rows: Rows, edges: Edges) -> Late | None:
    """How far one target's counters were behind their service at most, where the whole run proves that they were late and no
    more: they never had more than was asked, lacked at one scrape what had surely been answered, had by a later one more than
    was asked since, and had all in the end. One that loses requests never has more than was asked since; what counts requests
    of others has more than was asked; one that is late and loses some lacks them in the end. None: it is not proven.

    found, series, rows  over the run (`of_run`); of the series those whose requests are the rows
    edges                for their skew, linger_s and in_front
    """
    target = found.targets[0] if len(found.targets) == 1 else None  # of several nobody knows who took which request
    asked = _Asked.of(rows, edges)
    if target is None or asked.led or not len(asked.sent_s):
        return None
    before = (
        target.begin is not None and target.begin[0] <= asked.sent_s[0]
    )  # else it is taken to have counted from zero
    at_s, had = _had(found, series, target, since_first=before)
    if not np.isfinite(had).all():
        return None
    until_s = at_s + np.array([_took_s(found, one) for one in at_s.tolist()])
    oldest_s = until_s + edges.skew_s - asked.sent(had)  # so old, at most, is what it lacks
    during = at_s <= min([asked.done_s, *(low_s + MS for low_s, _ in found.lost)])
    known_s = np.where(during & (had < asked.sure_by(at_s)), oldest_s, 0.0)
    sure = _Asked.of(rows, replace(edges, lost=earlier(found.lost, float(known_s.max(initial=0.0)))))
    lag_s = np.where(had < sure.sure_by(at_s), oldest_s, known_s)
    usual_s = float(lag_s[at_s <= asked.done_s].max(initial=0.0) + np.diff(at_s).max(initial=0.0))
    ahead, in_the_end = (had > asked.sent_by(until_s)).any(), had[-1] >= sure.sure_by(at_s[-1:] - usual_s)[0]
    if ahead or not in_the_end or not lag_s.any():
        return None
    first, lacked = int(lag_s.argmax()), had - asked.over_by(at_s)
    more = np.flatnonzero(had[1:] - asked.sent_by(until_s[1:]) > np.minimum.accumulate(lacked)[:-1]) + 1
    if len(more):
        return Late(float(lag_s[first]), float(at_s[lacked[: more[0]].argmin()]), float(at_s[more[0]]))
    settled = at_s[-1] - usual_s >= asked.done_s and had[-1] >= len(asked.sent_s)
    return Late(float(lag_s[first]), float(at_s[first]), float(at_s[-1])) if settled else None


def of_run(evidence: Evidence, selectors: Sequence[str]) -> Counters | None:
    """The counters from the last scrape before the load to the last of all that is known; None where they are not known."""
    book = evidence.series
    names = {series.target for selector in selectors for series in book.get(selector, ())}
    every = [scrapes for name in names if (scrapes := scrapes_of(book, name)) is not None and scrapes.good.any()]
    if not every or not len(evidence.rows):
        return None
    run = Window(
        float(evidence.rows.array["intended_us"].min()) / 1e6, max(float(one.began_s[one.good][-1]) for one in every)
    )
    try:
        return counters(selectors, book, run, evidence.journal, over=True)
    except Unclear:
        return None


def earlier(lost: Iterable[Interval], lag_s: float) -> list[Interval]:
    """What a process that ends takes with it where its counts are so late."""
    return [(low_s - lag_s, high_s) for low_s, high_s in lost]


def _had(found: Counters, series: Collection[RawSeries], target: Target, *, since_first: bool) -> tuple[Floats, Floats]:
    """At each good scrape of a target, how much it had counted since the first, or in all, by whichever process."""
    at_s, had, before = [np.zeros(0)], [np.zeros(0)], 0.0
    for segment in target.segments:
        scraped_s, total = _totals(found, series, target, segment)
        if len(total):
            at_s.append(scraped_s)
            had.append(before + total - (total[0] if since_first and not segment.born else 0.0))
            before = float(had[-1][-1])
    return np.concatenate(at_s), np.concatenate(had)


def _totals(found: Counters, every: Collection[RawSeries], target: Target, segment: Segment) -> tuple[Floats, Floats]:
    """At each good scrape of one process, the sum of all its series (of a histogram, those that count all)."""
    scrapes = scrapes_of(found.book, target.name)
    if scrapes is None:
        return np.zeros(0), np.zeros(0)
    good = scrapes.began_s[scrapes.good]
    good = good[(good >= segment.first_s - MS) & (good <= segment.last_s + MS)]
    total = np.zeros(len(good))
    for series in every:
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
    """When all requests were sent and answered, sorted (s): so that any stretch's bounds are four look-ups. `led`: redirects led
    some on, or clients sent some again, each to the service two or more."""

    sent_s: Floats
    until_s: Floats
    sure_sent_s: Floats
    sure_done_s: Floats
    skew_s: float
    led: bool

    @staticmethod
    def of(rows: Rows, edges: Edges) -> _Asked:
        everything = replace(edges, begin=(-np.inf, -np.inf), end=(np.inf, np.inf))
        found: list[Sequence[Floats]] = []
        led = False
        for one in placed(rows, everything):
            sent_s = (one.part["intended_us"] + one.part["sent_us"].astype(np.float64)) / 1e6
            done_s = sent_s + one.part["took_us"] / 1e6
            until_s = np.where(
                one.sure & (one.more == 0), done_s, np.where(one.ended | one.told, done_s + edges.linger_s, np.inf)
            )
            asked = (one.can | one.unclear) * (1 + one.more)  # each attempt of a client's
            led |= bool(one.moved.any() or one.more.any())
            found.append((np.repeat(sent_s, asked), np.repeat(until_s, asked), sent_s[one.sure], done_s[one.sure]))
        columns = [np.sort(np.concatenate([np.zeros(0), *column])) for column in zip(*found, strict=True)]
        return _Asked(columns[0], columns[1], columns[2], columns[3], edges.skew_s, led)

    def most(self, start_s: float, end_s: float) -> int:
        """No more than so many can have been counted in a stretch."""
        return _before(self.sent_s, end_s + self.skew_s) - _before(self.until_s, start_s - self.skew_s)

    def least(self, start_s: float, end_s: float) -> int:
        """So many surely were, or more."""
        return _before(self.sure_done_s, end_s - self.skew_s) - _before(self.sure_sent_s, start_s + self.skew_s)

    @property
    def done_s(self) -> float:
        """When the last was surely answered."""
        return float(self.sure_done_s[-1]) if len(self.sure_done_s) else 0.0

    def sent(self, had: Floats) -> Floats:
        """When the last of so many was sent, or the first of all."""
        return self.sent_s[np.clip(np.round(had).astype(np.int64) - 1, 0, len(self.sent_s) - 1)]

    def sent_by(self, at_s: Floats) -> Counts:
        """No more than so many can have been counted by each instant."""
        return np.searchsorted(self.sent_s, at_s + self.skew_s)

    def over_by(self, at_s: Floats) -> Counts:
        """So many could not be counted any more after each, or more."""
        return np.searchsorted(self.until_s, at_s - self.skew_s)

    def sure_by(self, at_s: Floats) -> Counts:
        """So many surely were by each, or more."""
        return np.searchsorted(self.sure_done_s, at_s - self.skew_s)


def _before(at_s: Floats, instant_s: float) -> int:
    return int(np.searchsorted(at_s, instant_s))
