"""Simulated returns from a bad release. The long mode is `python -m calibration.returns`, which makes docs/returns.md."""

from __future__ import annotations

import pytest

from calibration.returns import EDGE, LIKE, MARGINS, WORSE, WRONG, judged, runs_of
from harness.expectations.margins import needed
from harness.verdict import Outcome

SEEDS = range(24)


@pytest.mark.parametrize("letter", WRONG)
def test_each_way_of_going_wrong_has_a_code_of_its_own(letter: str) -> None:
    _, service, code = WRONG[letter]
    found = [judged(service, seed, compares=False) for seed in range(5)]
    wrong = [one for one in found if (one.outcome, one.reason) != (Outcome.FAILED, code)]
    if (
        letter == "e"
    ):  # of a healthy version's errors so many may be its own by chance that nobody knows, in one run of twenty
        assert len(wrong) <= 1
        assert all((one.outcome, one.reason) == (Outcome.INCONCLUSIVE, "too_few") for one in wrong)
        wrong = []
    assert not wrong, [one.because for one in wrong]


def test_the_five_codes_are_five() -> None:
    assert len({code for _, _, code in WRONG.values()}) == len(WRONG) == 5


def test_a_return_that_is_as_before_is_not_failed_and_mostly_passes() -> None:
    told = runs_of(LIKE, SEEDS)
    assert told.failed.count == 0, told.said
    assert told.said["passed: met"] >= 0.5 * len(SEEDS), told.said


@pytest.mark.parametrize("what", EDGE)
def test_a_return_at_the_margin_is_seldom_failed(what: str) -> None:
    told = runs_of(EDGE[what], SEEDS)
    assert told.failed.interval[0] <= 0.05, told.said


@pytest.mark.parametrize("what", WORSE)
def test_a_return_that_is_worse_by_twice_the_margin_is_found(what: str) -> None:
    told = runs_of(WORSE[what], SEEDS)
    assert told.failed.interval[1] >= 0.90, told.said
    assert "passed: met" not in told.said, told.said


def test_the_simulated_runs_are_as_large_as_the_plan_asks() -> None:
    least = needed(MARGINS.errors, MARGINS.p95)
    assert all(one.rate * min(one.before_s, one.after_s) >= least for one in (LIKE, *WORSE.values()))
