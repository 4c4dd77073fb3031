"""Defects of what decides on a canary: a trial that is honest otherwise (calibration/canary.py), and the reason that must name each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from calibration.canary import HURT, Trial


@dataclass(frozen=True)
class PlantedTrial:
    """`plant` makes it; its docstring is what is wrong. `reason`: the code by which canary_judged must find it."""

    plant: Callable[[Trial], Trial]
    reason: str

    @property
    def name(self) -> str:
        return self.plant.__name__


def _promoter(trial: Trial, **changed: Any) -> Trial:
    return replace(trial, promoter=replace(trial.promoter, **changed))


def blind_to_a_segment(trial: Trial) -> Trial:
    """The release fails one segment, and the promoter looks at the sum of all."""
    return _promoter(replace(trial, errors=HURT), segments=False)


def too_patient_with_errors(trial: Trial) -> Trial:
    """The release fails one segment, and the promoter's limit is that nearly all of it fails."""
    return _promoter(replace(trial, errors={name: 0.8 for name in HURT}), limit=0.8)


def too_strict_with_slowness(trial: Trial) -> Trial:
    """The release is as good as the others, and the promoter wants it to be twice as fast."""
    return _promoter(trial, slower=0.5)


def sees_nothing(trial: Trial) -> Trial:
    """The promoter cannot look, and decides nothing on a release that fails one segment."""
    return _promoter(replace(trial, errors=HURT), looks=False)


def thinks_it_over(trial: Trial) -> Trial:
    """The promoter sees in time that the release is bad, and withdraws it after the limit."""
    return _promoter(replace(trial, errors=HURT), waits_s=58.0, first_s=90.0)


CANARY = (
    PlantedTrial(blind_to_a_segment, "bad_promoted"),
    PlantedTrial(too_patient_with_errors, "bad_promoted"),
    PlantedTrial(too_strict_with_slowness, "good_withdrawn"),
    PlantedTrial(sees_nothing, "undecided"),
    PlantedTrial(thinks_it_over, "late"),
)
