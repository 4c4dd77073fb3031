"""No rollback: nobody pulls the lever, and the bad release serves to the end; or the runbook's command is not there."""

from __future__ import annotations

from typing import Any

from matrix.cell import FAILED, PASSED, Cell, Want
from matrix.project import Copy, claim

PHASE = "bad-release"


def nobody(copy: Copy) -> None:
    def change(drill: Any) -> None:
        settings = claim(drill, PHASE, "rolled_back")
        settings["by"] = "system"
        del settings["command"]

    copy.edit_drill(change)


def absent(copy: Copy) -> None:
    (copy.root / "compose/checkout/rollback.sh").unlink()


CELLS = (
    Cell(
        "no rollback",
        "nobody pulls the lever: `by: system`, and the system does not",
        "friday-traffic",
        phases=(PHASE,),
        exit_code=1,
        change=nobody,
        wants={
            "bad-release/alert_fires-BadRelease": Want(PASSED),
            "bad-release/rolled_back-system": Want(FAILED, "never_decided"),
        },
        may_fail=("bad-release/recovers-steady", "bad-release/settles"),
    ),
    Cell(
        "no command",
        "the runbook's command is not there: refused before anything is started",
        "friday-traffic",
        phases=(PHASE,),
        exit_code=2,
        change=absent,
    ),
)
