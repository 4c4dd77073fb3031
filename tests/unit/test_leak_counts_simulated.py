"""Services of which the truth is known: a hundred healthy ones, none of which fails; and leaks, which are found."""

from __future__ import annotations

import math
from collections import Counter

import pytest
from unit.pools import TWICE, Shape, healthy, play
from unit.test_leak_counts import check

from harness.verdict import Finding, Outcome


def judged(shape: Shape, seed: int, most: int = 100) -> Finding:
    seen = play(shape, seed)
    return check(
        seen.counts, most=most, horizon="24h", unclosed=seen.unclosed, faults=shape.faults, requests=seen.requests
    )


@pytest.mark.parametrize("tenth", range(10))
def test_of_a_hundred_healthy_services_none_fails(tenth: int) -> None:
    """Pools that fill lazily, by faults too; idle ones closed soon or never; connections that a fault broke; a load that grows."""
    for number in range(10 * tenth, 10 * tenth + 10):
        for seed in range(2):
            found = judged(healthy(number), seed)
            assert found.outcome is not Outcome.FAILED, (number, seed, healthy(number), found.because)


def test_healthy_services_without_faults_pass_where_their_load_is_steady() -> None:
    pool = Shape(idle_s=math.inf, most=30)
    outcomes = Counter(judged(pool, seed).outcome for seed in range(10))
    assert outcomes[Outcome.PASSED] >= 7, outcomes


@pytest.mark.parametrize("idle_s", [20.0, 75.0, 90.0])
def test_connections_kept_alive_until_they_were_idle_for_long_are_no_leak(idle_s: float) -> None:
    for seed in range(4):
        shape = Shape(rate=1.0, reuse=False, idle_s=idle_s, most=1000)
        assert judged(shape, seed, most=200).outcome is not Outcome.FAILED, (idle_s, seed)


@pytest.mark.parametrize(("rate", "leaks"), [(10.0, 0.02), (10.0, 0.1), (30.0, 0.01), (2.0, 0.5)])
def test_a_share_of_the_requests_that_never_gives_back_is_found(rate: float, leaks: float) -> None:
    found = [judged(Shape(rate=rate, most=10_000, leaks=leaks, idle_s=30.0), seed, most=1000) for seed in range(5)]
    assert sum(one.outcome is Outcome.FAILED for one in found) >= 4, [one.because for one in found]
    assert all(one.outcome is not Outcome.PASSED for one in found)


def test_requests_that_fail_by_a_fault_and_never_give_back_are_found() -> None:
    """Open ones are told, and closed by the other side are a failure."""
    for seed in range(5):
        shape = Shape(faults=TWICE, slower=3.0, leaks=0.1, in_faults=True, idle_s=30.0, most=10_000)
        kept = judged(shape, seed)
        assert (kept.outcome, kept.reason) == (Outcome.INCONCLUSIVE, "not_given_back"), (seed, kept.because)
        closed = judged(Shape(**{**vars(shape), "closed": True}), seed)
        assert (closed.outcome, closed.reason) == (Outcome.FAILED, "leaks"), (seed, closed.because)
