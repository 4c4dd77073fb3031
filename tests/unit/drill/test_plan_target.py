"""`--target` at plan time: exactly what the target cannot offer is not available there, with the reason, and all else is as ever."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from harness.cli import group
from harness.errors import UsageError
from harness.expectations import EXPECTATIONS
from harness.target.unavailable import NEEDS

Write = Callable[..., Path]
STAGING = """\
[tool.drill.targets.staging]
load = "https://shop.staging.example"
toxiproxy = "http://127.0.0.1:8474"
edges."api->postgres" = {proxy = "db", witness = "127.0.0.1:5432", speaks = "postgres"}
"""


@pytest.fixture
def typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    def run(*words: str, target: str = STAGING) -> Result:
        (tmp_path / "pyproject.toml").write_text("[tool.drill]\n" + target)
        monkeypatch.chdir(tmp_path)
        return CliRunner().invoke(group, words)

    return run


def unavailable(result: Result) -> dict[str, str]:
    assert result.exit_code == 0, result.output
    found: dict[str, str] = json.loads(result.stdout)["unavailable"]
    return found


def test_what_the_target_cannot_offer_is_not_available_and_nothing_else(
    typed: Callable[..., Result], checkout: Write
) -> None:
    checkout()
    assert unavailable(typed("plan", "checkout", "--target", "staging", "--json")) == {
        "orders-slow/stop-worker": "drill stops and kills only containers of a stack that it starts itself",
        "run/log_quiet-all": "[tool.drill.targets.staging] states no logs",
    }


def test_what_the_drills_own_alerts_would_end_is_said_before_it_begins(
    typed: Callable[..., Result], checkout: Write
) -> None:
    checkout()
    asked = "absent(ALERTS{alertstate='firing'})"
    target = 'prometheus = "http://127.0.0.1:9090"\nclear_to_start = [{promql = "%s"%s}]\n'
    warned = f"warning: clear_to_start: {asked} reads alerts all the time, so one that this drill causes ends it"
    said = [typed("plan", "checkout", "--target", "staging", target=STAGING.replace("edges", target % (asked, more) + "edges"))
            for more in ("", ", throughout = false")]  # fmt: skip
    assert [(result.exit_code, warned in result.output) for result in said] == [(0, True), (0, False)]
    assert f"clear to start while: {asked}" in said[1].stdout


def test_the_plan_says_it_in_its_place(typed: Callable[..., Result], checkout: Write) -> None:
    checkout()
    result = typed("plan", "checkout", "--target", "staging")
    assert result.exit_code == 0
    assert "given    --target staging" in result.stdout
    assert "load goes to https://shop.staging.example; it runs already" in result.stdout
    assert "absent  stop: {service: worker" in result.stdout
    assert "not available here: [tool.drill.targets.staging] states no logs" in result.stdout
    assert "`drill mend` does" in result.stdout
    assert "warning: run/log_quiet-all: not available on staging" in result.stderr
    assert "compose.yaml" not in result.stdout


def test_a_certificate_that_nobody_looks_at_is_said_before_anything_begins(
    typed: Callable[..., Result], checkout: Write
) -> None:
    checkout()
    load = '{url = "https://10.1.2.3", insecure_skip_verify = true, server_name = "shop.example", token_env = "T"}'
    target = STAGING.replace('"https://shop.staging.example"', load)
    planned, valid = (typed(word, "checkout", "--target", "staging", target=target) for word in ("plan", "validate"))
    said = "load goes to https://10.1.2.3 (as shop.example) (its certificate is not looked at); it runs already"
    assert said in planned.stdout
    warned = "load: insecure_skip_verify: whoever answers at https://10.1.2.3 is believed and is sent its secret"
    assert warned in planned.stderr
    assert warned in valid.stdout
    assert "insecure_skip_verify" not in typed("plan", "checkout", "--target", "staging").output


def test_no_compose_file_is_read_for_a_target(typed: Callable[..., Result], checkout: Write, tmp_path: Path) -> None:
    checkout()
    (tmp_path / "drills" / "compose.yaml").write_text("no: compose: file")
    result = typed("validate", "checkout", "--target", "staging")
    assert result.exit_code == 0
    assert "drills/checkout.yaml:24:9: warning: orders-slow/stop-worker: not available on staging" in result.stdout


@pytest.mark.parametrize(
    ("target", "why"),
    [
        (STAGING.replace("api->", "web->"), "no Toxiproxy of the target is on its way"),
        (STAGING.replace('witness = "127.0.0.1:5432", ', ""), "nobody would see whether it landed"),
        (STAGING + 'edges_permitted = ["web->*"]\n', "has edges_permitted: web->*"),
        (STAGING + 'faults_permitted = ["down"]\n', "has faults_permitted: down"),
        (STAGING + "faults_permitted = []\n", "has faults_permitted: none"),
    ],
)
def test_an_edge_that_cannot_be_hurt_there(
    typed: Callable[..., Result], checkout: Write, target: str, why: str
) -> None:
    checkout()
    found = unavailable(typed("plan", "checkout", "--target", "staging", "--json", target=target))
    assert why in found["orders-slow/latency-api->postgres"]


def test_an_edge_that_is_permitted_by_a_pattern_is_available(typed: Callable[..., Result], checkout: Write) -> None:
    checkout()
    target = STAGING + 'edges_permitted = ["api->*"]\nfaults_permitted = ["latency"]\n'
    found = unavailable(typed("plan", "checkout", "--target", "staging", "--json", target=target))
    assert "orders-slow/latency-api->postgres" not in found


@pytest.mark.parametrize(
    ("target", "says"),
    [
        ('max_rate = "50/s"\n', "80/s are more than the max_rate of 50/s of [tool.drill.targets.staging]"),
        ('max_duration = "1m"\n', "has a max_duration of 1m"),
    ],
)
def test_a_drill_beyond_the_limits_of_the_target_is_refused(
    typed: Callable[..., Result], checkout: Write, target: str, says: str
) -> None:
    checkout()
    result = typed("plan", "checkout", "--target", "staging", target=STAGING + target)
    assert isinstance(result.exception, UsageError)
    assert says in str(result.exception)


def test_a_longer_maximum_of_the_drill_is_cut_to_the_targets(typed: Callable[..., Result], checkout: Write) -> None:
    checkout()
    result = typed("plan", "checkout", "--target", "staging", "--json", target=STAGING + 'max_duration = "5m"\n')
    assert json.loads(result.stdout)["max_duration_s"] == 300


def test_a_guard_that_could_never_be_asked_there_is_refused(typed: Callable[..., Result], checkout: Write) -> None:
    checkout("any: [errors > 50% for 15s]", "any: [any container_died]")
    result = typed("plan", "checkout", "--target", "staging")
    assert isinstance(result.exception, UsageError)
    assert "'any container_died' could never be asked: drill sees only the containers" in str(result.exception)


def test_a_target_that_is_not_there_ends_with_2(typed: Callable[..., Result], checkout: Write) -> None:
    checkout()
    result = typed("validate", "checkout", "--target", "live")
    assert isinstance(result.exception, UsageError)
    assert "no target 'live'; there are staging" in str(result.exception)


BOOK = """\
orders:
  checkout:
    request: POST /checkout
    key: {header: Idempotency-Key}
    sources:
      orders: {is: store, WAY}
      parked: {is: dead, command: {run: [./parked.sh]}}
