"""Whether lines bear the time at which they were written: who looks for what happened at 10:04 must find it there. Pure.

A line about a request was written between the request's sending and Docker's stamp, and so was its own time taken: at the beginning
of the request, or at its end, or while the line waited in a buffer. Whatever lies outside is no delay.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

import numpy as np

from harness import masking
from harness.expectations.base import Line
from harness.expectations.log_limits import Limit, State
from harness.logtext import Said
from harness.logtimes import DAY_S, Own, Zone, own_time
from harness.quantities import spell
from harness.wall import Wall

LEAST = 3  # lines, from which a clock is known
MOST = 0.9  # of its lines: so many must agree
FARTHEST_S = 26 * 3600.0  # beyond this a time is of another day than the line: the business's own
QUARTER_S = 900.0  # of an hour: every zone's offset is so many of these
EAST_S, WEST_S = 14 * 3600.0, -12 * 3600.0


class Told(Enum):
    """What a clock is: wrong as it is stated, local time that states no zone, or right."""

    WRONG = "wrong"
    LOCAL = "local"
    RIGHT = "right"


@dataclass
class Clock:
    """Own times of a container's lines, each as the least and the most that it was ahead when it was taken; `first` is one of them."""

    first: Line
    least_s: array[float] = field(default_factory=lambda: array("d"))
    most_s: array[float] = field(default_factory=lambda: array("d"))

    def share(self, ahead_s: float, skew_s: float) -> float:
        """The share of the lines that suit a clock so far ahead."""
        least, most = np.array(self.least_s), np.array(self.most_s)
        return float(((least - ahead_s <= skew_s) & (most - ahead_s >= -skew_s)).mean())

    def ahead_s(self, skew_s: float) -> float:
        """How far it is ahead, or less than 0 behind; 0 where no more than some of its lines say so."""
        least, most = np.array(self.least_s), np.array(self.most_s)
        for off, ahead_s in ((least > skew_s, least), (most < -skew_s, most)):
            if len(off) >= LEAST and off.mean() >= MOST:
                return float(np.median(ahead_s[off]))
        return 0.0

    def zone_s(self, skew_s: float) -> float | None:
        """The offset of the zone in whose local time its lines are; None: they suit no zone."""
        near = {round(float(np.median(np.array(one))) / QUARTER_S) * QUARTER_S for one in (self.least_s, self.most_s)}
        return next((s for s in sorted(near) if WEST_S <= s <= EAST_S and self.share(s, skew_s) >= MOST), None)


@dataclass
class Times:
    """What lines say of when they were written, added up line by line: by service, container and what is said of the zone."""

    wall: Wall
    clocks: dict[tuple[str, str, Zone], Clock] = field(default_factory=dict)
    untold: dict[str, int] = field(default_factory=dict)

    def add(self, line: Line, said: Said, sent_s: float) -> None:
        """A line about requests, of which the first was sent then."""
        own = own_time(said, self.wall.unix_before(line.at_s))
        if own is None or abs(ahead := self._ahead_s(own, line.at_s)) > FARTHEST_S:
            self.untold[line.service] = self.untold.get(line.service, 0) + 1
            return
        clock = self.clocks.setdefault((line.service, line.container, own.zone), Clock(line))
        clock.least_s.append(ahead)
        clock.most_s.append(ahead + max(0.0, line.at_s - sent_s))

    def _ahead_s(self, own: Own, at_s: float) -> float:
        ahead = self.wall.at_s(own.unix_s) - at_s
        return (ahead + DAY_S / 2) % DAY_S - DAY_S / 2 if own.daily else ahead


def times(found: Times, skew_s: float, asked: bool) -> Limit:
    """A time that is wrong as it is stated breaks it; local time without a zone where the claim states `skew`, and is told else."""
    clocks = {key: clock for key, clock in found.clocks.items() if len(clock.least_s) >= LEAST}
    told: dict[Told, dict[str, None]] = {kind: {} for kind in Told}
    cites: dict[Told, list[str]] = {kind: [] for kind in Told}
    for (service, _, zone), clock in clocks.items():
        kind, how = _how(clock, zone, skew_s)
        if how:
            told[kind][f"those of {service} {how}"] = None
            cites[kind] += [] if masking.find(clock.first.text) else [clock.first.cite]
    said = f"times of log lines: {'; '.join(text for kind in Told for text in sorted(told[kind]))}"
    broken = f"{said} (limit {spell(skew_s)})"
    if told[Told.WRONG]:
        return Limit("times", broken, State.BROKEN, reason="wrong_time", cites=tuple(cites[Told.WRONG]))
    if told[Told.LOCAL] and asked:
        return Limit("times", broken, State.BROKEN, reason="no_zone", cites=tuple(cites[Told.LOCAL]))
    if told[Told.LOCAL]:
        return Limit("times", said, aside=f"; {said}")
    if clocks:
        return Limit("times", said if told[Told.RIGHT] else f"within {spell(skew_s)} of when lines were written")
    none = f"not tried: {_untold(found.untold)}"
    if not asked:
        return Limit("times", none)
    decide = f"{LEAST} lines that bear a time, before their message or in a field such as `time` or `ts`"
    return Limit("times", none, State.OPEN, reason="not_tried", decide=decide)


def _how(clock: Clock, zone: Zone, skew_s: float) -> tuple[Told, str]:
    """What is to be told of a container's clock; '' where there is nothing."""
    ahead_s = clock.ahead_s(skew_s)
    if not ahead_s:
        return Told.RIGHT, "state no zone, and read as UTC are right" if zone is Zone.NONE else ""
    offset_s = clock.zone_s(skew_s)
    off = _off(ahead_s if offset_s is None else offset_s)
    if zone is Zone.STATED:
        return Told.WRONG, f"are {off} in the zone that they state"
    if offset_s is None:
        return Told.WRONG, f"are {off}, which is no zone's local time"
    return Told.LOCAL, f"state no zone, and read as UTC are {off}" if zone is Zone.NONE else ""


def _off(ahead_s: float) -> str:
    minutes, hours = round(abs(ahead_s) / 60), round(abs(ahead_s) // 3600)
    long = f"{hours} h" + (f" {minutes - 60 * hours} min" if minutes > 60 * hours else "")
    return f"{long if hours else spell(round(abs(ahead_s)))} {'ahead' if ahead_s > 0 else 'behind'}"


def _untold(untold: Mapping[str, int]) -> str:
    told = ", ".join(f"{count} lines of {service}" for service, count in sorted(untold.items()))
    return f"no time of their own could be read in {told}" if told else "too few lines bear a time of their own"
