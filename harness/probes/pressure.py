"""The machine's own pressure stall information, once a second: whether processes had to wait for a processor.

A load that is late on a machine that had processors to spare was slow by itself; on one that had none, it was starved. A share
of CPU tells neither: a process may use all of a core and be on time, or little and be late.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from harness.facts import Blinded, Fact, Looked, PressureSeen
from harness.world.handles import World

PSI = Path("/proc/pressure/cpu")


@dataclass(frozen=True, eq=False)
class PressureProbe:
    """On a machine without it (another system, `psi=0`) it says so once, and looks no more."""

    path: Path = PSI
    name: str = "pressure"
    every_s: float = 1.0
    gap_s: float = 5.0
    lag_s: float = 0.0
    _missing: list[str] = field(default_factory=list)

    def look(self, world: World) -> Sequence[Fact]:
        if self._missing:
            return ()
        try:
            text = self.path.read_text()
        except OSError as error:
            return self._none(f"this machine has no pressure stall information: {error.strerror or error}")
        total = re.search(r"^some .*\btotal=(\d+)", text, re.MULTILINE)
        if total is None:
            return self._none(f"{self.path} has no line of totals")
        return (PressureSeen(cpu_some_us=int(total.group(1))), Looked(probe=self.name))

    def _none(self, why: str) -> Sequence[Fact]:
        self._missing.append(why)
        return (Blinded(probe=self.name, target="", error=why),)
