"""rollback-makes-it-worse: the drill as it is, and with what is planted."""

from __future__ import annotations

import subprocess
from typing import Any

from matrix.cell import FAILED, PASSED, Cell, Want
from matrix.live import Live
from matrix.project import Copy, claim

DRILL, PHASE = "rollback-makes-it-worse", "new-settings"
ALERT = f"{PHASE}/alert_fires-BadRelease"
BACK = f"{PHASE}/rolled_back-runbook"
WELL = f"{PHASE}/recovers-steady"
SETTLES = f"{PHASE}/settles"
ORDERS = "run/orders_kept-checkout"
STATE = "run/state_restored"
TOTALS = "run/alert_quiet-OrderTotalsDiffer"
RELEASE = "compose/checkout/app/releases/settings/__init__.py"
RULES = "dashboards/rules/checkout.yml"
TIMES = 2

ONE_OF_TWO = """
one=$(docker compose ps --quiet api | head -n 1)
docker rm --force "$one"
docker compose --ansi never up --detach --no-deps --no-build --pull never --no-recreate --wait --wait-timeout 40 api
"""


def code_alone(copy: Copy) -> None:
    def change(drill: Any) -> None:
        claim(drill, PHASE, "rolled_back")["command"] = "../compose/checkout/rollback.sh"

    copy.edit_drill(change)


def one_of_two(copy: Copy) -> None:
    copy.script("compose/checkout/rollback.sh", ONE_OF_TWO)


def flag_reused(copy: Copy) -> None:
    code_alone(copy)
    copy.text(RELEASE, lambda text: text.replace('SETTINGS = {"handling": "0 cents"}', 'SETTINGS = {"offer": "on"}'))


def healthy(copy: Copy) -> None:
    """A release with nothing wrong, that goes out without a gap, and a rule that blames whatever is new."""

    def one_by_one(drill: Any) -> None:
        (phase,) = drill["phases"]
        del phase["faults"][0]["bad_release"]["replicas"]

    def whole(text: str) -> str:
        return text.replace('SETTINGS = {"handling": "0 cents"}', "SETTINGS: Mapping[str, str] = {}").replace(
            "SAVED_CENTS[min(len(items), 3)]", "0"
        )

    def whatever_is_new(rules: Any) -> None:
        rule = _rule(rules, "BadRelease")
        rule["expr"] = 'sum by (version) (rate(http_requests_total{job="api", version!="1.4.2"}[20s])) > 0'
        rule["for"] = "10s"  # a whole hold of the steady state is seen before the page

    copy.edit_drill(one_by_one)
    copy.text(RELEASE, whole)
    copy.data(RULES, whatever_is_new)


def slow_alert(copy: Copy) -> None:
    copy.data(RULES, lambda rules: _rule(rules, "BadRelease").update({"for": "40s"}))


def by_hand(live: Live) -> None:
    """Somebody who has seen the deployment takes it back at once, with nothing to go by."""
    from harness.facts import Injected

    live.await_fact(Injected)
    folder = live.folder
    container = live.container("postgres")
    back = "UPDATE setting SET value = before"
    _run("docker", "exec", container, "psql", "-h", "/tmp", "-U", "checkout", "-d", "checkout", "-qc", back)
    _run("docker", "exec", live.container("redis"), "valkey-cli", "DEL", "catalog")
    project = container.removesuffix("-postgres-1")
    compose = ("docker", "compose", "-p", project, "-f", str(folder / "compose.yaml"))
    _run(*compose, "up", "--detach", "--no-deps", "--no-build", "--pull", "never", "--wait", "api")


def _run(*words: str) -> None:
    subprocess.run(words, check=True, capture_output=True, text=True)


def _rule(rules: Any, name: str) -> Any:
    (found,) = [rule for group in rules["groups"] for rule in group["rules"] if rule.get("alert") == name]
    return found


CELLS: tuple[Cell, ...] = (
    Cell("honest rollback-makes-it-worse", "nothing", DRILL, exit_code=0, times=5),
    Cell(
        "code without its settings",
        "the runbook takes the code back and leaves the settings: the old code cannot read them",
        DRILL,
        exit_code=1,
        change=code_alone,
        wants={
            ALERT: Want(PASSED),
            BACK: Want(FAILED, "rolled_back_and_still_broken"),
            WELL: Want(FAILED, "late"),
            STATE: Want(FAILED, "rows_differ", "settings"),
        },
        may_fail=(SETTLES,),
        times=TIMES,
    ),
    Cell(
        "one of two left behind",
        "the settings are put back and one of two replicas; the command ends with 0",
        DRILL,
        exit_code=1,
        change=one_of_two,
        wants={
            ALERT: Want(PASSED),
            BACK: Want(FAILED, "said_done_but_still_serving", "api-"),
            STATE: Want(FAILED, "image_differs", "api"),
        },
        may_fail=(WELL, SETTLES),
        times=TIMES,
    ),
    Cell(
        "a flag reused",
        "the release switches on a flag that means a tenth off to the old code; the code is taken back, the flag stays",
        DRILL,
        exit_code=1,
        change=flag_reused,
        wants={
            ALERT: Want(PASSED),
            BACK: Want(PASSED),
            WELL: Want(PASSED),
            ORDERS: Want(FAILED, "law_broken", "charges.amount = orders.amount"),
            TOTALS: Want(FAILED, "collateral"),
            STATE: Want(FAILED, "rows_differ", "settings"),
        },
        times=TIMES,
    ),
    Cell(
        "a healthy release taken back",
        "nothing is wrong with the release, and an alert blames whatever is new",
        DRILL,
        exit_code=1,
        change=healthy,
        wants={ALERT: Want(PASSED), BACK: Want(FAILED, "false_rollback")},
        times=TIMES,
    ),
    Cell(
        "taken back before the page",
        "the alert waits for 40 s; somebody takes the release back by hand as soon as it is out",
        DRILL,
        exit_code=1,
        change=slow_alert,
        act=by_hand,
        wants={ALERT: Want(FAILED), BACK: Want(FAILED, "wrong_trigger")},
        times=TIMES,
    ),
)
