"""`within` counts the deployment, and a lever waits for its end: what drill itself pulled too late is nobody's failure."""

from __future__ import annotations

from typing import Any

import pytest
from test_expectation_rolled_back import FAILED, NEVER_BACK, OUT, PASSED, UNKNOWN, Run, claim

LATE = Run(paged_s=None, alert_s=None, pulled_s=OUT + 14.1, done_s=39.0, back_s=(38.0, 39.0))
NEVER = Run(paged_s=None, alert_s=None, pulled_s=None, back_s=NEVER_BACK)


@pytest.mark.parametrize("run", [LATE, NEVER])
def test_a_lever_that_drill_pulls_by_its_own_timer_after_the_limit_is_no_late_decision(run: Run) -> None:
    finding = claim(trigger="after 14s", within="15s").check(run.evidence())
    assert (finding.outcome, finding.reason) == (UNKNOWN, "held_back"), finding.because
    assert "was out only 2.0 s after the phase's beginning, so that the limit of 15s had passed" in finding.because
    assert not finding.census


def test_while_the_run_goes_on_it_is_no_failure_either() -> None:
    finding = claim(trigger="after 14s", within="15s").check(LATE.evidence(37.0))
    assert finding.outcome is UNKNOWN, finding.because


@pytest.mark.parametrize(
    ("run", "changes", "reason"),
    [
        (LATE, {"trigger": "after 12s"}, "decided_late"),  # due at 34 s, one before the limit
        (LATE, {"trigger": "page"}, "decided_late"),
        (NEVER, {"trigger": "after 14s", "by": "system"}, "never_decided"),  # nobody is to pull anything
        (Run(pulled_s=OUT + 14.1, code=1, back_s=NEVER_BACK), {"trigger": "after 14s"}, "rollback_failed"),
    ],
)
def test_what_others_did_too_late_or_wrong_stands(run: Run, changes: dict[str, Any], reason: str) -> None:
    finding = claim(**{"within": "15s", **changes}).check(run.evidence())
    assert (finding.outcome, finding.reason) == (FAILED, reason), finding.because


def test_a_page_during_a_long_deployment_waits_for_its_end_too() -> None:
    run = Run(alert_s=20.5, paged_s=21.0, pulled_s=OUT + 0.1, done_s=25.0, back_s=(24.0, 25.0))
    assert claim(within="1.5s").check(run.evidence()).reason == "held_back"
    assert claim(within="6s").check(run.evidence()).outcome is PASSED
