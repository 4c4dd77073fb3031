"""page_sent: what was delivered, to whom, when, how often, and why it may not have been."""

from __future__ import annotations

from typing import Any

import pytest
from alert_stories import SERVICE, alert, judged, looks, page, rule, ruled, story

from harness import facts as f
from harness.expectations.notifications import notifications
from harness.expectations.page_sent import PageSent
from harness.testing import journal_of
from harness.urls import path_hash
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
    found = judged(claim(), journal)
    assert came_out(found) == ("passed", "met")
    assert "delivered again 2 times" in found.because


def test_one_delivery_of_two_alerts_is_two_notifications() -> None:
    db = {**SERVICE, "service": "db"}
    two = [
        *FIRED,
        alert("firing", 29, labels=db),
        page(30, start_s=29),
        page(30, start_s=29, fingerprint="b", labels=db),
    ]
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
        ({"within_s": "4s"}, (), "failed", "rule_too_slow"),
        ({"within_s": "5500ms"}, (), "inconclusive", "below_floor"),  # by group_wait alone
    ],
)
def test_every_way_in_which_no_page_counts_has_its_own_reason(
    given: dict[str, Any], happened: tuple[f.Fact, ...], outcome: str, reason: str
) -> None:
    assert came_out(judged(claim(**given), story(*happened))) == (outcome, reason)


def test_a_page_about_an_alert_that_fired_under_another_value_before_the_fault_tells_nothing_of_it() -> None:
    by_value = rule(4.0, labels={"severity": "page", "current": "{{ $value }}"})
    was, now = ({**SERVICE, "current": value} for value in ("0.7", "0.8"))
    happened = (alert("firing", 12, labels=was), alert("inactive", 25, labels=was), alert("firing", 25, labels=now))
    sent = page(26.2, start_s=25, labels=now)
    assert came_out(judged(claim(), ruled(by_value, *happened, sent))) == ("inconclusive", "pre_existing")
    by_label = rule(4.0, labels={"severity": "page", "current": "{{ $labels.current }}"})
    assert came_out(judged(claim(), ruled(by_label, *happened, sent))) == ("passed", "met")


@pytest.mark.parametrize("added", [{}, {"cluster": "prod"}])
def test_a_page_about_an_alert_that_was_pending_before_the_fault_tells_nothing_of_it(added: dict[str, str]) -> None:
    before = (alert("pending", 18, active_s=18.0), alert("firing", 23, active_s=18.0))
    sent = page(24.2, start_s=23, labels={**SERVICE, **added})
    for given in (claim(), claim(labels=added)):
        assert came_out(judged(given, story(*before, sent))) == ("inconclusive", "pre_existing")
    assert "was pending already since 18.0 s, before 21.0 s" in judged(claim(), story(*before, sent)).because
    assert came_out(judged(claim(), story(*before, sent), "")) == ("passed", "met")
    fresh = (alert("pending", 22, active_s=22.0), alert("firing", 23, active_s=22.0))
    assert came_out(judged(claim(), story(*fresh, sent))) == ("passed", "met")
    other = {**SERVICE, "instance": "b"}
    both = (*before, sent, alert("firing", 27, labels=other), page(28, start_s=27, labels=other, fingerprint="b"))
    assert came_out(judged(claim(count=1), story(*both))) == ("passed", "met"), "the other one alone is the fault's"


def test_a_page_about_an_alert_found_at_the_first_evaluation_of_its_rule_decides_nothing() -> None:
    rules = (rule(interval_s=15.0), rule(30.0, 30.5, interval_s=15.0))
    found = judged(claim(), ruled(*rules, alert("firing", 30, active_s=30.0), page(31, start_s=30)))
    assert came_out(found) == ("inconclusive", "not_evaluated")


def test_a_page_about_a_rule_that_was_not_evaluated_in_the_time_could_not_be_sent() -> None:
    assert came_out(judged(claim(), ruled(rule(5.0, interval_s=60.0)))) == ("inconclusive", "not_evaluated")
    assert came_out(judged(claim(), ruled(rule(5.0, interval_s=15.0)))) == ("failed", "missed")
    ticket = rule(4.0, group="h", labels={"severity": "ticket"})
    page_only = claim(labels={"severity": "page"})
    assert came_out(judged(page_only, ruled(rule(5.0, interval_s=60.0), ticket))) == ("inconclusive", "not_evaluated")


def test_pages_to_somebody_else_do_not_shorten_the_waits_and_those_to_the_same_only_that_of_the_group() -> None:
    late = (rule(4.0, for_s=300.0), alert("pending", 24))
    other: dict[str, Any] = {"alert": "Watchdog", "labels": {}, "fingerprint": "w", "group_key": "w"}
    for earlier in ((), (page(6, start_s=4, receiver="tickets", **other),), (page(6, start_s=4, **other),)):
        assert came_out(judged(claim(), ruled(*late, *earlier))) == ("failed", "rule_too_slow")
    slow_group = f.ReceiverSeen(seen_s=2, receiver="oncall", kind="webhook", observable=True, group_wait_s=30.0)
    known = [fact for fact in ruled(rule(4.0)).facts if not isinstance(fact, f.ReceiverSeen)]
    for receiver, outcome, reason in (("tickets", "inconclusive", "below_floor"), ("oncall", "failed", "missed")):
        journal = journal_of(*known, slow_group, page(6, start_s=4, receiver=receiver, **other))
        assert came_out(judged(claim(), journal)) == (outcome, reason)


