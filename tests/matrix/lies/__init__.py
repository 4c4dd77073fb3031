"""The lies: what the drills say of a checkout that misleads those who watch it, each lie by its own variable."""

from __future__ import annotations

from matrix.cell import Table
from matrix.lies import log_line, systems

TABLE = Table(
    name="lies",
    title="Lies: who notices when a service does not tell the truth?",
    told="""\
`lying-systems` and `missing-log-line` on the checkout as it is, and on the same checkout with planted lies, each switched on by one
variable of its image (`compose/checkout/README.md`). Nothing else differs. Where a run has two lies, they are of two systems
that know nothing of each other, and each has to be found by its own claim, with its own reason, and by no other's.

Every planted lie must fail what it lies about, with its reason; everything else must pass.""",
    cells=(*systems.CELLS, *log_line.CELLS),
    grid=True,
)
