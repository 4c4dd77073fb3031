"""bad-releases: the drill as it is, and with what is planted into one of its phases."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from matrix.cell import FAILED, INCONCLUSIVE, PASSED, Cell, Want
from matrix.project import Copy, claim
from matrix.rollbacks.worse import ONE_OF_TWO

DRILL = "bad-releases"
AT_LOAD, SEGMENT, LEAK, TOTALS = "only-at-load", "one-segment", "slow-leak", "wrong-totals"
CHECKOUT, RELEASES = "dashboards/rules/checkout.yml", "dashboards/rules/releases.yml"
ORDERS = "run/orders_kept-checkout"
# Paid later, an order that was charged wrongly is asked for again with the right sum under the same key: the provider refuses that, and
# the order waits for a person. On a slow machine that happens to a few.
OFF = Want(FAILED, "law_broken", "charges.amount = orders.amount", other="stuck")
TIMES = 2


def without(alert: str, path: str) -> Callable[[Copy], None]:
    """Nobody has written this alert."""

    def change(rules: Any) -> None:
        for group in rules["groups"]:
            group["rules"] = [rule for rule in group["rules"] if rule.get("alert") != alert]

    return lambda copy: copy.data(path, change)


def for_everybody_alone(copy: Copy) -> None:
    copy.text(CHECKOUT, lambda text: text.replace("ratio20s_by_version > 0.02", "ratio20s_by_version > 0.5"))


def one_of_two(copy: Copy) -> None:
    copy.script("compose/checkout/rollback.sh", ONE_OF_TWO)


def no_refund(copy: Copy) -> None:
    def change(drill: Any) -> None:
        claim(drill, TOTALS, "rolled_back")["command"] = "../compose/checkout/rollback.sh"

    copy.edit_drill(change)


def unnoticed(name: str, told: str, phase: str, alert: str, change: Callable[[Copy], None], **more: Want) -> Cell:
    """Nobody is paged, so that nobody pulls the lever."""
    wants = {f"{phase}/rolled_back-runbook": Want(FAILED, "never_decided"), **more}
    may_fail = (f"{phase}/alert_fires-{alert}", f"{phase}/recovers-steady", f"{phase}/settles")
    return Cell(name, told, DRILL, 1, wants=wants, may_fail=may_fail, times=TIMES, change=change, phases=(phase,))


CELLS: tuple[Cell, ...] = (
    Cell("honest bad-releases", "nothing", DRILL, exit_code=0, times=5),
    unnoticed(
        "errors at load, and no alert on a release",
        "there is no alert BadRelease",
        AT_LOAD,
        "BadRelease",
        without("BadRelease", CHECKOUT),
    ),
    unnoticed(
        "errors of one segment, and a blunt alert",
        "BadRelease wants half of the checkouts to fail, where those of one customer in twenty do",
        SEGMENT,
        "BadRelease",
        for_everybody_alone,
    ),
    unnoticed(
        "a leak, and no alert on memory",
        "there is no alert MemoryGrowing",
        LEAK,
        "MemoryGrowing",
        without("MemoryGrowing", RELEASES),
    ),
    Cell(
        "a leak, and one of two left behind",
        "the runbook takes one of two replicas back, and ends with 0: the other one goes on growing",
        DRILL,
        exit_code=1,
        phases=(LEAK,),
        change=one_of_two,
        wants={
            f"{LEAK}/alert_fires-MemoryGrowing": Want(PASSED),
            f"{LEAK}/rolled_back-runbook": Want(FAILED, "said_done_but_still_serving", "api-"),
        },
        times=TIMES,
    ),
    unnoticed(
        "wrong sums, and no reconciliation",
        "there is no alert OrderTotalsDiffer: every answer is 201, with the right total",
        TOTALS,
        "OrderTotalsDiffer",
        without("OrderTotalsDiffer", RELEASES),
        **{ORDERS: OFF, f"{TOTALS}/alert_clears-OrderTotalsDiffer": Want(INCONCLUSIVE, "never_fired")},
    ),
    Cell(
        "wrong sums, and no refund",
        "the release is taken back, and nobody gives back what it charged",
        DRILL,
        exit_code=1,
        phases=(TOTALS,),
        change=no_refund,
        wants={
            f"{TOTALS}/alert_fires-OrderTotalsDiffer": Want(PASSED),
            f"{TOTALS}/rolled_back-runbook": Want(PASSED),
            f"{TOTALS}/recovers-steady": Want(PASSED),
            f"{TOTALS}/alert_clears-OrderTotalsDiffer": Want(FAILED, "never_resolved"),
            ORDERS: OFF,
        },
        times=TIMES,
    ),
)
