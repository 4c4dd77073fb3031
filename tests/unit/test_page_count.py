"""How often somebody was paged, of deliveries that say the same."""

from __future__ import annotations

from typing import Any

import pytest
from alert_stories import alert, judged, page, story

from harness import facts as f
from harness.expectations.page_sent import PageSent
from harness.verdict import Finding

FIRED = (alert("pending", 24), alert("firing", 29))


def seen(group_interval_s: float) -> f.ReceiverSeen:
    return f.ReceiverSeen(
        seen_s=2,
        receiver="oncall",
        kind="webhook",
        observable=True,
        group_wait_s=1.0,
        group_interval_s=group_interval_s,
    )


def sent(*times: float, **more: Any) -> list[f.Paged]:
    return [page(at_s, start_s=29, delivery=number, **more) for number, at_s in enumerate(times, 1)]


def counted(count: int, *happened: f.Fact) -> Finding:
    claim = PageSent(alert="Slow", receiver="oncall", within_s="28s", count=count)
    return judged(claim, story(*FIRED, *happened))


def test_a_repeat_calls_a_person_again() -> None:
    repeats = (seen(5.0), *sent(30.2, 40.2, 45.1))
    found = counted(1, *repeats)
    assert (found.outcome.value, found.reason) == ("failed", "too_many_pages")
    assert "3 notifications by 48.0 s, not 1" in found.because
    assert counted(3, *repeats).reason == "met"
    assert counted(2, seen(5.0), *sent(30.2, 40.2, 49.0)).reason == "met", "one is beyond the time"


def test_what_comes_too_soon_for_a_repeat_may_be_a_retry() -> None:
    again = (seen(60.0), *sent(30.2, 31.2, 33.2))
    for count in (1, 2, 3):
        assert (counted(count, *again).outcome.value, counted(count, *again).reason) == (
            "inconclusive",
            "retry_or_repeat",
        )
    assert "came 1 to 3 times: the one at 31.2 s says what the one at 30.2 s said" in counted(1, *again).because
    assert counted(4, *again).reason == "too_few_pages"


@pytest.mark.parametrize(
    ("interval_s", "other", "reason"),
    [
        (60.0, "10.0.0.3", "met"),
        (60.0, "10.0.0.2", "retry_or_repeat"),
        (60.0, "", "retry_or_repeat"),
        (5.0, "10.0.0.3", "retry_or_repeat"),
    ],
)
def test_the_copy_of_another_alertmanager_is_no_page_of_its_own(interval_s: float, other: str, reason: str) -> None:
    """It comes while the other waits for its peer; where a repeat may as well, nobody knows."""
    twins = (page(30.2, start_s=29, sender="10.0.0.2"), page(45.2, start_s=29, delivery=2, sender=other))
    assert counted(1, seen(interval_s), *twins).reason == reason


def test_an_alert_told_again_beside_anothers_news_is_no_repeat() -> None:
    news = page(40.2, start_s=38, delivery=2, fingerprint="b", alert="Other")
    again = page(40.2, start_s=29, delivery=2)
    assert counted(1, seen(5.0), page(30.2, start_s=29), news, again).reason == "met"
    third = [page(46.2, start_s=38, delivery=3, fingerprint="b", alert="Other"), page(46.2, start_s=29, delivery=3)]
    assert counted(1, seen(5.0), page(30.2, start_s=29), news, again, *third).reason == "too_many_pages"
