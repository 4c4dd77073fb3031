"""canary: the drill as it is, and with what is planted."""

from __future__ import annotations

from matrix.cell import Cell

CELLS: tuple[Cell, ...] = ()
