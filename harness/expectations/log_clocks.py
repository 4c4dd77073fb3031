"""The clocks behind the times that log lines bear: how far each is ahead, and which of a line's times is its logger's. Pure.

A line about a request was written between the request's sending and Docker's stamp, and so was its own time taken: at the beginning
of the request, or at its end, or while the line waited in a buffer. Whatever lies outside is no delay.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import NamedTuple

import numpy as np

from harness.expectations.base import Line
from harness.logtext import Said
from harness.logtimes import DAY_S, Own, Zone, own_times
from harness.wall import Wall

LOGGERS = ("@timestamp", "")  # places where nothing but a logger writes a time; the business may in others
LEAST = 3  # lines, from which a clock is known
MOST = 0.9  # of its lines: so many must agree
HALF = 0.5  # of those lines that are off: from there on they are no mere times of the business
FARTHEST_S = 26 * 3600.0  # beyond this a time is of another day than the line: the business's own
QUARTER_S = 900.0  # of an hour: every zone's offset is so many of these
_BROKEN_H = (-9.5, -3.5, -2.5, 3.5, 4.5, 5.5, 5.75, 6.5, 8.75, 9.5, 10.5, 12.75, 13.75)
ZONES_S = frozenset(3600.0 * hours for hours in (*range(-12, 15), *_BROKEN_H))
"""The offsets that zones have, in summer too (the tz database)."""


class Key(NamedTuple):
    """What a clock is known by; `place`: where its times stand; `daily`: they have no date."""

    service: str
    container: str
    place: str
    zone: Zone
    daily: bool


class Part(NamedTuple):
    """Lines that are off by one offset; `zoned`: a zone's."""

    lines: int
    ahead_s: float
    zoned: bool


@dataclass
class Clock:
    """Own times of a container's lines, each as the least and the most that it was ahead when it was taken; `daily`: without a date.
    `lines`: one for each quarter of an hour that any was ahead."""

    daily: bool
    lines: dict[int, Line] = field(default_factory=dict)
    least_s: array[float] = field(default_factory=lambda: array("d"))
    most_s: array[float] = field(default_factory=lambda: array("d"))

    def __len__(self) -> int:
        return len(self.least_s)

    def add(self, line: Line, least_s: float, most_s: float) -> None:
        self.lines.setdefault(round(least_s / QUARTER_S), line)
        self.least_s.append(least_s)
        self.most_s.append(most_s)

    def take(self, other: Clock) -> None:
        """The lines of another as well."""
        self.lines = {**other.lines, **self.lines}
        self.least_s.extend(other.least_s)
        self.most_s.extend(other.most_s)

    def line(self, ahead_s: float) -> Line:
        """One that was about so far ahead."""
        return self.lines[min(self.lines, key=lambda quarter: abs(quarter * QUARTER_S - ahead_s))]

    def share(self, ahead_s: float, skew_s: float) -> float:
        """The share of the lines that suit a clock so far ahead."""
        least, most = np.array(self.least_s), np.array(self.most_s)
        return float(((least - ahead_s <= skew_s) & (most - ahead_s >= -skew_s)).mean())

    def ahead_s(self, skew_s: float) -> float:
        """How far it is ahead, or less than 0 behind; 0 where no more than some of its lines say so."""
        for off in self._off(skew_s):
            if len(off) >= max(LEAST, MOST * len(self)):
                return off._middle_s(skew_s)
        return 0.0

    def zone_s(self, skew_s: float, share: float = MOST) -> float | None:
        """The offset of the zone in whose local time so many of its lines are; None: they suit no zone."""
        near = {round(float(np.median(np.array(one))) / QUARTER_S) * QUARTER_S for one in (self.least_s, self.most_s)}
        days = (0.0, DAY_S, -DAY_S) if self.daily else (0.0,)
        zones = (s for s in sorted(near) if any(s + day in ZONES_S for day in days))
        return next((s for s in zones if self.share(s, skew_s) >= share), None)

    def some(self, skew_s: float) -> Part | None:
        """Those of its lines that are off by one offset, where half of those on that side are."""
        for off in self._off(skew_s):
            zone_s = off.zone_s(skew_s, HALF)
            ahead_s = off._middle_s(skew_s) if zone_s is None else zone_s
            count = round(off.share(ahead_s, skew_s) * len(off))
            if count >= max(LEAST, HALF * len(off)):
                return Part(count, ahead_s, zone_s is not None)
        return None

    def whole(self, skew_s: float) -> Part | None:
        """The same where these are all of its lines, but for a few."""
        part = self.some(skew_s)
        return part if part and part.lines >= MOST * len(self) else None

    def steady(self, skew_s: float) -> bool:
        """Whether it runs as a clock does: right, or off by one offset."""
        return self.share(0.0, skew_s) >= MOST or self.whole(skew_s) is not None

    def _middle_s(self, skew_s: float) -> float:
        """How far such lines are ahead, or behind, all on one side."""
        return float(np.median(self.least_s if self.least_s[0] > skew_s else self.most_s))

    def _off(self, skew_s: float) -> Iterator[Clock]:
        """Those of its lines that are ahead, and those that are behind."""
        least, most = np.array(self.least_s), np.array(self.most_s)
        for off in (least > skew_s, most < -skew_s):
            if off.any():
                yield Clock(self.daily, self.lines, array("d", least[off]), array("d", most[off]))


