"""Messages that the bad release poisoned: how many are parked at a time, and the step that puts them back."""

from __future__ import annotations

import numpy as np

from calibration.simulator.looks import Seen
from calibration.simulator.replicas import Rollback, release_of
from calibration.simulator.scenario import Scenario
from calibration.simulator.store import Floats
from calibration.simulator.world import World
from harness import facts as f


def step_of(world: World, back: Rollback | None) -> tuple[float, float] | None:
    """When the step's command was begun, and ended: it waits for a rollback that went well."""
    done = world.release
    if back is None or not world.replay.begins or done.exit_code != 0 or done.does_nothing:
        return None
    begun_s = back.ended_s + world.replay.rests_s + 0.1
    return begun_s, begun_s + world.replay.takes_s


def parked(world: World, scenario: Scenario, back: Rollback | None, at_s: Floats) -> Floats:
    """The gauge that the worker exposes."""
    hurt = release_of(scenario)
    if hurt is None:
        return np.zeros_like(at_s)
    until_s = back.ended_s if back is not None else hurt.off_begun_s
    poisoned = np.floor(np.clip(at_s, hurt.on_s, until_s) - hurt.on_s) // world.replay.parks_every_s
    step = step_of(world, back)
    if step is not None and not world.replay.does_nothing:
        poisoned = np.where(at_s >= step[1] - 0.5, 0.0, poisoned)
    return np.asarray(poisoned, dtype=np.float64)


def stepped(seen: Seen, world: World, back: Rollback | None, lever: str) -> None:
    """What the journal has of the step."""
    step = step_of(world, back)
    if step is None or not lever:
        return
    begun_s, ended_s = step
    seen.add(f.LeverPulled(seen_s=begun_s, lever=lever, by="runbook", command="replay", trigger="page"))
    code = world.replay.exit_code
    seen.add(f.LeverEnded(seen_s=ended_s + 0.02, lever=lever, begun_s=begun_s, exit_code=code, output="put back\n"))
