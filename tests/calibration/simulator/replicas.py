"""The api's processes over time: which version each replica runs from when to when, through deployments and deaths."""

from __future__ import annotations

import random
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from calibration.simulator import chance as chances
from calibration.simulator.scenario import Hurt, Scenario
from calibration.simulator.world import BAD, GOOD, World

BORN_S = 3.0


@dataclass(frozen=True)
class Process:
    """Serves in [began_s, ended_s); `died` tells that nobody asked it to end."""

    began_s: float
    ended_s: float
    version: str
    died: bool = False


@dataclass(frozen=True)
class Rollback:
    """What took the bad release back, in one run: when the lever was pulled, and when the command ended (in seconds)."""

    pulled_s: float
    ended_s: float


@dataclass(frozen=True)
class Replica:
    name: str
    processes: tuple[Process, ...]
    pauses: tuple[tuple[float, float], ...]

    @property
    def instance(self) -> str:
        return f"{self.name}:8080"

    def at(self, at_s: float) -> Process | None:
        place = bisect_right([process.began_s for process in self.processes], at_s) - 1
        found = self.processes[place] if place >= 0 else None
        return found if found is not None and at_s < found.ended_s else None

    def paused_until(self, at_s: float) -> float:
        """The moment itself, or the end of the pause that it falls into."""
        place = bisect_right([begun for begun, _ in self.pauses], at_s) - 1
        return max(at_s, sum(self.pauses[place])) if place >= 0 else at_s

    def paused_s(self, start_s: float, end_s: float) -> float:
        """Length of all pauses that begin in the stretch, itself made longer by them."""
        total = 0.0
        for begun_s, length_s in self.pauses[bisect_right([b for b, _ in self.pauses], start_s) :]:
            if begun_s >= end_s + total:
                break
            total += length_s
        return total


def replicas(world: World, scenario: Scenario, seed: int, back: Rollback | None) -> tuple[Replica, ...]:
    """Each replica's life. Deployments go replica by replica; while one is away the others serve."""
    chance = chances.stream(seed, "replicas")
    found = []
    for number in range(world.api.replicas):
        name = f"rehearsal-api-{number + 1}"
        switches = _switches(world, scenario, number, back)
        processes = _lives(BORN_S + 0.2 * number, switches, scenario.closes_s - 3.0)
        processes = _deaths(processes, world, scenario, chance)
        pauses = tuple(
            (at_s, chance.uniform(*world.api.gc_ms) / 1000)
            for at_s in chances.times(chance, world.api.gc_every_s, scenario.closes_s)
        )
        found.append(Replica(name, tuple(processes), pauses))
    return tuple(found)


def release_of(scenario: Scenario) -> Hurt | None:
    return next((hurt for hurt in scenario.hurts if hurt.word == "bad_release"), None)


def _switches(world: World, scenario: Scenario, number: int, back: Rollback | None) -> list[tuple[float, float, str]]:
    """(gone from, there again, version) of this replica: the deployment, its way back, and the mend at the end."""
    hurt, count = release_of(scenario), world.api.replicas
    if hurt is None:
        return []
    found = [_turn(hurt.begun_s + 0.1, hurt.on_s, number, count, BAD)]
    left = number >= count - world.release.leaves or world.release.does_nothing
    returned = back is not None and not left and world.release.exit_code == 0 and world.release.takes_back != "nobody"
    if returned and back is not None:
        found.append(_turn(back.pulled_s, back.ended_s, number, count, GOOD))
    else:
        found.append(_turn(hurt.off_begun_s + 0.1, hurt.off_begun_s + 3.0, number, count, GOOD))
    return found


def _turn(begun_s: float, ended_s: float, number: int, count: int, version: str) -> tuple[float, float, str]:
    each_s = (ended_s - begun_s - 0.1) / count
    return begun_s + number * each_s + 0.05, begun_s + (number + 1) * each_s, version


def _lives(born_s: float, switches: Sequence[tuple[float, float, str]], end_s: float) -> list[Process]:
    began_s, version, found = born_s, GOOD, []
    for gone_s, back_s, to in switches:
        found.append(Process(began_s, gone_s, version))
        began_s, version = back_s, to
    return [*found, Process(began_s, end_s, version)]


def _deaths(processes: list[Process], world: World, scenario: Scenario, chance: random.Random) -> list[Process]:
    """Processes that die while a fault is on and are started again by Docker."""
    if not world.api.crash_every_s:
        return processes
    found: list[Process] = []
    for process in processes:
        began_s = process.began_s
        for at_s in chances.times(chance, world.api.crash_every_s, scenario.load_ends_s):
            on = any(hurt.on_s + 1.0 < at_s < hurt.off_begun_s - 1.0 for hurt in scenario.hurts)
            if on and began_s + 1.0 < at_s < process.ended_s - 3.0:
                found.append(Process(began_s, at_s, process.version, died=True))
                began_s = at_s + chance.uniform(1.0, 2.0)
        found.append(Process(began_s, process.ended_s, process.version))
    return found
