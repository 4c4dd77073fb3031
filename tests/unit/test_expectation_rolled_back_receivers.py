"""rolled_back upon a page where pages go to several receivers: one that is seen here, and one that is not, may have been the call."""

from __future__ import annotations

from typing import Any

import pytest
from test_expectation_rolled_back import FAILED, LEVER, NEVER_BACK, UNKNOWN, Run, claim

from harness import facts as f
from harness.verdict import Finding

SEEN = f.MonitoringFound(prometheus="prometheus:9090", alertmanager="alertmanager:9093", seen_s=0.5)
DUTY = f.ReceiverSeen(
    receiver="duty", kind="pagerduty", why="it is a receiver of the kind pagerduty", group_wait_s=1.0, seen_s=0.5
)
AUTOMATION = f.ReceiverSeen(receiver="automation", kind="webhook", observable=True, group_wait_s=20.0, seen_s=0.5)
SYSTEM: dict[str, Any] = {"by": "system"}
HUMAN: dict[str, Any] = {"by": "human"}


def held(at_s: float = 26.0, *receivers: str, **more: Any) -> f.AlertRouted:
    fields = {"alert": "Errors", "state": "active", "fingerprint": "e", "receivers": receivers or ("duty",), **more}
    return f.AlertRouted(**fields, seen_s=at_s)


def judged(run: Run, *extra: f.Fact, **changes: Any) -> Finding:
    """As all of it tells, which no part of it contradicts."""
    run.extra = [SEEN, DUTY, AUTOMATION, *(f.Looked(probe="pages", seen_s=s + 0.2) for s in range(1, 90)), *extra]
    one = claim(**changes)
    found = one.check(run.evidence())
    for cut_s in (54.5, 57.4, 61.0, 74.5, 76.1, 80.0):
        before = one.check(run.evidence(cut_s))
        assert before.outcome in (UNKNOWN, found.outcome), f"{cut_s:.1f} s: {before.because}; {found.because}"
    return found


def back(**changes: Any) -> Run:
    """Taken back at 33 s, and not by drill's hand."""
    return Run(**{"pulled_s": None, "paged_s": None, **changes})


@pytest.mark.parametrize("by", [SYSTEM, HUMAN], ids=["system", "human"])
def test_who_was_called_where_nobody_sees_it_was_perhaps_called_in_time(by: dict[str, Any]) -> None:
    finding = judged(back(), held(), **by)
    assert (finding.outcome, finding.reason) == (UNKNOWN, "not_observable"), finding.because
    assert "Errors at 27.0 s went to duty, and pages to duty cannot be seen" in finding.because
    assert "webhook" in finding.decide


def test_a_page_that_is_seen_later_does_not_say_when_the_other_came() -> None:
    finding = judged(back(paged_s=46.0), held(26.0, "automation", "duty"), **SYSTEM)
    assert (finding.outcome, finding.reason) == (UNKNOWN, "not_observable"), finding.because


@pytest.mark.parametrize(
    "routed",
    [
        (),
        (held(26.0, "automation"),),
        (held(40.0),),
        (held(state="suppressed"),),
        (held(10.0),),
        (held(alert="Disk"),),
    ],
    ids=["nothing held", "to who is seen", "too late", "held back", "before the release", "another alert"],
)
def test_a_page_that_was_due_to_nobody_unseen_did_not_come(routed: tuple[f.Fact, ...]) -> None:
    finding = judged(back(), *routed, **SYSTEM, trigger="page Errors")
    assert (finding.outcome, finding.reason) == (FAILED, "wrong_trigger"), finding.because


@pytest.mark.parametrize("by", [{"by": "runbook"}, HUMAN], ids=["runbook", "human"])
def test_a_lever_that_waits_for_a_page_nobody_here_sees_is_not_the_runbooks_fault(by: dict[str, Any]) -> None:
    never = Run(back_s=NEVER_BACK, pulled_s=None, paged_s=None, done_s=None)
    finding = judged(never, held(), **by)
    assert (finding.outcome, finding.reason) == (UNKNOWN, "not_observable"), finding.because
    late = judged(never, held(55.5), **by)  # due at 56.5 s; the limit is 55 s
    assert (late.outcome, late.reason) == (FAILED, "never_decided"), late.because


def test_a_system_that_does_nothing_is_not_excused_by_whom_nobody_sees() -> None:
    idle = Run(back_s=NEVER_BACK, pulled_s=None, paged_s=None)
    finding = judged(idle, held(), **SYSTEM)
    assert (finding.outcome, finding.reason) == (FAILED, "never_decided"), finding.because


@pytest.mark.parametrize(
    ("paged_s", "back_s", "outcome", "reason"),
    [
        (54.0, (56.0, 57.0), UNKNOWN, "not_observable"),  # begun at 27 s it had left by 30 s
        (30.0, (40.0, 60.0), FAILED, "late"),  # begun 3 s sooner it had still been late
        (54.0, NEVER_BACK, FAILED, "said_done_but_still_serving"),
    ],
)
def test_what_drill_began_upon_the_later_page_of_two_might_have_been_in_time(
    paged_s: float, back_s: tuple[float, float], outcome: Any, reason: str
) -> None:
    run = Run(paged_s=paged_s, pulled_s=paged_s + 0.1, done_s=min(back_s[1], 58.0), back_s=back_s)
    finding = judged(run, held(26.0, "automation", "duty"), by="runbook", id=LEVER)
    assert (finding.outcome, finding.reason) == (outcome, reason), finding.because


def test_a_command_that_failed_in_time_had_failed_upon_the_first_page_too() -> None:
    finding = judged(Run(code=3), held(26.0, "automation", "duty"), by="runbook", id=LEVER)
    assert (finding.outcome, finding.reason) == (FAILED, "rollback_failed"), finding.because
