"""What a replica's memory holds over time."""

from __future__ import annotations

import numpy as np

from calibration.simulator import chance as chances
from calibration.simulator.replicas import Replica
from calibration.simulator.store import Floats
from calibration.simulator.world import World

LIMIT_BYTES = 512 << 20


def resident(world: World, seed: int, replica: Replica, at_s: Floats) -> Floats:
    """A heap that grows and is collected, some noise, and a leak where there is one."""
    if world.api.memory_full:
        return np.full(len(at_s), float(LIMIT_BYTES))
    chance = chances.stream(seed, f"memory {replica.name}")
    noise = np.array([chance.gauss(0.0, 1.0) for _ in at_s])
    warm = 20.0 * (1 - np.exp(-np.maximum(at_s - 3.0, 0.0) / 5.0))
    return np.asarray((120.0 + warm + 4.0 * ((at_s / 17.0) % 1.0) + noise + world.api.leak_mib_s * at_s) * 2**20)
