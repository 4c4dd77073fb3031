"""The controls: what `drill` must say when a part of the stack's watching, or of its way back, is broken on purpose."""

from __future__ import annotations

from matrix.cell import Cell, Table
from matrix.controls import (
    blindfold,
    gagged,
    half_rollback,
    honest,
    liar,
    no_rollback,
    placebo,
    slow_rollback,
    unplugged,
    wrong_number,
)

CELLS: tuple[Cell, ...] = (
    *honest.CELLS,
    *placebo.CELLS,
    *gagged.CELLS,
    *blindfold.CELLS,
    *unplugged.CELLS,
    *wrong_number.CELLS,
    *no_rollback.CELLS,
    *half_rollback.CELLS,
    *slow_rollback.CELLS,
    *liar.CELLS,
)
TABLE = Table(
    name="controls",
    title="Controls: is a rehearsal's verdict right?",
    told="""\
`friday-traffic` on the checkout as it is, and on a checkout whose watching or whose way back is broken in one known way. Each
row is a real `drill run` on a copy of the project in which only the named thing was changed; the judge is never touched. Where
a drill is cut, the phases that stay are as in the file, its gate and its whole-run claims too.""",
    cells=CELLS,
)
