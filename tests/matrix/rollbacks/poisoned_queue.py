"""poisoned-queue: the drill as it is, and with what is planted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from matrix.cell import FAILED, INCONCLUSIVE, PASSED, Cell, Want
from matrix.project import Copy, claim

DRILL, PHASE = "poisoned-queue", "poison"
RULES, REPLAY = "dashboards/rules/queue.yml", "compose/checkout/replay.sh"
FIRES = f"{PHASE}/alert_fires-OrdersParked"
BACKLOG = f"{PHASE}/alert_fires-QueueBacklog"
PAGE = f"{PHASE}/page_sent-OrdersParked-oncall"
CLEARS = f"{PHASE}/alert_clears-OrdersParked"
BACK = f"{PHASE}/rolled_back-runbook"
HEALED = f"{PHASE}/healed-runbook"
KEPT = "run/orders_kept-checkout"
STATE = "run/state_restored"
BEGINS = "back=0\n"
"""The line of replay.sh before anything is put back."""

FORGETS = """ask "DELETE FROM parked WHERE order_id IN (SELECT order_id FROM parked ORDER BY parked_at LIMIT 2)"
"""
CHARGES_AGAIN = """ask "SELECT order_id, total_cents, card FROM parked JOIN orders ON id = order_id ORDER BY parked_at LIMIT 2" |
    docker compose --ansi never exec -T payments python3 -c '
import json, sys, urllib.request
for line in sys.stdin:
    order, cents, card = line.strip().split("|")
    body = json.dumps({"reference": order, "amount_cents": int(cents), "card": card}).encode()
    key = {"Idempotency-Key": "replay-" + order, "Content-Type": "application/json"}
    urllib.request.urlopen(urllib.request.Request("http://127.0.0.1:8080/charges", body, key)).read()
'
"""


def no_rule(copy: Copy) -> None:
    def change(rules: Any) -> None:
        for group in rules["groups"]:
            group["rules"] = [rule for rule in group["rules"] if rule.get("alert") != "OrdersParked"]

    copy.data(RULES, change)


def no_queue(copy: Copy) -> None:
    copy.text(RULES, lambda text: text.replace("max by (queue) (orders_parked", "max(orders_parked"))


def does_nothing(copy: Copy) -> None:
    copy.script(REPLAY, "echo 'replay: none is parked'")


def first(lines: str) -> Callable[[Copy], None]:
    """The replay does this before it begins."""
    return lambda copy: copy.text(REPLAY, lambda text: text.replace(BEGINS, lines + BEGINS))


def rollback_alone(copy: Copy) -> None:
    def change(drill: Any) -> None:
        healed = claim(drill, PHASE, "healed")
        for word in ("command", "trigger"):
            del healed[word]
        healed["by"] = "system"

    copy.edit_drill(change)


def _cell(
    name: str,
    told: str,
    wants: Mapping[str, Want],
    change: Callable[[Copy], None] = lambda copy: None,
    *,
    environ: Mapping[str, str] | None = None,
    may_fail: tuple[str, ...] = (),
) -> Cell:
    return Cell(
        f"{name} (poisoned queue)",
        told,
        DRILL,
        exit_code=1,
        wants=wants,
        may_fail=may_fail,
        times=2,
        change=change,
        environ=environ or {},
    )


CELLS: tuple[Cell, ...] = (
    Cell(f"honest {DRILL}", "nothing", DRILL, exit_code=0, times=5),
    _cell(
        "no dead-letter rule",
        "the rule of OrdersParked is taken out of Prometheus's rules: nobody is paged, nobody acts",
        {
            FIRES: Want(FAILED, "rule_missing"),
            PAGE: Want(FAILED, "rule_missing"),
            CLEARS: Want(INCONCLUSIVE),
            BACKLOG: Want(PASSED),
            BACK: Want(FAILED, "never_decided"),
            HEALED: Want(FAILED, "step_never_begun"),
            KEPT: Want(FAILED, "dead"),
            STATE: Want(FAILED, "image_differs"),
        },
        no_rule,
    ),
    _cell(
        "a page without the queue",
        "the rule of OrdersParked sums over all queues, so that its page names none",
        {FIRES: Want(FAILED, "wrong_labels", "queue"), PAGE: Want(FAILED, "wrong_labels", "queue")},
        no_queue,
    ),
    _cell(
        "a replay that does nothing",
        "the runbook's second step ends with 0, and what was parked is still parked",
        {
            HEALED: Want(FAILED, "said_done_but_still_broken"),
            CLEARS: Want(FAILED, "never_resolved"),
            KEPT: Want(FAILED, "dead"),
            STATE: Want(FAILED, "more_rows", "parked"),
        },
        does_nothing,
    ),
    _cell(
        "a replay that forgets",
        "the second step throws two of the parked orders away, and mends the others",
        {HEALED: Want(PASSED), KEPT: Want(FAILED, "orphan", "2 operations of checkout")},
        first(FORGETS),
    ),
    _cell(
        "a replay that charges again",
        "the second step takes the money of two of the parked orders a second time",
        {HEALED: Want(PASSED), KEPT: Want(FAILED, "duplicated", "2 operations of checkout")},
        first(CHARGES_AGAIN),
    ),
    _cell(
        "acknowledged before the work",
        "`DEFECT_WORKER_ACKS_FIRST`: a message leaves the outbox before its work is done, and is forgotten when that fails",
        {
            FIRES: Want(FAILED, "missed"),
            BACKLOG: Want(FAILED, "missed"),
            PAGE: Want(FAILED, "missed"),
            CLEARS: Want(INCONCLUSIVE, "never_fired"),
            HEALED: Want(INCONCLUSIVE, "nothing_to_heal"),
            KEPT: Want(FAILED, "orphan"),
        },
        environ={"DEFECT_WORKER_ACKS_FIRST": "1"},
        # Nobody is told to: that it was not taken back, or that all seemed well again without, is chance.
        may_fail=(BACK, STATE),
    ),
    _cell(
        "rollback alone",
        "the runbook ends with the rollback: it has no second step",
        {
            f"{PHASE}/healed-system": Want(FAILED, "not_healed", "the rollback alone did not heal it"),
            CLEARS: Want(FAILED, "never_resolved"),
            KEPT: Want(FAILED, "dead"),
            STATE: Want(FAILED, "more_rows", "parked"),
        },
        rollback_alone,
    ),
)
