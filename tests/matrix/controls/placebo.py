"""Placebo: every fault is a no-op. That alerts stayed quiet is known; nothing is concluded of what a fault would have done."""

from matrix.cell import INCONCLUSIVE, PASSED, Cell, Want

QUIET = ("orders-slow/alert_quiet-OrdersDatabaseDown", "run/alert_quiet-OrderLost")
ON_A_FAULT = (
    "orders-slow/alert_fires-CheckoutLatencyHigh",
    "orders-slow/page_sent-CheckoutLatencyHigh-oncall",
    "orders-slow/alert_clears-CheckoutLatencyHigh",
    "payments-gone/log_seen-api",
    "payments-gone/alert_fires-PaymentsUnavailable",
    "payments-gone/page_sent-PaymentsUnavailable-oncall",
    "payments-gone/alert_clears-PaymentsUnavailable",
    "bad-release/alert_fires-BadRelease",
    "bad-release/rolled_back-runbook",
)

CELLS = (
    Cell(
        "placebo",
        "every fault is left out (`drill run --baseline`)",
        "friday-traffic",
        exit_code=3,
        options=("--baseline",),
        wants={**dict.fromkeys(QUIET, Want(PASSED)), **dict.fromkeys(ON_A_FAULT, Want(INCONCLUSIVE))},
        rest=frozenset({PASSED, INCONCLUSIVE}),
    ),
)
