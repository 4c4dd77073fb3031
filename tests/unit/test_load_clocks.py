"""The estimate of another clock is right within its own uncertainty, however lopsided the network is."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness import facts as f
from harness import gates
from harness.load.clocks import Trip, offset
from harness.testing import journal_of, rows_of

WAYS = st.lists(st.tuples(st.integers(0, 10**9), st.integers(0, 10**9)), min_size=1, max_size=30)


@given(st.integers(-(10**15), 10**15), WAYS)
def test_the_truth_lies_within_the_uncertainty(ahead: int, ways: list[tuple[int, int]]) -> None:
    trips = []
    for number, (there, back) in enumerate(ways):
        asked = 10**16 + number * 10**10
        trips.append(Trip(asked, asked + there + ahead, asked + there + back))
    found = offset(trips)
    assert abs(found.offset - ahead) <= found.uncertainty + 1
    assert found.uncertainty == min(there + back for there, back in ways) // 2


def test_no_answer_is_no_offset() -> None:
    with pytest.raises(ValueError, match="empty"):
        offset([])


@pytest.mark.parametrize(
    ("uncertainty_ms", "drift_ms", "says"),
    [(10.0, 0.0, ""), (30.0, -20.0, ""), (51.0, 0.0, "may be off by 51 ms"), (30.0, -21.0, "may be off by 51 ms")],
)
def test_a_clock_that_cannot_be_told_makes_the_run_invalid(uncertainty_ms: float, drift_ms: float, says: str) -> None:
    clock = f.WorkerClock(worker=1, when="after", uncertainty_ms=uncertainty_ms, drift_ms=drift_ms, wall_offset_ms=9e6)
    load = gates.Load(journal_of(clock), rows_of([]), lambda start_s, end_s: 0.0, math.inf, 5.0)
    assert says in gates.clocks(load)
    assert bool(gates.clocks(load)) is bool(says)
