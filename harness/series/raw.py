"""One series as it was scraped, and what can be said of it without guessing: its increase, its resets, its gaps. Frozen.

Nothing here extrapolates or interpolates. Prometheus' own increase() does both, and so gives numbers that no counter ever
showed; what is compared with a ledger has to be the samples themselves.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
MS = 1e-3  # Prometheus stamps samples in whole milliseconds


@dataclass(frozen=True, eq=False)
class RawSeries:
    """
    labels   all of them, `__name__` among them
    t_s      when the scrape of each sample began, on the run's axis, ascending: the target's value is of that instant or
             later, by at most what the scrape took (see `scrapes_of`)
    value    as exposed; nan stays nan
    """

    labels: Mapping[str, str]
    t_s: Floats
    value: Floats

    def __len__(self) -> int:
        return len(self.t_s)

    @property
    def name(self) -> str:
        return self.labels.get("__name__", "")

    @property
    def target(self) -> tuple[str, str]:
        """Job and instance: the target whose scrapes gave the samples."""
        return self.labels.get("job", ""), self.labels.get("instance", "")

    def between(self, start_s: float, end_s: float) -> RawSeries:
        """The samples in [start_s, end_s]; a view, nothing is copied."""
        low = np.searchsorted(self.t_s, start_s)
        high = np.searchsorted(self.t_s, end_s, side="right")
        return replace(self, t_s=self.t_s[low:high], value=self.value[low:high])

    def at(self, at_s: float) -> float | None:
        """The value of the sample of this very scrape; None when that scrape did not give the series."""
        index = int(np.searchsorted(self.t_s, at_s - MS))
        if index < len(self) and abs(self.t_s[index] - at_s) <= MS:
            return float(self.value[index])
        return None

    def last_by(self, at_s: float) -> float | None:
        """The instant of the last sample at or before at_s."""
        index = int(np.searchsorted(self.t_s, at_s, side="right")) - 1
        return float(self.t_s[index]) if index >= 0 else None

    def first_from(self, at_s: float) -> float | None:
        """The instant of the first sample at or after at_s."""
        index = int(np.searchsorted(self.t_s, at_s))
        return float(self.t_s[index]) if index < len(self) else None

    def resets(self, start_s: float, end_s: float) -> tuple[tuple[float, float], ...]:
        """Where a counter fell: the samples on both sides of each fall. What was counted between them may be lost."""
        part = self.between(start_s, end_s)
        fell = np.flatnonzero(part.value[1:] < part.value[:-1])
        return tuple((float(part.t_s[i]), float(part.t_s[i + 1])) for i in fell)

    def increase(self, start_s: float, end_s: float, *, from_zero: bool = False) -> float | None:
        """How much a counter rose over the samples in [start_s, end_s], from the first to the last.

        After a fall it counts on from zero, as Prometheus does. `from_zero`: the series was seen to be absent at start_s, so
        its first sample counts whole. None when too few samples lie there to tell, or one is nan.
        """
        value = self.between(start_s, end_s).value
        if len(value) < (1 if from_zero else 2) or np.isnan(value).any():
            return None
        before = np.concatenate([[0.0 if from_zero else value[0]], value[:-1]])
        return float(np.where(value < before, value, value - before).sum())

    def gaps(self, start_s: float, end_s: float, longest_s: float) -> tuple[tuple[float, float], ...]:
        """The stretches of [start_s, end_s] longer than longest_s in which no sample lies."""
        edges = np.concatenate([[start_s], self.between(start_s, end_s).t_s, [end_s]])
        wide = np.flatnonzero(np.diff(edges) > longest_s)
        return tuple((float(edges[i]), float(edges[i + 1])) for i in wide)


Book: TypeAlias = Mapping[str, tuple[RawSeries, ...]]
"""By selector, the series that it gave; () for one that was asked for and gave none. A selector that nobody recorded is not in it."""


@dataclass(frozen=True, eq=False)
class Scrapes:
    """The scrapes of one target, from its own series `up` and `scrape_duration_seconds`.

    began_s, took_s   when each began, and how long it took at most (until the next began where nothing tells)
    good              whether it gave the target's metrics: a series that a good scrape lacks was not there (it is stale)
    """

    began_s: Floats
    took_s: Floats
    good: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.began_s)

    def lacking(self, series: RawSeries) -> Floats:
        """The good scrapes that did not give this series: before it was born, and where it went stale."""
        began = self.began_s[self.good]
        if not len(series):
            return began
        near = np.clip(np.searchsorted(series.t_s, began - MS), 0, len(series) - 1)
        return np.asarray(began[np.abs(series.t_s[near] - began) > MS])

    def took_at(self, at_s: float) -> float:
        """How long the scrape took that began at at_s; 0 when there was none."""
        index = int(np.searchsorted(self.began_s, at_s - MS))
        return float(self.took_s[index]) if index < len(self) and abs(self.began_s[index] - at_s) <= MS else 0.0


def scrapes_of(book: Book, target: tuple[str, str]) -> Scrapes | None:
    """The scrapes of a target (job, instance); None when `up` was not recorded for it.

    Prometheus gives all samples of one scrape the same stamp, so a scrape and its samples are matched by it. (A target that
    exposes its own time stamps has none of that; its samples are then in no scrape.)
    """
    up = next((series for series in book.get("up", ()) if series.target == target), None)
    if up is None or not len(up):
        return None
    duration = next((s for s in book.get("scrape_duration_seconds", ()) if s.target == target), None)
    until_next = np.append(np.diff(up.t_s), np.inf)
    took_s = until_next.copy()
    if duration is not None and len(duration):
        near = np.clip(np.searchsorted(duration.t_s, up.t_s - MS), 0, len(duration) - 1)
        told = np.abs(duration.t_s[near] - up.t_s) <= MS
        took_s = np.where(told, duration.value[near], until_next)
    return Scrapes(up.t_s, took_s, up.value == 1)


def known_until(book: Book, at_s: float) -> Book:
    """What was known at that instant: the samples stamped until then."""
    return {
        selector: tuple(part for one in found if len(part := one.between(-np.inf, at_s)))
        for selector, found in book.items()
    }