def test_the_floor_of_a_page_is_that_of_the_claimed_severity() -> None:
    both = (
        rule(4.0, group="a", for_s=3.0, labels={"severity": "ticket"}),
        rule(4.0, group="b", for_s=300.0, labels={"severity": "page"}),
    )
    assert came_out(judged(claim(labels={"severity": "page"}), ruled(*both))) == ("failed", "rule_too_slow")
    assert came_out(judged(claim(labels={"severity": "ticket"}), ruled(*both))) == ("failed", "missed")


def test_a_silence_is_named() -> None:
    labels = {"service": "api", "severity": "page"}
    held = f.AlertRouted(
        seen_s=30, alert="Slow", state="suppressed", labels=labels, receivers=("oncall",), silenced_by=("s1",)
    )
    found = judged(claim(), story(*FIRED, held))
    assert came_out(found) == ("failed", "suppressed")
    assert "silence s1" in found.because


def counted(at_s: float, server: str, counter: str, value: float, **labels: str) -> f.DeliveryCounted:
    return f.DeliveryCounted(seen_s=at_s, server=server, counter=counter, value=value, labels=labels)


def routed(at_s: float, state: str = "active", **more: Any) -> f.AlertRouted:
    given = {"alert": "Slow", "labels": {"service": "api", "severity": "page"}, "receivers": ("oncall",), **more}
    return f.AlertRouted(seen_s=at_s, state=state, fingerprint=str(given.pop("fingerprint", "a")), **given)


SENT = counted(29.5, "prometheus", "prometheus_notifications_sent_total", 3)
HELD_BY = f.AlertRouted(
    seen_s=29, alert="Down", state="active", labels={"service": "api"}, fingerprint="d", receivers=("oncall",)
)
ILL = f.RuleSeen(seen_s=15, rule="Slow", group="g", for_s=5.0, interval_s=1.0, health="err", error="many-to-many")


@pytest.mark.parametrize(
    ("happened", "reason", "hop", "said"),
    [
        ((ILL,), "rule_broken", "evaluated", "many-to-many"),
        ((), "missed", "pending", "never held"),
        (FIRED[:1], "pending_only", "firing", "not as long as its rule asks"),
        (
            (*FIRED, counted(6, "prometheus", "prometheus_notifications_alertmanagers_discovered", 0)),
            "fired_not_routed",
            "sent",
            "knows of no Alertmanager",
        ),
        (
            (*FIRED, counted(30, "prometheus", "prometheus_notifications_errors_total", 2)),
            "fired_not_routed",
            "sent",
            "errors_total rose to 2",
        ),
        ((*FIRED, SENT), "fired_not_routed", "received", "never held it"),
        ((*FIRED, SENT, routed(30, receivers=("tickets",))), "wrong_receiver", "routed", "tickets"),
        (
            (*FIRED, SENT, routed(30, "suppressed", inhibited_by=("d",)), HELD_BY),
            "suppressed",
            "neither silenced nor inhibited",
            'inhibited, by Down{service="api"}',
        ),
        (
            (
                *FIRED,
                routed(30, "suppressed", silenced_by=("s1",)),
                f.SilenceSeen(seen_s=12, silence="s1", state="active", matchers=('alertname="Slow"',), by="ops"),
            ),
            "suppressed",
            "neither silenced nor inhibited",
            'silenced, by silence s1 (alertname="Slow"; by ops)',
        ),
        (
            (
                *FIRED,
                routed(30),
                counted(6, "alertmanager", "alertmanager_notifications_failed_total", 0, integration="webhook"),
                counted(33, "alertmanager", "alertmanager_notifications_failed_total", 2, integration="webhook"),
            ),
            "not_delivered",
            "delivered",
            "failed notifications (webhook)",
        ),
        ((*FIRED, routed(30)), "not_delivered", "delivered", "no delivery arrived"),
    ],
)
def test_the_hop_at_which_a_page_ended_is_named_and_each_before_it_is_proven(
    happened: tuple[f.Fact, ...], reason: str, hop: str, said: str
) -> None:
    journal = journal_of(*story().facts, *looks("silences"), *happened)
    found = judged(claim(), journal)
    assert came_out(found) == ("failed", reason)
    assert f"its way ended at '{hop}'" in found.because
    assert said in found.because
    names = [name for name, _ in found.details]
    states = {name: text.partition(":")[0] for name, text in found.details}
    assert states[hop] == "broken"
    assert all(states[name] == "done" for name in names[: names.index(hop)] if name != "sent")
    assert all(states[name] == "not reached" for name in names[names.index(hop) + 1 :])
    known = {fact.cite for fact in journal.facts}
    assert set(found.cites) <= known


