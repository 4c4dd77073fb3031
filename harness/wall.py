"""The wall clock of a run: stamps of others (Docker, Prometheus) on the run's axis. Pure."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass

from harness.facts import ClockRead
from harness.journal import Journal


@dataclass(frozen=True)
class Wall:
    """Wall-clock times on the run's axis, by readings of both clocks taken together; follows the wall clock's steps.

    readings   (wall_unix_s, seconds of the run), ascending
    """

    readings: tuple[tuple[float, float], ...]

    @staticmethod
    def of(journal: Journal) -> Wall:
        opened = journal.opened
        first = [(opened.wall_unix_s, 0.0)] if opened else []
        return Wall(tuple(sorted([*first, *((fact.wall_unix_s, fact.at_s) for fact in journal.of(ClockRead))])))

    def at_s(self, unix: float) -> float:
        if not self.readings:
            return unix
        wall, axis_s = self.readings[max(0, bisect_right(self.readings, (unix, float("inf"))) - 1)]
        return axis_s + unix - wall

    def unix_before(self, at_s: float) -> float:
        """A wall-clock time that nothing from at_s on is stamped before."""
        return at_s + min((wall - axis_s for wall, axis_s in self.readings), default=0.0)

    def unix_after(self, at_s: float) -> float:
        """A wall-clock time that nothing before at_s is stamped after."""
        return at_s + max((wall - axis_s for wall, axis_s in self.readings), default=0.0)
