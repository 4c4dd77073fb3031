"""Alerts that hold others back: a page proves nothing while one of them fires and Alertmanager has not heard of it yet."""

from __future__ import annotations

from typing import Any

import pytest
from alert_stories import SERVICE, alert, judged, looks, page, story

from harness import facts as f
from harness.expectations.page_sent import PageSent
from harness.facts.written import from_dict, to_dict
from harness.labelled import matches
from harness.world.receivers import paging

CLAIM = PageSent(alert="Slow", receiver="oncall", within_s="20s")
WATCH = {"severity": "none"}
STANDING = alert("firing", 6, name="Watchdog", labels=WATCH, group="g")
COMPOSE = alert("firing", 6, name="Watchdog", labels={**WATCH, "env": "compose"}, group="g")
FIRED = (alert("firing", 30), page(31, start_s=30))
RULE = f.InhibitSeen(seen_s=1, sources=(("severity", "=", "none"),), targets=(("service", "=~", "api|web"),))
ALERTMANAGER = tuple(looks("silences"))


def heard(at_s: float, name: str = "Watchdog", labels: dict[str, str] = WATCH, state: str = "active") -> f.AlertRouted:
    return f.AlertRouted(seen_s=at_s, alert=name, labels=labels, state=state, fingerprint=name)


def inhibit(**more: Any) -> f.InhibitSeen:
    return f.InhibitSeen(**{"seen_s": 1, "sources": RULE.sources, "targets": RULE.targets, **more})


def test_a_page_that_an_alert_not_yet_sent_would_have_held_back_decides_nothing() -> None:
    found = judged(CLAIM, story(RULE, STANDING, *FIRED, *ALERTMANAGER))
    assert (found.outcome.value, found.reason) == ("inconclusive", "inhibitor_unsent")
    assert found.because == (
        'a page about Slow to oncall was sent at 31.0 s, but Watchdog{severity="none"}, which fires since 6.0 s, had not come to '
        'Alertmanager yet, and holds it back once it has (severity="none" holds back service=~"api|web")'
    )
    assert "again after a minute" in found.decide


@pytest.mark.parametrize(
    ("happened", "why"),
    [
        ((RULE, STANDING, heard(12)), "it had come, and does not hold back: Alertmanager knows best"),
        ((RULE, STANDING, heard(12, labels={**WATCH, "cluster": "eu"})), "it had come, with a label more"),
        ((RULE, COMPOSE, heard(12, labels={**WATCH, "env": "prod"})), "it had come, with a label rewritten on its way"),
        ((STANDING,), "no rule holds anything back"),
        ((inhibit(targets=(("service", "=", "web"),)), STANDING), "the rule is about others"),
        ((inhibit(sources=(("alertname", "!=", "Watchdog"),)), STANDING), "the rule looks for others"),
        ((inhibit(equal=("severity",)), STANDING), "a label that must be the same is not"),
        ((inhibit(equal=("service",)), STANDING), "it lacks a label that must be the same"),
        ((inhibit(targets=(("severity", "!=", ""),), sources=(("alertname", "=~", ".+"),)), STANDING), "both are both"),
        ((RULE, STANDING, alert("inactive", 25, name="Watchdog", labels=WATCH)), "it fired no more"),
        ((RULE, alert("firing", 28, name="Watchdog", labels=WATCH)), "it had just begun, and was on its way"),
        (
            (RULE, alert("firing", -35, name="Watchdog", labels=WATCH)),
            "after a minute it was sent anew, and never came",
        ),
    ],
)
def test_a_page_passes_where_nothing_unsent_would_have_held_it_back(happened: tuple[f.Fact, ...], why: str) -> None:
    found = judged(CLAIM, story(*happened, *FIRED, *ALERTMANAGER))
    assert (found.outcome.value, found.reason) == ("passed", "met"), why


def test_an_alertmanager_that_nobody_looked_at_is_not_said_not_to_have_heard() -> None:
    assert judged(CLAIM, story(RULE, STANDING, *FIRED)).reason == "met"


def test_another_of_its_name_that_has_come_does_not_stand_for_it() -> None:
    """Each series has an alert of its own, and both are known in Prometheus."""
    other = alert("firing", 6, name="Watchdog", labels={**WATCH, "env": "prod"}, group="g")
    came = heard(12, labels={**WATCH, "env": "prod"})
    assert judged(CLAIM, story(RULE, COMPOSE, other, came, *FIRED, *ALERTMANAGER)).reason == "inhibitor_unsent"


def test_labels_that_are_added_on_the_way_are_the_same_on_both() -> None:
    """`external_labels` stand in no alert of Prometheus' own."""
    same = inhibit(equal=("cluster", "zone"))
    far = (alert("firing", 30), page(31, start_s=30, labels={**SERVICE, "cluster": "eu"}))
    assert judged(CLAIM, story(same, STANDING, *far, *ALERTMANAGER)).reason == "inhibitor_unsent"


def test_one_page_that_nothing_would_have_held_back_is_enough() -> None:
    late = (page(38, start_s=37, fingerprint="b"), heard(35))
    found = judged(CLAIM, story(RULE, STANDING, *FIRED, *late, *ALERTMANAGER))
    assert found.reason == "met"


# --- the configuration ----------------------------------------------------------------------------------------------------------

CONFIG = """
receivers: [{name: oncall}]
inhibit_rules:
  - source_matchers: [severity="none", 'alertname=~"Watch.*"']
    target_matchers: ['{team="shop", severity!="page"}']
    equal: [cluster, 2]
  - source_match: {severity: critical}
    source_match_re: {team: a|b}
    target_match: {severity: warning}
  - source_matchers: ['severity=~"("']
    target_matchers: [severity="page"]
  - source_matchers: [severity="page"]
    target_matchers: [not a matcher]
"""


def test_rules_of_the_configuration_are_read_in_both_ways_and_one_that_cannot_be_is_left_out() -> None:
    first, second = paging(CONFIG).inhibits
    assert first.sources == (("severity", "=", "none"), ("alertname", "=~", "Watch.*"))
    assert first.targets == (("team", "=", "shop"), ("severity", "!=", "page"))
    assert first.equal == ("cluster", "2")
    assert second.sources == (("severity", "=", "critical"), ("team", "=~", "a|b"))
    assert paging("receivers: [{name: oncall}]").inhibits == ()


def test_a_rule_is_read_again_as_it_was_written() -> None:
    again = from_dict(to_dict(RULE))
    assert isinstance(again, f.InhibitSeen)
    assert matches({"service": "web"}, again.targets)
    assert not matches({"service": "webs"}, again.targets)
