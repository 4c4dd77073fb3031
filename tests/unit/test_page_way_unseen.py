"""page_sent where a page may have gone to somebody whom nobody here sees, or is muted by the time intervals of its route."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from alert_stories import BOUNDS, SERVICE, alert, judged, looks, page, story

from harness import facts as f
from harness.expectations.page_sent import PageSent
from harness.journal import Journal
from harness.testing import journal_of
from harness.verdict import Finding

FIRED = (alert("pending", 24), alert("firing", 29))
DUTY = f.ReceiverSeen(seen_s=1, receiver="duty", kind="pagerduty", why="it is a receiver of the kind pagerduty")
FAILED = "alertmanager_notifications_failed_total"
HELD_BACK = "alertmanager_notifications_suppressed_total"


def claim(**more: Any) -> PageSent:
    return PageSent(**{"alert": "Slow", "within_s": "20s", **more})


def held(*receivers: str, at_s: float = 30, **more: Any) -> f.AlertRouted:
    given = {"alert": "Slow", "state": "active", "labels": SERVICE, "fingerprint": "a", **more}
    return f.AlertRouted(seen_s=at_s, receivers=receivers, **given)


def counted(at_s: float, counter: str, value: float, **labels: str) -> f.DeliveryCounted:
    return f.DeliveryCounted(seen_s=at_s, server="alertmanager", counter=counter, value=value, labels=labels)


def told(*happened: f.Fact) -> Journal:
    return journal_of(*story(*FIRED).facts, *looks("silences"), DUTY, *happened)


def came_out(finding: Finding) -> tuple[str, str]:
    return finding.outcome.value, finding.reason


@pytest.mark.parametrize(
    ("receiver", "happened", "outcome", "reason"),
    [
        ("", (held("duty"),), "inconclusive", "not_observable"),
        ("", (held("duty", "vault"),), "inconclusive", "not_observable"),
        # the mailbox stands where the provider would, and cannot speak TLS: it fails because of us
        ("", (held("duty"), counted(33, FAILED, 2, integration="pagerduty")), "inconclusive", "not_observable"),
        ("", (held("duty", "oncall"),), "inconclusive", "not_observable"),
        ("oncall", (held("duty", "oncall"),), "failed", "not_delivered"),
        ("oncall", (held("duty"),), "failed", "wrong_receiver"),
        ("", (), "failed", "fired_not_routed"),
    ],
)
def test_a_page_that_may_have_gone_where_nobody_sees_is_no_failure(
    receiver: str, happened: tuple[f.Fact, ...], outcome: str, reason: str
) -> None:
    found = judged(claim(receiver=receiver), told(*happened))
    assert came_out(found) == (outcome, reason)
    if reason == "not_observable":
        assert "pages to duty cannot be seen: it is a receiver of the kind pagerduty" in found.because
        assert "webhook" in found.decide
        assert (
            "delivered",
            "not observable: " + found.because.rpartition("'delivered': ")[2],
        ) in found.details


def test_whom_alertmanager_means_it_for_is_not_known_while_nobody_looks_at_it() -> None:
    unlooked = story(*FIRED, DUTY)
    assert came_out(judged(claim(), unlooked)) == ("inconclusive", "not_observable")
    assert came_out(judged(claim(receiver="oncall"), unlooked)) == ("failed", "not_delivered")


def test_what_fails_to_be_delivered_elsewhere_says_nothing_of_this_page() -> None:
    elsewhere = told(held("oncall"), counted(33, FAILED, 2, integration="email"))
    assert "no delivery arrived" in judged(claim(receiver="oncall"), elsewhere).because
    here = told(held("oncall"), counted(33, FAILED, 2, integration="webhook"))
    assert "counts failed notifications (webhook)" in judged(claim(receiver="oncall"), here).because


def test_fewer_pages_than_claimed_are_no_failure_where_some_go_to_who_cannot_be_seen() -> None:
    one = page(30.2, start_s=29)
    assert came_out(judged(claim(count=2), told(held("oncall", "duty"), one))) == ("inconclusive", "not_observable")
    assert came_out(judged(claim(count=2), told(held("oncall"), one))) == ("failed", "too_few_pages")
    assert came_out(judged(claim(count=2, receiver="oncall"), told(held("oncall", "duty"), one)))[0] == "failed"
    assert came_out(judged(claim(count=1), told(held("oncall", "duty"), one))) == ("passed", "met")


def with_intervals(*happened: f.Fact) -> Journal:
    given = [
        replace(fact, time_intervals=("weekend",))
        if isinstance(fact, f.ReceiverSeen) and fact.receiver == "oncall"
        else fact
        for fact in BOUNDS
    ]
    return journal_of(*given, *looks("alerts"), *looks("pages"), *looks("silences"), *FIRED, *happened)


MUTED: dict[str, Any] = {"muted": {"oncall": "weekend"}, "mutes_told": True}


@pytest.mark.parametrize(
    ("happened", "outcome", "reason", "said"),
    [
        (
            (held("oncall", **MUTED),),
            "failed",
            "suppressed",
            "muted, by the time interval weekend of its route to oncall",
        ),
        ((held("oncall", "tickets", **MUTED),), "failed", "not_delivered", "no delivery arrived"),
        ((held("oncall", mutes_told=True),), "failed", "not_delivered", "no delivery arrived"),
        (
            (held("oncall"), counted(32, HELD_BACK, 1, reason="mute_time_interval")),
            "failed",
            "suppressed",
            "the time interval weekend of its route to oncall: Alertmanager counts 1 so held back",
        ),
        (
            (held("oncall"), counted(32, HELD_BACK, 1, reason="active_time_interval")),
            "failed",
            "suppressed",
            "the time interval weekend",
        ),
        (
            (held("oncall"), counted(32, HELD_BACK, 1, reason="inhibition")),
            "inconclusive",
            "not_observable",
            "whether it was muted, by the time interval weekend of its route to oncall, this Alertmanager does not tell",
        ),
        ((held("oncall"),), "inconclusive", "not_observable", "this Alertmanager does not tell"),
        ((held("oncall", "tickets"),), "failed", "not_delivered", "no delivery arrived"),
    ],
)
def test_a_muted_route_holds_a_page_back(happened: tuple[f.Fact, ...], outcome: str, reason: str, said: str) -> None:
    found = judged(claim(), with_intervals(*happened))
    assert came_out(found) == (outcome, reason)
    assert said in found.because


def test_a_route_without_time_intervals_mutes_nothing_and_a_page_that_came_was_not_muted() -> None:
    mute = counted(32, HELD_BACK, 1, reason="mute_time_interval")
    assert came_out(judged(claim(receiver="oncall"), told(held("oncall"), mute))) == ("failed", "not_delivered")
    assert came_out(judged(claim(), with_intervals(held("oncall"), page(33, start_s=29)))) == ("passed", "met")


NOBODY = f.ReceiverSeen(seen_s=1, receiver="null", why="it sends nothing", asks=("",))


def test_one_that_goes_to_a_receiver_that_sends_nothing_surely_calls_nobody() -> None:
    found = judged(claim(), told(NOBODY, held("null")))
    assert came_out(found) == ("failed", "wrong_receiver")
    assert "null sends nothing to anybody" in found.because
    soon = replace(NOBODY, group_wait_s=1.0)
    assert came_out(judged(claim(receiver="null"), told(soon, held("null")))) == ("failed", "wrong_receiver")
    assert came_out(judged(claim(receiver="null"), story(*FIRED, soon))) == ("failed", "wrong_receiver")
    both = held("null", "oncall")
    assert came_out(judged(claim(), told(NOBODY, both))) == ("failed", "not_delivered")
    assert came_out(judged(claim(), told(NOBODY, held("null", "duty")))) == ("inconclusive", "not_observable")
    one = page(30.2, start_s=29)
    assert came_out(judged(claim(count=2), told(NOBODY, both, one))) == ("failed", "too_few_pages")


@pytest.mark.parametrize(
    ("asks", "says"),
    [
        (
            ("severity=page",),
            "null, the default route: oncall gets what has severity=page, and this alert has severity=critical",
        ),
        (
            ("severity=page", "team=shop, service=~api"),
            "gets what has severity=page or team=shop, service=~api, and this alert has",
        ),
        (("team=shop",), "oncall gets what has team=shop, and this alert has no team"),
        (("severity=critical",), "null, the default route;"),
        (("severity=~crit.*",), "null, the default route;"),
        ((), "null, the default route;"),
    ],
)
def test_an_alert_that_no_route_takes_is_told_with_the_label_that_is_missed(asks: tuple[str, ...], says: str) -> None:
    oncall = f.ReceiverSeen(seen_s=1, receiver="oncall", kind="webhook", observable=True, asks=asks)
    to_null = held("null", labels={**SERVICE, "severity": "critical"})
    found = judged(claim(receiver="oncall"), told(NOBODY, oncall, to_null))
    assert came_out(found) == ("failed", "wrong_receiver")
    assert says in found.because


ONCALL = f.ReceiverSeen(seen_s=1, receiver="oncall", kind="webhook", observable=True, group_wait_s=30.0)


def waits(oncall: f.ReceiverSeen, *happened: f.Fact) -> Journal:
    """The story with other receivers: oncall as it is given, and duty."""
    known = [fact for fact in told(*happened).facts if not isinstance(fact, f.ReceiverSeen)]
    return journal_of(*known, oncall, replace(DUTY, group_wait_s=1.0))


def test_an_alert_that_goes_to_others_is_told_so_however_long_the_claimed_receiver_waits() -> None:
    found = judged(claim(receiver="oncall"), waits(ONCALL, held("duty")))
    assert came_out(found) == ("failed", "wrong_receiver")
    assert came_out(judged(claim(receiver="oncall"), waits(ONCALL, held("oncall")))) == ("inconclusive", "below_floor")
    assert came_out(judged(claim(receiver="oncall"), waits(ONCALL))) == ("inconclusive", "below_floor")


def test_a_receiver_to_which_no_route_leads_waits_for_nothing_and_is_told() -> None:
    stray = replace(ONCALL, routed=False)
    found = judged(claim(receiver="oncall"), waits(stray, held("duty")))
    assert came_out(found) == ("failed", "wrong_receiver")
    assert "Alertmanager means it for duty: no route leads to oncall" in found.because
    assert came_out(judged(claim(receiver="oncall"), waits(stray))) == ("failed", "fired_not_routed")


def test_a_page_cannot_have_gone_unseen_where_no_route_leads() -> None:
    known = [fact for fact in story(*FIRED).facts if not isinstance(fact, f.ReceiverSeen)]
    for routed, came in ((True, ("inconclusive", "not_observable")), (False, ("failed", "not_delivered"))):
        receivers = (replace(ONCALL, group_wait_s=1.0), replace(DUTY, routed=routed))
        assert came_out(judged(claim(), journal_of(*known, *receivers))) == came
