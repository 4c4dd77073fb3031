"""What is at rest, what warms up, and what never rests: against series that are made to be one of these."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from harness.stats.settled import mser5, settled


def noise(dice: np.random.Generator, n: int, phi: float, sigma: float) -> np.ndarray:
    jumps, wave = dice.normal(0, sigma * np.sqrt(1 - phi * phi), n), np.zeros(n)
    for i in range(1, n):
        wave[i] = phi * wave[i - 1] + jumps[i]
    return wave


def series(kind: str, dice: np.random.Generator, n: int = 240) -> np.ndarray:
    """Around 100, with a noise of 2."""
    t = np.arange(n)
    shape = {
        "flat": 0 * t,
        "warmup": 80 * np.exp(-t / 10),
        "slowdown": -40 * np.exp(-t / 10),
        "sawtooth": 40 * ((t / 80) % 1),
        "shift": 20 * (t >= 0.8 * n),
        "drift": 30 * t / n,
    }[kind]
    return 100 + shape + noise(dice, n, 0.2, 2.0)


@pytest.mark.parametrize(
    ("kind", "word"),
    [
        ("flat", "flat"),
        ("warmup", "warmup"),
        ("slowdown", "slowdown"),
        ("sawtooth", "unsteady"),
        ("shift", "unsteady"),
        ("drift", "unsteady"),
    ],
)
def test_each_kind_of_series_is_told_from_the_others(kind: str, word: str) -> None:
    dice = np.random.default_rng(4)
    found = Counter(told.word for _ in range(50) if (told := settled(series(kind, dice).tolist())))
    assert found[word] >= 48, found


@pytest.mark.parametrize("n", [120, 240])
def test_a_correlated_series_without_a_trend_is_called_steady(n: int) -> None:
    """AR(1), 0.6 from second to second, a noise of a tenth of the mean: a false word costs a whole run."""
    dice = np.random.default_rng(8)
    told = [settled((100 + noise(dice, n, 0.6, 10.0)).tolist()) for _ in range(60)]
    assert sum(one.steady for one in told if one) >= 54


def test_what_is_not_steady_says_why() -> None:
    dice = np.random.default_rng(4)
    shifted, drifted = settled(series("shift", dice).tolist()), settled(series("drift", dice).tolist())
    assert shifted is not None
    assert "shifted by +" in shifted.because
    assert drifted is not None
    assert drifted.because


def test_the_truncation_is_where_the_rest_is_known_best() -> None:
    assert mser5([100.0] * 10 + [1.0, 1.1, 0.9, 1.0, 1.0] * 10) == 10
    assert mser5([1.0, 1.1, 0.9, 1.0, 1.0] * 12) == 0


def test_too_few_points_or_none_of_any_size_tell_nothing() -> None:
    assert settled([1.0] * 59) is None
    still = settled([0.0] * 60)
    assert still is not None
    assert still.word == "flat"
