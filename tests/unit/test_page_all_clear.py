"""page_sent {status: resolved}: an all-clear that did not come, and what in the configuration holds it up."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from alert_stories import BOUNDS, SERVICE, alert, judged, looks, page

from harness import facts as f
from harness.expectations.page_sent import PageSent
from harness.journal import Journal
from harness.testing import journal_of

CLEARED = (alert("firing", 29), page(30, start_s=29), alert("inactive", 55))
DUTY = f.ReceiverSeen(seen_s=1, receiver="duty", kind="pagerduty", why="it is a receiver of the kind pagerduty")


def claim(**more: Any) -> PageSent:
    return PageSent(**{"receiver": "oncall", "alert": "Slow", "status": "resolved", "within_s": "20s", **more})


def told(*happened: f.Fact, **oncall: Any) -> Journal:
    given = [
        replace(fact, **oncall) if isinstance(fact, f.ReceiverSeen) and fact.receiver == "oncall" else fact
        for fact in BOUNDS
    ]
    return journal_of(*given, *looks("alerts"), *looks("pages"), *looks("silences"), DUTY, *happened)


@pytest.mark.parametrize(
    ("oncall", "said"),
    [
        ({"group_interval_s": 300.0}, "group_interval is 5m, so it may come as late as that after it"),
        ({"group_interval_s": 16.0}, "the alert cleared at 55.0 s and group_interval is 16s"),
        ({"send_resolved": False}, "send_resolved is false for oncall, so no all-clear is ever sent there"),
    ],
)
def test_what_holds_an_all_clear_up_is_said(oncall: dict[str, Any], said: str) -> None:
    found = judged(claim(), told(*CLEARED, **oncall), then=True)
    assert (found.outcome.value, found.reason) == ("failed", "missed")
    assert said in found.because


def test_where_the_configuration_explains_nothing_nothing_is_said_of_it() -> None:
    found = judged(claim(), told(*CLEARED, group_interval_s=10.0), then=True)
    assert (found.outcome.value, found.reason) == ("failed", "missed")
    assert "group_interval" not in found.because
    assert "send_resolved" not in found.because


def test_one_that_still_fires_was_never_resolved() -> None:
    found = judged(claim(), told(*CLEARED[:2], send_resolved=False), then=True)
    assert (found.outcome.value, found.reason) == ("failed", "never_resolved")


def test_an_all_clear_to_who_cannot_be_seen_is_no_failure() -> None:
    held = f.AlertRouted(seen_s=30, alert="Slow", state="active", labels=SERVICE, fingerprint="a", receivers=("duty",))
    found = judged(claim(receiver=""), told(CLEARED[0], CLEARED[2], held), then=True)
    assert (found.outcome.value, found.reason) == ("inconclusive", "not_observable")
    assert "pages to duty cannot be seen" in found.because
