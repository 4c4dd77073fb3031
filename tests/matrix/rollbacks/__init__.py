"""Rollbacks: releases that go wrong, ways back that do not lead back, orders that are lost on the way; and who notices."""

from __future__ import annotations

from matrix.cell import Table
from matrix.rollbacks import bad_release, canary, poisoned_queue, surprise_migration, worse

TABLE = Table(
    name="rollbacks",
    title="Rollbacks: who notices when the way back does not lead back?",
    told="""\
The drills about releases on the checkout as it is, and with one failure planted into the release, its way back, or what becomes of
the orders. Each row is a real `drill run` on a copy of the project in which only the named thing was changed; the judge is never
touched.

Every planted failure must be found by its own claim with its own reason; what it does not touch must pass.""",
    cells=(*poisoned_queue.CELLS, *surprise_migration.CELLS, *worse.CELLS, *canary.CELLS, *bad_release.CELLS),
    grid=True,
)
