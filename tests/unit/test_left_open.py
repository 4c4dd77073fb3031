"""What leaves a claim open whatever it found: a fault that nobody felt, chance among many, what a system does not offer, late requests."""

from __future__ import annotations

import dataclasses

import pytest
from test_judge import BAD, GOOD, LOST, Claim, Drill, Said, load, story, verdict

from harness import facts as f
from harness.document import verdict_doc
from harness.judge_claim import judge_claim
from harness.testing import WrittenLogs, journal_of, machine_of, rows_of
from harness.verdict import HypothesisTest, Outcome, failed, inconclusive, passed


@pytest.mark.parametrize("claim", [GOOD, BAD])
def test_a_claim_about_a_fault_that_did_not_land_is_inconclusive(claim: Claim) -> None:
    finding = verdict(claim, facts=story(landed=False)).findings[0].finding
    assert (finding.outcome, finding.reason) == (Outcome.INCONCLUSIVE, "fault_not_landed")
    assert claim.expectation.finding.because in finding.because  # type: ignore[attr-defined]


def test_a_failure_that_needs_no_fault_stands_though_it_did_not_land() -> None:
    assert verdict(LOST, facts=story(landed=False)).exit_code == 1


@pytest.mark.parametrize("claim", [GOOD, BAD])
def test_a_claim_that_holds_without_a_fault_is_decided_though_it_did_not_land(
    claim: Claim, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Said, "faultless", True)
    found = verdict(claim, facts=story(landed=False)).findings[0].finding
    assert found.outcome is claim.expectation.finding.outcome  # type: ignore[attr-defined]


def test_a_fault_that_nobody_could_measure_leaves_its_claims_open() -> None:
    finding = verdict(GOOD, facts=story(without=(f.Witnessed,))).findings[0].finding
    assert finding.reason == "fault_not_measurable"


def test_a_fault_that_was_never_injected_did_not_land() -> None:
    finding = verdict(GOOD, facts=story(without=(f.Injecting, f.Injected, f.Mended))).findings[0].finding
    assert finding.reason == "fault_not_landed"
    assert "never injected" in finding.because


def test_a_claim_about_the_whole_run_does_not_depend_on_one_fault() -> None:
    whole = dataclasses.replace(GOOD, phase="")
    assert verdict(whole, facts=story(landed=False)).findings[0].finding.outcome is Outcome.PASSED


def test_what_does_not_depend_on_when_requests_were_sent_stands_where_they_were_late(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Said, "whenever_sent", True)
    late = load(late_ms=80.0)
    found = verdict(GOOD, BAD, rows=late)
    assert [judged.finding.reason for judged in found.findings] == ["met", "not_met"]
    assert found.exit_code == 1
    assert verdict(GOOD, rows=late).exit_code == 3, "the run is invalid all the same"
    assert verdict(GOOD, rows=late[:200]).findings[0].finding.reason == "invalid_run", "not all were sent"


def test_a_failure_in_such_a_run_does_not_stand_where_others_filled_the_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Said, "whenever_sent", True)
    beside = story(more=(*machine_of(0, 12, stack=0.3), *machine_of(12, 13, others=1.6), *machine_of(13, 36)))
    found = verdict(GOOD, BAD, LOST, facts=beside, rows=load(late_ms=80.0))
    assert [judged.finding.reason for judged in found.findings] == ["met", "invalid_run", "not_met"]
    own = verdict(BAD, facts=story(more=machine_of(0, 36, stack=1.9)), rows=load(late_ms=80.0))
    assert own.findings[0].finding.reason == "not_met"


def test_an_inconclusive_claim_keeps_its_own_reason() -> None:
    open_ = Claim(Said(finding=inconclusive("nothing seen", decide="a look")))
    assert (
        judge_claim(Drill(), open_, journal_of(*story(landed=False)), rows_of([]), WrittenLogs()).finding.reason
        == "no_evidence"
    )


def by_sample(outcome: Outcome, p_value: float) -> Claim:
    finding = failed("beyond") if outcome is Outcome.FAILED else passed("within")
    return Claim(Said(finding=dataclasses.replace(finding, p_value=p_value)))


def test_what_a_sample_decided_tells_its_p_value_and_what_it_was_held_against() -> None:
    found = verdict(
        by_sample(Outcome.FAILED, 0.001), by_sample(Outcome.PASSED, 0.4), by_sample(Outcome.FAILED, 0.03), GOOD
    )
    tests = [one.finding.test for one in found.findings]
    assert tests[:3] == [
        HypothesisTest(0.001, pytest.approx(0.003), 0.05, pytest.approx(0.05 / 3), 3),
        HypothesisTest(0.4, pytest.approx(0.4), 0.05, pytest.approx(0.05), 3),
        HypothesisTest(0.03, pytest.approx(0.06), 0.05, pytest.approx(0.025), 3),
    ]
    assert tests[3] is None, "a count decides without a test"
    assert [one.finding.reason for one in found.findings[:3]] == ["not_met", "met", "one_of_many"]


def test_the_document_and_a_findings_details_tell_its_test() -> None:
    found = verdict(by_sample(Outcome.FAILED, 1e-9), GOOD)
    journal = journal_of(*story())
    tested, counted = verdict_doc(found, journal, rows_of(load()), {})["findings"]
    assert tested["test"] == {
        "p_value": 0.000001,
        "p_adjusted": 0.000001,
        "correction": "holm",
        "alpha": 0.05,
        "level": 0.05,
        "tests": 1,
    }
    assert counted["test"] is None
    said = dict(tested["details"])["test"]
    assert (
        said
        == "p under 0.000001 (one-sided), at its rank among 1 test held against 0.05; adjusted by Holm under 0.000001, held against 0.05"
    )


@pytest.mark.parametrize("claim", [GOOD, BAD, LOST])
def test_a_claim_that_is_not_available_on_a_target_is_never_decided(claim: Claim) -> None:
    more = (f.Unavailable(what=claim.id, why="[tool.drill.targets.staging] states no logs", seen_s=0.5),)
    found = verdict(claim, facts=story(more=more))
    finding = found.findings[0].finding
    assert (finding.outcome, finding.reason, found.exit_code) == (Outcome.INCONCLUSIVE, "not_available", 3)
    assert finding.because == "not available here: [tool.drill.targets.staging] states no logs"


def test_a_fault_that_is_not_available_on_a_target_was_not_felt_and_says_why() -> None:
    gone = (f.Injecting, f.Injected, f.Mended)
    more = (f.Unavailable(what="down/felt", why="no Toxiproxy is on its way", seen_s=0.5),)
    finding = verdict(GOOD, facts=story(landed=False, without=gone, more=more)).findings[0].finding
    assert finding.reason == "fault_not_landed"
    assert "it is not available here: no Toxiproxy is on its way" in finding.because
