"""Healthy runs: nothing may fail. The long mode is `make calibration`; here a few seeds of each trouble."""

from __future__ import annotations

from calibration.suite import TROUBLES, in_turn, null

SEEDS = 8 * len(TROUBLES)


def test_no_claim_fails_in_a_healthy_run() -> None:
    found = null(range(SEEDS), in_turn)
    assert found.false.runs == SEEDS
    assert not found.said, "\n".join(found.said)
    assert not found.census.count


def test_healthy_runs_are_not_merely_undecided() -> None:
    found = null(range(len(TROUBLES)), in_turn)
    undecided = sum(found.open.values())
    assert found.claims > 20 * len(TROUBLES)
    assert undecided <= 0.05 * found.claims, found.open
