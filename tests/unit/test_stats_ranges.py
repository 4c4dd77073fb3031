"""Range precision and recall: known answers, and a definition written out point by point."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable

import pytest

from harness.stats.ranges import Matched, Span, flat, front, range_precision, range_recall

Points = list[int]


def ranges(points: str) -> list[Span]:
    """'01100' is one range, [1, 3)."""
    found, at = [], 0.0
    for digit, run in itertools.groupby(points):
        length = len(list(run))
        if digit == "1":
            found.append((at, at + length))
        at += length
    return found


def matched(ones: list[Span], others: list[Span]) -> list[Matched]:
    return [(one, others) for one in ones]


@pytest.mark.parametrize(
    ("real", "told", "precision", "recall"),
    [
        ("11000", "01000", 1.0, 0.5),
        ("11000", "11110", 0.5, 1.0),
        ("11000", "00111", 0.0, 0.0),
        ("11111", "11111", 1.0, 1.0),
        ("11100", "01000", 1.0, 1 / 3),
        ("10000", "11000", 0.5, 1.0),
        ("11000", "10000", 1.0, 0.5),
    ],
)
def test_vectors_of_the_reference_implementation(real: str, told: str, precision: float, recall: float) -> None:
    """CompML/PRTS, tests/test_precision.py, test_recall.py, test_fscore.py (flat bias, no reward for existence), and two by hand."""
    assert range_precision(matched(ranges(told), ranges(real)), flat) == pytest.approx(precision)
    assert range_recall(matched(ranges(real), ranges(told)), 0.0, flat) == pytest.approx(recall)


def test_the_harmonic_mean_of_the_reference() -> None:
    """CompML/PRTS, tests/test_fscore.py: real 11100, told 01000, F1 0.5."""
    real, told = ranges("11100"), ranges("01000")
    precision = range_precision(matched(told, real), flat)
    recall = range_recall(matched(real, told), 0.0, flat)
    assert precision is not None
    assert recall is not None
    assert 2 * precision * recall / (precision + recall) == pytest.approx(0.5)


def test_no_evidence_is_no_score() -> None:
    """The reference refuses a series of zeros, and gives 0 for empty lists (tests/test_precision.py): here it is None, never 1."""
    assert range_recall([]) is None
    assert range_precision([]) is None
    assert range_recall(matched(ranges("110"), [])) == 0.0
    assert range_precision(matched(ranges("110"), [])) == 0.0


def test_half_is_for_being_told_of_at_all_and_the_rest_for_how_early() -> None:
    real = (0.0, 100.0)
    assert range_recall(matched([real], [(0, 100)])) == pytest.approx(1.0)
    assert range_recall(matched([real], [(50, 100)])) == pytest.approx(0.5 + 0.5 * 0.25)
    assert range_recall(matched([real], [(0, 50)])) == pytest.approx(0.5 + 0.5 * 0.75)
    assert range_recall(matched([real], [(0, 50), (60, 100)])) == pytest.approx(0.5 + 0.5 * (0.75 + 0.16) / 2)
    assert range_recall(matched([real], [(0, 70), (60, 80), (80, 100)])) == pytest.approx(1.0)
    assert range_recall(matched([real], [(100, 120)])) == 0.0


def test_an_instant_lies_in_a_range_or_does_not() -> None:
    assert range_precision(matched([(5, 5)], [(0, 10)])) == 1.0
    assert range_precision(matched([(15, 15)], [(0, 10)])) == 0.0
    assert range_recall(matched([(0, 10)], [(5, 5)])) == 0.5


def by_points(one: Points, others: list[Points], existence: float, delta: Callable[[int, int], float]) -> float:
    """Tatbul et al., equations 4 to 7, as they stand there: sums over the points of a range."""
    n = len(one)
    found = [set(one) & set(other) for other in others if set(one) & set(other)]
    if not found:
        return 0.0
    worth = {point: delta(i, n) for i, point in enumerate(one, start=1)}
    overlap = sum(sum(worth[point] for point in part) for part in found) / sum(worth.values())
    return existence + (1 - existence) * overlap / len(found)


@pytest.mark.parametrize("seed", range(20))
def test_the_definition_point_by_point_gives_the_same(seed: int) -> None:
    """Flat: exactly. Front (delta n - i + 1): as the points get finer, the more so."""
    dice = random.Random(seed)
    real, told = ("".join(dice.choice("001111") for _ in range(40)) for _ in range(2))
    for fine, bias, delta, near in (
        (1, flat, lambda i, n: 1.0, 1e-9),
        (50, front, lambda i, n: n - i + 1.0, 0.011),
    ):
        points = [[list(range(int(a) * fine, int(b) * fine)) for a, b in ranges(text)] for text in (real, told)]
        recall = [by_points(one, points[1], 0.5, delta) for one in points[0]]
        precision = [by_points(one, points[0], 0.0, delta) for one in points[1]]
        assert range_recall(matched(ranges(real), ranges(told)), 0.5, bias) == pytest.approx(
            sum(recall) / len(recall), abs=near
        )
        assert range_precision(matched(ranges(told), ranges(real)), bias) == pytest.approx(
            sum(precision) / len(precision), abs=near
        )


def test_the_order_of_what_was_told_changes_nothing() -> None:
    told = [(0.0, 5.0), (3.0, 8.0), (20.0, 30.0), (25.0, 25.0)]
    real = [(1.0, 22.0), (24.0, 40.0)]
    scores = {
        (
            round(range_recall(matched(real, list(order))) or 0, 12),
            round(range_precision(matched(list(order), real)) or 0, 12),
        )
        for order in itertools.permutations(told)
    }
    assert len(scores) == 1
