"""The score of the Numenta Anomaly Benchmark, by the benchmark's own vectors: rows are instants a step of 1 apart."""

from __future__ import annotations

import random
from collections.abc import Collection, Sequence

import pytest

from harness.stats.nab import FAR, PROFILES, STANDARD, Profile, Window, nab, nab_raw, sigmoid

ONES = Profile("all ones", 1.0, 1.0, 1.0)
ODD = Profile("of the unit tests", 1.1, 0.11, 1.2)


def placed(limits: Sequence[tuple[int, int]], rows: Collection[int]) -> tuple[list[Window], list[float]]:
    """Windows from their first to their last row, with the detections in them; and the detections outside of all."""
    windows = [Window(a, b + 1, tuple(float(row) for row in rows if a <= row <= b)) for a, b in limits]
    return windows, [float(row) for row in rows if not any(a <= row <= b for a, b in limits)]


def scored(limits: Sequence[tuple[int, int]], rows: Collection[int], profile: Profile = ONES) -> float:
    return nab_raw(*placed(limits, rows), profile, 1.0)


def spread(length: int, count: int, size: int) -> list[tuple[int, int]]:
    """Windows as numenta/NAB, nab/test_helpers.py generateWindows, spaces them."""
    gap = round((length - count * size) / (count + 1))
    return [(gap * (i + 1) + size * i, gap * (i + 1) + size * i + size - 1) for i in range(count)]


@pytest.mark.parametrize(
    ("position", "worth"),
    [(-1.0, 0.9866142981514305), (-0.5, 0.8482836399575131), (0.0, 0.0), (1.0, -0.98661), (3.0, -1.0), (7.0, -1.0)],
)
def test_the_scaled_sigmoid(position: float, worth: float) -> None:
    """numenta/NAB, nab/sweeper.py scaledSigmoid (its docstring), and tests/unit/scorer_test.py for the digits."""
    assert sigmoid(position) == pytest.approx(worth, abs=1e-5)


@pytest.mark.parametrize(
    ("limits", "rows", "score"),
    [
        ([], [], 0.0),
        ([], [1, 3], -2 * 0.11),
        ([(1, 2), (4, 5)], [], -2 * 1.2),
        ([(1, 2)], [2], 1.1 * 0.8482836399575131 / 0.9866142981514305),
        ([(1, 2), (4, 5)], [2], 1.1 * 0.8482836399575131 / 0.9866142981514305 - 1.2),
        ([(4, 5)], [4], 1.1),
        ([(4, 5)], [4, 5], 1.1),
        ([(1, 2), (4, 5)], [2, 4], 1.1 * 0.8482836399575131 / 0.9866142981514305 + 1.1),
    ],
)
def test_vectors_of_the_unit_tests(limits: list[tuple[int, int]], rows: list[int], score: float) -> None:
    """numenta/NAB, tests/unit/scorer_test.py (weights 1.1, 0.11, 1.2): null, false positives and negatives, true positives."""
    assert scored(limits, rows, ODD) == pytest.approx(score)


def test_true_positives() -> None:
    """numenta/NAB, tests/integration/true_positive_test.py: the first row of a window is worth the whole weight, however wide it
    is; earlier is better; a second detection adds nothing; the last row and the one after it cancel, the miss apart."""
    (first, last), (wider, _) = spread(10, 1, 2)[0], spread(10, 1, 3)[0]
    assert scored([(first, last)], [first]) == pytest.approx(1.0)
    assert scored([(first, last)], [first]) > scored([(first, last)], [last])
    assert scored([(first, last)], [first, last]) == scored([(first, last)], [first])
    assert scored([(wider, wider + 2)], [wider]) == scored([(first, last)], [first])
    ((begin, end),) = spread(1000, 1, 100)
    at_the_edge, behind_it = scored([(begin, end)], [end]), scored([(begin, end)], [end + 1])
    assert at_the_edge + behind_it + 1 == pytest.approx(0.0, abs=5e-4)


