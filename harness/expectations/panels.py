"""Which panels of a dashboard moved while a fault was on, and whether users suffered meanwhile. Pure.

A panel moves when what it shows leaves, for at least half of the looks, everything that it showed before the fault, by more than
the width of that; or when it shows something where there was nothing, or nothing where there was something.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from harness.expectations import alerts
from harness.expectations.base import Evidence
from harness.expectations.metric_stays import LAG_S
from harness.expectations.requests import known_until_s, now_s
from harness.facts import PanelFound, Sampled
from harness.journal import Window
from harness.scoring import Trouble
from harness.stats import first_bad

LEAST = 3
"""Looks before and during a fault, below which nothing is said of a panel."""


@dataclass(frozen=True)
class Moves:
    """Of one trouble: titles of the panels that moved and of those that did not; `suffered` says that users did, and when.

    known   whether every request of it has had its answer, or the time for it, and every look has come
    """

    trouble: Trouble
    known: bool
    moved: tuple[str, ...]
    still: tuple[str, ...]
    suffered: tuple[float, float] | None

    @property
    def flat(self) -> bool:
        """Users suffered and every panel that could be told stood still."""
        return self.suffered is not None and bool(self.still) and not self.moved


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
        found.append(
            Moves(
                trouble,
                _known(evidence, trouble),
                moved,
                tuple(title for title in still if title not in moved),
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
    before = [_extent(looks[at_s]) for at_s in calm if at_s < trouble.start_s]
    during = [_extent(values) for at_s, values in looks.items() if trouble.start_s < at_s]
    if len(before) < LEAST or len(during) < LEAST:
        return None
    seen = [extent for extent in before if extent is not None]
    if not seen:
        return sum(extent is not None for extent in during) * 2 >= len(during)
    lows, highs = [low for low, _ in seen], [high for _, high in seen]
    low, high = 2 * min(lows) - max(lows), 2 * max(highs) - min(highs)
    beyond = sum(extent is None or extent[0] < low or extent[1] > high for extent in during)
    return beyond * 2 >= len(during)


def _extent(values: Sequence[float | None]) -> tuple[float, float] | None:
    """The least and the greatest that a look showed; None where it showed no number."""
    numbers = [value for value in values if value is not None and math.isfinite(value)]
    return (min(numbers), max(numbers)) if numbers else None
