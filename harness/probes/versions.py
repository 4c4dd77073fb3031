"""Which version each replica says it is, each second, from the source that a bad release declares: a metric, or a command."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from harness.errors import NotApplied
from harness.facts import Blinded, Fact, Looked, VersionSeen
from harness.probes.samples import Querier
from harness.world.handles import World

COMMAND_S = 10.0
TICK_S = 0.02
MOST = 200  # replicas
CUT_BYTES = 4000  # of an output that is so long the beginning is not kept (harness/world/commands.py)


@dataclass(frozen=True)
class Told:
    """What a replica said: its version, at some time in [begun_s, at_s] on the run's axis."""

    version: str
    begun_s: float
    at_s: float


class Source(Protocol):
    """Where versions are read. Raises NotApplied when it cannot."""

    def read(self, world: World) -> Mapping[str, Told]:
        """By replica, every one that is there."""
        ...


@dataclass(frozen=True, eq=False)
class MetricSource:
    """A series per replica, of the stack's own Prometheus. A series that is stale is no longer there."""

    prometheus: Querier
    metric: str
    label: str

    def read(self, world: World) -> Mapping[str, Told]:
        answer = self.prometheus.query(f"timestamp({self.metric})")
        since_s = world.clock.wall_s() - world.clock.now_s()
        found: dict[str, Told] = {}
        for one in answer.series:
            version, unix_s = one.labels.get(self.label, ""), one.points[-1][1] if one.points else None
            if not version or unix_s is None:
                continue
            at_s = round(unix_s - since_s, 3)
            replica = one.labels.get("instance", "")
            if replica not in found or at_s > found[replica].at_s:
                found[replica] = Told(version, at_s, at_s)
        if answer.series and not found:
            raise NotApplied(f"no series of {self.metric} has a label {self.label}")
        return found


@dataclass(frozen=True, eq=False)
class CommandSource:
    """A command's lines, one per replica, by their numbers. `name` is what its output is kept under."""

    name: str
    command: Sequence[str]
    sleep: Callable[[float], None] = time.sleep

    def read(self, world: World) -> Mapping[str, Told]:
        if world.commands is None:
            raise NotApplied("nothing in this world can start a command")
        told = world.releases.told() if world.releases else {}
        begun_s = world.clock.now_s()
        running = world.commands.start(self.name, self.command, told, apart=True)
        try:
            while (code := running.ended()) is None:
                if world.clock.now_s() - begun_s > COMMAND_S:
                    raise NotApplied(f"{' '.join(self.command)} was killed: not ended after {COMMAND_S:g} s")
                self.sleep(TICK_S)
        finally:
            running.kill()
        if code != 0:
            said = running.errors().strip() or running.output().strip()
            raise NotApplied(f"{' '.join(self.command)} ended with {code}: {said[-200:]}")
        at_s, text = world.clock.now_s(), running.output()
        if len(text.encode()) >= CUT_BYTES:
            raise NotApplied(f"{' '.join(self.command)} printed more than {CUT_BYTES} bytes")
        lines = [line.strip() for line in text.splitlines()]
        return {str(n): Told(line, begun_s, at_s) for n, line in enumerate(filter(None, lines), start=1)}


@dataclass(frozen=True, eq=False)
class VersionsProbe:
    """Writes each replica's version at each new sample, and '' once when a replica is no longer there. `fault`: the release."""

    fault: str
    source: Source
    name: str = "versions"
    every_s: float = 1.0
    gap_s: float = 5.0
    lag_s: float = 0.5
    _last: dict[str, Told] = field(default_factory=dict)

    def look(self, world: World) -> Sequence[Fact]:
        began_s = world.clock.now_s()
        try:
            found = self.source.read(world)
        except NotApplied as error:
            return (Blinded(probe=self.name, target=self.fault, error=str(error)),)
        if len(found) > MOST:
            return (Blinded(probe=self.name, target=self.fault, error=f"{len(found)} replicas: more than {MOST}"),)
        facts: list[Fact] = []
        for replica in sorted(self._last.keys() - found.keys()):
            del self._last[replica]
            facts.append(VersionSeen(fault=self.fault, replica=replica, happened_s=round(began_s, 6)))
        for replica, told in sorted(found.items()):
            if self._last.get(replica) == told:
                continue
            self._last[replica] = told
            facts.append(
                VersionSeen(
                    fault=self.fault,
                    replica=replica,
                    version=told.version,
                    begun_s=told.begun_s,
                    happened_s=told.at_s,
                )
            )
        return (*facts, Looked(probe=self.name, target=self.fault))
