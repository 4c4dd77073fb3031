"""Gaps between looks at the containers of a bad release: which of them decide something, and who was not seen when."""

from __future__ import annotations

import dataclasses

import pytest
from test_expectation_rolled_back import FAILED, NEVER_BACK, PASSED, UNKNOWN, Run, claim

from harness import facts as f
from harness.journal import Journal
from harness.testing import journal_of
from harness.verdict import Finding

NAMELESS = Run(header=False)  # back at 33 s


def judged(run: Run, unseen: tuple[float, float], kind: type[f.Fact] = f.Looked, **changes: str) -> Finding:
    """Nobody looked in a stretch."""
    evidence = run.evidence()
    low_s, high_s = unseen
    facts = (one for one in evidence.journal.facts if not (isinstance(one, kind) and low_s < one.seen_s < high_s))
    return claim(**changes).check(dataclasses.replace(evidence, journal=Journal(tuple(facts))))


def test_a_gap_while_the_release_is_still_bad_hides_nothing() -> None:
    finding = judged(NAMELESS, (24.0, 30.0))
    assert finding.outcome is PASSED, finding.because


def test_a_gap_after_it_was_taken_back_may_hide_its_return_and_is_named() -> None:
    finding = judged(NAMELESS, (40.2, 46.2))
    assert (finding.outcome, finding.reason) == (UNKNOWN, "not_watched")
    assert "api's containers were not looked at from 20.0 s to 26.5 s" in finding.because


def test_the_look_that_found_it_taken_back_may_have_taken_long() -> None:
    """Begun at 33 s, over at 38.3 s: nobody else looked meanwhile, and it did."""
    evidence = NAMELESS.evidence()
    late = [
        dataclasses.replace(one, seen_s=38.3)
        if isinstance(one, f.Looked | f.Deployed) and 33.0 < one.seen_s < 38.3
        else one
        for one in evidence.journal.facts
    ]
    journal = journal_of(*sorted(late, key=lambda one: one.seen_s))
    finding = claim().check(dataclasses.replace(evidence, journal=journal))
    assert finding.outcome is PASSED, finding.because


def test_a_look_that_failed_is_told_with_its_reason() -> None:
    blinded = f.Blinded(probe="releases", target="", error="Docker did not answer", seen_s=45.0)
    finding = judged(dataclasses.replace(NAMELESS, extra=(blinded,)), (0.0, 0.0))
    assert finding.reason == "not_watched"
    assert "from 24.5 s to 25.0 s: Docker did not answer" in finding.because


def test_what_serves_at_the_end_was_never_taken_back_whoever_looked_before() -> None:
    run = dataclasses.replace(NAMELESS, back_s=NEVER_BACK)
    assert judged(run, (40.0, 50.0)).outcome is FAILED
    assert judged(run, (60.0, 100.0)).reason == "not_watched"


def test_a_load_that_was_not_seen_is_named() -> None:
    finding = judged(Run(), (40.0, 47.0), f.LoadSampled)
    assert finding.reason == "not_watched"
    assert "the load was not seen at work from 19.5 s to 27.5 s" in finding.because


@pytest.mark.parametrize(("alert_s", "reason"), [(36.0, "too_near"), (29.0, "met")])
def test_a_signal_in_such_a_gap_may_have_come_after_the_decision(alert_s: float, reason: str) -> None:
    """Seen bad at 30 s, good at 37 s."""
    run = dataclasses.replace(NAMELESS, pulled_s=None, paged_s=None, alert_s=alert_s, back_s=(36.9, 36.9))
    evidence = run.evidence()
    facts = (one for one in evidence.journal.facts if not (isinstance(one, f.Looked) and 30.2 < one.seen_s < 37.0))
    told = [dataclasses.replace(one, begun_s=30.0) if isinstance(one, f.Deployed) else one for one in facts]
    finding = claim(by="system", trigger="alert Errors").check(
        dataclasses.replace(evidence, journal=Journal(tuple(told)))
    )
    assert finding.reason == reason, finding.because