def test_the_way_of_a_page_that_came_is_told_and_nobody_knows_whether_it_was_acknowledged() -> None:
    journal = journal_of(*story(*FIRED, page(30.2, start_s=29)).facts, *looks("silences"), routed(29.8))
    states = [text.partition(":")[0] for _, text in judged(claim(), journal).details]
    assert states == ["done"] * 9 + ["not observable"]
    again = journal_of(*journal.facts, routed(33, "suppressed", silenced_by=("s1",)))
    assert [text.partition(":")[0] for _, text in judged(claim(), again).details] == states


def test_a_page_that_came_late_through_a_retry_was_sent_though_something_was_dropped() -> None:
    """Counters are of all alerts together: what Alertmanager holds was sent, whatever else was lost."""
    lost = counted(30, "prometheus", "prometheus_notifications_errors_total", 2)
    journal = journal_of(*story(*FIRED, lost, routed(31)).facts, *looks("silences"))
    assert came_out(judged(claim(), journal)) == ("failed", "not_delivered")


def test_without_prometheus_only_what_alertmanager_tells_is_told() -> None:
    only = f.MonitoringFound(seen_s=2, alertmanager="alertmanager:9093")
    facts = [fact for fact in story().facts if not (isinstance(fact, f.Looked) and fact.probe == "alerts")]
    journal = journal_of(*(fact for fact in facts if not isinstance(fact, f.RuleSeen)), only, *looks("silences"))
    found = judged(claim(), journal)
    assert came_out(found) == ("failed", "missed")
    assert dict(found.details)["rule loaded"].startswith("not observable")


def test_no_page_means_little_while_the_stack_s_own_prometheus_could_not_be_looked_at() -> None:
    blind = journal_of(*story(hole=(20, 60)).facts, *looks("silences"))
    found = judged(claim(), blind)
    assert came_out(found) == ("inconclusive", "not_watched")
    assert "whether the alert fired is not known" in found.because
    fired = journal_of(*story(*FIRED, hole=(32, 60)).facts, *looks("silences"))
    assert judged(claim(), fired).outcome.value == "failed"


def test_the_all_clear_may_come_before_the_end_of_its_phase() -> None:
    done = page(49.9, start_s=29, status="resolved", ends_s=49.6)
    found = judged(claim(status="resolved"), story(*FIRED, alert("inactive", 49.6), done), then=True)
    assert came_out(found) == ("passed", "met")
    assert found.measure is not None
    assert found.measure.low == 0.0
    assert "0.1 s before the end of 'hurt'" in found.because


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


HOOK = "http://pager.example.test/hooks/oncall?key=s3cret"


def at(url: str = HOOK, at_s: float = 30.2, **more: Any) -> f.Paged:
    return page(at_s, start_s=29, url="http://pager.example.test:80", path=path_hash(url), **more)


def test_without_a_url_only_the_mailbox_is_known_to_have_taken_a_page() -> None:
    said = dict(judged(claim(), story(*FIRED, at())).details)["delivered"]
    assert said == (
        "done: our mailbox stood in for oncall at http://pager.example.test:80, took it at 30.2 s and answered 200; "
        "whether the real receiver has this host and path is not known (state its `url`)"
    )
    known = judged(claim(url=HOOK), story(*FIRED, at()))
    assert came_out(known) == ("passed", "met")
    assert dict(known.details)["delivered"].endswith("and answered 200")


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://pager.example.test/hook/oncall?key=s3cret", "at another path than the claim's `url`"),
        ("http://pager.example.test/hooks/oncall", "at another path than the claim's `url`"),
        (
            "http://paper.example.test/hooks/oncall?key=s3cret",
            "not to paper.example.test:80, where its receiver listens",
        ),
        ("http://pager.example.test:8080/hooks/oncall?key=s3cret", "not to pager.example.test:8080"),
    ],
)
def test_a_page_that_goes_where_its_receiver_does_not_listen_fails_and_tells_no_path(url: str, said: str) -> None:
    found = judged(claim(url=url), story(*FIRED, at()))
    assert came_out(found) == ("failed", "wrong_url")
    assert f"was sent to http://pager.example.test:80, {said}" in found.because
    assert "hook" not in found.because
    assert "s3cret" not in found.because


def test_of_several_ways_out_one_in_time_at_the_url_is_enough() -> None:
    log = at("http://pager.example.test/log", 30.1)
    assert came_out(judged(claim(url=HOOK), story(*FIRED, log, at(delivery=2)))) == ("passed", "met")
    late = story(*FIRED, log, at(at_s=45, delivery=2))
    assert came_out(judged(claim(url=HOOK), late)) == ("failed", "wrong_url")


def test_a_page_of_which_nobody_wrote_down_the_path_decides_nothing_about_its_url() -> None:
    assert came_out(judged(claim(url=HOOK), story(*FIRED, page(30.2, start_s=29)))) == (
        "inconclusive",
        "not_observable",
    )
