"""The long mode in pieces: the same figures for whatever number of processes, and nothing done twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from calibration.defects import DEFECTS, Planted
from calibration.judged import judged
from calibration.simulator.recording import Memo
from calibration.simulator.world import HONEST
from calibration.suite import CALM, in_turn, null, script_of
from calibration.work import Work, digest


def squared(seed: int) -> dict[str, int]:
    return {"square": seed * seed}


def broken(seed: int) -> int:
    raise AssertionError(f"seed {seed} was done before")


def quiet(text: str) -> None:
    pass


def test_results_come_in_the_order_of_the_seeds_whatever_the_number_of_processes() -> None:
    seeds = [5, 3, 9, 1]
    alone = list(Work(None, 1).done("squared", squared, seeds, quiet))
    assert alone == list(Work(None, 2).done("squared", squared, seeds, quiet)) == [squared(seed) for seed in seeds]


def test_what_was_broken_off_goes_on_where_it_was(tmp_path: Path) -> None:
    first = Work(tmp_path, code="a").done("squared", squared, [1, 2, 3], quiet)
    assert [next(first), next(first)] == [squared(1), squared(2)]
    (kept,) = tmp_path.iterdir()
    with kept.open("a") as file:
        file.write('{"name": "squared", "se')  # killed while it wrote
    assert list(Work(tmp_path, code="a").done("squared", broken, [2, 1], quiet)) == [squared(2), squared(1)]
    assert list(Work(tmp_path, code="a").done("squared", squared, [3, 1], quiet)) == [squared(3), squared(1)]
    assert list(Work(tmp_path, code="a").done("squared", broken, [3], quiet)) == [squared(3)]


def test_what_other_code_made_is_not_taken(tmp_path: Path) -> None:
    list(Work(tmp_path, code="a").done("squared", squared, [1], quiet))
    with pytest.raises(AssertionError, match="seed 1"):
        list(Work(tmp_path, code="b").done("squared", broken, [1], quiet))


def test_the_digest_is_of_the_judge_and_of_the_simulator(tmp_path: Path) -> None:
    for name in ("harness/judge.py", "tests/calibration/drills/rehearsal.yaml"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("1")
        before = digest(tmp_path)
        (tmp_path / name).write_text("2")
        assert digest(tmp_path) != before


def test_healthy_runs_are_counted_the_same_from_what_was_kept(tmp_path: Path) -> None:
    first = null([0, 3], in_turn, quiet, Work(tmp_path))
    assert null([0, 3], in_turn, quiet, Work(tmp_path)) == first


@pytest.mark.parametrize("planted", DEFECTS[::11], ids=lambda one: f"{one.name}-{one.claim}")
def test_a_claims_finding_is_the_same_whether_the_others_are_judged_with_it_or_not(planted: Planted) -> None:
    script, world, memo = script_of(CALM, planted.phase), planted.plant(HONEST), Memo(2)
    one, all_ = (judged(script, world, 2, memo, claim) for claim in (planted.claim, ""))
    found = [[said.finding for said in verdict.findings if said.id == planted.claim] for verdict in (one, all_)]
    assert found[0] == found[1]
