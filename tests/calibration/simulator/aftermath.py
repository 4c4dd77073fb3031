"""What a fault leaves behind once it is out: stalls that come in waves, and requests that go on failing."""

from __future__ import annotations

import math

from calibration.simulator.scenario import Scenario
from calibration.simulator.world import Api


def in_a_wave(api: Api, scenario: Scenario, at_s: float) -> bool:
    """Whether the database stalls once more."""
    if api.waves is None:
        return False
    every_s, long_s, during_s = api.waves
    since_s = [at_s - hurt.off_s for hurt in scenario.hurts if hurt.off_s <= at_s < hurt.off_s + during_s]
    return any(one_s % every_s >= every_s - long_s for one_s in since_s)


def scarred_share(api: Api, scenario: Scenario, at_s: float) -> float:
    """The share of requests that fail for what a fault left behind."""
    if api.aftermath is None:
        return 0.0
    share, heals_s = api.aftermath
    since_s = min((at_s - hurt.off_s for hurt in scenario.hurts if hurt.off_s <= at_s), default=math.inf)
    return share * max(0.0, 1 - since_s / heals_s)
