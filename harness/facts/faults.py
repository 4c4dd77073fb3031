"""Faults: injected and mended, or not."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from harness.facts.base import Fact


@dataclass(frozen=True, kw_only=True)
class Injecting(Fact):
    """A fault is about to be injected (written, and on disk, before the deed). `target` is an edge or a service."""

    fault: str
    kind: str
    target: str
    planned_s: float
    stated: dict[str, Any] = dataclasses.field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Injected(Fact):
    """The fault was asked for in [begun_s, seen_s] and read back as on."""

    fault: str
    begun_s: float
    readback: dict[str, Any] = dataclasses.field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class NotInjected(Fact):
    fault: str
    begun_s: float
    error: str


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
