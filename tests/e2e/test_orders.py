"""The order book on the checkout: an honest shop keeps every order, also when connections are cut around a commit; what is taken
away, charged twice or charged for nothing is told order by order; and a run that is ended early is still asked after its orders."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from shop_runs import Run, Told, docker, told_by

from harness.facts import GateHeld, LoadEnded, OrdersSettled, PhaseBegan, SourceRead

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).parents[2]
ORDERS = (ROOT / "drills" / "friday-traffic.yaml").read_text().partition("\norders:\n")[2].partition("\nsteady:\n")[0]
DRILL = f"""
drill: shop
stack: {{compose: [{ROOT}/compose/checkout/compose.yaml], ready_within: 3m}}
load:
  locustfile: {ROOT}/drills/friday_traffic.py
  against: api:8080
  arrivals: [{{for: 1m, rate: 15/s}}]
  max_in_flight: 150
  timeout: 10s
orders:
{ORDERS}
steady: {{for: 5s, within: 2m, all: [errors < 2%, p95 < 2s]}}
phases:
  - name: cut
    for: 10s
    faults: [FAULTS]
expect: [{{orders_kept: {{orders: checkout}}}}]
abort: {{max_duration: 6m}}
"""
RESETS = "{reset: {edge: api->postgres, share: 30%}}, {reset: {edge: api->payments, share: 30%}}"
CHARGE = """
import json, sys, urllib.request
for reference, key in json.load(sys.stdin):
    body = json.dumps({"reference": reference, "amount_cents": 500, "card": "tok_visa"}).encode()
    head = {"Idempotency-Key": key, "Content-Type": "application/json"}
    urllib.request.urlopen(urllib.request.Request("http://localhost:8080/charges", body, head)).read()
"""
FORGET = """
import json, sqlite3, sys
book = sqlite3.connect("/var/lib/payments/records.db", timeout=10)
book.executemany("DELETE FROM charge WHERE reference = ?", [(one,) for one in json.load(sys.stdin)])
book.commit()
"""
NOBODYS = "00000000-0000-4000-8000-000000000001"
PLANTED: dict[str, list[str]] = {}


def psql(run: Run, statement: str) -> list[list[str]]:
    words = ("psql", "-qtAX", "-h", "127.0.0.1", "-U", "checkout", "-c", statement)
    said = docker("exec", "-e", "PGPASSWORD=checkout", run.container("postgres"), *words)
    return [line.split("|") for line in said.splitlines()]


def tell(run: Run, service: str, script: str, given: Any) -> None:
    command = ["docker", "exec", "-i", run.container(service), "python3", "-c", script]
    subprocess.run(command, input=json.dumps(given), check=True, text=True, capture_output=True)


def plant(run: Run, process: subprocess.Popen[bytes]) -> None:
    """Of the orders that are fulfilled, three are forgotten by everybody, and two are charged once more; one charge is for nothing."""
    run.await_fact(process, PhaseBegan, phase="cut")
    fulfilled: list[list[str]] = []
    while len(fulfilled) < 5:
        fulfilled = psql(run, "SELECT idempotency_key, id FROM orders WHERE state = 'fulfilled' ORDER BY id LIMIT 5")
    lost, twice = fulfilled[:3], fulfilled[3:]
    names = ", ".join(f"'{order}'" for _, order in lost)
    psql(run, f"DELETE FROM orders WHERE id IN ({names})")
    tell(run, "payments", FORGET, [order for _, order in lost])
    tell(run, "payments", CHARGE, [*((order, f"again-{order}") for _, order in twice), (NOBODYS, NOBODYS)])
    PLANTED.update(lost=[key for key, _ in lost], duplicated=[key for key, _ in twice])


def wait(run: Run, process: subprocess.Popen[bytes]) -> None:
    """Nothing is done to it."""


def interrupt(run: Run, process: subprocess.Popen[bytes]) -> None:
    run.await_fact(process, GateHeld)
    process.send_signal(signal.SIGINT)


def interrupt_twice(run: Run, process: subprocess.Popen[bytes]) -> None:
    interrupt(run, process)
    run.await_fact(process, LoadEnded)
    process.send_signal(signal.SIGINT)


def settings(faults: str) -> dict[str, Any]:
    return {"edit": lambda _: DRILL.replace("FAULTS", faults), "options": ("--offline",)}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    subprocess.run(["docker", "compose", "-f", f"{ROOT}/compose/checkout/compose.yaml", "build", "-q"], check=True)
    stories = {
        "honest": (wait, {**settings(RESETS), "options": ()}),
        "planted": (plant, settings("")),
        "interrupted": (interrupt, settings("")),
        "interrupted twice": (interrupt_twice, settings("")),
    }
    yield from told_by(tmp_path_factory.mktemp("orders"), stories, at_once=1)  # a checkout is no small shop


def classes(run: Run) -> dict[str, dict[str, Any]]:
    (book,) = run.verdict["orders"]
    return {one["class"]: one for one in book["classes"]}


def test_an_honest_shop_keeps_every_order_when_connections_are_cut_around_a_commit(told: Told) -> None:
    run = told("honest")
    (found,) = [one for one in run.verdict["findings"] if one["id"].endswith("orders_kept-checkout")]
    assert found["outcome"] != "failed", (
        run.said
    )  # on a busy machine the run may be invalid; what is in it is told all the same
    assert "each as it was told; 1 law holds" in found["because"]
    (book,) = run.verdict["orders"]
    assert book["operations"]["acknowledged"] > 60  # a quick machine is steady, and done, sooner
    assert {name: one["count"] for name, one in classes(run).items() if one["count"]} == {}
    assert run.left() == []


def test_what_is_lost_charged_twice_or_charged_for_nothing_is_told_order_by_order(told: Told) -> None:
    run = told("planted")
    assert run.outcome("orders_kept-checkout") == "failed", run.said
    found = {name: sorted(one["keys"]) for name, one in classes(run).items() if one["count"]}
    assert found.pop("orphan") == [f"id {NOBODYS}"]
    assert found == {name: sorted(keys) for name, keys in PLANTED.items()}
    (book,) = run.verdict["orders"]
    (law,) = book["laws"]
    assert law["holds"] is False
    assert law["left"] - law["right"] == 1500
    assert run.code == 1


def test_a_run_that_is_ended_early_is_still_asked_after_its_orders(told: Told) -> None:
    run = told("interrupted")
    assert run.journal.of(OrdersSettled, quiet=True), run.said
    assert len(run.journal.of(SourceRead, reading="second")) == 3
    assert run.code == 130
    assert run.left() == []


def test_a_second_ctrl_c_leaves_the_orders_unread_and_that_is_no_pass(told: Told) -> None:
    run = told("interrupted twice")
    assert not run.journal.of(SourceRead, reading="second"), run.said
    assert run.journal.of(OrdersSettled, quiet=False)
    assert run.outcome("orders_kept-checkout") == "inconclusive"
    assert run.code == 130
    assert run.left() == []
