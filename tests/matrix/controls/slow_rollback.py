"""Slow rollback: it is taken back, everywhere, but after the limit."""

from __future__ import annotations

from typing import Any

from matrix.cell import FAILED, PASSED, Cell, Want
from matrix.project import Copy, claim

WAITS_S = 30
LIMIT = "40s"
"""The page needs 15 s and more, so that the last bad answer comes after 45 s at the earliest."""


def slow(copy: Copy) -> None:
    def limit(drill: Any) -> None:
        claim(drill, "bad-release", "rolled_back")["within"] = LIMIT

    copy.text("compose/checkout/rollback.sh", lambda text: text.replace("set -eu\n", f"set -eu\nsleep {WAITS_S}\n", 1))
    copy.edit_drill(limit)


CELLS = (
    Cell(
        "slow rollback",
        f"the command waits for {WAITS_S} s first, and the limit is {LIMIT}",
        "friday-traffic",
        phases=("bad-release",),
        exit_code=1,
        change=slow,
        wants={
            "bad-release/alert_fires-BadRelease": Want(PASSED),
            "bad-release/rolled_back-runbook": Want(FAILED, "late"),
        },
    ),
)
