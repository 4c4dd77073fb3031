"""What grows and is no leak, or may be none: warm-ups with a ceiling, heaps between collections; and a leak that begins late."""

from __future__ import annotations

import math

import pytest
from unit.test_expectation_leak import MIB, evidence, memory

from harness.expectations.leak import Leak
from harness.verdict import Finding, Outcome

SEEDS = range(4)


def check(values: list[float], *, horizon: str = "24h", collected: bool | None = None) -> Finding:
    return Leak(service="api", horizon_s=horizon, collected=collected).check(evidence(values))  # type: ignore[arg-type]


def shaped(shape: list[float], seed: int) -> list[float]:
    """MiB, and noise."""
    noise = memory(len(shape), start=0.0, seed=seed)
    return [MIB * value + more for value, more in zip(shape, noise, strict=True)]


def saw(n: int, period_s: float, low: float, high: float, begun_s: float = 0.0) -> list[float]:
    return [low + (high - low) * ((i + begun_s) % period_s) / period_s for i in range(n)]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("ceiling", "tau_s"), [(300, 60), (300, 120), (300, 300), (450, 60), (450, 300)])
def test_a_warm_up_with_a_ceiling_is_no_leak_and_not_full(ceiling: int, tau_s: int, seed: int) -> None:
    found = check(shaped([60 + (ceiling - 60) * (1 - math.exp(-i / tau_s)) for i in range(240)], seed))
    assert (found.outcome, found.reason) == (Outcome.INCONCLUSIVE, "still_warming"), found.because


def test_what_it_holds_now_was_seen_and_not_fitted() -> None:
    found = check(shaped([100 + 350 * (1 - math.exp(-i / 60)) for i in range(240)], 5))
    assert "442 of 512 MiB now" in found.because


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("n", "period_s"), [(240, 600), (240, 300), (600, 600)])
def test_a_heap_between_two_collections_has_not_failed(n: int, period_s: int, seed: int) -> None:
    found = check(shaped(saw(n, period_s, 150, 250), seed))
    assert (found.outcome, found.reason) == (Outcome.INCONCLUSIVE, "may_be_collected"), found.because
    assert "`collected: false`" in found.decide
    assert check(shaped(saw(n, period_s, 150, 250), seed), collected=False).reason == "leaks"


@pytest.mark.parametrize("collected", [None, True, False])
def test_what_fell_back_by_itself_and_rose_again_is_open_whatever_was_said_of_it(collected: bool | None) -> None:
    found = check(shaped(saw(240, 120, 100, 400), 5), collected=collected)
    assert (found.outcome, found.reason) == (Outcome.INCONCLUSIVE, "may_be_collected"), found.because
    assert "it fell by itself, to 10" in found.because


def test_a_heap_that_falls_back_to_ever_more_leaks() -> None:
    """From 60 MiB, 20 MiB more after each collection, and all the growth of one collection taken back but that."""
    leaks = shaped([60 + i * 0.954 + more for i, more in enumerate(saw(240, 25, 0, 80))], 1)
    for collected in (None, True, False):
        assert check(leaks, collected=collected).reason == "leaks"
    stays = shaped([60 + more for more in saw(240, 25, 0, 80)], 1)
    assert check(stays, horizon="10m").outcome is not Outcome.FAILED


def test_what_is_said_to_be_collected_does_not_fail_before_it_was() -> None:
    leaks = memory(240, per_s=MIB)
    assert check(leaks).reason == "leaks"
    assert check(leaks, collected=True).reason == "may_be_collected"


@pytest.mark.parametrize(("n", "start"), [(60, 40), (120, 80), (180, 100), (240, 100)])
def test_a_hundred_kilobytes_a_request_at_ten_a_second_leak(n: int, start: int) -> None:
    for seed in SEEDS:
        assert check(memory(n, per_s=1e6, start=start * MIB, seed=seed)).reason == "leaks", seed
        assert check(memory(60, per_s=1e6, start=200 * MIB, seed=seed), collected=False).reason == "leaks", seed


def test_a_leak_behind_a_start_that_took_more_for_a_moment_leaks() -> None:
    assert check([v + (100 * MIB if i < 10 else 0) for i, v in enumerate(memory(240, per_s=MIB))]).reason == "leaks"
    warm = [v + 20 * MIB * (1 - math.exp(-i / 5)) for i, v in enumerate(memory(240, per_s=MIB, start=80 * MIB))]
    assert check(warm).reason == "leaks"


@pytest.mark.parametrize(("from_s", "per_s"), [(200, 0.5), (215, 0.7), (220, 1.0), (225, 1.3)])
def test_a_leak_that_begins_at_the_end_is_no_pass_where_it_is_full_within_the_horizon(
    from_s: int, per_s: float
) -> None:
    for seed in SEEDS:
        late = shaped([100 + per_s * max(0, i - from_s) for i in range(240)], seed)
        found = check(late, horizon="1h")
        assert (found.outcome, found.reason) == (Outcome.INCONCLUSIVE, "off_course"), (seed, found.because)
        assert check(late, horizon="2m").outcome is Outcome.PASSED
        assert check(late).outcome is not Outcome.PASSED


def test_one_step_at_the_end_is_no_pace() -> None:
    step = shaped([100 + (8 if i >= 215 else 0) for i in range(240)], 1)
    assert check(step, horizon="1h").outcome is Outcome.PASSED


def test_memory_that_stays_passes_as_often_as_it_did() -> None:
    found = [check(memory(240, seed=seed, phi=0.3), horizon="4h") for seed in range(60)]
    assert sum(one.outcome is Outcome.PASSED for one in found) >= 57
    assert all(one.outcome is not Outcome.FAILED for one in found)
