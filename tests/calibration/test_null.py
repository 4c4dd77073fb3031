"""Healthy runs: nothing may fail. The long mode is `make calibration`; here a few seeds of each trouble."""

from __future__ import annotations

from calibration.suite import TROUBLES, in_turn, null

SEEDS = 8 * len(TROUBLES)


def test_no_claim_fails_in_a_healthy_run() -> None:
    found = null(range(SEEDS), in_turn)
    assert found.false.runs == SEEDS
    told = "\n".join(found.said)
    assert not found.false.count, told
    assert not found.census.count, told
    assert found.invalid.count <= SEEDS / 10, told  # counted apart: a baseline that shifts by chance is no steady state


def test_healthy_runs_are_not_merely_undecided() -> None:
    found = null(range(len(TROUBLES)), in_turn)
    undecided = sum(found.open.values())
    assert found.claims > 20 * len(TROUBLES)
    assert undecided <= 0.05 * found.claims, found.open
