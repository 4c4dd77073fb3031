"""Which panels of a dashboard moved while a fault was on, and whether users suffered meanwhile. Pure.

A panel moves when what it shows leaves, for at least half of the looks, everything that it showed before the fault, by more than
the width of that; or when it shows something where there was nothing, or nothing where there was something. One that rose or fell
steadily before the fault (an uptime, a total) moves when it leaves that line, not because it goes on along it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import median

from harness.expectations import alerts
from harness.expectations.band import LAG_S
from harness.expectations.base import Evidence
from harness.expectations.requests import known_until_s, now_s
from harness.facts import PanelFound, Sampled
from harness.journal import Window
from harness.quantities import numbered
from harness.scoring import Trouble
from harness.stats import first_bad

LEAST = 3
"""Looks before and during a fault, below which nothing is said of a panel."""
LINE = 6
"""Looks before a fault from which on a line through them tells by itself what would have come."""
STEADILY = 0.25
"""Who keeps within so much of his width to a line rises or falls steadily. Of three looks that do not, one in four does by chance."""
SLACK = 0.1
"""How far off a line is no move, in widths of what was shown before: a look is not always taken at the same distance."""


@dataclass(frozen=True)
class Moves:
    """Of one trouble: titles of the panels that moved, of those that did not, and of those with too few looks to tell;
    `suffered` says that users did, and when.

    known   whether every request of it has had its answer, or the time for it, and every look has come
    """

    trouble: Trouble
    known: bool
    moved: tuple[str, ...]
    still: tuple[str, ...]
    untold: tuple[str, ...]
    suffered: tuple[float, float] | None

    @property
    def flat(self) -> bool:
        """Users suffered and every panel stood still."""
        return self.suffered is not None and bool(self.still) and not self.moved and not self.untold

    @property
    def said(self) -> str:
        """How many panels moved, in words."""
        among = f", of {numbered(len(self.untold), 'other')} it cannot be told" if self.untold else ""
        hurt = "" if self.suffered or self.moved else ", where users were not seen to suffer"
        return f"{numbered(len(self.moved), 'panel')} moved in {self.trouble.name!r}{among}{hurt}"


def moves(evidence: Evidence, window: Window, panels: Sequence[PanelFound]) -> list[Moves]:
    """For each trouble that lies in the window whole, what became of the panels in it."""
    troubles = alerts.troubles(evidence.journal)
    found = []
    for trouble in troubles:
        if not (window.start_s <= trouble.start_s and trouble.end_s <= window.end_s):
            continue
        told = {panel: _moved(evidence, panel.query, trouble, troubles) for panel in panels}
        moved = tuple(dict.fromkeys(panel.panel for panel, told_ in told.items() if told_))
        still = tuple(dict.fromkeys(panel.panel for panel, told_ in told.items() if told_ is False))
        untold = tuple(dict.fromkeys(panel.panel for panel, told_ in told.items() if told_ is None))
        found.append(
            Moves(
                trouble,
                _known(evidence, trouble),
                moved,
                tuple(title for title in still if title not in moved),
                tuple(title for title in untold if title not in (*moved, *still)),
                _suffered(evidence, trouble),
            )
        )
    return found


def _known(evidence: Evidence, trouble: Trouble) -> bool:
    journal = evidence.journal
    answered = known_until_s(journal) >= trouble.end_s + evidence.timeout_s
    return answered and journal.end_s >= trouble.end_s + LAG_S


def _suffered(evidence: Evidence, trouble: Trouble) -> tuple[float, float] | None:
    """A stretch of the trouble in which a steady condition surely did not hold."""
    steady = evidence.steady
    if not steady.conditions:
        return None
    return first_bad(
        evidence.rows, steady.conditions, steady.for_s, trouble.start_s, trouble.end_s, now_s(evidence.journal)
    )


def _moved(evidence: Evidence, query: str, trouble: Trouble, troubles: Iterable[Trouble]) -> bool | None:
    """None where too few looks tell."""
    looks: dict[float, list[float | None]] = {}
    for sample in evidence.journal.of(Sampled, query=query):
        if sample.at_s <= trouble.end_s:
            looks.setdefault(sample.seen_s if sample.count == 0 else sample.at_s, []).append(sample.value)
    calm = [at_s for at_s in looks if not any(one.start_s <= at_s <= one.settled_s for one in troubles)]
    before = {at_s: _extent(looks[at_s]) for at_s in sorted(calm) if at_s < trouble.start_s}
    during = {at_s: _extent(values) for at_s, values in looks.items() if trouble.start_s < at_s}
    if len(before) < LEAST or len(during) < LEAST:
        return None
    seen = {at_s: extent for at_s, extent in before.items() if extent is not None}
    if not seen:
        return sum(extent is not None for extent in during.values()) * 2 >= len(during)
    lows = [low for low, _ in seen.values()]
    highs = [high for _, high in seen.values()]
    low, high = 2 * min(lows) - max(lows), 2 * max(highs) - min(highs)
    beyond = _half(extent is None or extent[0] < low or extent[1] > high for extent in during.values())
    below, above = _Line.through(seen, lows), _Line.through(seen, highs)
    if below is None or above is None:
        return beyond
    off = _half(
        extent is None or below.off(at_s, extent[0]) < 0 or above.off(at_s, extent[1]) > 0
        for at_s, extent in during.items()
    )
    return off and (beyond or len(seen) >= LINE)


@dataclass(frozen=True)
class _Line:
    """Where a panel that rose or fell steadily would go on to."""

    slope: float
    at_0: float
    slack: float
    middle_s: float
    length_s: float

    @staticmethod
    def through(at_s: Iterable[float], values: Sequence[float]) -> _Line | None:
        """None when they do not rise or fall steadily. The slope is the median of those between all pairs (Theil, Sen)."""
        times = list(at_s)
        width = max(values) - min(values)
        if len(times) < LEAST or width <= 0:
            return None
        pairs = combinations(zip(times, values, strict=True), 2)
        slope = median((b - a) / (later - earlier) for (earlier, a), (later, b) in pairs)
        left = [value - slope * at for at, value in zip(times, values, strict=True)]
        around = max(left) - min(left)
        if around > STEADILY * width:
            return None
        length_s = times[-1] - times[0]
        return _Line(slope, median(left), around + SLACK * width, (times[0] + times[-1]) / 2, length_s)

    def off(self, at_s: float, value: float) -> float:
        """How far above (or, negative, below) the line; 0 within its slack, which grows with the distance from what was seen."""
        slack = self.slack * (1 + 2 * abs(at_s - self.middle_s) / self.length_s)
        away = value - (self.at_0 + self.slope * at_s)
        return 0.0 if abs(away) <= slack else away


def _half(which: Iterable[bool]) -> bool:
    """Whether at least half of them are."""
    found = list(which)
    return sum(found) * 2 >= len(found)


def _extent(values: Sequence[float | None]) -> tuple[float, float] | None:
    """The least and the greatest that a look showed; None where it showed no number."""
    numbers = [value for value in values if value is not None and math.isfinite(value)]
    return (min(numbers), max(numbers)) if numbers else None