phases:
"""
HERE = "command: {run: [./orders.sh]}"


@pytest.mark.parametrize(
    ("way", "says"),
    [
        (
            "sql: {service: postgres, query: SELECT id FROM orders}",
            "orders is read by sql in the stack (SELECT id FROM orders)",
        ),
        ("command: {service: api, run: [./orders.sh]}", "orders is read by command in the stack (./orders.sh)"),
        (HERE, ""),
    ],
)
def test_an_order_book_is_read_there_only_by_commands_on_this_machine(
    typed: Callable[..., Result], checkout: Write, way: str, says: str
) -> None:
    path = checkout("phases:\n", BOOK.replace("WAY", way))
    assert says in typed("plan", "checkout", "--target", "staging").output, "no claim tells it"
    path.write_text(path.read_text().replace("\nexpect:\n", "\nexpect:\n  - orders_kept: {orders: checkout}\n"))
    found = unavailable(typed("plan", "checkout", "--target", "staging", "--json"))
    assert ("run/orders_kept-checkout" in found) == bool(says)
    assert says in found.get("run/orders_kept-checkout", "")


STATE = """\
state:
  schema: {WAY}
  flags: {command: {run: [./flags.sh]}}
phases:
"""
CONTAINERS = "drill sees only the containers of a stack that it starts itself"


@pytest.mark.parametrize(
    "way",
    [
        "sql: {service: postgres, query: SELECT 1}",
        "http: {service: api, port: 80, path: /flags}",
        "command: {service: api, run: [./schema.sh]}",
    ],
)
def test_a_part_of_the_state_that_is_not_read_there_is_told_at_its_line(
    typed: Callable[..., Result], checkout: Write, way: str
) -> None:
    text = checkout("phases:\n", STATE.replace("WAY", way)).read_text().splitlines()
    line = next(number for number, one in enumerate(text, 1) if one.startswith("  schema:"))
    output = typed("validate", "checkout", "--target", "staging").output
    assert f"drills/checkout.yaml:{line}:" in output
    assert f"warning: not read there: state.schema is read by {way.partition(':')[0]} in the stack" in output
    assert "state.flags" not in output
    assert "not read there" not in typed("validate", "checkout").output


@pytest.mark.parametrize(
    ("claim", "says"),
    [
        ("{only: [flags]}", ""),
        ("{only: [schema, flags]}", "state.schema is read by sql in the stack (SELECT 1)"),
        ("{}", f"{CONTAINERS}; of the parts that are read there, claim them alone: only: [flags]"),
        ("{only: [flags, containers]}", CONTAINERS),
        ("{only: [flags], services: [api]}", CONTAINERS),
    ],
)
def test_a_claim_about_the_state_is_decided_there_by_the_parts_that_are_read(
    typed: Callable[..., Result], checkout: Write, claim: str, says: str
) -> None:
    path = checkout("phases:\n", STATE.replace("WAY", "sql: {service: postgres, query: SELECT 1}"))
    path.write_text(path.read_text().replace("\nexpect:\n", f"\nexpect:\n  - state_restored: {claim}\n"))
    found = unavailable(typed("plan", "checkout", "--target", "staging", "--json"))
    ours = [why for id_, why in found.items() if "state_restored" in id_]
    assert len(ours) == bool(says)
    assert says in "".join(ours)


def test_every_expectation_says_what_it_needs() -> None:
    assert set(NEEDS) == {kind.word for kind in EXPECTATIONS}
