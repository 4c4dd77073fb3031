"""A label made of the value: each other value is another alert, so that a `for` may never be over."""

from __future__ import annotations

import pytest
from alert_stories import SERVICE, alert, judged, rule, ruled
from test_known_alerts import reach

from harness.expectations.alert_fires import AlertFires
from harness.expectations.alert_quiet import AlertQuiet
from harness.facts import AlertChanged, Fact

VALUE = {"load": "{{ $value }}"}
SAID = "its label load is made of the value, so that each other value is another alert, whose `for` of 5s begins anew"
FIRES = AlertFires(alert="Slow", within_s="15s")


def test_an_alert_that_is_only_ever_pending_says_that_its_label_changes_with_the_value() -> None:
    found = judged(FIRES, ruled(rule(4.0, for_s=5.0, labels=VALUE), alert("pending", 24, labels={"load": "1"})))
    assert (found.outcome.value, found.reason) == ("failed", "pending_only")
    assert SAID in found.because
    plain = judged(FIRES, ruled(rule(4.0, for_s=5.0), alert("pending", 24)))
    assert "made of the value" not in plain.because


def test_a_plan_tells_of_it_unless_another_rule_makes_the_alert_or_it_waits_for_nothing() -> None:
    varying = rule(4.0, for_s=5.0, labels=VALUE)
    assert SAID in FIRES.doubtful(reach(alerts=(varying,)))
    for rules in ((varying, rule(4.0, for_s=5.0)), (rule(4.0, labels=VALUE),), (rule(4.0, for_s=5.0, labels=SERVICE),)):
        assert "made of the value" not in FIRES.doubtful(reach(alerts=rules))


@pytest.mark.parametrize(
    ("for_s", "happened", "outcome"),
    [
        (60.0, (alert("pending", 24),), "inconclusive"),
        (60.0, (alert("pending", 24), alert("inactive", 40)), "passed"),
        (60.0, (alert("pending", 55),), "passed"),
        (60.0, (), "passed"),
        (20.0, (alert("pending", 45),), "passed"),
    ],
)
def test_an_alert_that_would_fire_after_the_window_alone_was_not_quiet_in_it(
    for_s: float, happened: tuple[Fact, ...], outcome: str
) -> None:
    found = judged(AlertQuiet(alert="Slow"), ruled(rule(4.0, for_s=for_s), *happened))
    assert found.outcome.value == outcome
    assert ("was pending since 24.0 s, and its rule's `for` of 1m is longer than these" in found.because) == (
        outcome == "inconclusive"
    )


def test_a_pattern_s_quiet_passes_with_what_was_pending_at_its_end_told() -> None:
    rules = (rule(4.0, rule="Other"), rule(4.0, for_s=900.0), rule(4.0, rule="Meant", for_s=900.0))
    later = alert("pending", 55, labels={"service": "db"})
    journal = ruled(*rules, alert("pending", 49), alert("pending", 30, name="Meant"), later)
    found = judged(AlertQuiet(alert="*", allow=("Meant",)), journal)
    assert found.outcome.value == "passed"
    assert '; 1 pending at its end: Slow{service="api", severity="page"} since 49.0 s; none seen' in found.because
    assert journal.of(AlertChanged, alert="Slow")[0].cite in found.cites


def test_one_alert_s_quiet_tells_that_it_was_pending_at_its_end() -> None:
    found = judged(AlertQuiet(alert="Slow"), ruled(rule(4.0, for_s=20.0), alert("pending", 45)))
    assert "; 1 pending at its end: Slow" in found.because
    cleared = judged(
        AlertQuiet(alert="Slow"), ruled(rule(4.0, for_s=20.0), alert("pending", 40), alert("inactive", 45))
    )
    assert "pending" not in cleared.because
