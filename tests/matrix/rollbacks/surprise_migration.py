"""surprise-migration: the drill as it is, and with what is planted into a migration, its release, or who is told."""

from __future__ import annotations

from typing import Any

from matrix.cell import FAILED, PASSED, Cell, Want
from matrix.project import Copy

DRILL = "surprise-migration"
TWICE = 2
EXPAND = "compose/checkout/data/migrations/002_currency.sql"
NEXT = "compose/checkout/data/migrations/003_currency_checked.sql"
STORE = "compose/checkout/app/checkout/store.py"

OUTAGE = "behind-a-long-read/outage_below-POST /checkout"
TOLD = "behind-a-long-read/alert_fires-TableLockWait"
NOT_DOWN = "behind-a-long-read/alert_quiet-OrdersDatabaseDown"
BACK = "behind-a-long-read/recovers-steady"
ROLLED_BACK = "and-back/rolled_back-runbook"
NO_DEFECT = "and-back/alert_quiet-BadRelease"
WRITTEN = "and-back/errors_below-GET /orders/{id} of the new release"
ORDERS = "run/orders_kept-checkout"
STATE = "run/state_restored"


def no_lock_timeout(copy: Copy) -> None:
    copy.text("compose/checkout/migrate.sh", lambda text: text.replace("-c lock_timeout=$LOCK_TIMEOUT ", ""))


def no_rule(copy: Copy) -> None:
    def none(rules: Any) -> None:
        rules["groups"] = []

    copy.data("dashboards/rules/migrations.yml", none)


def contracts_too_early(copy: Copy) -> None:
    """The release before names no currency: without the default each of its orders is refused."""
    copy.text(NEXT, lambda text: f"{text}ALTER TABLE orders ALTER COLUMN currency DROP DEFAULT;\n")


def half_applied(copy: Copy) -> None:
    copy.text(EXPAND, lambda text: "".join(line for line in text.splitlines(True) if "rate_ppm" not in line))


def another_message(copy: Copy) -> None:
    """The new release calls a paid order by another name, in the order and in its entry for the worker."""
    widened = """
ALTER TABLE orders DROP CONSTRAINT orders_state_check;
ALTER TABLE outbox DROP CONSTRAINT outbox_kind_check;
"""
    said = 'values = {"state": "captured" if MORE and state == "paid" else state,'
    copy.text(EXPAND, lambda text: text + widened)
    copy.text(STORE, lambda text: text.replace('values = {"state": state,', said))


CELLS: tuple[Cell, ...] = (
    Cell(f"honest {DRILL}", "nothing", DRILL, exit_code=0, times=5),
    Cell(
        "migration without a lock time-out",
        "the migration waits for its table as long as it takes, and every later query behind it",
        DRILL,
        exit_code=1,
        times=TWICE,
        change=no_lock_timeout,
        phases=("behind-a-long-read",),
        wants={OUTAGE: Want(FAILED, "outage_too_long"), TOLD: Want(PASSED)},
        may_fail=(NOT_DOWN, BACK, "behind-a-long-read/settles", ORDERS),
    ),
    Cell(
        "nobody told of the lock",
        "the rule about waits for a table is gone",
        DRILL,
        exit_code=1,
        times=TWICE,
        change=no_rule,
        phases=("behind-a-long-read",),
        wants={TOLD: Want(FAILED, "rule_missing")},
    ),
    Cell(
        "irreversible migration",
        "the second migration takes a default away that the release before relies on: there is no way back to it",
        DRILL,
        exit_code=1,
        times=TWICE,
        change=contracts_too_early,
        wants={ROLLED_BACK: Want(FAILED, "rolled_back_and_still_broken")},
        may_fail=(NO_DEFECT, "and-back/recovers-steady", "and-back/settles", WRITTEN),
    ),
    Cell(
        "migration half applied",
        "one of two columns is made, and the migration says that its version is in",
        DRILL,
        exit_code=1,
        times=TWICE,
        change=half_applied,
        wants={NO_DEFECT: Want(FAILED, "collateral")},
        may_fail=(WRITTEN,),  # the new release takes no order, so there is none to ask for
    ),
    Cell(
        "message of the new release",
        "what the new release writes for the worker, the worker of the release before leaves where it is",
        DRILL,
        exit_code=1,
        times=TWICE,
        change=another_message,
        wants={ORDERS: Want(FAILED, "stuck"), STATE: Want(FAILED, "more_rows", "outbox")},
    ),
)
