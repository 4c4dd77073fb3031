"""What a service's own counters rose by in a stretch of time, from raw samples, and between which instants that is known.

Every target has scrapes of its own, and what a scrape read is of some instant between its beginning and its end. So a rise is
known between two edges, each an interval. A process that ended took with it what it had counted since its last scrape; that
stretch is told as lost, and nobody is blamed for it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from harness.expectations.deaths import Deaths
from harness.series import Book, RawSeries, scrapes_of
from harness.series.raw import MS, Scrapes
from harness.wall import Wall

if TYPE_CHECKING:
    from harness.journal import Journal, Window

Interval = tuple[float, float]
START = "process_start_time_seconds"
"""Exposed by nearly every client library: tells a new process from a counter that fell."""
START_ERROR_S = 1.0  # Linux tells the boot in whole seconds, and processes by it
LEAVES_S = 30.0  # a target is no longer looked for at most so long before its container has died


@dataclass(frozen=True)
class Rise:
    """One series' rise. `gone_s`: from this good scrape on its target no longer gave it. `value` None: it was no number."""

    labels: Mapping[str, str]
    value: float | None
    gone_s: float | None = None


@dataclass(frozen=True)
class Segment:
    """Good scrapes of one process of a target. `born`: it began in the stretch, and so counts from zero."""

    first_s: float
    last_s: float
    born: bool


@dataclass(frozen=True)
class Target:
    """
    begin  between these instants the first values were read; `since_s`: it counts from its own beginning, not before this
    end    between these the last; None when it was gone by then
    lost   stretches of which its processes took their counts with them
    fell   scrapes between which a counter fell though its process went on, or, where it does not tell its beginning, though
           no container died then
    mixed  it answered now as one process, now as another that had been there before
    """

    name: tuple[str, str]
    segments: tuple[Segment, ...]
    begin: Interval | None = None
    since_s: float = math.inf
    end: Interval | None = None
    lost: tuple[Interval, ...] = ()
    fell: tuple[Interval, ...] = ()
    mixed: bool = False


@dataclass(frozen=True)
class Counters:
    """The targets that gave a selector's series, and between which instants their rises are known."""

    targets: tuple[Target, ...]
    book: Book = field(repr=False)

    @property
    def begin(self) -> Interval:
        """The rise holds everything counted after the second instant, and nothing counted before the first."""
        begun = [target.begin for target in self.targets if target.begin]
        earliest = min([low for low, _ in begun] + [target.since_s for target in self.targets], default=-math.inf)
        return earliest, max((high for _, high in begun), default=-math.inf)

    @property
    def end(self) -> Interval:
        """The rise holds everything counted before the first instant, and nothing counted after the second."""
        ended = [target.end for target in self.targets if target.end]
        gone = any(target.end is None for target in self.targets)
        first = min((low for low, _ in ended), default=math.inf)
        return first, math.inf if gone and not ended else max((high for _, high in ended), default=math.inf)

    @property
    def lost(self) -> tuple[Interval, ...]:
        return tuple(sorted(stretch for target in self.targets for stretch in target.lost))

    def rises(self, selector: str) -> list[Rise]:
        """Of each series of the selector, its rise between the edges."""
        known = {target.name: target for target in self.targets}
        return [_rise(series, known[series.target]) for series in self.book.get(selector, ()) if series.target in known]


class Unclear(Exception):
    """Why nothing can be said, and what would decide it. `still_open`: more evidence may come."""

    def __init__(self, why: str, decide: str, *, still_open: bool = False) -> None:
        super().__init__(why)
        self.decide = decide
        self.still_open = still_open


def counters(selectors: Sequence[str], book: Book, window: Window, journal: Journal, *, over: bool) -> Counters:
    """The counters of the selectors' targets over a window. `over`: no more samples will come.

    Raises Unclear for a target whose scrapes are not known, or not those of its samples, and while it is not known what became
    of one.
    """
    wall, deaths = Wall.of(journal), Deaths.of(journal)
    names = dict.fromkeys(series.target for selector in selectors for series in book.get(selector, ()))
    found = []
    for name in names:
        scrapes = scrapes_of(book, name)
        if scrapes is None or not scrapes.good.any():
            raise Unclear(
                f"there is no series `up` for job {name[0]!r}, instance {name[1]!r}: its scrapes are not known",
                "Prometheus' own series of that target",
            )
        mine = [series for selector in selectors for series in book.get(selector, ()) if series.target == name]
        if any(stamps_its_own(one, scrapes) for one in mine):
            raise Unclear(
                f"job {name[0]!r}, instance {name[1]!r} gives its samples time stamps of its own: which scrape gave one, and of "
                "which instant it is, is not known",
                "`honor_timestamps: false` in that job's scrape_config (an OpenTelemetry collector: `send_timestamps: false`)",
            )
        started = next((one for one in book.get(START, ()) if one.target == name), None)
        target = _target(name, scrapes, mine, _starts(scrapes, started, wall), window, deaths)
        if target is not None:
            if target.end is None and not over:
                raise Unclear(
                    f"{name[1]} was not scraped after the window yet", "a scrape after the window", still_open=True
                )
            found.append(target)
    return Counters(tuple(found), book)


def stamps_its_own(series: RawSeries, scrapes: Scrapes) -> bool:
    """Whether most of its samples are of no scrape: Prometheus takes the stamps of a page that has some."""
    part = series.between(float(scrapes.began_s[0]) - MS, float(scrapes.began_s[-1]) + MS)
    near = np.clip(np.searchsorted(scrapes.began_s, part.t_s - MS), 0, len(scrapes) - 1)
    return bool((np.abs(scrapes.began_s[near] - part.t_s) > MS).sum() * 2 > len(part))


