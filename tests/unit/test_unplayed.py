"""Another drill file than was played: claims and limits may differ, and of what was never played nothing is decided."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.drill.parse import parse
from harness.drill.resolved import load_resolved
from harness.expectations.base import Expectation
from harness.expectations.errors_below import ErrorsBelow
from harness.expectations.orders_kept import OrdersKept
from harness.expectations.state_restored import StateRestored
from harness.plan import Claim
from harness.unplayed import Unlike, as_played, otherwise
from harness.verdict import Judged, Outcome, Verdict, passed

DRILL = """
drill: tickets
stack: {compose: [compose.yaml]}
load: {locustfile: load.py, against: "api:80", arrivals: [{for: 6m, rate: 10/s}]}
steady: {for: 5s, within: 30s, all: [errors < 1%]}
orders:
  tickets:
    request: POST /tickets
    key: {header: Idempotency-Key}
    sources:
      store: {is: store, sql: {service: db, database: t, user: app, password: "hunter2", query: "SELECT k AS `key`, id FROM ticket"}}
phases:
  - name: slow
    for: 20s
    faults:
      - latency: {edge: api->db, delay: 200ms}
    expect:
      - errors_below: {ratio: 5%}
  - name: bad
    for: 50s
    faults:
      - bad_release: {service: api, image: "app:route500", environment: {API_TOKEN: "s3cret-value"}}
    expect:
      - rolled_back: {by: runbook, command: [./rollback.sh], trigger: page RouteErrors, within: 45s}
    then:
      - recovers: {within: 25s}
expect:
  - orders_kept: {orders: tickets, delivery: exactly_once}
abort: {max_duration: 6m}
"""
SYSTEM = "by: system, trigger: page RouteErrors"
RUNBOOK = "by: runbook, command: [./rollback.sh], trigger: page RouteErrors"


class Own(Expectation):
    """A part of the user's own."""


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """What differs between the drill, with a change before it ran, and the same with another change."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "run").mkdir()
    for name in ("rollback.sh", "own.sh", "load.py", "compose.yaml"):
        (tmp_path / name).touch(0o755)

    def differs(*changes: tuple[str, str], ran: tuple[tuple[str, str], ...] = (), at: str = "other.yaml") -> Unlike:
        for file, changed in (("tickets.yaml", ran), (at, changes)):
            text = DRILL.replace("drill: tickets", f"drill: {Path(file).stem}")
            for old, new in changed:
                assert old in text
                text = text.replace(old, new)
            Path(file).parent.mkdir(exist_ok=True)
            Path(file).write_text(text)
        Path("run/drill.yaml").write_text(parse(tmp_path / "tickets.yaml").masked())
        return otherwise(parse(tmp_path / at), load_resolved(tmp_path / "run"))

    return differs


def test_claims_and_limits_alone_may_differ(told) -> None:
    assert not told()
    assert told(("within: 45s", "within: 30s"), ("ratio: 5%", "ratio: 1%"), ("errors < 1%", "errors < 2%")) == Unlike()
    assert told(("- recovers: {within: 25s}", "- responds_within: {p95: 1s}"), ("6m}\n", "5m}\n")) == Unlike()


def test_whose_the_ids_are_that_an_order_book_read_is_a_claim(told) -> None:
    store, paid = 'FROM ticket"}}\n', "      paid: {is: effect, http: {service: psp, port: 80, path: /paid}}\n"
    said = paid.replace("is: effect", "is: effect, id_of: order")
    assert told((store, store + said), ran=((store, store + paid),)) == Unlike()
    assert told((store, store + said.replace("/paid", "/due")), ran=((store, store + paid),))


def test_a_trigger_that_nobody_pulls_upon_is_a_limit(told) -> None:
    """`by: system` is only watched: which page must have come before is judged, and was not played."""
    assert told((RUNBOOK, "by: system, trigger: alert Other"), ran=((RUNBOOK, SYSTEM),)) == Unlike()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("app:route500", "app:slow", "image was played with app:route500"),
        ('image: "app:route500"', 'replicas: all, image: "app:route500"', "replicas was played with one_by_one"),
        ("[./rollback.sh]", "[./own.sh]", "command was played with [./rollback.sh]"),
        ("page RouteErrors", "after 20s", "trigger was played with page RouteErrors"),
        (RUNBOOK, SYSTEM, "bad/rolled_back-runbook was played with"),
        ("for: 50s", "for: 60s", "bad for was played with 50"),
    ],
)
def test_what_was_played_otherwise_is_told_of_its_phase_and_of_the_whole(told, old: str, new: str, said: str) -> None:
    found = told((old, new)).phases
    assert set(found) == {"bad", ""}
    assert said in str(found["bad"])
    assert found[""] == found["bad"]
    assert "app:slow" not in str(found), "what the other file states was never played"


def test_another_load_makes_all_of_it_another_drill(told) -> None:
    found = told(("rate: 10/s", "rate: 15/s")).phases
    assert found["slow"] == ("load arrivals was played with [{for: 360, rate: 10}]",)
    assert set(found) == {"slow", "bad", ""}


STATE = (
    "abort:",
    """state:
  plans: {sql: {service: db, database: t, user: app, password: x, query: "SELECT * FROM plan"}}