@dataclass(frozen=True)
class Beside:
    """A time that is off by one offset, in lines that bear a right one in another place; `line` is one of them."""

    service: str
    place: str
    right: str
    ahead_s: float
    line: Line


@dataclass
class Times:
    """What lines say of when they were written, added up line by line: by service, container, and where which times stand in them."""

    wall: Wall
    layouts: dict[tuple[str, str, tuple[tuple[str, Zone, bool], ...]], dict[str, Clock]] = field(default_factory=dict)
    untold: dict[str, int] = field(default_factory=dict)

    def add(self, line: Line, said: Said, sent_s: float) -> None:
        """A line about requests, of which the first was sent then."""
        own = own_times(said, self.wall.unix_before(line.at_s))
        ahead = {place: self._ahead_s(one, line.at_s) for place, one in own.items()}
        near = {place: one for place, one in own.items() if abs(ahead[place]) <= FARTHEST_S}
        if not near:
            self.untold[line.service] = self.untold.get(line.service, 0) + 1
            return
        places = tuple((place, one.zone, one.daily) for place, one in near.items())
        clocks = self.layouts.setdefault(
            (line.service, line.container, places), {place: Clock(daily) for place, _, daily in places}
        )
        for place, clock in clocks.items():
            clock.add(line, ahead[place], ahead[place] + max(0.0, line.at_s - sent_s))

    def clocks(self, skew_s: float) -> dict[Key, Clock]:
        """Each container's, by where it stands and what is said of the zone. A line's time is the one that is right in lines like it, where one is."""
        found: dict[Key, Clock] = {}
        for (service, container, places), clocks in self.layouts.items():
            own = _own(clocks, skew_s)
            zone = next(zone for place, zone, _ in places if place == own)
            key = Key(service, container, own, zone, clocks[own].daily)
            found.setdefault(key, Clock(key.daily)).take(clocks[own])
        return {key: clock for key, clock in found.items() if len(clock) >= LEAST}

    def beside(self, skew_s: float) -> Iterator[Beside]:
        for (service, _, places), clocks in self.layouts.items():
            right = _own(clocks, skew_s)
            if clocks[right].share(0.0, skew_s) < MOST:
                continue
            for place, zone, daily in places:
                part = clocks[place].whole(skew_s)
                if part and (zone is Zone.STATED or not (daily or part.zoned)):
                    yield Beside(service, place, right, part.ahead_s, clocks[place].line(part.ahead_s))

    def _ahead_s(self, own: Own, at_s: float) -> float:
        ahead = self.wall.at_s(own.unix_s) - at_s
        return (ahead + DAY_S / 2) % DAY_S - DAY_S / 2 if own.daily else ahead


def _own(clocks: dict[str, Clock], skew_s: float) -> str:
    """Where the time stands that such lines' logger writes: the first that is right; else the first that runs as a zone's clock does,
    which no time of the business does by chance; else the first."""
    right = (place for place, clock in clocks.items() if clock.share(0.0, skew_s) >= MOST)
    zoned = (place for place, clock in clocks.items() if clock.zone_s(skew_s) is not None)
    return next(chain(right, zoned, clocks))
