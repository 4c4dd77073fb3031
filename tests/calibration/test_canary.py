"""Canaries on trial: each planted defect of what decides is found by its reason, and a promoter that is right never fails."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from calibration.canary import HURT, Trial
from calibration.defects.canary import CANARY, PlantedTrial
from harness.verdict import Outcome

SEEDS = range(10)


@pytest.mark.parametrize("planted", CANARY, ids=lambda one: one.name)
def test_a_planted_defect_is_found_by_its_own_reason(planted: PlantedTrial) -> None:
    said = Counter(planted.plant(Trial()).judged(seed).reason for seed in SEEDS)
    assert said[planted.reason] >= len(SEEDS) - 1, said
    assert not said["met"], said


@pytest.mark.parametrize(
    "trial",
    [Trial(errors=HURT), Trial(), Trial(usual=0.0), Trial(slower=5.0)],
    ids=["fails a segment", "no worse", "without an error", "slow"],
)
def test_a_right_promoter_never_fails_and_passes_nearly_always(trial: Trial) -> None:
    found = [trial.judged(seed) for seed in SEEDS]
    said = Counter((one.outcome, one.reason) for one in found)
    assert not said.keys() & {key for key in said if key[0] is Outcome.FAILED}, said
    assert said[Outcome.PASSED, "met"] >= len(SEEDS) - 2, [one.because for one in found if one.reason != "met"]


def test_a_release_at_its_margin_is_seldom_called_worse_or_no_worse_wrongly() -> None:
    """So many errors more as the claim allows: whatever was decided, it fails by chance alone."""
    trial = Trial(errors={name: 0.2 for name in HURT}, usual=0.0)
    promoted = [trial.judged(seed) for seed in range(20)]
    strict = replace(trial, promoter=replace(trial.promoter, slower=0.5))
    withdrawn = [strict.judged(seed) for seed in range(20)]
    assert [one.reason for one in promoted].count("bad_promoted") <= 3
    assert [one.reason for one in withdrawn].count("good_withdrawn") <= 3
