"""A return that is no worse than before, what is still broken where it is not, and a version that only its own source tells."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from pydantic import ValidationError
from test_expectation_rolled_back import BAD, BEGAN, CLOSED, FAULT, LEVER, NEVER_BACK, OUT, STEADY, Run, claim

from harness import facts as f
from harness.beside import judged_beside
from harness.expectations.as_before import AsBefore
from harness.expectations.base import Evidence, Reach, Stretch
from harness.expectations.release_story import release_story
from harness.expectations.triggers import Trigger
from harness.ledger import Rows
from harness.testing import WrittenLogs, journal_of, machine_of, rows_of
from harness.verdict import Finding, Judged, Outcome

PASSED, FAILED, UNKNOWN = Outcome.PASSED, Outcome.FAILED, Outcome.INCONCLUSIVE
BEFORE_S = 40.0  # the story's own clock begins so long before that of the other tests


@dataclass
class Long(Run):
    """The same story forty seconds later, with a gate that held at 10 s: fifty seconds of load before the deployment.

    after_ms, after_share   how long requests take once the release has left, and how many of them then fail
    """

    after_ms: float = 20.0
    after_share: float = 0.0
    rate: float = 40.0

    def rows(self) -> Rows:
        entries: list[dict[str, Any]] = []
        for tick in range(int(self.rate * (77 + BEFORE_S))):
            at_s = tick / self.rate
            back_s = self.back_s[tick % 2] + BEFORE_S
            bad = OUT + BEFORE_S <= at_s < back_s
            over = at_s >= max(self.back_s) + BEFORE_S
            failing = (bad and tick % 10 < 5) or (over and (tick % 1000) / 1000 < self.after_share)
            took = (self.after_ms if over else 20.0) * (0.8 + 0.02 * (tick * 7 % 20))
            entries.append(
                {
                    "at_s": at_s,
                    "outcome": "5xx" if failing else "ok",
                    "version": "bad" if bad else "good",
                    "took_ms": took,
                }
            )
        return rows_of(entries)

    def evidence(self, cut_s: float = CLOSED) -> Evidence:
        late = [dataclasses.replace(fact, **_later(fact)) for fact in self.facts()]
        early: list[f.Fact] = [f.GateHeld(seen_s=10.0)]
        early += [f.LoadSampled(cpu_ratio=0.1, late_ms=1, due=1, dropped=0, seen_s=s + 0.5) for s in range(42)]
        return Evidence(
            journal_of(*early, *late), self.rows(), WrittenLogs(), STEADY, "release", False, {FAULT: BAD}, over=True
        )


def _later(fact: f.Fact) -> dict[str, float]:
    times = ("seen_s", "happened_s", "begun_s", "ended_s", "starts_s", "before_s", "planned_s")
    found = {name: getattr(fact, name) for name in times if getattr(fact, name, None) is not None}
    return {name: value + BEFORE_S for name, value in found.items()}


def judged(run: Run, **changes: Any) -> Finding:
    return claim(as_before={"errors": "+1pp", "p95": "+30%"}, **changes).check(run.evidence())


# --- non-inferiority ------------------------------------------------------------------------------------------------------------


def test_a_return_that_is_as_before_passes_and_says_how_near() -> None:
    finding = judged(Long())
    assert finding.outcome is PASSED, finding.because
    assert "percentage points against the time before the first fault" in finding.because


def test_a_return_that_is_surely_slower_than_the_margin_fails_with_a_reason_of_its_own() -> None:
    finding = judged(Long(after_ms=40.0))
    assert (finding.outcome, finding.reason) == (FAILED, "worse_than_before"), finding.because
    assert not finding.census
    assert finding.p_value is not None
    assert "p95" in finding.because


def test_a_return_near_the_margin_is_left_open() -> None:
    finding = judged(Long(after_share=0.009))
    assert (finding.outcome, finding.reason) == (UNKNOWN, "too_few"), finding.because
    assert finding.decide


def test_requests_without_an_answer_after_the_return_fail_it() -> None:
    """Where both margins are asked, too: a p95 that is no answer hides no errors."""
    evidence = Long().evidence()
    entries = [
        {"at_s": tick / 40, "took_ms": 20.0, "outcome": "timeout" if tick / 40 >= 70 and tick % 3 == 0 else "ok"}
        for tick in range(40 * 117)
    ]
    evidence = dataclasses.replace(evidence, rows=rows_of(entries))
    for margins in ({"errors": "+1pp"}, {"errors": "+1pp", "p95": "+30%"}, {"p95": "+30%"}):
        finding = AsBefore.model_validate(margins).check(evidence, 70.0, 110.0)
        assert (finding.outcome, finding.reason) == (FAILED, "worse_than_before"), finding.because


def beside(*machine: f.Fact) -> Finding:
    """A return that is slower than before, judged beside what else the machine did: the release is out from 62 s, back at 73 s."""
    told, evidence = claim(as_before={"p95": "+30%"}), Long(after_ms=40.0).evidence()
    evidence = dataclasses.replace(evidence, journal=journal_of(*evidence.journal.facts, *machine))
    one = Judged("one", "said", "release", "", told.check(evidence))
    assert one.finding.reason == "worse_than_before"
    return judged_beside(one, told, evidence, lambda: None).finding


def test_it_is_excused_by_a_full_machine_of_the_time_after_the_return_alone() -> None:
    before = beside(*machine_of(50, 72, others=1.6), *machine_of(72, 121))
    assert (before.outcome, before.reason) == (FAILED, "worse_than_before")
    after = beside(*machine_of(50, 101), *machine_of(101, 112, others=1.6), *machine_of(112, 121))
    assert (after.outcome, after.reason) == (UNKNOWN, "host_disturbed"), (
        "its phase was over at 100 s, its window at 115 s"
    )


def test_that_nobody_knows_who_used_the_processors_is_told_of_that_time() -> None:
    """The probe told why once and for all, and what it saw by then was before the return."""
    waits = [fact for fact in machine_of(50, 121) if isinstance(fact, f.PressureSeen)]
    blinded = f.Blinded(probe="processors", target="", error="not observable", seen_s=73.0)
    looks = [fact for fact in machine_of(50, 72) if isinstance(fact, f.ProcessorsSeen)]
    assert "not observable" in dict(beside(*waits, *looks, blinded).details)["machine"]
    looks = [fact for fact in machine_of(90, 121) if isinstance(fact, f.ProcessorsSeen)]
    assert "machine" not in dict(beside(*waits, *looks, blinded).details)


def test_without_a_gate_there_is_nothing_to_compare_with() -> None:
    evidence = Long().evidence()
    journal = journal_of(*(fact for fact in evidence.journal.facts if not isinstance(fact, f.GateHeld)))
    finding = claim(as_before={"errors": "+1pp"}).check(dataclasses.replace(evidence, journal=journal))
    assert (finding.outcome, finding.reason) == (UNKNOWN, "too_few")


def reach_of(**changes: Any) -> Reach:
    """8 requests a second: a release of 45 s, 8 to 60 s of settling, and 40 s before it."""
    given: dict[str, Any] = {
        "window_s": 45.0,
        "arrivals": 360.0,
        "timeout_s": 10.0,
        "releases": ("api",),
        "settle_least": Stretch(8.0, 64.0),
        "settle_most": Stretch(60.0, 480.0),
        "before": Stretch(40.0, 320.0),
    }
    return Reach(**{**given, **changes})


SMALL = {"settle_least": Stretch(2.0, 2.0), "settle_most": Stretch(2.0, 2.0)}


@pytest.mark.parametrize(
    ("reach", "why"),
    [
        ({}, ""),
        ({"before": Stretch(12.0, 96.0)}, "12s with about 96 requests are before the first fault, needed are 299"),
        ({"before": Stretch(40.0, 96.0)}, "40s with about 96 requests are before the first fault"),
        ({"before": Stretch(12.0, math.inf)}, "needed are 299 requests and 30s; before it, a phase without a fault"),
        ({"arrivals": 90.0}, ""),
        ({"arrivals": 90.0, **SMALL}, "47s with about 92 requests are after the return, needed"),
        (
            {"arrivals": 90.0, **SMALL, "before": Stretch(12.0, 24.0)},
            "47s with about 92 requests are after the return and 12s with about 24 requests are before the first fault, needed are 299",
        ),
    ],
)
def test_a_run_that_could_never_compare_is_refused_at_plan_time_for_both_sides_at_once(
    reach: dict[str, Any], why: str
) -> None:
    said = claim(within="15s", as_before={"errors": "+1pp", "p95": "+30%"}).undecidable(reach_of(**reach))
    assert why in said
    assert bool(said) == bool(why)


@pytest.mark.parametrize(
    ("reach", "why"),
    [
        ({}, ""),
        ({"settle_least": Stretch(0.0, 0.0)}, "30s with about 240 requests are after the return where that takes all"),
        ({"settle_least": Stretch(0.0, 0.0)}, "a phase longer by 8s would do"),
        ({"window_s": 30.0, "arrivals": math.inf}, "23s are after the return where that takes all of `within`"),
        ({"arrivals": 0.0, "settle_least": Stretch(8.0, 0.0)}, "needed are 299 requests and 30s"),
        ({"arrivals": 90.0, **SMALL}, ""),
    ],
)
def test_a_run_that_compares_only_after_a_quick_return_is_told_of_and_not_refused(
    reach: dict[str, Any], why: str
) -> None:
    said = claim(within="15s", as_before={"errors": "+1pp", "p95": "+30%"}).doubtful(reach_of(**reach))
    assert why in said
    assert bool(said) == bool(why)
    assert claim(within="15s").doubtful(reach_of(**reach)) == ""


def test_a_margin_must_be_named() -> None:
    with pytest.raises(ValidationError, match="needs a margin"):
        claim(as_before={})


# --- what is still broken -------------------------------------------------------------------------------------------------------


def test_what_is_still_broken_is_named_as_far_as_the_journal_tells() -> None:
    extra: Sequence[f.Fact] = (
        f.ContainerChanged(service="worker", container="worker-1", event="die", exit_code=1, seen_s=50.0),
        f.ContainerChanged(service="api", container="api-1", event="kill", seen_s=33.4),
        f.ContainerChanged(service="api", container="api-1", event="die", exit_code=0, seen_s=33.5),
    )
    finding = claim().check(Run(ill=[(21.0, 99.0)], extra=extra).evidence())
    assert finding.reason == "rolled_back_and_still_broken"
    assert "errors < 1%: 50%" in finding.because
    assert " got HTTP 50" in finding.because
    assert "none before" in finding.because
    assert "container worker-1 ended by itself 1 time" in finding.because
    assert "api-1 ended" not in finding.because, "the rollback stopped it"
    assert "the alert Errors still fires" in finding.because


def test_a_service_is_clean_when_its_alerts_have_cleared() -> None:
    looks = [f.Looked(probe="alerts", seen_s=s + 0.1) for s in range(90)]
    cleared = f.AlertChanged(alert="Errors", state="inactive", seen_s=50.0, before_s=45.0)
    for extra, clean in (((*looks, cleared), (45.0, 50.0)), (looks, None)):
        story = release_story(Run(extra=extra).evidence(), FAULT, Trigger(), LEVER)
        assert story is not None
        found = story.at.get("clean")
        assert (None if found is None else (found.low_s, found.high_s)) == clean
        assert ("to_clean" in {name for name, _, _ in story.spans()}) == (clean is not None)


def test_orders_that_are_looked_at_after_the_load_do_not_say_how_long_it_took_until_clean() -> None:
    """The load ends at 77 s, and its orders are at rest at 85 s, after 3 s of waiting; the alert had cleared by 50 s."""
    cleared = f.AlertChanged(alert="Errors", state="inactive", seen_s=50.0, before_s=45.0)
    read = f.SourceRead(op="shop", source="orders", role="store", reading="second", begun_s=84.0, seen_s=84.5)
    settled = f.OrdersSettled(op="shop", quiet=True, waited_s=3.0, seen_s=85.0)
    story = release_story(Run(extra=(cleared, read, settled)).evidence(), FAULT, Trigger(), LEVER)
    assert story is not None
    assert (story.at["clean"].low_s, story.at["clean"].high_s) == (45.0, 85.0)


# --- a version that only its own source tells -------------------------------------------------------------------------------------


def told(*sights: tuple[str, str, float], until_s: float = CLOSED) -> list[f.Fact]:
    found: list[f.Fact] = [
        f.VersionSeen(fault=FAULT, replica=name, version=version, begun_s=at_s, happened_s=at_s, seen_s=at_s + 0.1)
        for name, version, at_s in sights
    ]
    return found + [f.Looked(probe="versions", target=FAULT, seen_s=s + 0.5) for s in range(int(until_s))]


BOTH = (("a", "v1", 15.0), ("b", "v1", 15.0), ("a", "v2", 23.0), ("b", "v2", 23.0))


def told_run(*sights: tuple[str, str, float]) -> Finding:
    run = Run(header=False, looks=False, ill=[(22.0, 33.0)], extra=told(*BOTH, *sights))
    return claim().check(run.evidence())


def test_a_worker_that_answers_nobody_is_judged_by_what_it_says_it_is() -> None:
    finding = told_run(("a", "v1", 33.0), ("b", "v1", 34.0))
    assert finding.outcome is PASSED, finding.because
    assert "version v2 left" in finding.because
    assert finding.measure is not None
    assert finding.measure.kind == "grid"


def test_a_replica_that_says_it_is_the_bad_version_after_the_command_has_ended_was_missed() -> None:
    finding = told_run(("a", "v1", 33.0), ("b", "v2", 70.0))
    assert (finding.outcome, finding.reason) == (FAILED, "said_done_but_still_serving"), finding.because
    assert "v2 was the last that was told of b (at 50.0 s)" in finding.because


def test_a_replica_of_which_nothing_was_heard_since_the_command_is_left_open() -> None:
    finding = told_run(("a", "v1", 33.0), ("b", "v2", 30.0))
    assert (finding.outcome, finding.reason) == (UNKNOWN, "too_few"), finding.because


def test_the_one_container_that_was_missed_is_told_with_the_answers_that_it_gave() -> None:
    finding = claim().check(Run(back_s=(32.0, NEVER_BACK[0])).evidence())
    assert "api-2 (api:bad) still runs the bad release" in finding.because
    assert "api-2 answered " in finding.because


def test_a_canary_that_nobody_took_back_is_not_said_to_be_taken_back_in_part() -> None:
    run = Run(back_s=(0.0, NEVER_BACK[0]), pulled_s=None, paged_s=None)
    assert claim().check(run.evidence()).reason == "never_decided"
    assert BEGAN < OUT
