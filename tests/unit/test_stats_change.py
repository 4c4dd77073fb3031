"""Whether a level changed: how often noise that remembers is taken for a change, and which changes are found in it."""

from __future__ import annotations

import numpy as np
import pytest

from harness.stats.change import CRITICAL, LEVEL, change, gained
from harness.stats.settled import settled


def noise(dice: np.random.Generator, runs: int, n: int, persistence: float) -> np.ndarray:
    """AR(1) of unit variance, a series a row."""
    found = dice.standard_normal((runs, n))
    found[:, 1:] *= np.sqrt(1 - persistence**2)
    for i in range(1, n):
        found[:, i] += persistence * found[:, i - 1]
    return found


def shape(name: str, n: int) -> np.ndarray:
    part = np.arange(n) / n
    return {
        "still": 0 * part,
        "warms up over the first half": -0.4 * np.minimum(1.0, part / 0.5),
        "steps in the middle": 0.3 * (part >= 0.5),
        "climbs all the time": 0.5 * part,
    }[name]


@pytest.mark.parametrize(
    ("n", "persistence", "share"),
    [
        (60, 0.0, 1.0),
        (60, 0.6, 1.0),
        (60, 0.85, 1.0),
        (60, 0.85, 0.8),
        (60, 0.85, 0.55),
        (90, 0.85, 0.8),
        (120, 0.85, 1.0),
    ],
)
def test_noise_is_taken_for_a_change_in_one_of_two_hundred(n: int, persistence: float, share: float) -> None:
    dice = np.random.default_rng(n)
    told = np.sqrt(share) * noise(dice, 2000, n, persistence) + np.sqrt(1 - share) * noise(dice, 2000, n, 0.0)
    rate = float(np.mean(gained(told)[0] > CRITICAL))
    assert rate <= LEVEL + 3 * np.sqrt(LEVEL / 2000)


def test_the_critical_value_is_that_of_the_worst_noise_provided_for() -> None:
    gains, _, _ = gained(noise(np.random.default_rng(1), 4000, 60, 0.85))
    assert np.quantile(gains, 1 - LEVEL) == pytest.approx(CRITICAL, abs=1.0)


@pytest.mark.parametrize("name", ["warms up over the first half", "steps in the middle", "climbs all the time"])
@pytest.mark.parametrize(
    ("n", "sd", "persistence"), [(60, 0.05, 0.0), (60, 0.04, 0.3), (120, 0.05, 0.6), (120, 0.08, 0.3), (240, 0.1, 0.3)]
)
def test_a_service_that_changes_is_told_from_one_at_rest(name: str, n: int, sd: float, persistence: float) -> None:
    told = [settled(1 + shape(name, n) + sd * one) for one in noise(np.random.default_rng(7), 60, n, persistence)]
    assert sum(not one.steady for one in told if one) >= 54


@pytest.mark.parametrize(
    ("n", "sd", "persistence"), [(60, 0.25, 0.6), (60, 0.1, 0.85), (120, 0.3, 0.85), (240, 0.3, 0.6)]
)
def test_a_service_at_rest_is_not_called_unsteady(n: int, sd: float, persistence: float) -> None:
    told = [settled(np.exp(sd * one)) for one in noise(np.random.default_rng(8), 200, n, persistence)]
    assert sum(not one.steady for one in told if one) <= 4  # of 200: 0.5 % is 1, and waves may be as many


@pytest.mark.parametrize("last", [1, 2, 3])
def test_odd_points_at_the_very_end_are_no_change_of_level(last: int) -> None:
    """Half of the latency, or double, in the last points alone: a pause, or a second without any."""
    found = 0
    for one in noise(np.random.default_rng(9), 100, 60, 0.3):
        series = 1 + 0.1 * one
        series[-last:] *= 0.54
        told = settled(series)
        found += told is not None and not told.steady
    assert found <= 2 if last < 3 else found <= 10


def test_a_change_says_what_it_is_where_and_how_much() -> None:
    one = noise(np.random.default_rng(3), 1, 120, 0.3)[0] * 0.03
    stepped, climbed = (
        change(1 + shape("steps in the middle", 120) + one),
        change(1 + shape("climbs all the time", 120) + one),
    )
    warmed = change(1 + shape("warms up over the first half", 120) + one)
    assert stepped is not None
    assert (stepped.kind, stepped.at) == ("step", 60)
    assert stepped.relative == pytest.approx(0.3 / 1.15, abs=0.05)
    assert climbed is not None
    assert climbed.kind == "trend"
    assert climbed.relative == pytest.approx(0.4, abs=0.06)
    assert warmed is not None
    assert warmed.kind == "ramp"
    assert 50 <= warmed.at <= 70


def test_a_series_that_never_varies_has_no_change() -> None:
    assert change([3.0] * 100) is None
    assert change([0.0] * 100) is None