abort:""",
)


def test_another_source_leaves_open_what_was_read_from_it_alone(told) -> None:
    found = told(("FROM ticket", "FROM sold"), STATE, ran=(STATE,))
    assert found.phases == {}
    assert list(found.sources) == ["orders.tickets"]
    assert found.every == ["orders.tickets sources store sql query was played with SELECT k AS `key`, id FROM ticket"]
    claims = {
        "rows": ("", OrdersKept(orders="tickets")),
        "others": ("", OrdersKept(orders="mails")),
        "errors": ("bad", ErrorsBelow(ratio="1%")),
        "state": ("", StateRestored()),
        "own": ("", Own()),
    }
    listed = [Claim(id_, claim, phase, False, "") for id_, (phase, claim) in claims.items()]
    assert [claim.id for claim in listed if found.of(claim)] == ["rows", "own"]
    other = told(STATE, ("FROM plan", "FROM plans"), ran=(STATE,))
    of_state = Claim("one", StateRestored(only=["tables"]), "", False, "")
    assert other.of(listed[3])
    assert not other.of(of_state)
    assert not other.of(listed[0])


def test_a_phase_more_or_less_is_another_drill(told) -> None:
    assert told(("name: slow", "name: slower")).phases["slower"] == ("no phase slower was played",)
    assert "slow was played, too" in told(("name: slow", "name: slower")).every


def test_a_secret_that_was_not_kept_is_no_difference(told) -> None:
    assert "s3cret-value" not in str(told(("app:route500", "app:slow")))
    assert told(("s3cret-value", "rotated-value")) == Unlike()


def test_the_same_script_told_from_another_folder_is_the_same(told) -> None:
    paths = (("[./rollback.sh]", "[../rollback.sh]"), ("load.py", "../load.py"), ("compose.yaml", "../compose.yaml"))
    assert told(*paths, at="drills/other.yaml") == Unlike()


def test_nothing_is_decided_about_what_was_not_played_and_the_whole_has_not_passed() -> None:
    phases = {"slow/errors": "slow", "bad/rolled_back": "bad", "run/orders_kept": ""}
    claims = [Claim(id_, Own(), phase, False, "") for id_, phase in phases.items()]
    findings = (*(Judged(id_, "", phase, "", passed("fine")) for id_, phase in phases.items()),)
    verdict = Verdict(drill="other", run="9be2b12b", findings=findings)
    judged = as_played(
        verdict, Unlike({"": ("image was played with app:bad",), "bad": ("image was played with app:bad",)}), claims
    )
    assert [one.finding.outcome for one in judged.findings] == [
        Outcome.PASSED,
        Outcome.INCONCLUSIVE,
        Outcome.INCONCLUSIVE,
    ]
    assert judged.findings[1].finding.reason == "not_played"
    assert judged.exit_code == 3
    assert as_played(verdict, Unlike(), claims) == verdict
