"""The checkout's promoter, as far as it can be tried without a stack: what it makes of counts, its steps, and the weights."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

FOLDER = Path(__file__).parents[2] / "compose" / "checkout" / "promoter"
Part = dict[str, ModuleType]


@pytest.fixture
def part(monkeypatch: pytest.MonkeyPatch) -> Part:
    """Its modules by name."""
    monkeypatch.syspath_prepend(str(FOLDER))
    return {name: importlib.import_module(f"promoter.{name}") for name in ("counts", "judgement", "trial", "balancer")}


def counted(part: Part, version: str, retail: tuple[int, int], wholesale: tuple[int, int], slow: int = 0) -> Any:
    """(answers, errors) by segment; of the retail ones so many took between 0.1 and 1 s, the others less than 0.1 s."""
    counts = part["counts"].Counts
    within = {0.1: retail[0] - slow, 1.0: retail[0], float("inf"): retail[0]}
    return {(version, "retail"): counts(*retail, within), (version, "wholesale"): counts(*wholesale)}


def trial(part: Part, *, segmented: bool = True) -> Any:
    limits = part["judgement"].Limits(errors_more=0.2, p95_times=3.0)
    begun = part["trial"].Trial("new", limits, segmented, 0.0)
    before = counted(part, "old", (100, 0), (20, 0)) | counted(part, "new", (0, 0), (0, 0))
    assert begun.look(before, 0.0) == "wait"
    return begun


def later(part: Part, new_wholesale: tuple[int, int], slow: int = 0, new_retail: int = 100) -> Any:
    old = counted(part, "old", (300, 0), (60, 0))
    return old | counted(part, "new", (new_retail, 0), new_wholesale, slow)


def test_a_segment_that_fails_withdraws_the_canary_at_once(part: Part) -> None:
    one = trial(part)
    assert one.look(later(part, (5, 5)), 10.0) == "withdraw"
    assert (one.share, one.decision) == (0.0, "withdrawn")
    assert {group.name: group.said for group in one.groups}["wholesale"] == "worse"


def test_too_few_answers_decide_nothing(part: Part) -> None:
    one = trial(part)
    assert one.look(later(part, (4, 4)), 100.0) == "wait"
    assert one.share == pytest.approx(1 / 3)


def test_the_blind_one_sees_the_sum_and_promotes_what_fails_a_segment(part: Part) -> None:
    one = trial(part, segmented=False)
    did = [one.look(later(part, (20, 20)), at_s) for at_s in (38.0, 46.0)]
    assert did == ["step", "promote"]
    assert one.share == 1.0


def test_a_release_that_is_no_worse_is_promoted_in_steps_and_not_before_their_time(part: Part) -> None:
    one = trial(part)
    did = [one.look(later(part, (20, 0)), at_s) for at_s in (10.0, 37.0, 38.0, 40.0, 46.0)]
    assert did == ["wait", "wait", "step", "wait", "promote"]


def test_a_slow_release_is_withdrawn_before_a_step(part: Part) -> None:
    one = trial(part)
    slow = later(part, (20, 0), slow=50)
    assert one.look(slow, 10.0) == "wait"
    assert one.look(slow, 38.0) == "withdraw"


def test_a_process_that_began_anew_has_lost_its_counts_and_nothing_goes_below_zero(part: Part) -> None:
    counts = part["counts"].Counts
    assert counts(3, 1).since(counts(10, 0)) == counts(3, 1)
    assert counts(13, 1).since(counts(10, 0)) == counts(3, 1)


@pytest.mark.parametrize(
    ("share", "canary", "others"), [(0.0, 0, 120), (1 / 3, 80, 80), (2 / 3, 160, 40), (1.0, 240, 0)]
)
def test_the_weights_give_the_canary_its_share(part: Part, share: float, canary: int, others: int) -> None:
    servers = {"api1": True, "api2": True, "api3": False, "canary1": True, "canary2": False}
    weights = part["balancer"].weighed(servers, share)
    assert (weights["canary1"], weights["api1"], weights["api3"]) == (canary, others, others)