def _starts(scrapes: Scrapes, started: RawSeries | None, wall: Wall) -> dict[float, float]:
    """By good scrape, when the process that answered it began, on the run's axis; where it told."""
    good = scrapes.began_s[scrapes.good].tolist()
    told = {at_s: started.at(at_s) for at_s in good} if started is not None else {}
    return {at_s: wall.at_s(unix) for at_s, unix in told.items() if unix is not None}


def _target(
    name: tuple[str, str],
    scrapes: Scrapes,
    mine: Sequence[RawSeries],
    starts: Mapping[float, float],
    window: Window,
    deaths: Deaths,
) -> Target | None:
    """None for a target that counted nothing in the window: it came after it, or was gone before."""
    good = scrapes.began_s[scrapes.good].tolist()
    before = [at_s for at_s in good if at_s <= window.start_s]
    after = [at_s for at_s in good if at_s >= window.end_s]
    inside = [*before[-1:], *(at_s for at_s in good if window.start_s < at_s < window.end_s), *after[:1]]
    up_until_s = float(scrapes.began_s[-1])
    if not after and inside == before[-1:] and up_until_s + LEAVES_S < window.start_s:
        return None  # gone before it began
    first_s, started_s = inside[0], starts.get(inside[0])
    if not before and started_s is not None and started_s > window.end_s + START_ERROR_S:
        return None  # came after its end
    segments, lost, fell, mixed = _segments(inside, starts, mine, scrapes, deaths.all_s, deaths.of_s(name[1]))
    begin: Interval | None = (first_s, first_s + scrapes.took_at(first_s))
    since_s = math.inf
    if not before and started_s is not None:  # its counters were at zero when it began
        segments[0] = Segment(segments[0].first_s, segments[0].last_s, born=True)
        since_s = started_s - START_ERROR_S
        begin = None if started_s > window.start_s else (since_s, started_s + START_ERROR_S)
    elif not before and first_s >= window.end_s:
        lost, begin = [(window.start_s, first_s)], None
    end: Interval | None = None
    if after:
        end = after[0], after[0] + scrapes.took_at(after[0])
    else:
        gone = [at_s for at_s in deaths.all_s if inside[-1] <= at_s <= up_until_s + LEAVES_S]
        lost.append((inside[-1], max(gone, default=math.inf)))
    return Target(name, tuple(segments), begin, since_s, end, tuple(lost), tuple(fell), mixed)


def _segments(
    scraped: Sequence[float],
    starts: Mapping[float, float],
    mine: Sequence[RawSeries],
    scrapes: Scrapes,
    dead_s: Sequence[float],
    its_s: Sequence[float],
) -> tuple[list[Segment], list[Interval], list[Interval], bool]:
    """The scrapes cut where another process answers; what was lost there; falls inside of one; whether old ones came back.

    dead_s, its_s  when containers died, and when those did that may be this target
    """
    falls = {fall for one in mine for fall in one.resets(scraped[0], scraped[-1])}
    segments, lost, fell, mixed = [], [], [], False
    begun_s, born = scraped[0], False
    for before_s, after_s in pairwise(scraped):
        old_s, new_s = starts.get(before_s), starts.get(after_s)
        known = old_s is not None and new_s is not None
        read_s = after_s + scrapes.took_at(after_s)  # who answers may be another than when it began
        # a series that comes back later than its process, at its first count, fell with the process before it
        dropped = [low for low, high in falls if begun_s - MS <= low and before_s < high <= after_s]
        anew = abs((new_s or 0.0) - (old_s or 0.0)) > START_ERROR_S if known else bool(dropped)
        if not anew:
            fell += [(before_s, after_s)] if dropped else []
            if not known and any(before_s <= at_s <= read_s for at_s in its_s):
                lost.append((before_s, read_s))  # it may have outgrown what it had before
            continue
        last_s = before_s if known else max(dropped)  # it ended since: at later scrapes its series were gone
        if not known and not any(last_s - START_ERROR_S <= at_s <= read_s for at_s in dead_s):
            fell.append((last_s, after_s))
        mixed |= known and (new_s or 0.0) < before_s - START_ERROR_S
        lost.append((last_s, new_s + START_ERROR_S if new_s is not None else read_s))
        segments.append(Segment(begun_s, last_s, born))
        begun_s, born = after_s, True
    return [*segments, Segment(begun_s, scraped[-1], born)], lost, fell, mixed


def _rise(series: RawSeries, target: Target) -> Rise:
    total, gone_s = 0.0, None
    for segment in target.segments:
        part = series.between(segment.first_s, segment.last_s)
        if not len(part):
            continue
        absent = series.at(segment.first_s) is None
        rise = part.increase(segment.first_s, segment.last_s, from_zero=segment.born or absent)
        if rise is None and len(part) > 1:
            return Rise(series.labels, None)
        total += rise or 0.0
        last_s = float(part.t_s[-1])
        gone_s = last_s if last_s < segment.last_s - 1e-3 else None
    return Rise(series.labels, total, gone_s)


def stretches(intervals: Sequence[Interval]) -> Iterator[str]:
    for low, high in intervals:
        yield f"{low:.1f} s to {'the end' if math.isinf(high) else f'{high:.1f} s'}"
