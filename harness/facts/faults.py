"""Faults: injected and mended, or not; and what it took."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from harness.facts.base import Fact


@dataclass(frozen=True, kw_only=True)
class Injecting(Fact):
    """A fault is about to be injected (written, and on disk, before the deed). `target` is an edge or a service.

    until_s   when it is to be mended by the plan; None for one that outlasts its phase
    """

    fault: str
    kind: str
    target: str
    planned_s: float
    until_s: float | None = None
    stated: dict[str, Any] = dataclasses.field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Aimed(Fact):
    """Which containers a fault on a service hurts: those that run, or some of them; chosen, and on disk, before the deed. A mend
    wakes these, and no other.
    """

    fault: str
    containers: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Injected(Fact):
    """The fault was asked for in [begun_s, seen_s] and read back as on."""

    fault: str
    begun_s: float
    readback: dict[str, Any] = dataclasses.field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class NotInjected(Fact):
    """The fault could not be injected, all of it; a part may be on, and is taken out like any other.

    untouched   nothing of it can be on: it was surely not begun
    """

    fault: str
    begun_s: float
    error: str
    untouched: bool = False


@dataclass(frozen=True, kw_only=True)
class Mended(Fact):
    """The fault was taken away in [begun_s, seen_s] and read back as gone. `why`: plan, halt, guard, signal, error, sweep, lease (the watchdog did it).

    `readback`: what there is to tell of how it had been, such as the exit code of a command.
    """

    fault: str
    begun_s: float
    why: str = "plan"
    ladder: str = ""
    readback: dict[str, Any] = dataclasses.field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class NotMended(Fact):
    """The fault is still on; `commands` are what a person can type."""

    fault: str
    error: str
    commands: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class RungTried(Fact):
    """A rung of the clean-up ladder was tried in [seen_s - took_s, seen_s], and the world read back: the first ended with an error,
    or a higher one was needed.

    fault   whose it was; target the proxy, or the edge
    rung    what was done (harness.world.ladder)
    error   why it was not enough, '' where it was
    cut     the edges whose open connections it closed, by fault or not
    """

    fault: str
    target: str
    rung: str
    took_s: float
    error: str = ""
    cut: tuple[str, ...] = ()

    @property
    def begun_s(self) -> float:
        return self.seen_s - self.took_s


@dataclass(frozen=True, kw_only=True)
class Restarted(Fact):
    """With `restore: restart`: services that had not come back by themselves after a phase were restarted in [begun_s, seen_s].

    why     what was seen of them
    error   why they could not be, '' where every container has a new life
    """

    phase: str
    services: tuple[str, ...]
    begun_s: float
    why: str
    error: str = ""
