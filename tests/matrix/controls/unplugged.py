"""Unplugged: the receiver's host refuses every connection. The alert fires, and nobody is called."""

from __future__ import annotations

import json

from matrix.cell import FAILED, PASSED, Cell, Want
from matrix.live import Live, Over, docker

PORT = 80
"""Of the receivers' URLs: http://pager.example.test/…"""
ASK = "import socket, sys; s = socket.socket(); s.settimeout(2); sys.exit(s.connect_ex(('127.0.0.1', int(sys.argv[1]))) != 111)"


def refuse(live: Live) -> None:
    """Tell the pager's mailbox, by its own standard input, to refuse as a provider that is gone does; and see that it does."""
    from harness.facts import GateHeld

    live.await_fact(GateHeld)
    pager = live.helper("pager")
    docker("exec", pager, "sh", "-c", 'echo "$1" >/proc/1/fd/0', "sh", json.dumps({"refuse": True}))
    for _ in range(20):
        try:
            docker("exec", pager, "python3", "-c", ASK, str(PORT))
        except Exception:
            continue
        return
    raise Over("the pager's mailbox still takes connections")


CELLS = (
    Cell(
        "unplugged",
        "the host that pages go to refuses every connection once the gate is open",
        "friday-traffic",
        phases=("orders-slow", "bad-release"),
        exit_code=1,
        act=refuse,
        wants={
            "orders-slow/alert_fires-CheckoutLatencyHigh": Want(PASSED),
            "orders-slow/page_sent-CheckoutLatencyHigh-oncall": Want(FAILED, "not_delivered", "oncall"),
            "bad-release/alert_fires-BadRelease": Want(PASSED),
            "bad-release/rolled_back-runbook": Want(FAILED, "never_decided"),
        },
        may_fail=("bad-release/recovers-steady", "bad-release/settles"),
    ),
)
