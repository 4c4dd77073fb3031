"""Whether the level of a series changed: a likelihood-ratio test whose noise may remember, at one level for all it looks for.

The level is said to be constant, or to follow one of a few shapes (a step, a ramp that ends, a trend) with noise around it:
a part that remembers (AR(1)) and one that does not, as medians of few requests have. Either is fitted with a noise of its
own: waves of a few seconds are noise, and a change that is there does not pass for noise that remembers. How much better the
best shape fits than none is held against what it is where nothing changed. A step has at least 15 % of the points on either
side: two odd points at an end are none.

Source: Davis, Huang and Yao, Testing for a change in the parameter values and order of an autoregressive model, Annals of
Statistics 23 (1995), the likelihood ratio; Robbins et al., Mean shift testing in correlated data, J. Time Series Analysis 32
(2011), why the autocorrelation must be fitted under the change. The critical value is simulated.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import Any

LEVEL = 0.005  # a false "not steady" costs a whole run
CRITICAL = 9.5
"""Of the gain in log likelihood, at LEVEL, for 60 points whose noise has a correlation of 0.85 from one to the next: the worst
that is provided for. Less memory, or more points, have less. Held by tests/unit/test_stats_change.py."""
MOST_POINTS = 120  # longer series are taken as means of equal stretches
MARGIN = 0.15  # of the points, at either end
NOISES = ((0.0, 0.0), *product((0.3, 0.5, 0.7, 0.8, 0.9, 0.95), (0.3, 0.55, 0.8, 1.0)))
"""(correlation from one point to the next, share of the variance that has it)"""


@dataclass(frozen=True)
class Change:
    """
    kind       step (at point `at`), ramp (from the first point on, until point `at`), trend (from the first to the last)
    relative   how much, of the series' mean
    gain       log likelihood with the change less without it
    """

    kind: str
    at: int
    relative: float
    gain: float


@dataclass(frozen=True, eq=False)
class _Noise:
    """One noise for n points: what takes its memory out, its share of the log likelihood, and the constant and the shapes with
    it taken out, of length 1, the shapes orthogonal to the constant (a row each).
    """

    whiten: Any
    offset: float
    constant: Any
    shapes: Any


@dataclass(frozen=True, eq=False)
class _Family:
    """All that may have happened to n points: shapes by name and place, 0 before a change and 1 after it, under each noise."""

    names: tuple[tuple[str, int], ...]
    each: Any
    noises: tuple[_Noise, ...]


def change(values: Any) -> Change | None:
    """The change that a series of equally spaced points shows at LEVEL; None: none is shown."""
    import numpy as np

    series = np.asarray(values, float)
    width = -(-len(series) // MOST_POINTS)
    points = series[: len(series) // width * width].reshape(-1, width).mean(axis=1)
    mean = float(points.mean())
    if mean == 0 or float(np.ptp(points)) <= 1e-9 * abs(mean):
        return None
    gains, shapes, noises = gained((points / mean)[None])
    if gains[0] <= CRITICAL:
        return None
    family = _family(len(points))
    kind, at = family.names[shapes[0]]
    size = _size(points / mean, family.each[shapes[0]], family.noises[noises[0]])
    return Change(kind, at * width, size, float(gains[0]))


def gained(series: Any) -> tuple[Any, Any, Any]:
    """Of series of like length, one a row: the gain of the best shape, which it is, and which noise is the likeliest with it."""
    import numpy as np

    count, n = series.shape
    without, with_ = [], []
    for noise in _family(n).noises:
        white = series @ noise.whiten.T
        white -= np.outer(white @ noise.constant, noise.constant)
        left = np.maximum((white**2).sum(axis=1), 1e-300)
        less = np.maximum(left[:, None] - (white @ noise.shapes.T) ** 2, 1e-12 * left[:, None])
        without.append(noise.offset - n / 2 * np.log(left))
        with_.append(noise.offset - n / 2 * np.log(less))
    told = np.array(with_)  # by noise, series, shape
    best = told.max(axis=0).argmax(axis=1)
    mine = told[:, np.arange(count), best]
    return mine.max(axis=0) - np.max(without, axis=0), best, mine.argmax(axis=0)


@cache
def _family(n: int) -> _Family:
    import numpy as np

    t = np.arange(n)
    places = range(int(np.ceil(MARGIN * n)), int((1 - MARGIN) * n) + 1, max(1, n // 20))
    found = [("trend", n, t / (n - 1))]
    found += [("step", k, (t >= k).astype(float)) for k in places]
    found += [("ramp", k, np.minimum(1.0, t / k)) for k in places]
    each = np.array([shape for _, _, shape in found])
    apart = np.abs(np.subtract.outer(t, t))
    noises = tuple(_noise(share * persistence**apart + (1 - share) * np.eye(n), each) for persistence, share in NOISES)
    return _Family(tuple((kind, at) for kind, at, _ in found), each, noises)


def _noise(covariance: Any, each: Any) -> _Noise:
    import numpy as np

    root = np.linalg.cholesky(covariance)
    whiten = np.linalg.inv(root)
    constant = whiten.sum(axis=1)
    constant /= np.linalg.norm(constant)
    shapes = each @ whiten.T
    shapes -= np.outer(shapes @ constant, constant)
    shapes /= np.linalg.norm(shapes, axis=1, keepdims=True)
    return _Noise(whiten, -float(np.log(np.diag(root)).sum()), constant, shapes)


def _size(points: Any, shape: Any, noise: _Noise) -> float:
    """How much the level changes over the shape, by generalized least squares."""
    import numpy as np

    design = noise.whiten @ np.stack([np.ones(len(points)), shape]).T
    return float(np.linalg.lstsq(design, noise.whiten @ points, rcond=None)[0][1])
