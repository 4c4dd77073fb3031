"""How another judge compares two phases: Kayenta's Mann-Whitney classification of a metric, from its description. An oracle.

It compares point by point, and so takes points to be independent of each other. Nothing of the harness is used here, and
nothing of this by the harness.

Source: spinnaker/kayenta, kayenta-judge MannWhitneyClassifier.scala and kayenta-mannwhitney MannWhitney.scala; the interval is
that of R's wilcox.test with conf.int (Bauer, Constructing confidence sets using rank statistics, JASA 67, 1972): asymptotic,
with corrections for ties and continuity.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri
from scipy.stats import rankdata

PASS, HIGH, LOW, NODATA = "pass", "high", "low", "nodata"
EITHER, INCREASE, DECREASE = "either", "increase", "decrease"
NOISE = 1e-5  # of the value, for two sides that are constant, and not the same
Floats = NDArray[np.float64]


def classify(
    control: Sequence[float] | Floats,
    experiment: Sequence[float] | Floats,
    direction: str = EITHER,
    *,
    tolerance: float = 0.25,
    confidence: float = 0.98,
    effect: tuple[float, float] = (1.0, 1.0),
    cles: bool = False,
) -> str:
    """How the experiment's values are to the control's. The defaults are those of its judge NetflixACAJudge-v1.0.

    `tolerance` is a share of the shift itself; `effect` what the size of the effect (a ratio of means, or the common language
    effect size) must be at most for low and at least for high.
    """
    y, x = np.asarray(control, float), np.asarray(experiment, float)
    if not len(x) or not len(y):
        return NODATA
    if np.array_equal(np.sort(x), np.sort(y)) or np.ptp(np.concatenate([x, y])) == 0:
        return PASS
    if np.ptp(x) == 0 and np.ptp(y) == 0:
        dice = np.random.default_rng(1)
        x, y = (side + dice.normal(0.0, abs(side[0]) * NOISE, len(side)) for side in (x, y))
    low, shift, high = interval(y, x, confidence)
    bound = tolerance * abs(shift)
    size = _common_language(y, x) if cles else _ratio_of_means(y, x)
    if direction in (INCREASE, EITHER) and low > bound and not size < effect[1]:
        return HIGH
    if direction in (DECREASE, EITHER) and high < -bound and not size > effect[0]:
        return LOW
    return PASS


def differs(control: Floats, experiment: Floats, confidence: float) -> bool:
    """Whether the interval of the shift leaves out 0: what is classified as high or low where nothing is tolerated."""
    return abs(_standardized(control, experiment, 0.0)) > float(ndtri((1 + confidence) / 2))


def interval(control: Floats, experiment: Floats, confidence: float) -> tuple[float, float, float]:
    """(low, Hodges-Lehmann estimate, high) of how far the experiment is shifted against the control."""
    z = float(ndtri((1 + confidence) / 2))
    return _root(control, experiment, z), _root(control, experiment, 0.0), _root(control, experiment, -z)


def _standardized(y: Floats, x: Floats, shift: float) -> float:
    """The rank sum of the experiment, shifted back, in standard deviations from what chance gives."""
    n, m = len(x), len(y)
    ranks = rankdata(np.concatenate([x - shift, y]))
    beyond = float(ranks[:n].sum()) - n * (n + 1) / 2 - n * m / 2
    ties = np.unique(ranks, return_counts=True)[1].astype(float)
    variance = n * m / 12 * (n + m + 1 - float((ties**3 - ties).sum()) / ((n + m) * (n + m - 1)))
    if variance <= 0:
        return 0.0
    return (beyond - 0.5 * float(np.sign(beyond))) / math.sqrt(variance)


def _root(y: Floats, x: Floats, z: float) -> float:
    """The shift at which the statistic, which falls as it grows, comes to z; an end of all shifts where it never does."""
    low, high = float(x.min() - y.max()), float(x.max() - y.min())
    if _standardized(y, x, low) <= z:
        return low
    if _standardized(y, x, high) >= z:
        return high
    enough = 1e-9 * (high - low)
    while high - low > enough:
        middle = (low + high) / 2
        there = _standardized(y, x, middle)
        if there == z:
            return middle
        low, high = (middle, high) if there > z else (low, middle)
    return high  # just beyond a step: where many differences are 0, all three may lie there, and are greater than 0


def _ratio_of_means(y: Floats, x: Floats) -> float:
    """NaN where either mean is 0: then the effect is not asked for."""
    return float(x.mean() / y.mean()) if y.mean() and x.mean() else math.nan


def _common_language(y: Floats, x: Floats) -> float:
    """The chance that a value of the experiment is greater than one of the control; a tie is half."""
    return float((x[:, None] > y).mean() + (x[:, None] == y).mean() / 2)
