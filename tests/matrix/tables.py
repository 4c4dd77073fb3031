"""Every table, by name."""

from __future__ import annotations

from matrix.cell import Table
from matrix.controls import TABLE as CONTROLS

TABLES: dict[str, Table] = {table.name: table for table in (CONTROLS,)}
