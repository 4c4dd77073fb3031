"""What was scraped of a metric in a window: its series, the scrapes of each target that gave it, and how long none came."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from harness.expectations.base import Evidence
from harness.expectations.counters import Counters
from harness.journal import Window
from harness.series import RawSeries
from harness.series.raw import Floats, Scrapes
from harness.verdict import Details

LIMIT = 2.5  # scrape intervals that a sample may be old: one missed passes whatever the jitter, two never do
USUAL_S = 15.0  # an interval where no two scrapes tell one


@dataclass(frozen=True)
class Scraped:
    """
    evidence   of the claim, `window` its window
    counters   the targets that gave the metric, and the processes behind them
    series     the metric's, of these targets
    by_target  the scrapes of each
    details    what a finding about them shows
    """

    evidence: Evidence
    window: Window
    counters: Counters
    series: list[RawSeries]
    by_target: Mapping[tuple[str, str], Scrapes]
    details: Details

    @property
    def labels(self) -> list[Mapping[str, str]]:
        return labels(self.series, self.window)

    def good(self, target: tuple[str, str]) -> Floats:
        """When its good scrapes began, in seconds."""
        scrapes = self.by_target[target]
        return scrapes.began_s[scrapes.good]

    @property
    def every(self) -> Floats:
        """When a good scrape of any target began."""
        return np.unique(np.concatenate([self.good(target) for target in self.by_target]))

    def inside(self, at_s: Floats) -> Floats:
        return at_s[(at_s >= self.window.start_s) & (at_s <= self.window.end_s)]

    @property
    def limit_s(self) -> float:
        """LIMIT intervals of the slowest target, as its scrapes show them."""
        apart = [float(np.median(np.diff(one.began_s))) for one in self.by_target.values() if len(one) > 1]
        return round(LIMIT * max(apart, default=USUAL_S), 3)

    def gaps(self, longest_s: float) -> list[tuple[float, float]]:
        """Stretches of the window longer than that without a good scrape of any target, and without one of a process that lived."""
        found = _gaps(self.every, self.window.start_s, self.window.end_s, longest_s)
        for target in self.counters.targets:
            for segment in target.segments:
                low_s, high_s = max(segment.first_s, self.window.start_s), min(segment.last_s, self.window.end_s)
                found += _gaps(self.good(target.name), low_s, high_s, longest_s)
        return found


def labels(series: Iterable[RawSeries], window: Window) -> list[Mapping[str, str]]:
    """The labels of the series that were there by the window's end."""
    return [one.labels for one in series if len(one) and one.t_s[0] <= window.end_s]


def _gaps(began_s: Floats, start_s: float, end_s: float, longest_s: float) -> list[tuple[float, float]]:
    """Stretches longer than that without a scrape, from the last before the beginning on."""
    every = RawSeries({}, began_s, began_s)
    before_s = every.last_by(start_s)
    return list(every.gaps(start_s if before_s is None else before_s, end_s, longest_s))
