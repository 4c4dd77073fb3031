"""Liar: the rollback's command says that it is done, and did nothing."""

from __future__ import annotations

from matrix.cell import FAILED, PASSED, Cell, Want
from matrix.project import Copy


def lie(copy: Copy) -> None:
    copy.script("compose/checkout/rollback.sh", 'echo "rollback: api runs the good release"')


CELLS = (
    Cell(
        "liar",
        "the rollback's command ends with 0 and does nothing",
        "friday-traffic",
        phases=("bad-release",),
        exit_code=1,
        change=lie,
        wants={
            "bad-release/alert_fires-BadRelease": Want(PASSED),
            "bad-release/rolled_back-runbook": Want(FAILED, "said_done_but_still_serving"),
        },
        may_fail=("bad-release/recovers-steady", "bad-release/settles"),
    ),
)
