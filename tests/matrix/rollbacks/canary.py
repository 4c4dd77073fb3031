"""canary: the drill as it is, and with a promoter that decides wrongly, or not at all."""

from __future__ import annotations

from typing import Any

from matrix.cell import FAILED, PASSED, Cell, Want
from matrix.project import Copy

DRILL = "canary"
JUDGED = "canary/canary_judged-release"
BACK = "canary/recovers-steady"
SETTLES = "canary/settles"


def release(name: str) -> Any:
    """The release that the drill deploys is another one."""

    def change(copy: Copy) -> None:
        def other(drill: Any) -> None:
            drill["phases"][0]["faults"][0]["bad_release"]["variables"]["CHECKOUT_CANARY"] = name

        copy.edit_drill(other)

    return change


CELLS: tuple[Cell, ...] = (
    Cell(
        "honest canary",
        "nothing",
        DRILL,
        exit_code=0,
        times=5,
        wants={JUDGED: Want(PASSED, "met", "withdrawn")},
    ),
    Cell(
        "a promoter that sees the sum alone",
        "`PROMOTER_COMPARES=total`: all answers of the service against those before",
        DRILL,
        exit_code=1,
        times=2,
        environ={"PROMOTER_COMPARES": "total"},
        wants={JUDGED: Want(FAILED, "bad_promoted", "POST /checkout (wholesale)")},
        may_fail=(BACK, SETTLES),
    ),
    Cell(
        "a promoter that is too strict",
        "`PROMOTER_P95_TIMES=0.5`, where half as slow again was meant; the release is one with which nothing is wrong",
        DRILL,
        exit_code=1,
        times=2,
        environ={"PROMOTER_P95_TIMES": "0.5"},
        change=release("patch"),
        wants={JUDGED: Want(FAILED, "good_withdrawn", "no worse")},
    ),
    Cell(
        "a promoter that decides nothing",
        "`PROMOTER_PROMETHEUS_URL` leads to a Prometheus that is not there",
        DRILL,
        exit_code=1,
        times=2,
        environ={"PROMOTER_PROMETHEUS_URL": "http://prometheus.elsewhere.test:9090"},
        wants={JUDGED: Want(FAILED, "undecided")},
        may_fail=(BACK, SETTLES),
    ),
)
