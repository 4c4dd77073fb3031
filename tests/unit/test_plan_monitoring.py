"""What a plan tells of pages and queries before anything starts: who cannot be seen, what takes too long, what cannot be read."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.drill.parse import parse_text
from harness.expectations.base import Reach
from harness.expectations.page_sent import PageSent
from harness.expectations.rolled_back import RolledBack
from harness.facts import ReceiverSeen, RuleSeen
from harness.plan import make_plan

ONCALL = ReceiverSeen(receiver="oncall", kind="webhook", observable=True, group_wait_s=10.0)
DUTY = ReceiverSeen(receiver="duty", kind="pagerduty", why="it is a receiver of the kind pagerduty")
RULE = RuleSeen(rule="Slow", group="g", interval_s=5.0, for_s=10.0, expr="x > 1")
HERE = {"prometheus": "p:9090", "alertmanager": "a:9093", "why": ""}


def reach(*rules: RuleSeen, **more: Any) -> Reach:
    given = {"monitoring": HERE, "receivers": (ONCALL, DUTY), "alerts": rules or (RULE,), **more}
    return Reach(window_s=60, arrivals=1, timeout_s=1, **given)


@pytest.mark.parametrize(
    ("receiver", "seen", "said"),
    [
        ("duty", (ONCALL, DUTY), "pages to duty cannot be seen: it is a receiver of the kind pagerduty"),
        ("", (DUTY,), "pages to duty cannot be seen"),
        ("on-call", (ONCALL, DUTY), "no receiver 'on-call'; it has oncall, duty"),
        ("oncall", (ONCALL, DUTY), ""),
        ("", (ONCALL, DUTY), ""),
        ("duty", None, ""),
    ],
)
def test_who_cannot_be_seen_is_told(receiver: str, seen: tuple[ReceiverSeen, ...] | None, said: str) -> None:
    told = PageSent(alert="Slow", receiver=receiver).unseen(reach(receivers=seen))
    assert said in told
    assert bool(said) == bool(told)


@pytest.mark.parametrize(
    ("within", "said"),
    [
        ("8s", "no page can come in 8s: its group_wait is 10s"),
        ("18s", "no page can come in 18s, of which group_wait is 10s: Slow cannot fire in 8s"),
        ("22s", "may take up to 25s (evaluation 5s, for 10s, group_wait 10s) from the first scrape"),
        ("25s", ""),
    ],
)
def test_a_page_is_held_against_the_waits_on_its_way(within: str, said: str) -> None:
    claim = PageSent.model_validate({"alert": "Slow", "receiver": "oncall", "within": within})
    told = claim.doubtful(reach())
    assert said in told
    assert bool(said) == bool(told)


@pytest.mark.parametrize(("receiver", "said"), [("oncall", "no page can come: no route leads to oncall"), ("", "")])
def test_a_receiver_to_which_no_route_leads_is_told_and_its_waits_are_nobodys(receiver: str, said: str) -> None:
    claim = PageSent.model_validate({"alert": "Slow", "receiver": receiver, "within": "16s"})
    stray = replace(ONCALL, routed=False, group_wait_s=30.0)
    other = replace(ONCALL, receiver="other", group_wait_s=1.0)
    assert claim.doubtful(reach(receivers=(stray, other))) == said


NOWHERE = {"prometheus": "p:9090", "alertmanager": "", "why": "a and b could be alertmanager"}


@pytest.mark.parametrize(
    ("trigger", "more", "said"),
    [
        (
            "page",
            {"monitoring": NOWHERE},
            "its trigger, a page, cannot be seen: the stack has no Alertmanager (a and b",
        ),
        ("page Slow", {"receivers": (DUTY,)}, "pages to duty cannot be seen"),
        ("page Slow", {}, ""),
        ("alert Slow", {"monitoring": NOWHERE}, ""),
        ("alert Slow", {"monitoring": {"prometheus": "", "alertmanager": ""}}, "the stack has no Prometheus"),
        ("after 5s", {"monitoring": {"prometheus": "", "alertmanager": ""}}, ""),
    ],
)
def test_a_trigger_that_nobody_can_see_is_told_before_its_lever_is_never_pulled(
    trigger: str, more: dict[str, Any], said: str
) -> None:
    claim = RolledBack.model_validate({"by": "runbook", "command": ["x"], "trigger": trigger, "within": "30s"})
    told = claim.unseen(reach(**more))
    assert said in told
    assert bool(said) == bool(told)


@pytest.mark.parametrize("more", [{"faulted": False}, {"then": True}, {"alerts": None}])
def test_without_a_fault_or_known_rules_nothing_is_said(more: dict[str, Any]) -> None:
    claim = PageSent.model_validate({"alert": "Slow", "receiver": "oncall", "within": "8s"})
    assert claim.doubtful(reach(**more)) == ""
    assert claim.model_copy(update={"alert": "*"}).doubtful(reach()) == ""
    assert claim.model_copy(update={"status": "resolved"}).doubtful(reach()) == ""


DRILL = """
drill: d
stack: {compose: [compose.yaml]}
load: {locustfile: load.py, against: "api:80", arrivals: [{for: 1m, rate: 5/s}]}
steady: {for: 5s, within: 30s, all: [errors < 1%]}
phases: [{name: calm, for: 30s, expect: [{page_sent: {alert: Slow, receiver: duty}}]}]
expect: [{metric_stays: {query: "QUERY", above: 0}}]
abort: {any: ["promql: QUERY for 5s"], max_duration: 5m}
"""


def warned(tmp_path: Path, query: str) -> list[str]:
    (tmp_path / "compose.yaml").write_text("services: {}\n")
    (tmp_path / "load.py").write_text("from locust import HttpUser, task\n")
    drill = parse_text(DRILL.replace("QUERY", query), file=tmp_path / "d.yaml", env={})
    plan = make_plan(drill, monitoring=HERE, receivers=(ONCALL, DUTY))
    assert not plan.errors
    return [problem.what for problem in plan.problems if problem.severity == "warning"]


def test_a_query_that_cannot_be_read_is_a_warning(tmp_path: Path) -> None:
    told = warned(tmp_path, "sum(rate(x[30s])")
    assert sum("unclosed left parenthesis" in text for text in told) == 2
    assert any("trips as blind" in text for text in told)
    assert not [text for text in warned(tmp_path, "sum(rate(x[30s]))") if "cannot be read" in text]


@pytest.mark.parametrize("number", ["1_000_000", ".123_456", "0x_53_AB"])
def test_underscores_between_digits_are_no_warning_and_elsewhere_they_are(tmp_path: Path, number: str) -> None:
    assert not [text for text in warned(tmp_path, f"up_1_0 > {number}") if "cannot be read" in text]
    assert [text for text in warned(tmp_path, f"up_1_0 > {number}_") if "cannot be read" in text]


def test_the_plan_hands_the_receivers_to_its_claims(tmp_path: Path) -> None:
    assert any("pages to duty cannot be seen" in text for text in warned(tmp_path, "up"))
