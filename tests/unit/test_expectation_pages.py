"""page_sent: what was delivered, to whom, when, how often, and why it may not have been."""

from __future__ import annotations

from typing import Any

import pytest
from alert_stories import alert, judged, looks, page, story

from harness import facts as f
from harness.expectations.notifications import notifications
from harness.expectations.page_sent import PageSent
from harness.testing import journal_of
from harness.verdict import Finding

FIRED = (alert("pending", 24), alert("firing", 29))


def claim(**more: Any) -> PageSent:
    return PageSent(**{"receiver": "oncall", "alert": "Slow", "within_s": "20s", **more})


def came_out(finding: Finding) -> tuple[str, str]:
    return finding.outcome.value, finding.reason


def test_a_page_in_time_passes_and_says_how_long_after_the_alert_it_came() -> None:
    found = judged(claim(count=1), story(*FIRED, page(30.2, start_s=29)))
    assert came_out(found) == ("passed", "met")
    assert "10.2 s after the beginning of 'hurt' (limit 20s), 1.2 s after the alert fired" in found.because
    assert "group_wait 1 s" in found.because


def test_retries_and_repeats_are_one_notification_and_said_apart() -> None:
    again = [page(30.2, start_s=29), page(31.2, start_s=29, delivery=2), page(33.2, start_s=29, delivery=3)]
    journal = story(*FIRED, *again)
    assert [note.deliveries for note in notifications(journal)] == [3]
    found = judged(claim(count=1), journal)
    assert came_out(found) == ("passed", "met")
    assert "delivered again 2 times" in found.because


def test_one_delivery_of_two_alerts_is_two_notifications() -> None:
    two = [page(30, start_s=29), page(30, start_s=29, fingerprint="b", labels={"service": "db"})]
    assert len(notifications(story(*two))) == 2
    assert came_out(judged(claim(count=1), story(*two))) == ("failed", "too_many_pages")
    assert came_out(judged(claim(count=3), story(*two))) == ("failed", "too_few_pages")
    assert came_out(judged(claim(count=1, labels={"service": "api"}), story(*two))) == ("passed", "met")


@pytest.mark.parametrize(
    ("given", "happened", "outcome", "reason"),
    [
        ({}, (*FIRED, page(30, receiver="tickets")), "failed", "wrong_receiver"),
        ({"receiver": ""}, (*FIRED, page(30, receiver="tickets")), "passed", "met"),
        ({"labels": {"severity": "ticket"}}, (*FIRED, page(30)), "failed", "wrong_labels"),
        ({"labels": {"service": "db"}}, (*FIRED, page(30)), "failed", "other_service"),
        ({}, (*FIRED, page(43)), "failed", "late"),
        ({}, FIRED, "failed", "not_delivered"),
        ({}, (), "failed", "missed"),
        ({"alert": "NoRule"}, (), "failed", "rule_missing"),
        ({}, (alert("firing", 12), page(14)), "inconclusive", "pre_existing"),
        ({}, (alert("firing", 12), page(25, start_s=12)), "inconclusive", "pre_existing"),
        ({"receiver": "vault"}, FIRED, "inconclusive", "not_observable"),
        ({"receiver": "nobody knows"}, FIRED, "inconclusive", "not_observable"),
        ({"within_s": "4s"}, (), "inconclusive", "below_floor"),
    ],
)
def test_every_way_in_which_no_page_counts_has_its_own_reason(
    given: dict[str, Any], happened: tuple[f.Fact, ...], outcome: str, reason: str
) -> None:
    assert came_out(judged(claim(**given), story(*happened))) == (outcome, reason)


def test_a_silence_is_named() -> None:
    labels = {"service": "api", "severity": "page"}
    held = f.AlertRouted(
        seen_s=30, alert="Slow", state="suppressed", labels=labels, receivers=("oncall",), silenced_by=("s1",)
    )
    found = judged(claim(), story(*FIRED, held))
    assert came_out(found) == ("failed", "suppressed")
    assert "silence s1" in found.because


def test_the_all_clear_may_come_between_the_last_mend_and_the_end_of_its_phase() -> None:
    done = page(49.9, start_s=29, status="resolved", ends_s=49.6)
    found = judged(claim(status="resolved"), story(*FIRED, alert("inactive", 49.6), done), then=True)
    assert came_out(found) == ("passed", "met")
    assert found.measure is not None
    assert found.measure.low == 0.0


def test_absence_counts_only_while_the_mailbox_was_there() -> None:
    gone = [fact for fact in story(*FIRED).facts if not (isinstance(fact, f.Looked) and fact.probe == "pages")]
    assert came_out(judged(claim(), journal_of(*gone))) == ("inconclusive", "not_watched")
    lost = journal_of(*gone, *looks("pages", hole=(25, 40)))
    assert came_out(judged(claim(), lost)) == ("inconclusive", "not_watched")
    assert came_out(judged(claim(), journal_of(*gone, page(30)))) == ("passed", "met")
    assert came_out(judged(claim(count=1), journal_of(*gone, page(30)))) == ("inconclusive", "not_watched")


def test_a_stack_without_alertmanager_is_inconclusive() -> None:
    only = f.MonitoringFound(seen_s=2, prometheus="prometheus:9090", why="no service of it is known to be alertmanager")
    found = judged(claim(), story(*FIRED, only))
    assert came_out(found) == ("inconclusive", "no_alertmanager")
