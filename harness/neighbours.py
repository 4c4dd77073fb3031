"""Who else filled the machine in a stretch of time, so that a slow service may not be its own fault. Pure.

A service that eats its own processors is not excused: what the stack uses, and what the harness does, is not others' (ProcessorsSeen).
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from harness.facts import Blinded, PressureSeen, ProcessorsSeen
from harness.journal import Journal, Window
from harness.surroundings import stalled, told

FULL = 0.9  # of the processors, interrupts included: with more to spare, who waits is held back by a limit of its own
WAITED = 0.25  # of the time: well above a tenth, below which nobody waits (gates.py); tasks that fit side by side wait little
MATERIAL = 0.25  # of the processors: were less given back to it, the run would have had at most a third more
TWICE = 2  # the share of slow requests that a claim tolerates: so many more surely fail it; of its stretch, disturbed
DISTURBED = 0.10  # of a claim's stretch at most: what that is for a p95


@dataclass(frozen=True)
class Neighbours:
    """The seconds of a stretch in which the machine was full, and others had a material part in it.

    full_s          how many seconds, and of_s the whole stretch
    others, steal   processors that other processes, and other virtual machines, used in them on average
    cites           the first and the last look that tell of it
    """

    full_s: float
    of_s: float
    others: float
    steal: float
    processors: int
    cites: tuple[str, ...] = ()

    def __str__(self) -> str:
        little = 0.05 * self.processors
        who = [f"processes outside of this run used {self.others:.1f}"] if self.others >= little else []
        who += [f"other virtual machines took {self.steal:.1f}"] if self.steal >= little else []
        of = f"of {self.processors} processor{'s' if self.processors != 1 else ''}"
        full = f"{self.full_s:.0f}" if self.full_s >= 1 else f"{self.full_s:.1g}"
        return f"{' and '.join(who)} {of} for {full} s of the {self.of_s:.0f} s"


def neighbours(journal: Journal, start_s: float, end_s: float) -> Neighbours | None:
    """Who else filled the machine, second by second. None where nobody did, or nobody was looking.

    A second counts where three things hold: no processor was idle (FULL), somebody waited for one (WAITED; what the hypervisor
    took was waited for too, which the guest's own figure leaves out), and others took enough of it (MATERIAL). On a machine
    that never tells who waited (no PressureSeen at all) the other two are enough.
    """
    pressures = journal.of(PressureSeen)
    full = []
    for look in journal.of(ProcessorsSeen):
        all_s = look.over_s * look.processors
        began_s = look.at_s - look.over_s
        within_s = min(look.at_s, end_s) - max(began_s, start_s)
        if within_s <= 0 or look.idle_s > (1 - FULL) * all_s or look.others_s + look.steal_s < MATERIAL * all_s:
            continue
        if not pressures or max(_waited(pressures, began_s, look.at_s), look.steal_s / all_s) >= WAITED:
            full.append((look, within_s))
    if not full:
        return None
    over_s = sum(look.over_s for look, _ in full)
    return Neighbours(
        full_s=sum(within_s for _, within_s in full),
        of_s=end_s - start_s,
        others=sum(look.others_s for look, _ in full) / over_s,
        steal=sum(look.steal_s for look, _ in full) / over_s,
        processors=full[-1][0].processors,
        cites=tuple(dict.fromkeys((full[0][0].cite, full[-1][0].cite))),
    )


def disturbed(
    journal: Journal, stretch: Window | None, tolerates: float = 1.0, enough_s: float = math.inf
) -> Neighbours | None:
    """Who filled the machine for a material part of the stretch that a claim was decided in; None where nobody did.

    tolerates   the share of its requests that may be slow or in error without a failure (`Expectation.tolerates`)
    enough_s    any part of it that is so long can have decided it
    """
    if stretch is None:
        return None
    found = neighbours(journal, stretch.start_s, min(stretch.end_s, journal.end_s))
    share = min(DISTURBED, round(TWICE * tolerates, 9))
    return found if found is not None and found.full_s >= share * min(found.of_s, enough_s) else None


def untold(journal: Journal, stretch: Window | None) -> str:
    """Where nobody knows who used the processors in a stretch, and processes waited for one or may have: that; else ''.

    Why nobody knows may have been said long before, once and for all. Old journals tell nothing.
    """
    if stretch is None:
        return ""
    start_s, end_s = stretch.start_s, min(stretch.end_s, journal.end_s)
    blinded = journal.last(Blinded, until_s=end_s, probe="processors")
    if blinded is None or journal.first(ProcessorsSeen, since_s=start_s, until_s=end_s) is not None:
        return ""
    share = stalled(journal, start_s, end_s)
    waited = share >= WAITED if share is not None else journal.first(PressureSeen) is None
    return f"{told(share)}; {blinded.error}" if waited else ""


def _waited(seen: Sequence[PressureSeen], start_s: float, end_s: float) -> float:
    """The share of a stretch in which somebody waited, the counter taken to rise evenly between looks; 0 where none tells."""

    def at(at_s: float) -> float:
        after = min(max(1, bisect_left(seen, at_s, key=lambda look: look.at_s)), len(seen) - 1)
        low, high = seen[after - 1], seen[after]
        part = min(1.0, max(0.0, (at_s - low.at_s) / max(high.at_s - low.at_s, 1e-6)))
        return low.cpu_some_us + part * (high.cpu_some_us - low.cpu_some_us)

    return (at(end_s) - at(start_s)) / 1e6 / (end_s - start_s) if len(seen) > 1 else 0.0
