"""The parts of a drill that judging asks for, for tests that write everything else themselves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from harness.faults.base import Fault

TIMEOUT_S = 3.0


@dataclass(frozen=True)
class Phase:
    name: str
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True)
class Load:
    timeout_s: float = TIMEOUT_S
    poisson: bool = True
    segments: tuple[Any, ...] = ()
