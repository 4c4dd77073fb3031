"""Probes look on their own intervals, each in its own thread, so that one that hangs blinds nobody else."""

from __future__ import annotations

import math
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

    @property
    def ended(self) -> bool:
        """Whether every probe has had its last look."""
        ...

    def start(self) -> None: ...
    def tick(self, now_s: float) -> None: ...
    def end(self, at_s: float) -> None:
        """Watch until this instant and no longer: each probe has its last look as soon as what happened until then can be told."""
        ...

    def close(self) -> None: ...


def looked(probe: Probe, world: World) -> Sequence[Fact]:
    """One look; a probe that raises, or gives back what are no facts, was blinded, and that is a fact."""
    try:
        seen = tuple(probe.look(world))
        if others := [one for one in seen if not isinstance(one, Fact)]:
            raise TypeError(f"look() gave back {type(others[0]).__name__}, not a Fact")
        return seen
    except (Exception, SystemExit) as error:
        return (Blinded(probe=probe.name, target="", error=f"{type(error).__name__}: {error}"),)


class ThreadedWatch:
    """Each probe at its fixed instants (no drift); a look that takes longer than its interval skips the missed ones."""

    def __init__(self, probes: Sequence[Probe], world: World, record: Callable[[Fact], object]) -> None:
        self._probes = probes
        self._world = world
        self._record = record
        self._over = threading.Event()
        self._wake = threading.Event()
        self._end_s = math.inf
        self._threads: list[threading.Thread] = []

    @property
    def lag_s(self) -> float:
        return max((probe.lag_s for probe in self._probes), default=0.0)

    @property
    def ended(self) -> bool:
        return not any(thread.is_alive() for thread in self._threads)

    def start(self) -> None:
        for probe in self._probes:
            thread = threading.Thread(target=self._look_on, args=(probe,), name=f"probe-{probe.name}", daemon=True)
            thread.start()
            self._threads.append(thread)

    def tick(self, now_s: float) -> None:
        """Nothing to do: the threads keep their own time."""

    def end(self, at_s: float) -> None:
        self._end_s = at_s
        self._wake.set()

    def close(self) -> None:
        self._over.set()
        self._wake.set()
        for thread in self._threads:
            thread.join(timeout=5)

    def _look_on(self, probe: Probe) -> None:
        clock = self._world.clock
        due_s = clock.now_s()
        while not self._over.is_set():
            begun_s = clock.now_s()
            for fact in looked(probe, self._world):
                self._record(fact)
            if begun_s >= self._end_s + probe.lag_s:
                return
            due_s = max(due_s + probe.every_s, clock.now_s())
            if self._wake.wait(max(0.0, due_s - clock.now_s())):
                self._over.wait(max(0.0, min(due_s, self._end_s + probe.lag_s) - clock.now_s()))
