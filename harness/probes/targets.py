"""Prometheus' scrape targets: which are up, and how often each is scraped. Without it a silent metric looks like a calm one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from harness.errors import NotApplied
from harness.facts import Blinded, Fact, Looked, TargetSeen
from harness.world.handles import World


class TargetsReader(Protocol):
    """What the probe needs of world.metrics.Prometheus."""

    def targets(self) -> Sequence[TargetSeen]: ...


@dataclass(frozen=True, eq=False)
class TargetsProbe:
    """A target is written when it is new, gone, or its health changed; what a scrape took is written along, not followed."""

    prometheus: TargetsReader
    name: str = "targets"
    every_s: float = 2.0
    gap_s: float = 8.0
    lag_s: float = 0.0
    _last: dict[tuple[str, str], TargetSeen] = field(default_factory=dict)

    def look(self, world: World) -> Sequence[Fact]:
        try:
            seen = {(target.job, target.instance): target for target in self.prometheus.targets()}
        except NotApplied as error:
            return (Blinded(probe=self.name, target="", error=str(error)),)
        facts: list[Fact] = [
            target for key, target in seen.items() if key not in self._last or _plain(self._last[key]) != _plain(target)
        ]
        facts += [replace(target, health="gone", error="") for key, target in self._last.items() if key not in seen]
        self._last.clear()
        self._last.update(seen)
        return (*facts, Looked(probe=self.name))


def _plain(target: TargetSeen) -> TargetSeen:
    return replace(target, took_s=0.0)
