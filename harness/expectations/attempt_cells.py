"""A phase cut into cells of 5 s or more, from scrape to scrape, with the attempts and the operations of each, and what of them is
surely beyond a limit. Pure.

A service that was held up (paused, or its dependency hung) asks for what had waited once it goes on: an operation that was under
way may have its attempts later, and so may one that its user gave up, as long as nobody counted an attempt for it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce
from itertools import pairwise

from harness.expectations.attempt_background import Background
from harness.expectations.attempts import Ratio, between
from harness.expectations.base import Evidence
from harness.expectations.requests import folded
from harness.expectations.tallies import FINE_S, Tally, tallies
from harness.facts import Injecting
from harness.journal import Window
from harness.series.raw import MS
from harness.stats import fold

WINDOW_S = FINE_S  # the least over which the greatest amplification is looked for: shorter ones tell of single scrapes
HELD_S = 60.0  # who gave up longer ago is not served any more
EDGE = 1  # operations that have their attempts on the other side of an edge, though they were not under way at it
SURE = 4.0  # standard deviations of a count; a phase has dozens of runs of cells


@dataclass(frozen=True)
class Cell:
    """
    counted  its attempts, and the operations due beside them
    due      operations due between its edges; `early` those before it whose attempts may be among the first counted
    held     operations due before it that were under way or given up, and have no attempt yet; `left` those after it
    owed     operations due before it that may have attempts in it: all that are under way, and what a queue may hold
    outside  part of it is not of the phase, and not of the calm time before the first fault either
    """

    counted: Ratio
    due: int
    early: int
    held: float = 0.0
    left: float = 0.0
    owed: float = 0.0
    outside: bool = False

    @property
    def operations(self) -> float:
        """Due in it, and those let go in it that had been held up."""
        return self.counted.operations + max(0.0, self.held - self.left)

    @property
    def each(self) -> float:
        return self.counted.attempts / self.operations if self.operations else math.inf


@dataclass(frozen=True)
class Cells:
    """`unread`: why not all of the phase was counted, '' when it was; `waits`: a scrape after it may still come."""

    cells: tuple[Cell, ...]
    unread: str
    waits: bool

    def joined(self, least: float) -> list[Cell]:
        """The cells, as many together as it takes to hold so many operations in 5 s or more; a rest is joined to the last."""
        found: list[Cell] = []
        for cell in self.cells:
            found[-1:] = [_join(found[-1], cell)] if found and _short(found[-1], least) else [*found[-1:], cell]
        if len(found) > 1 and _short(found[-1], least):
            found[-2:] = [_join(*found[-2:])]
        return found

    def beyond(self, usual: Ratio, at_most: float, aside: Background) -> Cell | None:
        """The worst run of cells in which more were surely counted than at_most allows for all that may have asked in it.

        Surely: though an operation more asked at each edge, all who asked before asked beside the load, and not by chance.
        """
        worst, most = None, 0.0
        for place, first in enumerate(self.cells):
            attempts, targets_s, asked = 0.0, 0.0, first.early + first.owed
            for end, last in enumerate(self.cells[place:], place + 1):
                attempts, asked = attempts + last.counted.attempts, asked + last.due
                targets_s += last.counted.targets_s
                if first.outside or last.outside or last.counted.end_s < first.counted.start_s + WINDOW_S - MS:
                    continue
                explained = max(usual.each * asked, aside.most(targets_s))
                if attempts > max(usual.each * (at_most * asked + 2 * EDGE), most * asked) and unlike(
                    usual, attempts, explained
                ):
                    worst, most = reduce(_join, self.cells[place:end]), attempts / asked if asked else math.inf
        return worst


def _short(cell: Cell, least: float) -> bool:
    return cell.operations < least or cell.counted.end_s < cell.counted.start_s + WINDOW_S - MS


def unlike(usual: Ratio, attempts: float, mean: float) -> bool:
    """Whether so many attempts are not by chance more than those usual, were they of some operations alone."""
    return attempts > mean + SURE * math.sqrt(mean * max(1.0, usual.each))


def background(evidence: Evidence, selector: str, request: str, window: Window, usual: Ratio) -> Background:
    """What may have asked beside the load, as the window shows, in which all was as usual."""
    found = cells(evidence, selector, request, window, usual).cells
    return Background.of(usual, [one.counted for one in found if not one.outside])


def cells(evidence: Evidence, selector: str, request: str, window: Window, usual: Ratio) -> Cells:
    live = [one for one in tallies(evidence.series, selector) if one.lives(window.start_s, window.end_s)]
    if not live:
        return Cells((), "nothing counted in the phase", waits=False)
    ends = [(one, one.first_from(window.end_s)) for one in live]
    unread = next((f"{one.name} was not read after {window.end_s:.1f} s" for one, at_s in ends if at_s is None), "")
    found = [
        _cell(evidence, live, request, window, start_s, end_s)
        for start_s, end_s in pairwise(_cuts(live, window, [at_s for _, at_s in ends if at_s is not None]))
    ]
    unread = next((told for one in found if (told := one.counted.lost or one.counted.unread)), unread)
    return Cells(tuple(_holding(evidence, request, found, usual)), unread, any(at_s is None for _, at_s in ends))


def _cuts(live: Sequence[Tally], window: Window, ends: Sequence[float]) -> list[float]:
    """Scrapes of the target that has the fewest, from before the phase until all were scraped after it."""
    slowest = max(live, key=lambda one: one.step_s)
    begin_s = slowest.last_by(window.start_s)
    cut = [window.start_s if begin_s is None else begin_s]
    for at_s in slowest.at_s[slowest.at_s < window.end_s].tolist():
        cut += [at_s] if at_s >= cut[-1] + WINDOW_S - MS else []
    last_s = max(ends, default=float(slowest.at_s[-1]) if len(slowest.at_s) else cut[0])
    return [*cut, last_s] if last_s > cut[-1] else cut


def _cell(
    evidence: Evidence, live: Sequence[Tally], request: str, window: Window, start_s: float, end_s: float
) -> Cell:
    counted = between(evidence, live, request, start_s, end_s)
    first = evidence.journal.first(Injecting)
    calm = first is None or first.at_s >= window.start_s - MS
    return Cell(
        counted,
        due=folded(evidence, start_s, end_s, request).n,
        early=folded(evidence, counted.since_s, start_s, request).n if counted.since_s < start_s else 0,
        outside=end_s > window.end_s + MS or (counted.since_s < window.start_s - MS and not calm),
    )


def _holding(evidence: Evidence, request: str, found: Sequence[Cell], usual: Ratio) -> list[Cell]:
    """The cells, each with what is held up at its edges."""
    missing, held, owed = 0.0, [], []
    for cell in found:
        at_s = cell.counted.since_s
        seen = fold(evidence.rows, at_s - HELD_S, at_s, request=request, now_s=at_s)
        given_up = seen.counts.get("timeout", 0)
        held.append(min(missing, seen.waiting + given_up))
        owed.append(seen.waiting + min(missing, given_up + seen.ok))
        missing = max(0.0, missing + cell.counted.operations - cell.counted.attempts / usual.each)
    left = [*held[1:], *held[-1:]]
    return [
        replace(cell, held=before, left=after, owed=more)
        for cell, before, after, more in zip(found, held, left, owed, strict=True)
    ]


def _join(these: Cell, those: Cell) -> Cell:
    """Two that lie beside each other, as one."""
    a, b = these.counted, those.counted
    counted = Ratio(
        a.start_s, b.end_s, a.since_s, a.attempts + b.attempts, a.operations + b.operations, a.targets_s + b.targets_s,
        a.lost or b.lost, a.unread or b.unread,
    )  # fmt: skip
    return Cell(
        counted, these.due + those.due, these.early, these.held, those.left, these.owed, these.outside or those.outside
    )
