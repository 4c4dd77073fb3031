"""Every table by name, with how its cells are played."""

from __future__ import annotations

from matrix.cell import Table
from matrix.controls import TABLE as CONTROLS
from matrix.kills import TABLE as KILLS
from matrix.kills.play import play as kill
from matrix.lies import TABLE as LIES
from matrix.rehearsal import rehearse
from matrix.rollbacks import TABLE as ROLLBACKS
from matrix.runner import Play
from matrix.torture import TABLE as TORTURE
from matrix.torture.play import play as torture

TABLES: dict[str, tuple[Table, Play]] = {
    CONTROLS.name: (CONTROLS, rehearse),
    KILLS.name: (KILLS, kill),
    LIES.name: (LIES, rehearse),
    ROLLBACKS.name: (ROLLBACKS, rehearse),
    TORTURE.name: (TORTURE, torture),
}
