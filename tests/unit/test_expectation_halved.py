"""rolled_back of a release of which a part was left where the rest was taken back: its image, its command or a variable."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Any

import pytest
from test_expectation_rolled_back import CLOSED, Run, claim

from harness import facts as f
from harness.testing import journal_of
from harness.verdict import Finding, Outcome

PASSED, FAILED, UNKNOWN = Outcome.PASSED, Outcome.FAILED, Outcome.INCONCLUSIVE
SEEN = f.ReleaseSeen(service="api", container="api-2", release="other", image="api:good")


@dataclass
class Halved(Run):
    """The second container gets the rest of the good release back at `whole_s` only; until then it has `stayed` of the bad one."""

    whole_s: float = math.inf
    stayed: tuple[str, ...] = ("variable PRICE_FACTOR",)

    def releases(self) -> list[f.Fact]:
        found = [fact for fact in super().releases() if not isinstance(fact, f.Deployed)]
        half = dataclasses.replace(SEEN, stayed=self.stayed)
        found = [
            dataclasses.replace(half, seen_s=one.seen_s, happened_s=one.at_s) if _good(one) else one for one in found
        ]
        if self.whole_s < CLOSED:
            seen_s, whole_s = self.whole_s + 0.01, self.whole_s
            found.append(dataclasses.replace(SEEN, release="good", seen_s=seen_s, happened_s=whole_s))
            back = f.Deployed(service="api", image="api:good", by="rollback", replicas=2, begun_s=whole_s - 0.5)
            found.append(dataclasses.replace(back, seen_s=seen_s, happened_s=whole_s))
        return found


def _good(fact: f.Fact) -> bool:
    return isinstance(fact, f.ReleaseSeen) and fact.container == "api-2" and fact.release == "good"


def judged(run: Run, **changes: Any) -> Finding:
    return claim(**changes).check(run.evidence())


@pytest.mark.parametrize("header", [True, False])
def test_what_was_taken_back_in_part_fails_and_the_part_that_stayed_is_named(header: bool) -> None:
    finding = judged(Halved(header=header))
    assert (finding.outcome, finding.reason) == (FAILED, "taken_back_in_part"), finding.because
    assert "api-2 still has its variable PRICE_FACTOR" in finding.because
    assert "api-1" not in finding.because


@pytest.mark.parametrize("header", [True, False])
def test_a_part_that_nobody_looked_at_later_may_have_been_taken_back_too(header: bool) -> None:
    """Answers tell a version, and nothing of the part that stayed."""
    evidence = Halved(header=header).evidence()
    facts = (one for one in evidence.journal.facts if not (isinstance(one, f.Looked) and one.seen_s > 34.0))
    finding = claim().check(dataclasses.replace(evidence, journal=journal_of(*facts)))
    assert (finding.outcome, finding.reason) == (UNKNOWN, "not_watched"), finding.because
    assert "api's containers were not looked at from" in finding.because


def test_a_command_that_still_runs_has_taken_back_a_part() -> None:
    finding = judged(Halved(done_s=None))
    assert (finding.outcome, finding.reason) == (FAILED, "taken_back_in_part"), finding.because
    assert "api-2 still has its variable PRICE_FACTOR; ./rollback.sh had not ended by 55.0 s" in finding.because


def test_a_last_part_that_left_near_the_limit_wants_a_look_and_no_version() -> None:
    finding = judged(Halved(whole_s=55.2))
    assert (finding.outcome, finding.reason) == (UNKNOWN, "too_near"), finding.because
    assert finding.decide == "a look at its containers nearer to the limit"


def test_a_system_that_takes_back_a_part_fails_by_the_same_name() -> None:
    finding = judged(Halved(pulled_s=None, stayed=("image", "variable A")), by="system")
    assert (finding.outcome, finding.reason) == (FAILED, "taken_back_in_part"), finding.because
    assert "api-2 still has its image and its variable A" in finding.because


def test_a_command_that_failed_half_way_failed() -> None:
    finding = judged(Halved(code=1))
    assert (finding.outcome, finding.reason) == (FAILED, "rollback_failed"), finding.because
    assert "api-2 still has its variable PRICE_FACTOR" in finding.because


def test_where_another_replica_runs_all_of_it_that_is_told_first() -> None:
    finding = judged(Halved(back_s=(math.inf, 33.0)))
    assert (finding.outcome, finding.reason) == (FAILED, "said_done_but_still_serving")
    assert "api-1 (api:bad) still runs the bad release, and api-2 still has its variable" in finding.because


@pytest.mark.parametrize("header", [True, False])
def test_one_that_is_whole_again_in_time_has_left_when_its_last_part_had(header: bool) -> None:
    finding = judged(Halved(header=header, whole_s=40.0))
    assert finding.outcome is PASSED, finding.because
    assert "left at 20.0 s" in finding.because
    late = judged(Halved(header=header, whole_s=58.0))
    assert (late.outcome, late.reason) == (FAILED, "late"), late.because


def test_another_release_without_a_part_of_it_is_judged_by_answers_and_open_without() -> None:
    """A roll forward, or a value of its own: nobody knows whether it is well but from what it answers."""
    assert judged(Halved(stayed=())).outcome is PASSED
    finding = judged(Halved(stayed=(), header=False))
    assert (finding.outcome, finding.reason) == (UNKNOWN, "another_release")
    assert "api-2 runs another release (api:good), neither that one nor the one from before" in finding.because


@pytest.mark.parametrize("run", [Halved(), Halved(header=False), Halved(whole_s=40.0), Halved(whole_s=58.0)])
def test_a_tape_cut_anywhere_never_says_the_opposite_of_the_whole(run: Run) -> None:
    whole = judged(run).outcome
    said = {claim().check(run.evidence(cut_s)).outcome for cut_s in range(21, 91, 3)}
    assert said <= {whole, UNKNOWN}
