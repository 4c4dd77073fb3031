"""page_sent where Alertmanager's own waits let no page go in time, a delivery left alerts out, or another alert was held back."""

from __future__ import annotations

from typing import Any

import pytest
from alert_stories import SERVICE, alert, judged, looks, page, story

from harness import facts as f
from harness.expectations.page_groups import may_hold
from harness.expectations.page_sent import PageSent
from harness.journal import Journal
from harness.testing import journal_of
from harness.verdict import Finding

FIRED = (alert("pending", 22), alert("firing", 27))
WARNING = {**SERVICE, "severity": "warning"}
ALL = '{}:{severity="page"}'
BY_NAME = '{}:{alertname="Other"}'


def oncall(wait_s: float = 1.0, interval_s: float = 300.0) -> f.ReceiverSeen:
    return f.ReceiverSeen(
        seen_s=1,
        receiver="oncall",
        kind="webhook",
        observable=True,
        group_wait_s=wait_s,
        group_interval_s=interval_s,
    )


def held(at_s: float = 27.6, state: str = "active", **more: Any) -> f.AlertRouted:
    given = {"alert": "Slow", "labels": SERVICE, "fingerprint": "a", "receivers": ("oncall",), **more}
    return f.AlertRouted(seen_s=at_s, state=state, **given)


def other(at_s: float, **more: Any) -> f.Paged:
    return page(at_s, **{"alert": "Other", "fingerprint": "o", "group_key": ALL, **more})


def told(*happened: f.Fact, ways: f.ReceiverSeen | None = None) -> Journal:
    return journal_of(
        *story(ways or oncall(), *happened, but=(f.ReceiverSeen,)).facts,
        *looks("silences"),
    )


def found(journal: Journal, **more: Any) -> Finding:
    return judged(PageSent(**{"alert": "Slow", "receiver": "oncall", **more}), journal)


def came_out(finding: Finding) -> tuple[str, str]:
    return finding.outcome.value, finding.reason


@pytest.mark.parametrize(
    ("happened", "said"),
    [
        (
            (*FIRED, held(), other(24)),
            "its group was told of at 24.0 s, and group_interval of oncall is 5m, so that no",
        ),
        ((*FIRED, held(), other(24, group_key="{}:{}")), "no page was due before 324.0 s"),
        # it fires anew in the group that was told of it before
        (
            (alert("firing", 11), page(12, group_key=ALL), alert("inactive", 14), *FIRED, held()),
            "no page was due before 312.0 s",
        ),
    ],
)
def test_an_alert_that_joined_a_group_waits_for_its_next_turn(happened: tuple[f.Fact, ...], said: str) -> None:
    waits = found(told(*happened))
    assert came_out(waits) == ("failed", "still_waiting")
    assert said in waits.because
    assert "no delivery arrived" not in waits.because


@pytest.mark.parametrize(
    "happened",
    [
        (other(24, group_key=BY_NAME),),
        (other(24, receiver="tickets"),),
        (other(15, start_s=12), other(15.0, start_s=12, group_key='{}:{severity="ticket"}')),
        (),
    ],
)
def test_a_page_that_was_due_was_not_delivered(happened: tuple[f.Fact, ...]) -> None:
    """Its group is a new one, or was looked at again in the time."""
    lost = found(told(*FIRED, held(), *happened, ways=oncall(interval_s=10.0 if len(happened) > 1 else 300.0)))
    assert came_out(lost) == ("failed", "not_delivered")


def test_group_wait_may_end_after_the_time_or_after_the_alert_has_cleared() -> None:
    late = told(alert("pending", 42), alert("firing", 47), held(47.6), ways=oncall(30.0))
    waits = found(late)
    assert came_out(waits) == ("failed", "still_waiting")
    assert "group_wait of oncall is 30s, so that no page was due before 77.0 s" in waits.because
    short = told(*FIRED, alert("inactive", 33), held(), held(33.6, "gone"), ways=oncall(10.0))
    assert "it cleared at 33.0 s" in found(short).because
    assert came_out(found(short)) == ("failed", "still_waiting")
    long = told(*FIRED, alert("inactive", 39), held(), held(39.6, "gone"), ways=oncall(10.0))
    assert came_out(found(long)) == ("failed", "not_delivered")


