"""Half a rollback: of two replicas of the API one keeps the bad release, and the command ends with 0."""

from __future__ import annotations

from typing import Any

from matrix.cell import FAILED, PASSED, Cell, Want
from matrix.project import Copy

ONE_OF_TWO = """
one=$(docker compose ps --quiet api | head -n 1)
docker rm --force "$one"
docker compose --ansi never up --detach --no-deps --no-build --pull never --no-recreate --wait --wait-timeout 40 api
"""


def half(copy: Copy) -> None:
    def two(compose: Any) -> None:
        compose["services"]["api"]["deploy"] = {"replicas": 2}

    def enough_users(drill: Any) -> None:
        drill["load"]["max_in_flight"] = 300  # 15 arrivals a second, each at most 10 s, and as many again

    copy.data("compose/checkout/compose.yaml", two)
    copy.edit_drill(enough_users)
    copy.script("compose/checkout/rollback.sh", ONE_OF_TWO)


CELLS = (
    Cell(
        "half rollback",
        "two replicas of the API; the command takes one of them back and ends with 0",
        "friday-traffic",
        phases=("bad-release",),
        exit_code=1,
        change=half,
        environ={"CHECKOUT_DATABASE_POOL": "40"},
        wants={
            "bad-release/alert_fires-BadRelease": Want(PASSED),
            "bad-release/rolled_back-runbook": Want(FAILED, "said_done_but_still_serving", "api-"),
        },
        may_fail=("bad-release/recovers-steady", "bad-release/settles"),
    ),
)
