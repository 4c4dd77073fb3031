"""What a process holds while no fault is on, and by how much more after a fault than before it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median

import numpy as np

from harness.expectations.leak_stretches import Stretch
from harness.expectations.memory_growth import POINTS
from harness.facts import Injecting, Mended
from harness.journal import Journal
from harness.quantities import spell

SEVERAL = 5.0  # samples may be missing for so long
LEVEL = 3  # batches of five samples: with fewer nothing is said of how high it is
RELEASE = "bad_release"  # what a release holds is its own doing: no fault of ours is on


@dataclass(frozen=True)
class Calms:
    """The stretches of one process between faults, each long enough; `unseen`: a fault had none before or after it.

    disturbed, brief    how many samples were left out: while a fault was on or settled, and in stretches too short for a level
    """

    parts: Sequence[Stretch]
    unseen: bool
    disturbed: int
    brief: int

    @property
    def steps(self) -> list[Step]:
        return [Step(before, after) for before, after in pairwise(self.parts)]

    @property
    def times_s(self) -> list[float]:
        return [at_s for part in self.parts for at_s in part.times_s]

    def left_out(self, settle_s: float) -> str:
        """Samples that were left out and why, for a sentence; or ''."""
        why = []
        if self.disturbed:
            why.append(f"{self.disturbed} while a fault was on or settled ({spell(settle_s)}, the load's time-out)")
        if self.brief:
            why.append(f"{self.brief} in calm stretches of fewer than {LEVEL * POINTS}")
        return f" ({' and '.join(why)} left out)" if why else ""

    def joined(self) -> Stretch:
        """One stretch, as if no fault had been: the time that each took and what it left behind are taken out."""
        whole = self.parts[-1]
        for part in reversed(self.parts[:-1]):
            later_s = whole.times_s[0] - part.times_s[-1] - _every(part)
            whole = replace(
                whole,
                times_s=[*(at_s + later_s for at_s in part.times_s), *whole.times_s],
                values=_lifted(part.values, whole.values),
                unclosed=_lifted(part.unclosed, whole.unclosed),
            )
        return whole


@dataclass(frozen=True)
class Step:
    """A fault, by what was held before it and when it had settled."""

    before: Stretch
    after: Stretch

    @property
    def from_to(self) -> tuple[float, float]:
        return median(level(self.before.values)), median(level(self.after.values))

    @property
    def took_s(self) -> float:
        """Between the two levels."""
        return self.after.times_s[-1] - self.before.times_s[-1]

    @property
    def rose(self) -> bool:
        """Surely: each batch at the end after it is above every one before it."""
        return rises(self.before.values, self.after.values)

    @property
    def rose_unclosed(self) -> bool:
        return rises(self.before.unclosed, self.after.unclosed)


def faults(journal: Journal, settle_s: float) -> list[tuple[float, float]]:
    """When faults were on, and what they did may not have ended."""
    found = []
    for begun in journal.of(Injecting):
        if begun.kind != RELEASE:
            mended = journal.first(Mended, fault=begun.fault, since_s=begun.at_s)
            found.append((begun.at_s, float("inf") if mended is None else mended.at_s + settle_s))
    return found


def calms(part: Stretch, disturbed: Sequence[tuple[float, float]], end_s: float) -> Calms:
    """`end_s`: of the window; a process that ended sooner holds nothing any more, and one that began in a fault nothing from before."""
    times = np.asarray(part.times_s)
    still = np.ones(len(times), bool)
    for from_s, until_s in disturbed:
        still &= (times < from_s) | (times >= until_s)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], still, [False]])))
    runs = [(int(start), int(end)) for start, end in zip(edges[::2], edges[1::2], strict=True)]
    long = [(start, end) for start, end in runs if end - start >= LEVEL * POINTS]
    before = bool(still[0]) and (not long or long[0][0] > 0)
    lives = times[-1] >= end_s - SEVERAL * _every(part)
    after = bool(lives) and (not long or long[-1][1] < len(times))
    parts = [_cut(part, start, end) for start, end in long]
    used = sum(len(one.times_s) for one in parts)
    calm = int(still.sum())
    return Calms(parts, not still.all() and (before or after), len(times) - calm, calm - used)


def rises(before: Sequence[float], after: Sequence[float]) -> bool:
    return bool(before) and min(level(after)) > max(batches(before))


def level(values: Sequence[float]) -> list[float]:
    """The last batches."""
    return batches(values)[-LEVEL:]


def batches(values: Sequence[float]) -> list[float]:
    """Medians of five samples each, counted from the end."""
    first = len(values) % POINTS
    return [median(values[i : i + POINTS]) for i in range(first, len(values), POINTS)]


def _every(part: Stretch) -> float:
    return (part.times_s[-1] - part.times_s[0]) / max(1, len(part.times_s) - 1)


def _lifted(earlier: Sequence[float], later: Sequence[float]) -> list[float]:
    """The earlier values raised to where the later ones begin."""
    if not earlier:
        return []
    more = median(later[:POINTS]) - median(earlier[-POINTS:])
    return [*(value + more for value in earlier), *later]


def _cut(part: Stretch, start: int, end: int) -> Stretch:
    return replace(
        part, times_s=part.times_s[start:end], values=part.values[start:end], unclosed=part.unclosed[start:end]
    )