def test_false_positives() -> None:
    """numenta/NAB, tests/integration/false_positive_test.py: negative, two worse than one, the later after a window the worse,
    and exactly the weight where there is no window."""
    one = spread(1000, 1, 10)
    assert scored(one, [0]) < 0
    assert scored(one, [0, 1]) < scored(one, [0])
    assert scored([], [0]) == -1.0
    ((first, last),) = spread(10, 1, 2)
    assert scored([(first, last)], [last + 1]) > scored([(first, last)], [last + 2])


@pytest.mark.parametrize("count", [1, 4])
def test_false_negatives(count: int) -> None:
    """numenta/NAB, tests/integration/false_negative_test.py: exactly the weight for each window that was missed."""
    assert scored(spread(500 * count, count, 10), []) == -float(count)


def test_all_of_it_at_once() -> None:
    """numenta/NAB, tests/integration/scorer_test.py testScoringAllMetrics: a hit, another in its window, one false, one missed."""
    limits = spread(100, 2, 5)
    first = limits[0][0]
    assert scored(limits, [first, first + 1, first + 7]) == pytest.approx(-0.9540, abs=5e-5)


def test_what_the_profiles_are_about() -> None:
    """numenta/NAB, tests/integration/scorer_test.py testRewardLow…: twice the weight of what is missed, or false, is twice its cost."""
    limits = spread(100, 1, 10)
    assert scored(limits, [], Profile("", 1.0, 0.055, 2.0)) == 2 * scored(limits, [], ONES)
    assert scored([], [0], Profile("", 1.0, 2.0, 0.5)) == 2 * scored([], [0], ONES)
    assert [(p.name, p.detected, p.false, p.missed) for p in PROFILES] == [
        ("standard", 1.0, 0.11, 1.0),
        ("reward_low_FP_rate", 1.0, 0.22, 1.0),
        ("reward_low_FN_rate", 1.0, 0.11, 2.0),
    ]


def test_rows_in_a_window_are_worth_something_and_others_cost() -> None:
    """numenta/NAB, tests/integration/sweeper_test.py testCalcSweepScoreWindowScoreInteraction: 100 rows, windows 30-39 and 75-95."""
    limits = [(30, 39), (75, 95)]
    for row in range(100):
        worth = scored(limits, [row], STANDARD) - scored(limits, [], STANDARD)
        inside = any(a <= row <= b for a, b in limits)
        assert worth > STANDARD.missed if inside else worth < 0


def test_a_detector_at_random_comes_to_about_nothing() -> None:
    """numenta/NAB, tests/integration/scorer_test.py testFalsePositiveScaling: on average between -1.5 and 0.5."""
    dice = random.Random(1)
    limits = spread(100, 1, 10)
    scores = [scored(limits, dice.sample(range(100), 10), STANDARD) for _ in range(20)]
    assert -1.5 <= sum(scores) / len(scores) <= 0.5


@pytest.mark.parametrize("profile", PROFILES)
def test_silence_is_0_the_earliest_is_100_and_no_window_is_no_score(profile: Profile) -> None:
    """The normalisation of nab/runner.py: 100 (raw - null) / (perfect - null)."""
    limits = [(10, 19), (50, 59)]
    assert nab(*placed(limits, []), profile) == pytest.approx(0.0)
    assert nab(*placed(limits, [10, 50]), profile) == pytest.approx(100.0)
    assert nab(*placed(limits, range(0, 10)), profile) < 0  # type: ignore[operator]
    assert nab([], [], profile) is None
    assert nab([], [5.0], profile) is None


def test_a_window_of_no_length_breaks_nothing() -> None:
    assert nab_raw([Window(5.0, 5.0, (5.0,))], [9.0], STANDARD) == pytest.approx(1.0 - STANDARD.false)
    assert FAR == 3.0
