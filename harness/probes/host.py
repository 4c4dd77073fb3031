"""This machine's own resources, once a second, for the guards that protect it: processors, memory, and the disks that a run fills."""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from harness.facts import Blinded, Fact, HostSeen, Looked
from harness.world.handles import World

PROC = Path("/proc")


@dataclass(eq=False)
class HostProbe:
    """What cannot be looked at is said (a Blinded with `cpu`, `memory` or the folder as target); the rest is told all the same.

    folders   of the disks: the run's own, and Docker's where it is on this machine; two on one disk are looked at once
    """

    folders: Sequence[Path] = ()
    proc: Path = PROC
    name: str = "host"
    every_s: float = 1.0
    gap_s: float = 5.0
    lag_s: float = 0.0
    _cpu: tuple[int, int] | None = field(default=None, init=False)

    def look(self, world: World) -> Sequence[Fact]:
        blind: list[Fact] = []

        def missing(what: str, error: Exception) -> None:
            said = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            blind.append(Blinded(probe=self.name, target=what, error=said))

        cpu, memory = None, None
        try:
            cpu = self._used()
        except (OSError, ValueError) as error:
            missing("cpu", error)
        try:
            memory = _memory((self.proc / "meminfo").read_text())
        except (OSError, ValueError) as error:
            missing("memory", error)
        disks: dict[str, tuple[int, int]] = {}
        known: set[int] = set()
        for folder in self.folders:
            try:
                device, room = folder.stat().st_dev, shutil.disk_usage(folder)
            except OSError as error:
                missing(str(folder), error)
                continue
            if device not in known:
                known.add(device)
                disks[str(folder)] = (room.free, room.total)
        total, free = memory or (None, None)
        seen = HostSeen(cpu_ratio=cpu, memory_bytes=total, memory_free_bytes=free, disks=disks)
        return (seen, *blind, Looked(probe=self.name))

    def _used(self) -> float | None:
        """The share of all processors that was used since the look before; None at the first. Raises OSError or ValueError."""
        ticks = [int(word) for word in (self.proc / "stat").read_text().split("\n", 1)[0].split()[1:9]]
        if len(ticks) < 5:
            raise ValueError(f"{self.proc / 'stat'} does not tell how long the processors were idle")
        before, self._cpu = self._cpu, (sum(ticks), ticks[3] + ticks[4])
        if before is None or self._cpu[0] <= before[0]:
            return None
        idle = (self._cpu[1] - before[1]) / (self._cpu[0] - before[0])
        return round(min(1.0, max(0.0, 1 - idle)), 4)


def _memory(text: str) -> tuple[int, int]:
    """(all, available) in bytes. Raises ValueError."""
    found = dict(re.findall(r"^(MemTotal|MemAvailable):\s+(\d+) kB", text, re.MULTILINE))
    if len(found) < 2:
        raise ValueError("/proc/meminfo does not tell what is available")
    return int(found["MemTotal"]) * 1024, int(found["MemAvailable"]) * 1024
