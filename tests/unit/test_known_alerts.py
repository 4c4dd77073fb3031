"""Before a run it is told that no rule makes an alert which a drill names, or that nobody could look for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.drill.parse import parse_text
from harness.expectations.alert_clears import AlertClears
from harness.expectations.alert_fires import AlertFires
from harness.expectations.alert_quiet import AlertQuiet
from harness.expectations.base import Expectation, Reach
from harness.expectations.on_call import OnCall
from harness.expectations.page_quality import PageQuality
from harness.expectations.page_sent import PageSent
from harness.expectations.rolled_back import RolledBack
from harness.facts import RuleSeen
from harness.plan import make_plan

DOWN = RuleSeen(rule="GatewayDown", group="a.yml;g", interval_s=5.0, labels={"severity": "page"})
RATIO = RuleSeen(rule="a:ratio", group="a.yml;g", interval_s=5.0, kind="recording")
IMAGE = "/rules/*.yml may be in the image of prometheus too, which is not read"
HERE = {"prometheus": "p:9090", "alertmanager": "a:9093", "why": ""}


def reach(**more: Any) -> Reach:
    return Reach(window_s=60, arrivals=1, timeout_s=1, **{"alerts": (DOWN, RATIO), **more})


def claims(alert: str) -> tuple[Expectation, ...]:
    """Every word that names an alert."""
    return (
        AlertFires(alert=alert),
        AlertClears(alert=alert, within_s="40s"),
        AlertQuiet(alert=alert),
        PageSent(alert=alert),
        PageSent(alert=alert, status="resolved"),
        PageQuality(alert=alert, **{"except": ("runbook",)}),
        RolledBack(by="runbook", command=("x",), trigger=f"alert {alert}", within_s="30s"),
        OnCall(acknowledged_s="1m", trigger=f"page {alert}"),
    )


@pytest.mark.parametrize("where", [{}, {"then": True}, {"faulted": False}])
def test_every_word_that_names_an_alert_tells_of_one_that_no_rule_makes(where: dict[str, Any]) -> None:
    for claim in claims("GatwayDown"):
        said = claim.doubtful(reach(**where))
        assert said == "the stack's rule files have no alert GatwayDown; there are GatewayDown", claim.word
    for claim in claims("GatewayDown"):
        assert "rule files" not in claim.doubtful(reach(**where)), claim.word


def test_what_was_not_read_is_said_beside_it_and_nothing_where_none_is_known() -> None:
    for claim in claims("GatwayDown"):
        assert claim.doubtful(reach(alerts_unread=IMAGE)).endswith(f"GatewayDown; not all of them were read: {IMAGE}")
        assert claim.doubtful(reach(alerts=None, alerts_unread=IMAGE)) == ""
        assert claim.doubtful(reach(alerts=(RATIO,), alerts_unread=IMAGE)) == ""
        assert claim.doubtful(reach(alerts=None)) == ""


@pytest.mark.parametrize(
    ("claim", "said"),
    [
        (AlertQuiet(alert="*"), ""),
        (AlertQuiet(alert="*", labels={"severity": "page"}), ""),
        (AlertQuiet(alert="*", labels={"severity": "pgae"}), 'no alert{severity="pgae"}; there are GatewayDown{'),
        (AlertQuiet(alert="Gate*"), ""),
        (AlertQuiet(alert="Gtae*"), "no alert Gtae*; there are GatewayDown"),
        (AlertQuiet(alert="*", allow=("Gate*",)), "no alert but those that it allows (GatewayDown); there are GatewayDown"),
        (AlertFires(alert="GatewayDown", labels={"instance": "a:80"}), ""),
        (AlertFires(alert="GatewayDown", labels={"severity": "ticket"}), 'no alert GatewayDown{severity="ticket"}; there'),
        (OnCall(acknowledged_s="1m", trigger="page"), ""),
    ],
)  # fmt: skip
def test_patterns_and_labels_are_meant_as_the_claim_means_them(claim: Expectation, said: str) -> None:
    told = claim.doubtful(reach())
    assert said in told
    assert bool(said) == bool(told)


def test_alerts_with_the_labels_that_are_all_allowed_are_not_said_to_be_none() -> None:
    ticket = RuleSeen(rule="Late", group="a.yml;g", labels={"severity": "ticket"})
    claim = AlertQuiet(alert="*", labels={"severity": "page"}, allow=("GatewayDown",))
    assert claim.doubtful(reach(alerts=(DOWN, ticket))) == (
        'the stack\'s rule files have no alert{severity="page"} but those that it allows (GatewayDown); there are '
        'Late{severity="ticket"}'
    )


def test_a_prometheus_without_any_rule_is_said_to_have_none() -> None:
    assert AlertQuiet(alert="*").doubtful(reach(alerts=())) == "the stack's rule files have no alert; there are none"


DRILL = """
drill: d
stack: {compose: [compose.yaml]}
load: {locustfile: load.py, against: "api:80", arrivals: [{for: 1m, rate: 5/s}]}
steady: {for: 5s, within: 30s, all: [errors < 1%]}
phases:
  - {name: calm, for: 30s, expect: [{alert_quiet: {alert: GatwayDown}}, {alert_quiet: {alert: "*"}}]}
abort: {any: [alert Burning], max_duration: 5m}
"""


def warned(tmp_path: Path, alerts: tuple[RuleSeen, ...] | None, unread: str) -> list[str]:
    (tmp_path / "compose.yaml").write_text("services: {}\n")
    (tmp_path / "load.py").write_text("from locust import HttpUser, task\n")
    drill = parse_text(DRILL, file=tmp_path / "d.yaml", env={})
    plan = make_plan(drill, monitoring=HERE, alerts=alerts, alerts_unread=unread)
    assert not plan.errors
    return [problem.what for problem in plan.problems]


def test_that_no_rule_could_be_checked_is_said_once_with_all_names(tmp_path: Path) -> None:
    for alerts in (None, (RATIO,)):
        (said,) = warned(tmp_path, alerts, IMAGE)
        assert said == f"the rules of GatwayDown, Burning were not checked, because {IMAGE}"
    assert warned(tmp_path, None, "") == []


def test_where_some_were_read_each_place_says_what_it_misses_and_what_was_not_read(tmp_path: Path) -> None:
    told = warned(tmp_path, (DOWN,), IMAGE)
    assert len(told) == 2
    assert all(text.endswith(f"not all of them were read: {IMAGE}") for text in told)
    assert any("'alert Burning' may never trip" in text for text in told)
