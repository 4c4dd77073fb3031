"""Probes look on their own intervals, each in its own thread, so that one that hangs blinds nobody else."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Protocol

from harness.facts import Blinded, Fact
from harness.probes.base import Probe
from harness.world.handles import World


class Watch(Protocol):
    @property
    def lag_s(self) -> float:
        """How late the facts of its probes may arrive."""
        ...

    def start(self) -> None: ...
    def tick(self, now_s: float) -> None: ...
    def close(self) -> None: ...


def looked(probe: Probe, world: World) -> Sequence[Fact]:
    """One look; a probe that raises was blinded, and that is a fact."""
    try:
        return probe.look(world)
    except Exception as error:
        return (Blinded(probe=probe.name, target="", error=f"{type(error).__name__}: {error}"),)


class ThreadedWatch:
    """Each probe at its fixed instants (no drift); a look that takes longer than its interval skips the missed ones."""

    def __init__(self, probes: Sequence[Probe], world: World, record: Callable[[Fact], object]) -> None:
        self._probes = probes
        self._world = world
        self._record = record
        self._over = threading.Event()
        self._threads: list[threading.Thread] = []

    @property
    def lag_s(self) -> float:
        return max((probe.lag_s for probe in self._probes), default=0.0)

    def start(self) -> None:
        for probe in self._probes:
            thread = threading.Thread(target=self._look_on, args=(probe,), name=f"probe-{probe.name}", daemon=True)
            thread.start()
            self._threads.append(thread)

    def tick(self, now_s: float) -> None:
        """Nothing to do: the threads keep their own time."""

    def close(self) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(timeout=5)

    def _look_on(self, probe: Probe) -> None:
        clock = self._world.clock
        due_s = clock.now_s()
        while not self._over.is_set():
            for fact in looked(probe, self._world):
                self._record(fact)
            due_s = max(due_s + probe.every_s, clock.now_s())
            self._over.wait(max(0.0, due_s - clock.now_s()))
