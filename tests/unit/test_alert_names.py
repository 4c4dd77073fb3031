"""A claim's alert is a name or a pattern of * and ?: brackets, with which people begin their alerts' names, are a name's own."""

from __future__ import annotations

from pathlib import Path

import pytest
from alert_stories import alert, judged, page, rule, ruled

from harness.alerting import Quiet, named
from harness.drill.parse import parse_text
from harness.expectations.alert_fires import AlertFires
from harness.expectations.alert_quiet import AlertQuiet
from harness.expectations.base import Expectation, Reach
from harness.expectations.page_sent import PageSent
from harness.facts import ReceiverSeen, RuleSeen
from harness.quiet import quiet_since
from harness.run.replaying import replayed

NAME = "[P1] Slow"
FIRED = (rule(4.0, rule=NAME), alert("firing", 28, NAME), page(29, alert=NAME))


@pytest.mark.parametrize(
    ("name", "pattern", "meant"),
    [
        ("[P1] Slow", "[P1] Slow", True),
        ("[P1] Slow", "[P1]*", True),
        ("[P2] Slow", "[P?] Slow", True),
        ("P Slow", "[P1] Slow", False),
        ("1 Slow", "[P1] Slow", False),
        ("a[[]b", "a[[]b", True),
        ("[!x] Slow", "[!x]*", True),
        ("Slow?", "Slow?", True),
        ("Slow *", "Slow *", True),
        ("OrdersSlow", "Orders*", True),
        ("slow", "Slow", False),
    ],
)
def test_a_name_means_itself_and_only_stars_and_question_marks_mean_others(
    name: str, pattern: str, meant: bool
) -> None:
    assert named(name, pattern) is meant


@pytest.mark.parametrize(
    ("claim", "outcome", "reason"),
    [
        (AlertFires(alert=NAME, within_s="20s"), "passed", "met"),
        (AlertFires(alert="[P1]*", within_s="20s"), "passed", "met"),
        (PageSent(alert=NAME, within_s="20s"), "passed", "met"),
        (AlertQuiet(alert=NAME), "failed", "collateral"),
        (AlertQuiet(alert="*", allow=("Other",)), "failed", "collateral"),
    ],
)
def test_an_alert_with_brackets_in_its_name_is_claimed_by_that_name(
    claim: Expectation, outcome: str, reason: str
) -> None:
    found = judged(claim, ruled(*FIRED))
    assert (found.outcome.value, found.reason) == (outcome, reason)


def test_an_alert_with_brackets_in_its_name_may_be_allowed_to_fire() -> None:
    claim = AlertQuiet(alert="*", allow=(NAME,))
    found = judged(claim, ruled(*FIRED, rule(4.0, rule="Other", group="h")))
    assert (found.outcome.value, found.reason) == ("passed", "met")
    journal = ruled(*FIRED)
    assert quiet_since(journal, Quiet(), 60.0) == 60.0
    assert quiet_since(journal, Quiet((NAME,)), 60.0) == 0.5


def test_before_the_run_too_its_rule_is_found_by_its_name() -> None:
    slow = RuleSeen(rule=NAME, group="g", interval_s=5.0, for_s=30.0, expr="x > 1")
    oncall = ReceiverSeen(receiver="oncall", kind="webhook", observable=True, group_wait_s=0.0)
    reach = Reach(window_s=60, arrivals=1, timeout_s=1, alerts=(slow,), receivers=(oncall,))
    assert "its rule's `for` of 30s" in AlertFires(alert=NAME, within_s="20s").doubtful(reach)
    assert "its rule's `for` of 30s" in PageSent(alert=NAME, within_s="20s").doubtful(reach)
    assert AlertFires(alert="[P1]*", within_s="20s").doubtful(reach) == ""


DRILL = """
drill: d
stack: {compose: [compose.yaml]}
steady: {for: 5s, within: 30s, all: [errors < 1%]}
load: {locustfile: users.py, against: "api:8000", arrivals: [{for: 60s, rate: 10/s}]}
phases:
  - name: hurt
    for: 30s
    faults: [down: {edge: api->db}]
    expect: [alert_fires: {alert: "[P1] Slow"}, alert_fires: {alert: "[P1]*"}]
"""


def test_it_is_replayed_with_the_history_of_production(tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text("services: {api: {image: x}, db: {image: y}}\n")
    users = (
        "from locust import HttpUser, task\nclass U(HttpUser):\n    @task\n    def home(self): self.client.get('/')\n"
    )
    (tmp_path / "users.py").write_text(users)
    drill = parse_text(DRILL, file=tmp_path / "d.yaml", env={})
    assert [claim.alert for _, claim in replayed(drill)] == [NAME]
