"""Blindfold: Prometheus is stopped once the gate is open. What it would have seen is not known; a guard on it ends the run."""

from __future__ import annotations

from matrix.cell import INCONCLUSIVE, PASSED, Cell, Want
from matrix.live import Live, docker
from matrix.project import Copy

GUARD = "promql: sum(increase(orders_lost_total[1m])) > 0"
WHAT_IT_SEES = (
    "orders-slow/alert_fires-CheckoutLatencyHigh",
    "orders-slow/page_sent-CheckoutLatencyHigh-oncall",
    "orders-slow/alert_quiet-OrdersDatabaseDown",
    "orders-slow/alert_clears-CheckoutLatencyHigh",
    "run/alert_quiet-OrderLost",
    "run/dashboard_live-checkout",
)


def stop_prometheus(live: Live) -> None:
    from harness.facts import GateHeld

    live.await_fact(GateHeld)
    docker("stop", "--time", "1", live.container("prometheus"))


def guarded(copy: Copy) -> None:
    copy.edit_drill(lambda drill: drill["abort"]["any"].append(GUARD))


UNSEEN = dict.fromkeys(WHAT_IT_SEES, Want(INCONCLUSIVE))
CELLS = (
    Cell(
        "blindfold",
        "Prometheus is stopped once the gate is open",
        "friday-traffic",
        phases=("orders-slow",),
        exit_code=3,
        act=stop_prometheus,
        wants=UNSEEN,
    ),
    Cell(
        "blindfold with a guard",
        f"the same, and the drill has a guard on Prometheus (`{GUARD}`)",
        "friday-traffic",
        phases=("orders-slow",),
        exit_code=5,
        change=guarded,
        act=stop_prometheus,
        wants=UNSEEN,
        rest=frozenset({PASSED, INCONCLUSIVE}),
    ),
)
