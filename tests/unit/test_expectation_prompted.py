"""A release that changes no container is taken back upon its signal, too: what never came before it decided nothing."""

from __future__ import annotations

import pytest
from test_expectation_rolled_back import CLOSED, FAILED, PASSED, UNKNOWN, Run, claim

from harness import facts as f
from harness.verdict import Finding

BACK_S = 33.0  # the last bad answer


def flag(**changes: float | None) -> Run:
    """Flags, settings or commands: no container tells that it was taken back."""
    return Run(**{"looks": False, "pulled_s": None, **changes})


def judged(run: Run, trigger: str) -> Finding:
    return claim(by="system", trigger=trigger).check(run.evidence())


def watched(probe: str, until_s: float = CLOSED, *, prometheus: str = "prometheus:9090") -> tuple[f.Fact, ...]:
    found = f.MonitoringFound(prometheus=prometheus, alertmanager="alertmanager:9093", seen_s=1.0)
    return (found, *(f.Looked(probe=probe, seen_s=s + 0.2) for s in range(1, int(until_s))))


@pytest.mark.parametrize("run", [Run(pulled_s=None), flag()])
@pytest.mark.parametrize("trigger", ["alert DeadLetters", "page DeadLetters"])
def test_a_signal_that_never_came_is_not_what_took_it_back(run: Run, trigger: str) -> None:
    finding = judged(run, trigger)
    assert (finding.outcome, finding.reason) == (FAILED, "wrong_trigger"), finding.because
    assert "never came" in finding.because


@pytest.mark.parametrize(
    ("alert_s", "outcome", "reason"),
    [
        (28.0, PASSED, "met"),
        (BACK_S + 2.0, UNKNOWN, "too_near"),  # it fired between 30 and 35 s
        (BACK_S + 9.0, FAILED, "wrong_trigger"),  # between 37 and 42 s
    ],
)
def test_what_was_decided_is_known_from_the_last_answer_of_the_version(alert_s, outcome, reason) -> None:
    finding = judged(flag(alert_s=alert_s), "alert Errors")
    assert (finding.outcome, finding.reason) == (outcome, reason), finding.because


def test_one_answer_of_another_version_does_not_show_that_a_rare_one_is_gone() -> None:
    """A version with half of the requests is gone when several in a row are another's; until then it may be taken back."""
    finding = judged(flag(paged_s=BACK_S + 0.1, alert_s=30.0), "page Errors")
    assert (finding.outcome, finding.reason) == (UNKNOWN, "too_near"), finding.because


@pytest.mark.parametrize("run", [Run(pulled_s=None), flag()])
def test_a_signal_that_nobody_could_see_may_have_come(run: Run) -> None:
    run.extra = watched("alerts", 25.0)
    finding = judged(run, "alert DeadLetters")
    assert (finding.outcome, finding.reason) == (UNKNOWN, "not_watched"), finding.because
    run.extra = watched("alerts", prometheus="")
    assert judged(run, "alert DeadLetters").reason == "no_prometheus"
    run.extra = watched("alerts")
    assert judged(run, "alert DeadLetters").reason == "wrong_trigger"
