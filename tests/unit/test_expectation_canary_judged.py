"""canary_judged: what became of a release that was tried on some of the traffic is what its answers call for, or has a name."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from calibration.canary import CLOSED, ENDED, FAULT, HURT, OUT, RELEASE, RETAIL, STEADY, WHOLESALE, facts
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from test_expectation_rolled_back import rows_at

from harness.expectations.base import Evidence, Reach
from harness.expectations.canary_course import in_a_row
from harness.expectations.canary_judged import CanaryJudged
from harness.expectations.canary_sides import needed
from harness.ledger import Rows
from harness.stats.proportions import newcombe
from harness.testing import WrittenLogs, journal_of, rows_of
from harness.verdict import Finding, Outcome

PASSED, FAILED, UNKNOWN = Outcome.PASSED, Outcome.FAILED, Outcome.INCONCLUSIVE


def claim(**changes: Any) -> CanaryJudged:
    return CanaryJudged.model_validate({"errors": "+10pp", "within": "70s", **changes})


@dataclass(frozen=True)
class Run:
    """A phase from 20 s to 110 s; the canary has the release at 24 s, and a share of the requests from 26 s until decided_s.

    ends        withdrawn: the canary gets none after that; promoted: it gets all
    errors      of the new release, by request; `usual` those of everybody
    slower      what the canary's times are multiplied with
    steps       from each instant on the canary has that share, instead of `share`, `decided_s` and `ends`
    balancer    share of the canary's errors that are answered by the balancer, and name no version; all, from dies_s on
    """

    decided_s: float = 70.0
    ends: str = "withdrawn"
    share: float = 0.33
    errors: Mapping[str, float] = field(default_factory=dict)
    usual: float = 0.0
    slower: float = 1.0
    balancer: float = 0.0
    dies_s: float = math.inf
    rate: float = 20.0
    header: bool = True
    renamed: bool = True
    deployed: bool = True
    ended_s: float = ENDED
    seed: int = 1
    steps: tuple[tuple[float, float], ...] = ()

    def rows(self) -> Rows:
        dice = random.Random(self.seed)
        entries = []
        for tick in range(int(self.rate), int(self.rate * (CLOSED - 2))):
            at_s = tick / self.rate
            canary = self._share(at_s) > dice.random()
            name = WHOLESALE if dice.random() < 0.12 else RETAIL
            bad = dice.random() < (self.errors.get(name, 0.0) if canary else 0.0) + self.usual
            version = ("new" if canary and self.renamed else "old") if self.header else ""
            if bad and canary and dice.random() < self.balancer:
                version = ""
            if canary and at_s >= self.dies_s:
                bad, version = True, ""
            took_ms = dice.lognormvariate(math.log(30), 0.4) * (self.slower if canary else 1.0)
            entries.append(
                {
                    "at_s": at_s,
                    "endpoint": name,
                    "outcome": "5xx" if bad else "ok",
                    "version": version,
                    "took_ms": took_ms,
                }
            )
        return rows_of(entries)

    def _share(self, at_s: float) -> float:
        if at_s < 26.0:
            return 0.0
        if self.steps:
            return [share for since_s, share in self.steps if at_s >= since_s][-1]
        return self.share if at_s < self.decided_s else float(self.ends == "promoted")

    def evidence(self, cut_s: float = CLOSED) -> Evidence:
        journal, rows = journal_of(*facts(self.ended_s, deployed=self.deployed)).cut(cut_s), rows_at(self.rows(), cut_s)
        return Evidence(journal, rows, WrittenLogs(), STEADY, "canary", False, {FAULT: RELEASE}, over=cut_s >= CLOSED)


def judged(run: Run, **changes: Any) -> Finding:
    return claim(**changes).check(run.evidence())


SOON = 40.0


# --- decided rightly ----------------------------------------------------------------------------------------------------------


def test_a_release_that_fails_one_segment_and_was_withdrawn_passes_and_the_segment_is_named() -> None:
    finding = judged(Run(errors=HURT, decided_s=SOON))
    assert (finding.outcome, finding.reason) == (PASSED, "met"), finding.because
    assert WHOLESALE in finding.because
    assert finding.measure is not None
    assert finding.measure.low == pytest.approx(SOON - OUT, abs=1.0)
    assert finding.measure.kind == "census"


def test_a_release_that_is_no_worse_and_was_promoted_passes_with_every_figure() -> None:
    finding = judged(Run(ends="promoted"), p95="+50%")
    assert (finding.outcome, finding.reason) == (PASSED, "met"), finding.because
    assert all(words in finding.because for words in (RETAIL, WHOLESALE, "p95", "all together"))


def test_a_slow_release_that_was_withdrawn_passes_by_its_p95() -> None:
    finding = judged(Run(slower=3.0), p95="+50%")
    assert (finding.outcome, finding.reason) == (PASSED, "met"), finding.because
    assert "p95" in finding.because


def test_requests_that_do_not_count_are_left_out() -> None:
    finding = judged(Run(errors=HURT, ends="promoted"), requests=["* (retail)"])
    assert finding.outcome is PASSED, finding.because
    assert WHOLESALE not in finding.because


def test_a_canary_that_died_and_is_still_sent_its_share_was_not_withdrawn() -> None:
    finding = judged(Run(errors=HURT, dies_s=SOON, decided_s=math.inf))
    assert (finding.outcome, finding.reason) == (UNKNOWN, "too_few"), finding.because
    assert "name no version" in finding.because


def test_some_errors_without_a_version_after_a_withdrawal_leave_it_one() -> None:
    finding = judged(Run(errors=HURT, dies_s=SOON - 0.2, decided_s=SOON, usual=0.01))
    assert finding.outcome is PASSED, finding.because


# --- decided wrongly, late, or not at all -------------------------------------------------------------------------------------


def test_a_bad_release_that_was_promoted_names_the_segment_and_its_numbers() -> None:
    finding = judged(Run(errors=HURT, ends="promoted"))
    assert (finding.outcome, finding.reason) == (FAILED, "bad_promoted"), finding.because
    assert WHOLESALE in finding.because
    assert RETAIL not in finding.because
    assert finding.p_value is not None
    assert finding.p_value < 0.001


def test_a_good_release_that_was_withdrawn_fails_with_how_sure_that_is() -> None:
    finding = judged(Run())
    assert (finding.outcome, finding.reason) == (FAILED, "good_withdrawn"), finding.because
    assert finding.p_value is not None
    assert finding.p_value <= 0.05


def test_where_both_still_answer_after_the_limit_nobody_has_decided() -> None:
    finding = judged(Run(decided_s=500.0, errors=HURT))
    assert (finding.outcome, finding.reason) == (FAILED, "undecided"), finding.because
    assert "limit 1m10s" in finding.because


def test_a_right_decision_after_the_limit_is_late() -> None:
    finding = judged(Run(decided_s=70.0, errors=HURT), within="30s")
    assert (finding.outcome, finding.reason) == (FAILED, "late"), finding.because


def test_a_wrong_decision_after_the_limit_is_wrong_first() -> None:
    finding = judged(Run(decided_s=70.0, errors=HURT, ends="promoted"), within="30s")
    assert finding.reason == "bad_promoted"


@pytest.mark.parametrize(
    ("run", "expect"), [(Run(errors=HURT), "promoted"), (Run(ends="promoted"), "withdrawn")], ids=["worse", "no worse"]
)
def test_a_right_decision_that_the_drill_does_not_expect_is_not_met(run: Run, expect: str) -> None:
    finding = judged(run, expect=expect)
    assert (finding.outcome, finding.reason) == (FAILED, "not_met"), finding.because
    assert f"expects it to be {expect}" in finding.because


# --- not known ----------------------------------------------------------------------------------------------------------------


def test_a_trial_that_was_too_short_says_how_many_answers_it_would_take() -> None:
    finding = judged(Run(decided_s=30.0))
    assert (finding.outcome, finding.reason) == (UNKNOWN, "too_few"), finding.because
    assert f"at least {needed(0.10)} answers" in finding.decide


def test_where_p95_is_asked_and_could_not_be_told_nothing_is_no_worse() -> None:
    finding = judged(Run(decided_s=46.0, rate=40.0), p95="+50%")
    assert (finding.outcome, finding.reason) == (UNKNOWN, "too_few"), finding.because
    assert "30 s or more" in finding.decide


def test_errors_that_the_balancer_answered_may_be_the_canarys() -> None:
    finding = judged(Run(errors={RETAIL: 0.3, WHOLESALE: 0.3}, balancer=1.0))
    assert (finding.outcome, finding.reason) == (UNKNOWN, "too_few"), finding.because
    assert "name no version" in finding.because


def test_without_versions_in_the_answers_nothing_is_known() -> None:
    for run in (Run(header=False), Run(renamed=False), Run(share=0.0, decided_s=500.0)):
        finding = judged(run)
        assert (finding.outcome, finding.reason) == (UNKNOWN, "no_version"), finding.because


def test_a_release_that_was_not_deployed_was_not_tried() -> None:
    assert judged(Run(deployed=False)).reason == "not_deployed"


def test_a_phase_that_ends_before_the_limit_leaves_it_open() -> None:
    assert judged(Run(decided_s=500.0, ended_s=60.0)).reason == "window_open"


def test_a_few_requests_in_a_row_without_the_canary_are_chance() -> None:
    finding = judged(Run(decided_s=109.0, share=0.05, errors=HURT), within="85.5s", errors="+50pp")
    assert (finding.outcome, finding.reason) == (UNKNOWN, "too_few"), finding.because
    assert "requests after it" in finding.decide


STEPPED = ((26.0, 0.05), (36.0, 0.25), (46.0, 0.5), (56.0, 0.75))


@pytest.mark.parametrize(
    "run",
    [
        Run(steps=((26.0, 0.5), (60.0, 0.01)), errors={WHOLESALE: 0.6}, rate=10.0),
        Run(steps=((26.0, 0.5), (60.0, 0.05))),
        Run(steps=(*STEPPED, (66.0, 0.99)), rate=10.0),
    ],
    ids=["a bad one held at 1 %", "a good one held at 5 %", "a good one stuck at 99 %"],
)
def test_a_share_that_only_fell_decides_nothing(run: Run) -> None:
    for seed in range(12):
        finding = judged(replace(run, seed=seed), within="75s")
        assert finding.reason in ("undecided", "too_few"), (seed, finding.because)


def test_a_weight_that_is_raised_in_steps_up_to_all_is_a_promotion() -> None:
    for seed in range(6):
        finding = judged(Run(steps=(*STEPPED, (66.0, 1.0)), seed=seed), within="75s")
        assert (finding.outcome, finding.reason) == (PASSED, "met"), (seed, finding.because)


def test_a_small_share_that_was_withdrawn_is_decided_as_soon_as_by_all_its_answers() -> None:
    """At 10 % of 20/s for 60 s, 80 requests without it are no chance: nearly always its last answers ask for no more."""
    said = [judged(Run(share=0.1, decided_s=86.0, errors=HURT, seed=seed), within="80s") for seed in range(12)]
    assert [one.reason for one in said].count("met") >= 9, [one.because for one in said]


# --- how sure -----------------------------------------------------------------------------------------------------------------


def test_how_many_in_a_row_are_no_chance() -> None:
    assert [in_a_row(share) for share in (1.0, 0.5, 0.1)] == [1, 10, 66]
    assert 0.9 ** in_a_row(0.1) <= 0.001 < 0.9 ** (in_a_row(0.1) - 1)


@pytest.mark.parametrize("margin", [0.01, 0.05, 0.2])
def test_the_fewest_answers_are_those_from_which_none_in_error_is_within(margin: float) -> None:
    n = needed(margin)
    assert newcombe(0, n, 0, 10**9, 0.90)[1] <= margin < newcombe(0, n - 1, 0, 10**9, 0.90)[1] * 1.001


def test_a_right_decision_never_fails_whatever_the_chance() -> None:
    """Seeds of a good release promoted, of a bad one withdrawn: at most one of sixteen may be called wrong."""
    good = [judged(Run(ends="promoted", usual=0.02, seed=seed)).outcome for seed in range(8)]
    bad = [judged(Run(errors=HURT, usual=0.02, decided_s=SOON, seed=seed)).outcome for seed in range(8)]
    assert [*good, *bad].count(FAILED) <= 1


CLAIMS = (claim(), claim(p95="+50%"), claim(within="30s"), claim(expect="promoted"))


@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(
    run=st.builds(
        Run,
        decided_s=st.sampled_from((30.0, 45.0, 70.0, 107.0, 500.0)),
        ends=st.sampled_from(("withdrawn", "promoted")),
        errors=st.sampled_from(({}, HURT)),
        usual=st.sampled_from((0.0, 0.02)),
        rate=st.just(8.0),
        seed=st.integers(0, 5),
    ),
    number=st.integers(0, len(CLAIMS) - 1),
    cuts=st.lists(st.floats(15.0, CLOSED), min_size=3, max_size=3),
)
def test_a_tape_cut_anywhere_never_says_the_opposite_of_the_whole(run: Run, number: int, cuts: list[float]) -> None:
    whole = CLAIMS[number].check(run.evidence())
    for cut_s in (*cuts, ENDED + 0.1, ENDED + 1.5, ENDED + 3.0):
        part = CLAIMS[number].check(run.evidence(cut_s))
        assert {part.outcome, whole.outcome} != {PASSED, FAILED}, (cut_s, part.because, whole.because)
        assert part.outcome is UNKNOWN or cut_s >= ENDED


def test_without_any_evidence_nothing_passes_and_nothing_fails() -> None:
    empty = Evidence(journal_of(), rows_of([]), WrittenLogs(), STEADY, "canary", False, {FAULT: RELEASE}, over=True)
    assert claim().check(empty).outcome is UNKNOWN


# --- the claim itself ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "reach", "why"),
    [
        ({}, {"then": True}, "write it under `expect`"),
        ({}, {"releases": ()}, "no bad_release"),
        ({"service": "worker"}, {}, "of worker"),
        ({"within": "2m"}, {}, "the phase is over after 1m30s"),
        ({"within": "20s", "p95": "+10%"}, {}, "six batches"),
        ({"errors": "+0.1pp"}, {}, "2703 are needed on each side"),
        ({}, {}, ""),
    ],
)
def test_what_a_run_could_never_decide_is_refused_at_plan_time(
    changes: dict[str, Any], reach: dict[str, Any], why: str
) -> None:
    given = {"window_s": 90.0, "arrivals": 1800.0, "timeout_s": 10.0, "releases": ("canary",), **reach}
    said = claim(**changes).undecidable(Reach(**given))
    assert why in said
    assert bool(said) == bool(why)


def test_a_margin_of_nothing_could_never_be_shown_to_be_kept() -> None:
    with pytest.raises(ValidationError):
        claim(errors="+0pp")
