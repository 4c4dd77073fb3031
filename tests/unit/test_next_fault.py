"""An alert, or its page, that the next phase's fault brought about is no late answer to this phase's."""

from __future__ import annotations

from typing import Any

import pytest
from alert_stories import alert, judged, page, story

from harness import facts as f
from harness.expectations.alert_fires import AlertFires
from harness.expectations.page_sent import PageSent

FIRES = AlertFires(alert="Slow", within_s="15s")
SENT = PageSent(alert="Slow", receiver="oncall", within_s="15s")
ALL_CLEAR = PageSent(alert="Slow", receiver="oncall", status="resolved", within_s="15s")
NEXT = (
    f.PhaseBegan(seen_s=81, phase="again"),
    f.Injecting(seen_s=82, fault="again/latency-api->db", kind="latency", target="api->db", planned_s=82),
)


@pytest.mark.parametrize("claim", [FIRES, SENT])
@pytest.mark.parametrize("then", [False, True])
def test_what_fired_only_for_the_next_fault_missed_this_one(claim: AlertFires | PageSent, then: bool) -> None:
    found = judged(claim, story(*NEXT, alert("firing", 85), page(86, start_s=85)), then=then)
    assert (found.outcome.value, found.reason) == ("failed", "missed")
    assert found.reason not in claim.timed, "a busy machine excuses no alert that did not see the fault"
    when = "4.0" if claim is FIRES else "5.0"
    assert f"(only {when} s after the beginning of 'again', when another fault had begun)" in found.because


def test_one_that_came_and_went_without_firing_says_so_with_the_next() -> None:
    found = judged(FIRES, story(*NEXT, alert("pending", 24), alert("inactive", 26), alert("firing", 85)))
    assert (found.outcome.value, found.reason) == ("failed", "pending_only")
    assert "when another fault had begun" in found.because


@pytest.mark.parametrize(
    "happened",
    [
        (alert("firing", 60), page(86, start_s=60)),  # before the next fault
        (alert("pending", 60), alert("firing", 85), page(86, start_s=85)),  # it held before the next fault
        (alert("firing", 85, active_s=60.0), page(86, start_s=85)),
        (alert("firing", 82.2), page(86, start_s=82.2)),  # no more than the clocks may differ
    ],
)
@pytest.mark.parametrize("claim", [FIRES, SENT])
def test_what_held_before_the_next_fault_is_late(claim: AlertFires | PageSent, happened: tuple[Any, ...]) -> None:
    found = judged(claim, story(*NEXT, *happened))
    assert (found.outcome.value, found.reason) == ("failed", "late")


def test_an_all_clear_of_this_phase_s_alert_is_late_whenever_it_comes() -> None:
    mine = (alert("firing", 29), page(30, start_s=29), alert("inactive", 84))
    sent = page(86, start_s=29, ends_s=84.0, status="resolved")
    assert judged(ALL_CLEAR, story(*NEXT, *mine, sent), then=True).reason == "late"


def test_an_all_clear_of_the_next_phase_s_alert_is_none_of_this() -> None:
    mine = (alert("firing", 29), page(30, start_s=29), alert("inactive", 55))
    other = (alert("firing", 84), alert("inactive", 87), page(88, start_s=84, ends_s=87.0, status="resolved"))
    found = judged(ALL_CLEAR, story(*NEXT, *mine, *other), then=True)
    assert (found.outcome.value, found.reason) == ("failed", "missed")


def test_over_the_whole_run_every_fault_is_the_claim_s_own() -> None:
    claim = AlertFires(alert="Slow", within_s="60s")
    assert judged(claim, story(*NEXT, alert("firing", 85)), phase="").reason == "late"
