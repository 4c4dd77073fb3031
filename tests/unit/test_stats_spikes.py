"""What is over after a few points is taken out of a series; its level, and its noise, are left."""

from __future__ import annotations

import numpy as np
import pytest

from harness.stats.settled import settled
from harness.stats.spikes import LONGEST, without_spikes


def noise(seed: int, n: int = 60) -> np.ndarray:
    return 1 + 0.1 * np.random.default_rng(seed).standard_normal(n)


@pytest.mark.parametrize("at", [0, 30, 60 - LONGEST])
def test_a_pause_is_taken_out_wherever_it_is(at: int) -> None:
    paused = noise(1)
    paused[at : at + LONGEST] *= np.linspace(100, 10, LONGEST)
    assert np.ptp(without_spikes(paused)) < 0.6


def test_noise_steps_and_waves_stay() -> None:
    for seed in range(20):
        plain = noise(seed, 240)
        assert (without_spikes(plain) != plain).sum() <= 1
        stepped = plain + (np.arange(240) >= 120)
        assert (without_spikes(stepped) != stepped).sum() <= 2
    wave = np.tile(np.repeat([1.0, 2.0], LONGEST + 1), 10) + 0.01 * noise(3, 120)
    assert np.ptp(without_spikes(wave)) > 0.9


def test_one_odd_point_among_like_ones_is_taken_out_and_a_quarter_of_them_is_not() -> None:
    odd = np.ones(60)
    odd[20] = 100.0
    assert np.ptp(without_spikes(odd)) == 0
    quantised = np.tile([1.0, 1.0, 1.0, 2.0], 15)
    assert (without_spikes(quantised) == quantised).all()
    assert without_spikes([1.0, 9.0]).tolist() == [1.0, 9.0]


@pytest.mark.parametrize("long", [1, 2, 3, 4])
def test_a_pause_of_some_seconds_is_no_unrest(long: int) -> None:
    found = []
    for seed in range(60):
        series = noise(seed)
        at = np.random.default_rng(seed).integers(60 - long)
        series[at : at + long] += 50 * np.arange(long, 0, -1)
        told = settled(series.tolist())
        found.append(told is not None and told.steady)
    assert found.count(False) <= 1
