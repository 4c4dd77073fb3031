"""What the harness would have seen of the machine and of the stack, as facts: the same probes, on intervals that jitter."""

from __future__ import annotations

import random
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from calibration.simulator import chance as chances
from calibration.simulator.replicas import Replica
from calibration.simulator.resident import LIMIT_BYTES, resident
from calibration.simulator.scenario import LOAD_BEGINS_S, WALL_UNIX_S, Scenario
from calibration.simulator.service import History
from calibration.simulator.world import World
from harness import facts as f

OTHERS = ("postgres", "worker")


@dataclass
class Seen:
    """Facts of one run, in any order; `at` gives one its moment."""

    facts: list[f.Fact] = field(default_factory=list)

    def add(self, *facts: f.Fact) -> None:
        self.facts += facts


def grid(chance: random.Random, every_s: float, start_s: float, end_s: float) -> list[float]:
    """Moments of looks: about every_s apart, now and then later, as on a busy machine, but never for long."""
    found, at_s = [], start_s + chance.uniform(0.0, every_s)
    while at_s < end_s:
        found.append(at_s)
        at_s += every_s + abs(chance.gauss(0.0, 0.02)) + (chance.random() < 0.004) * chance.uniform(0.2, 1.5)
    return found


def watch(chance: random.Random, every_s: float, scenario: Scenario, start_s: float = 4.0) -> list[float]:
    """Moments of a probe's looks: its grid, and the last look that every probe has once all that happened can be told."""
    return [*grid(chance, every_s, start_s, scenario.watched_s), scenario.watched_s]


def after(looks: Sequence[float], at_s: float) -> float | None:
    """The first look at or after a moment."""
    place = bisect_left(looks, at_s)
    return looks[place] if place < len(looks) else None


def containers(replicas: Sequence[Replica]) -> dict[str, str]:
    """Service by container."""
    return {**{replica.name: "api" for replica in replicas}, **{f"rehearsal-{name}-1": name for name in OTHERS}}


def clocks(seen: Seen, scenario: Scenario, seed: int) -> None:
    chance = chances.stream(seed, "clock")
    for at_s in watch(chance, 1.0, scenario, 0.5):
        wall = WALL_UNIX_S + at_s * (1 + 2e-6) + chance.gauss(0.0, 2e-5)
        seen.add(f.ClockRead(seen_s=at_s, wall_unix_s=wall), f.Looked(seen_s=at_s, probe="clock"))


def load(seen: Seen, scenario: Scenario, history: History, seed: int) -> None:
    chance = chances.stream(seed, "load process")
    last_s = max((r.sent_s + r.took_s for r in history.requests if r.sent_s and r.took_s), default=scenario.load_ends_s)
    ends_s = max(last_s, scenario.load_ends_s) + 0.05
    seen.add(f.LoadReady(seen_s=LOAD_BEGINS_S - 1.0, users=scenario.max_in_flight))
    seen.add(f.LoadBegan(seen_s=LOAD_BEGINS_S - 0.5, begins_s=LOAD_BEGINS_S))
    due = np.array([request.due_s for request in history.requests])
    dropped = np.array([request.due_s for request in history.requests if request.outcome == "dropped"])
    for at_s in grid(chance, 1.0, LOAD_BEGINS_S, ends_s):
        seen.add(
            f.LoadSampled(
                seen_s=at_s,
                cpu_ratio=round(chance.uniform(0.05, 0.2), 3),
                late_ms=round(chance.expovariate(1 / 3.0), 2),
                due=int((due <= at_s).sum()),
                dropped=int((dropped <= at_s).sum()),
            )
        )
    seen.add(f.LoadEnded(seen_s=ends_s, clean=True, ended_s=scenario.load_ends_s))


