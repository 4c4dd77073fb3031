"""What each target of a counter had counted by each of its scrapes, and where that is not known. Pure.

Targets are scraped at instants of their own, and each may miss some, begin late and end early: so each is read between its own
scrapes, and what one of them does not tell is told as unread, never as nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from harness.expectations.counters import stamps_its_own
from harness.series import Book, RawSeries, scrapes_of
from harness.series.raw import MS, Floats

LATE = 1.5  # scrapes farther apart than so many times the usual are a gap
FINE_S = 5.0  # and no gap is shorter than this: less than claims look at


@dataclass(frozen=True, eq=False)
class Tally:
    """One target.

    asked_s  when it was scraped, well or not; `at_s` when well
    total    counted by each of these since the first of them, or, when `born`, since it began: nobody had looked for it before,
             though others were looked for
    lost     whether some of what was counted just before each of these is lost: a counter fell, or was no number
    """

    name: str
    asked_s: Floats = field(repr=False)
    at_s: Floats = field(repr=False)
    total: Floats = field(repr=False)
    lost: NDArray[np.bool_] = field(repr=False)
    born: bool = False

    @property
    def step_s(self) -> float:
        """Between two of its scrapes, usually."""
        return float(np.median(np.diff(self.asked_s))) if len(self.asked_s) > 1 else 0.0

    @property
    def gap_s(self) -> float:
        return max(FINE_S, LATE * self.step_s)

    def lives(self, start_s: float, end_s: float) -> bool:
        """Whether anybody looked for it then, or just before."""
        return bool(((self.asked_s >= start_s - self.gap_s) & (self.asked_s <= end_s + MS)).any())

    def last_by(self, at_s: float) -> float | None:
        """Its last good scrape at or before at_s."""
        place = self._place(at_s)
        return float(self.at_s[place]) if place >= 0 else None

    def first_from(self, at_s: float) -> float | None:
        """Its first good scrape at or after at_s."""
        place = int(np.searchsorted(self.at_s, at_s - MS / 2))
        return float(self.at_s[place]) if place < len(self.at_s) else None

    def rise(self, start_s: float, end_s: float) -> float:
        """Counted from its last scrape by start_s, or its first after that, to its last by end_s."""
        low, high = self._place(start_s), self._place(end_s)
        if low < 0 and not self.born:
            low = min(0, high)
        return float((self.total[high] if high >= 0 else 0.0) - (self.total[low] if low >= 0 else 0.0))

    def forgot(self, start_s: float, end_s: float) -> str:
        """Whether some of what it counted from start_s to end_s is lost, told; '' when none is."""
        if not self.lost[self._place(start_s) + 1 : self._place(end_s) + 1].any():
            return ""
        return f"{self.name} counted anew between {start_s:.1f} s and {end_s:.1f} s: what it had counted last is lost"

    def unread(self, start_s: float, end_s: float) -> str:
        """When it was not read from start_s to end_s for longer than usual, told; '' when it always was."""
        low, high = self._place(start_s), self._place(end_s)
        if low < 0 and not self.born:
            return f"{self.name} was not read before {start_s:.1f} s"
        times = np.append(self.at_s[max(low, 0) : high + 1], end_s)
        wide = np.flatnonzero(np.diff(times) > self.gap_s)
        return (
            f"{self.name} was not read from {times[wide[0]]:.1f} s to {times[wide[0] + 1]:.1f} s" if len(wide) else ""
        )

    def _place(self, at_s: float) -> int:
        """Of its last good scrape at or before at_s; -1 without one."""
        return int(np.searchsorted(self.at_s, at_s + MS / 2, side="right")) - 1


def tallies(book: Book, selector: str) -> list[Tally]:
    """Of each target that gave the selector's series at any time."""
    found = [series for series in book.get(selector, ()) if len(series)]
    looked_s = min((float(up.t_s[0]) for up in book.get("up", ()) if len(up)), default=np.inf)
    return [
        _tally(book, name, [one for one in found if one.target == name], looked_s)
        for name in dict.fromkeys(series.target for series in found)
    ]


def _tally(book: Book, name: tuple[str, str], mine: Sequence[RawSeries], looked_s: float) -> Tally:
    scrapes = scrapes_of(book, name)
    if scrapes is not None and any(stamps_its_own(one, scrapes) for one in mine):
        scrapes = None
    stamps = np.unique(np.concatenate([one.t_s for one in mine]))
    asked_s, at_s = (stamps, stamps) if scrapes is None else (scrapes.began_s, scrapes.began_s[scrapes.good])
    rises, lost = np.zeros(len(at_s)), np.zeros(len(at_s), bool)
    shown = 0.0  # at the first scrape of all
    for one in mine:
        places = np.searchsorted(at_s, one.t_s - MS / 2)
        some = places < len(at_s)
        nan = np.isnan(one.value)
        lost[places[some & nan]] = True
        places, value = places[some & ~nan], one.value[some & ~nan]
        if not len(value):
            continue
        first = (
            value[0] if places[0] == 0 else 0.0
        )  # where a good scrape came before it, it was not there: it counts from zero
        shown += float(first)
        before = np.concatenate([[first], value[:-1]])
        lost[places[value < before]] = True
        np.add.at(rises, places, np.where(value < before, value, value - before))
    tally = Tally(" ".join(filter(None, name)) or mine[0].name, asked_s, at_s, np.cumsum(rises), lost)
    if scrapes is None or not len(at_s) or asked_s[0] < at_s[0] - MS or at_s[0] <= looked_s + tally.gap_s:
        return tally
    return replace(tally, total=tally.total + shown, born=True)
