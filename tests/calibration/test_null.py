"""Healthy runs: nothing may fail. The long mode is `make calibration`; here a few seeds of each trouble."""

from __future__ import annotations

from dataclasses import replace

from calibration.defects.service import works_off_what_piled_up
from calibration.judged import judged
from calibration.simulator.world import HONEST, Machine
from calibration.suite import CALM, TROUBLES, in_turn, null, null_run, script_of
from harness.verdict import Outcome

SEEDS = 8 * len(TROUBLES)


def test_no_claim_fails_in_a_healthy_run() -> None:
    found = null(range(SEEDS), in_turn)
    assert found.false.runs == SEEDS
    told = "\n".join(found.said)
    assert not found.false.count, told
    assert not found.census.count, told
    assert found.invalid.count <= 1, told  # of 40: a baseline that shifts by chance, promised in at most 1 of 100


def test_healthy_runs_are_not_merely_undecided() -> None:
    found = null(range(len(TROUBLES)), in_turn)
    undecided = sum(found.open.values())
    assert found.claims > 20 * len(TROUBLES)
    assert undecided <= 0.02 * found.claims, found.open
    assert not found.undecided.count, found.open


def test_a_hiccup_of_the_database_is_nobodys_page() -> None:
    """Seeds in which nine checkouts fell into it: a tenth of 15 s."""
    for seed in (49, 261):
        verdict = null_run(seed, *in_turn(seed))
        assert not [one for one in verdict.findings if one.finding.outcome is Outcome.FAILED]


def test_a_busy_neighbour_fails_nobody() -> None:
    """What is late as in the planted storm of its own is so here for want of processors that somebody else took."""
    neighbour = replace(works_off_what_piled_up(HONEST), machine=Machine(others=1.2))
    for seed in range(3):
        verdict = judged(script_of(CALM, "database-gone"), neighbour, seed)
        assert not [one for one in verdict.findings if one.finding.outcome is Outcome.FAILED]
        (late,) = (one.finding for one in verdict.findings if one.id == "down-recovers")
        assert late.reason == "host_disturbed"
