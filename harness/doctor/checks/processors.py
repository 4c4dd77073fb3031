"""Whether others fill this machine's processors already: then a service may be slow, and nobody could tell whose fault it is."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass

from harness.doctor.seen import Say, Seen
from harness.neighbours import FULL, MATERIAL
from harness.probes.accounts import Machine, machine, tree_s

LOOK_S = 0.25  # long enough for a reading to within a twentieth of two processors, whose counters go in steps of 10 ms


@dataclass(frozen=True)
class ProcessorsCheck:
    """It hinders no run: the machine may be free again in a minute, and claims that it disturbs say so."""

    name: str = "processors"
    needs: tuple[str, ...] = ()

    def look(self) -> Seen:
        try:
            before, ours_s = machine(), tree_s(os.getpid())
            time.sleep(LOOK_S)
            return self.compare(before, machine(), tree_s(os.getpid()) - ours_s)
        except (OSError, ValueError) as error:
            return Seen(self.name, "note", f"who uses the processors cannot be seen here: {error}")

    def fix(self, say: Say) -> None:
        """What others run is theirs."""

    def compare(self, before: Machine, now: Machine, ours_s: float) -> Seen:
        """Of two readings; ours_s is what the harness itself used in between."""
        total_s, count = now.total_s - before.total_s, now.processors
        if total_s <= 0:
            return Seen(self.name, "ok", f"{count} processor{'s' if count != 1 else ''}")
        stolen_s = now.steal_s - before.steal_s
        others = max(0.0, now.busy_s - before.busy_s - ours_s + stolen_s) / total_s
        said = f"others use {others * count:.1f} of {count} processor{'s' if count != 1 else ''}"
        if others >= MATERIAL and now.idle_s - before.idle_s <= (1 - FULL) * total_s:
            what = f"the machine is full, {said}: what is slow in a run may not be the service's fault"
            return Seen(self.name, "note", what, "end what else runs here, or wait for it")
        return Seen(self.name, "ok", said)
