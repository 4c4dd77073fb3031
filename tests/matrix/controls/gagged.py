"""Gagged: the alert's rule was taken out of Prometheus's rules. Nobody would have known."""

from __future__ import annotations

from typing import Any

from matrix.cell import FAILED, INCONCLUSIVE, PASSED, Cell, Want
from matrix.project import Copy

ALERT = "CheckoutLatencyHigh"


def without_the_rule(copy: Copy) -> None:
    def change(rules: Any) -> None:
        for group in rules["groups"]:
            group["rules"] = [rule for rule in group["rules"] if rule.get("alert") != ALERT]

    copy.data("dashboards/rules/checkout.yml", change)


CELLS = (
    Cell(
        "gagged",
        f"the rule of {ALERT} is taken out of Prometheus's rules",
        "friday-traffic",
        phases=("orders-slow",),
        exit_code=1,
        change=without_the_rule,
        wants={
            f"orders-slow/alert_fires-{ALERT}": Want(FAILED, "rule_missing", ALERT),
            f"orders-slow/page_sent-{ALERT}-oncall": Want(FAILED, "rule_missing", ALERT),
            f"orders-slow/alert_clears-{ALERT}": Want(INCONCLUSIVE),
            "orders-slow/alert_quiet-OrdersDatabaseDown": Want(PASSED),
        },
    ),
)
