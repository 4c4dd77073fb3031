"""When arrivals are due: by formula from the rates, evenly or as a Poisson process, never drifting."""

from __future__ import annotations

import itertools
import math
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.load.arrivals import Segment, expected_count, instants, rate_at

rates = st.floats(0, 500).map(lambda rate: round(rate, 2))
lists = st.lists(st.builds(Segment, st.floats(0.5, 20), rates, rates), min_size=1, max_size=5)


def at(for_s: float, rate: float) -> tuple[Segment, ...]:
    return (Segment(for_s, rate, rate),)


def until(segments: tuple[Segment, ...], end_s: float, **how: object) -> list[float]:
    return list(itertools.takewhile(lambda at_s: at_s < end_s, instants(segments, **how)))  # type: ignore[arg-type]


def test_a_constant_rate_is_even_from_its_first_instant_and_held_to_the_end() -> None:
    due = until(at(2, 5), 4)

    assert due == pytest.approx([n / 5 for n in range(20)])


def test_a_day_of_arrivals_does_not_drift() -> None:
    due = itertools.islice(instants(at(1, 7)), 7 * 86400, None)

    assert next(due) == pytest.approx(86400, abs=1e-9)


def test_a_ramp_has_as_many_as_its_area_and_grows_denser() -> None:
    segments = (Segment(10, 0, 20),)
    due = until(segments, 10)

    assert len(due) == 100
    assert due[25] == pytest.approx(5.0)
    gaps = [b - a for a, b in itertools.pairwise(due)]
    assert gaps == sorted(gaps, reverse=True)


def test_a_spike_jumps_and_comes_back() -> None:
    segments = at(10, 10) + at(5, 100) + at(15, 10)

    assert [rate_at(segments, at_s) for at_s in (0, 9.9, 10, 14.9, 15, 29, 60, -1)] == [10, 10, 100, 100, 10, 10, 10, 0]
    assert expected_count(segments, 0, 30) == pytest.approx(100 + 500 + 150)


def test_a_held_rate_of_zero_ends_the_arrivals() -> None:
    assert len(list(instants((Segment(2, 10, 0),)))) == 10


@pytest.mark.parametrize("stretch", [(0, 1, 1), (math.inf, 1, 1), (1, -1, 1), (1, 1, -1), (1, 1, math.inf)])
def test_what_is_no_stretch_is_refused(stretch: tuple[float, float, float]) -> None:
    with pytest.raises(ValueError, match=r"stretch|rate"):
        Segment(*stretch)


@given(lists, st.floats(0, 60))
def test_there_are_as_many_instants_as_expected_and_they_are_in_order(segments: list[Segment], end_s: float) -> None:
    due = until(tuple(segments), end_s)

    assert due == sorted(due)
    assert len(due) == pytest.approx(expected_count(segments, 0, end_s), abs=1 + 1e-6)


@given(lists, st.floats(0, 50), st.floats(0, 50), st.floats(0, 50))
def test_expected_counts_add_up(segments: list[Segment], one: float, two: float, three: float) -> None:
    start, middle, end = sorted((one, two, three))

    whole = expected_count(segments, start, end)
    assert whole == pytest.approx(
        expected_count(segments, start, middle) + expected_count(segments, middle, end), abs=1e-6
    )
    assert whole >= -1e-9


def test_poisson_arrivals_are_the_same_again_for_the_same_seed() -> None:
    segments = at(10, 50)

    assert until(segments, 10, poisson=True, seed=3) == until(segments, 10, poisson=True, seed=3)
    assert until(segments, 10, poisson=True, seed=3) != until(segments, 10, poisson=True, seed=4)


def test_poisson_gaps_are_exponential_and_counts_follow_a_ramp() -> None:
    steady = until(at(1, 100), 200, poisson=True, seed=1)
    gaps = [b - a for a, b in itertools.pairwise(steady)]
    assert statistics.fmean(gaps) == pytest.approx(0.01, rel=0.03)
    assert statistics.stdev(gaps) == pytest.approx(0.01, rel=0.05)
    assert sum(gap > 0.01 for gap in gaps) / len(gaps) == pytest.approx(math.exp(-1), abs=0.02)

    ramp = (Segment(100, 0, 200),)
    due = until(ramp, 100, poisson=True, seed=2)
    assert sum(at_s < 50 for at_s in due) == pytest.approx(expected_count(ramp, 0, 50), rel=0.1)
    assert len(due) == pytest.approx(10000, rel=0.03)
