"""Torture: the harness killed at every seam and at any instant, and the ground taken from under it; nothing may be left.

Three kinds of cells: `seams.txt` names every call that changes something, and each is a kill before, while or after it; a hundred
instants drawn once from a seed; and a disaster for each thing that the harness stands on.
"""

from __future__ import annotations

from matrix.cell import TOLD_ALONE, Cell, Table
from matrix.torture.cells import WHOLE, random_kills, seam_kills
from matrix.torture.disasters import DISASTERS

CELLS: tuple[Cell, ...] = (
    Cell("whole", "nothing", "torture", exit_code=1, wants=WHOLE),
    *DISASTERS,
    *random_kills(),
    *seam_kills(),
)
TABLE = Table(
    name="torture",
    title="Tortured",
    told="""\
A short drill with a fault of each kind (an edge that is slow, one that is cut, a service stopped, a service frozen, a bad release, a
command with its undo) in which the harness is killed (SIGKILL, by itself) immediately before and after every call that changes
something outside of it, and at a hundred random instants: half of them with the watchdog in the same instant, a quarter as a power
cut (every process of the run at once, and each file's end that was not on disk torn off at a random place), some with the load, some
the load's death alone. Then `drill judge`, `drill mend`, and both again. A run is right when nothing of it is left (no toxic, paused
or stray container, network, volume or process, nor what the drill's own command made), when facts and ledger can be read up to the
last second, when mending again finds nothing to do, and when no finding passed that fails in the whole run nor failed that passes
there. The exit code is that of `drill mend`; of the whole run and the disasters, that of `drill run`.

The wall clock is stepped for the processes of the harness and its load alone (stepped.c); a step of the machine's own clock was not tried.""",
    cells=CELLS,
    made_of=("harness", "tests/e2e/projects/shop", "tests/e2e/projects/watched", *TOLD_ALONE),
)