def test_a_group_that_is_over_and_gone_holds_nothing_up() -> None:
    def after(cleared_s: float) -> Finding:
        over = other(cleared_s, start_s=2.0, status="resolved", ends_s=cleared_s - 1, delivery=2)
        return found(told(other(3, start_s=2.0), over, alert("pending", 35), alert("firing", 40), held(40.6)))

    assert came_out(after(5.0)) == ("failed", "not_delivered")
    assert came_out(after(15.0)) == ("failed", "still_waiting")


def test_what_was_silenced_at_first_waits_for_the_next_turn_of_its_group() -> None:
    silenced = held(27.6, "suppressed", silenced_by=("s1",))
    assert came_out(found(told(*FIRED, silenced, held(35)))) == ("failed", "still_waiting")
    assert came_out(found(told(*FIRED, silenced, held(35), ways=oncall(interval_s=10.0)))) == (
        "failed",
        "not_delivered",
    )
    assert came_out(found(told(*FIRED, silenced))) == ("failed", "suppressed")


@pytest.mark.parametrize(
    ("cut", "expected"),
    [
        (other(29, truncated=3), ("inconclusive", "not_observable")),
        (other(29, truncated=3, group_key=BY_NAME), ("failed", "not_delivered")),
        (other(29, truncated=3, receiver="tickets"), ("failed", "not_delivered")),
        (other(24, truncated=3, group_key=ALL), ("failed", "still_waiting")),  # before it fired
    ],
)
def test_it_may_be_among_the_alerts_that_a_delivery_left_out(cut: f.Paged, expected: tuple[str, str]) -> None:
    one = found(told(*FIRED, held(), cut))
    assert came_out(one) == expected
    if expected[0] == "inconclusive":
        assert "left 3 alerts out (max_alerts)" in one.because
        assert "max_alerts" in one.decide


def test_fewer_pages_than_claimed_are_no_failure_where_one_left_alerts_out() -> None:
    one = (*FIRED, held(), page(28.5, group_key=ALL))
    assert came_out(found(told(*one, other(29, truncated=3)), count=2)) == ("inconclusive", "not_observable")
    assert came_out(found(told(*one, other(29)), count=2)) == ("failed", "too_few_pages")


def test_only_where_every_alert_is_held_back_it_was_suppressed() -> None:
    failed = [
        f.DeliveryCounted(
            seen_s=at_s,
            server="alertmanager",
            counter="alertmanager_notifications_failed_total",
            value=value,
            labels={"integration": "webhook"},
        )
        for at_s, value in ((5, 0), (30, 4))
    ]
    warned = (
        alert("firing", 24, labels=WARNING),
        held(24.6, labels=WARNING, fingerprint="w"),
        held(27.7, "suppressed", labels=WARNING, fingerprint="w", inhibited_by=("a",)),
    )
    both = found(told(*FIRED, *warned, held(), *failed))
    assert came_out(both) == ("failed", "not_delivered")
    assert "counts failed notifications (webhook)" in both.because
    one = found(told(*FIRED, *warned, held(28, "suppressed", silenced_by=("s1",)), *failed))
    assert came_out(one) == ("failed", "suppressed")
    elsewhere = (held(27.8, labels=WARNING, fingerprint="t", receivers=("tickets",)),)
    mine = held(28, "suppressed", silenced_by=("s1",))
    assert came_out(found(told(*FIRED, *elsewhere, mine))) == ("failed", "suppressed"), "the other is not for oncall"


@pytest.mark.parametrize(
    ("group_key", "expected"),
    [
        ("{}", True),
        ("{}:{}", True),
        (ALL, True),
        (BY_NAME, False),
        ('{}/{team="a"}:{alertname="Slow", service="api"}', True),
        ('{}/{team="a"}:{alertname="Slow", service="db"}', False),
        ('{}:{alertname="Slow", cluster=""}', True),
        ('{}:{path="a, b=\\"c\\""}', False),
    ],
)
def test_a_group_s_key_tells_which_alerts_may_be_in_it(group_key: str, *, expected: bool) -> None:
    assert may_hold(group_key, "Slow", SERVICE) is expected
