"""However many workers share a load, together they send the arrivals that one alone would, each once, for the same classes."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.load.arrivals import Segment, instants
from harness.load.division import Part

RATES = st.floats(0, 300, allow_nan=False)
SEGMENTS = st.lists(st.builds(Segment, st.floats(0.1, 5), RATES, RATES), min_size=1, max_size=4)


@given(SEGMENTS, st.booleans(), st.integers(0, 99), st.integers(1, 16))
def test_the_parts_of_any_schedule_are_the_schedule(
    segments: list[Segment], poisson: bool, seed: int, workers: int
) -> None:
    def first(part: Part) -> list[float]:
        due = part.of_all(instants(segments, poisson=poisson, seed=seed))
        return list(itertools.takewhile(lambda at_s: at_s < 12.0, itertools.islice(due, 2000)))

    alone = list(
        itertools.takewhile(
            lambda at_s: at_s < 12.0, itertools.islice(instants(segments, poisson=poisson, seed=seed), 2000)
        )
    )
    parts = [first(Part(worker, workers)) for worker in range(workers)]
    together = sorted(at_s for part in parts for at_s in part)[: len(alone)]
    assert together == alone
    assert max(map(len, parts)) - min(map(len, parts)) <= 1 or len(alone) == 2000


@given(st.integers(1, 12), st.integers(0, 200))
def test_each_is_somebodys_and_nobody_elses(workers: int, length: int) -> None:
    parts = [list(Part(worker, workers).of_all(iter(range(length)))) for worker in range(workers)]
    assert sorted(itertools.chain(*parts)) == list(range(length))


@pytest.mark.parametrize(("worker", "of"), [(1, 1), (-1, 2), (0, 0)])
def test_there_is_no_such_part(worker: int, of: int) -> None:
    with pytest.raises(ValueError, match="there is no worker"):
        Part(worker, of)