def machine(seen: Seen, world: World, scenario: Scenario, replicas: Sequence[Replica], seed: int) -> None:
    """Pressure on the processors, and what each replica's memory holds, once a second."""
    chance, stalled_us = chances.stream(seed, "machine"), 0
    for at_s in watch(chance, 1.0, scenario, 1.0):
        stalled_us += round(chance.uniform(5_000, 40_000)) + 700_000 * backlogged(world, scenario, at_s)
        seen.add(f.PressureSeen(seen_s=at_s, cpu_some_us=stalled_us), f.Looked(seen_s=at_s, probe="pressure"))
    seen.add(*processors(world, scenario, seed))
    looks = watch(chance, 1.0, scenario, 3.5)
    for replica in replicas:
        for at_s, used in zip(looks, resident(world, seed, replica, np.array(looks)).tolist(), strict=True):
            if replica.at(at_s) is not None:
                memory = f.MemorySeen(
                    seen_s=at_s, service="api", container=replica.name, used_bytes=round(used), limit_bytes=LIMIT_BYTES
                )
                seen.add(memory)
    seen.add(*(f.Looked(seen_s=at_s, probe="memory", target="api") for at_s in looks))


def backlogged(world: World, scenario: Scenario, at_s: float) -> bool:
    """Whether requests wait behind what a fault had piled up."""
    return any(hurt.off_s <= at_s < hurt.off_s + world.api.backlog_s for hurt in scenario.hurts)


def processors(world: World, scenario: Scenario, seed: int) -> list[f.Fact]:
    """Who used the machine's two processors, once a second; all of them while there is a backlog."""
    chance, before_s, found = chances.stream(seed, "processors"), 3.0, list[f.Fact]()
    for at_s in watch(chance, 1.0, scenario, 4.0):
        harness, stack, others = chance.uniform(0.05, 0.15), chance.uniform(0.2, 0.6), chance.uniform(0.01, 0.1)
        if backlogged(world, scenario, at_s):
            others = world.machine.others + chance.uniform(-0.05, 0.05)
            stack = 1.95 - harness - others
        over_s, busy = max(0.01, at_s - before_s), harness + stack + others
        seen = f.ProcessorsSeen(
            seen_s=at_s,
            over_s=over_s,
            processors=2,
            idle_s=(2 - busy) * over_s,
            steal_s=0.0,
            busy_s=busy * over_s,
            stack_s=stack * over_s,
            harness_s=harness * over_s,
        )
        before_s = at_s
        found += [seen, f.Looked(seen_s=at_s, probe="processors")]
    return found


def docker(seen: Seen, world: World, scenario: Scenario, replicas: Sequence[Replica], seed: int) -> None:
    """Containers, their events, and their logs being followed."""
    chance = chances.stream(seed, "docker")
    looks = watch(chance, 1.0, scenario, 2.0)
    seen.add(*(f.Looked(seen_s=at_s, probe="containers") for at_s in looks))
    for name, service in containers(replicas).items():
        seen.add(
            f.ContainerSeen(seen_s=looks[0], service=service, container=name, status="running", image=f"{service}:v1")
        )
        for at_s in watch(chance, 1.0, scenario, 2.0):
            seen.add(f.Looked(seen_s=at_s, probe="logs", target=name))
    if world.api.gives_up and scenario.hurts:
        gone_s = after(looks, scenario.hurts[0].on_s + 1.0) or looks[-1]
        ended = f.ContainerSeen(seen_s=gone_s, service="api", container=replicas[0].name, status="exited", exit_code=1)
        seen.add(ended)
    for replica in replicas:
        restarts = 0
        for process, following in zip(replica.processes, replica.processes[1:], strict=False):
            code, told = (world.api.crash_exit_code, world.api.oom) if process.died else (0, False)
            restarts += process.died
            seen_s = after(looks, process.ended_s) or process.ended_s
            events: list[tuple[str, float, int | None]] = [("oom", process.ended_s, None)] if told else []
            events += [("die", process.ended_s + 0.01, code), ("start", following.began_s - 0.05, None)]
            for event, at_s, exit_code in events:
                seen.add(
                    f.ContainerChanged(
                        seen_s=max(after(looks, at_s) or seen_s, at_s),
                        happened_s=at_s,
                        service="api",
                        container=replica.name,
                        event=event,
                        exit_code=exit_code,
                    )
                )
            state = f.ContainerSeen(
                seen_s=after(looks, following.began_s) or following.began_s,
                service="api",
                container=replica.name,
                status="running",
                restarts=restarts,
                image=f"api:{following.version}",
                started_at=f"{following.began_s:.3f}",
            )
            seen.add(state)
