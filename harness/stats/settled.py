"""Whether a series had come to rest: what of it is warm-up, and whether the rest drifts, shifts or wanders.

One test, at one stated level, decides whether there is any change at all (harness.stats.change). Only where there is one is
the warm-up cut off (MSER-5) and the rest asked again. What is over after a few points is taken out first (harness.stats.spikes). So chance alone calls a series at rest unsteady in about one of 200.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from harness.stats.change import Change, change
from harness.stats.spikes import without_spikes

MATERIAL = 0.05  # of the mean: a smaller change matters to nobody
BATCH = 5  # points, of MSER-5
BETWEEN = 0.92  # of the variance: noise of lag-1 correlation 0.85 has so much between stretches of 5 points in 1 of 300 series
LONGEST_WARMUP = 0.4  # of the series: what takes longer to come to rest is not seen at rest
FEWEST_POINTS = 60  # 12 batches of 5


@dataclass(frozen=True)
class Settled:
    """
    word      flat; warmup or slowdown (worse, or better, at first, then flat); unsteady (never at rest)
    cut       so many points belong to the warm-up
    because   for a person, '' when flat
    """

    word: str
    cut: int
    because: str = ""

    @property
    def steady(self) -> bool:
        return self.word != "unsteady"


def mser5(values: Sequence[float]) -> int:
    """How many points to cut off: the start from which the mean of the rest has the least standard error.

    Source: White, An Effective Truncation Heuristic for Bias Reduction in Simulation Output, Simulation 69 (1997); batch
    means of 5, d* = argmin Var(Y_d…) / (n - d). Looked for in the first half alone: a few alike points at the very end
    have the least error by chance (the method's known weakness), and a series that is still changing in its second half
    shows it by changing there.
    """
    import numpy as np

    count = len(values) // BATCH
    means = np.asarray(values[: count * BATCH], float).reshape(count, BATCH).mean(axis=1)
    best, least = 0, math.inf
    for start in range(count // 2 + 1):
        rest = means[start:]
        error = float(((rest - rest.mean()) ** 2).sum()) / len(rest) ** 2
        if error < least:
            best, least = start, error
    return best * BATCH


def settled(values: Sequence[float]) -> Settled | None:
    """What became of a series of equally spaced points, such as a latency a second. None: too few to tell (60).

    Source: the gate of verdicts in Barrett et al., Virtual Machine Warmup Blows Hot and Cold (OOPSLA 2017): flat, warmup,
    slowdown, no steady state; ours decides by a test that knows how long the noise remembers.
    """
    if len(values) < FEWEST_POINTS:
        return None
    array = without_spikes(values)
    found = _material(array)
    if found is None:
        return _waves(array, 0) or Settled("flat", 0)
    cut = max(mser5(array), found.at if found.kind == "ramp" else 0)
    if cut == 0 or found.kind == "trend":
        return Settled("unsteady", 0, _told(found, 0))
    if cut > LONGEST_WARMUP * len(array):
        late = found.kind == "ramp" or found.at <= cut
        return Settled(
            "unsteady", cut, "it was still changing after two fifths of the time" if late else _told(found, 0)
        )
    if again := _material(array[cut:]):
        return Settled("unsteady", cut, _told(again, cut))
    warmed = "warmup" if array[:cut].mean() > array[cut:].mean() else "slowdown"
    return _waves(array, cut) or Settled(warmed, cut)


def _material(values: Any) -> Change | None:
    found = change(values)
    return found if found is not None and abs(found.relative) > MATERIAL else None


def _told(found: Change, cut: int) -> str:
    size = f"{100 * found.relative:+.0f} % of its mean"
    if found.kind == "step":
        return f"it shifted by {size} at point {cut + found.at}"
    return f"it drifted by {size}" + (f" until point {cut + found.at}" if found.kind == "ramp" else "")


def _waves(values: Any, cut: int) -> Settled | None:
    """Whether nearly all of its variance lies between stretches and little within: a wave (a sawtooth), and no noise."""
    import numpy as np

    rest = values[cut:]
    parts = np.array_split(rest, max(2, len(rest) // BATCH))
    between, total = float(np.var([part.mean() for part in parts])), float(np.var(rest))
    waves = total > 0 and between > BETWEEN * total and math.sqrt(between) > MATERIAL * abs(float(rest.mean()))
    return Settled("unsteady", cut, "it went up and down in long waves") if waves else None
