"""Wrong number: Alertmanager's route sends pages to another receiver. Somebody is told, but not who should be."""

from __future__ import annotations

from typing import Any

from matrix.cell import FAILED, PASSED, Cell, Want
from matrix.project import Copy


def to_the_tickets(copy: Copy) -> None:
    def change(config: Any) -> None:
        (route,) = [route for route in config["route"]["routes"] if route["receiver"] == "oncall"]
        route["receiver"] = "tickets"

    copy.data("compose/checkout/alertmanager.yml", change)


CELLS = (
    Cell(
        "wrong number",
        "Alertmanager's route sends pages to the receiver `tickets`",
        "friday-traffic",
        phases=("orders-slow",),
        exit_code=1,
        change=to_the_tickets,
        wants={
            "orders-slow/alert_fires-CheckoutLatencyHigh": Want(PASSED),
            "orders-slow/page_sent-CheckoutLatencyHigh-oncall": Want(FAILED, "wrong_receiver", "tickets"),
        },
    ),
)
