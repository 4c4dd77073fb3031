"""Does a service keep itself down? Against a simulated one, whose trouble is known."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest
from metastable import Told, simulate

from harness import facts as f
from harness.expectations.base import Evidence, Reach, Steady
from harness.expectations.not_metastable import NotMetastable
from harness.expectations.retries_bounded import RetriesBounded
from harness.faults.base import Fault, Landing
from harness.stats import Condition
from harness.testing import WrittenLogs, journal_of, rows_of, series_of
from harness.verdict import Finding, Outcome

SELECTOR = "attempts_total"
GATE_S, ON_S, OFF_S, END_S = 40.0, 45.0, 50.0, 150.0
HOLD = "90s"


class Slow(Fault):
    edge: str = "api->db"

    @property
    def target(self) -> str:
        return self.edge

    def landing(self, before: Sequence[f.Witnessed], during: Sequence[f.Witnessed]) -> Landing:
        return Landing("landed", "by looks")

    def gone(self, before: Sequence[f.Witnessed], after: Sequence[f.Witnessed]) -> Landing:
        return Landing("landed" if after else "not_measurable", "by looks")


def evidence(told: Told, *, gone: bool = True, counted: bool = True, then: bool = True) -> Evidence:
    facts: list[f.Fact] = [
        f.LoadBegan(begins_s=0.0, seen_s=0.01),
        f.GateHeld(seen_s=GATE_S),
        f.PhaseBegan(phase="slow", seen_s=ON_S),
        f.Injecting(fault="slow/x", kind="slow", target="api->db", planned_s=ON_S, seen_s=ON_S),
        f.Injected(fault="slow/x", begun_s=ON_S, seen_s=ON_S + 0.1),
        f.Mended(fault="slow/x", begun_s=OFF_S - 0.1, seen_s=OFF_S),
        f.PhaseEnded(phase="slow", seen_s=OFF_S),
        f.PhaseSettled(phase="slow", steady=True, seen_s=END_S - 5),
        f.LoadEnded(clean=True, ended_s=END_S, seen_s=END_S + 5),
        f.Closed(seen_s=END_S + 6),
        *(f.LoadSampled(cpu_ratio=0.1, late_ms=0.1, due=20, dropped=0, seen_s=s + 0.5) for s in range(int(END_S))),
        *(f.Looked(probe="series", seen_s=s + 0.6) for s in range(int(END_S) + 5)),
    ]
    if gone:
        facts.append(f.Witnessed(edge="api->db", port=1, outcome="answered", answer_ms=1.0, seen_s=OFF_S + 1))
    return Evidence(
        journal=journal_of(*facts),
        rows=rows_of(told.rows),
        logs=WrittenLogs(),
        steady=Steady(30.0, (Condition.parse("errors < 1%"),)),
        phase="slow",
        then=then,
        faults={"slow/x": Slow(id="slow/x")},
        over=True,
        timeout_s=3.0,
        series=series_of({SELECTOR: [({"__name__": SELECTOR}, told.attempts)]}) if counted else {},
    )


def run(seed: int = 1, **how: Any) -> Told:
    settings: dict[str, Any] = {"rho": 0.8, "tries": 3, "trigger": (ON_S, OFF_S), "end_s": END_S}
    return simulate(seed, **{**settings, **how})


def check(told: Told, **how: Any) -> Finding:
    return NotMetastable(for_s=HOLD, within="3s", attempts=SELECTOR).check(evidence(told, **how))


def test_a_storm_of_retries_that_outlives_its_trigger_is_metastable_in_nearly_every_run() -> None:
    """rho 0.8 with three attempts each: once all are retried the worker is offered 2.4 times what it can do.

    A trigger of 5 s leaves a backlog that is drained in half a minute without retries, and never with them.
    """
    found = Counter(check(run(seed)).reason for seed in range(12))
    assert found["metastable"] >= 11, found


@pytest.mark.parametrize(
    ("how"), [{"rho": 0.5, "tries": 1}, {"budget": 0.1}], ids=["no retries", "a budget of a tenth"]
)
def test_without_retries_or_with_a_budget_for_them_the_same_trigger_leaves_nothing_behind(how: dict[str, Any]) -> None:
    found = Counter(check(run(seed, **how)).outcome for seed in range(6))
    assert found[Outcome.PASSED] >= 6, found


def test_what_stays_broken_though_nobody_retries_is_permanent_damage() -> None:
    finding = check(run(broken_after=True, rho=0.3, tries=1))
    assert (finding.outcome, finding.reason) == (Outcome.FAILED, "permanent_damage")


def test_what_is_on_its_way_back_is_a_slow_recovery() -> None:
    finding = check(run(heals_over_s=200.0, rho=0.5, tries=1))
    assert (finding.outcome, finding.reason) == (Outcome.FAILED, "slow_recovery")


def test_without_a_count_of_attempts_a_low_goodput_is_not_told_apart() -> None:
    told = run()
    uncounted = NotMetastable(for_s=HOLD, within="3s").check(evidence(told, counted=False))
    assert (uncounted.outcome, uncounted.reason) == (Outcome.FAILED, "not_back")
    well = check(run(rho=0.4, tries=1), counted=False)
    assert (well.outcome, well.reason) == (Outcome.INCONCLUSIVE, "not_counted")


def test_attempts_that_were_counted_in_a_part_of_the_time_alone_pass_nothing() -> None:
    told = run(rho=0.4, tries=1)
    assert check(told).outcome is Outcome.PASSED
    told.attempts = [(at_s, count) for at_s, count in told.attempts if not 115 < at_s < 135]
    finding = check(told)
    assert (finding.outcome, finding.reason) == (Outcome.INCONCLUSIVE, "not_counted")


def test_a_fault_that_nobody_saw_gone_decides_nothing() -> None:
    finding = check(run(), gone=False)
    assert (finding.outcome, finding.reason) == (Outcome.INCONCLUSIVE, "trigger_on")


def test_a_load_that_changed_decides_nothing() -> None:
    told = run(rho=0.4, tries=1)
    told.rows = [row for i, row in enumerate(told.rows) if row["at_s"] < OFF_S or i % 2]
    assert check(told).reason == "load_changed"


def test_a_finding_names_its_numbers_and_rows() -> None:
    finding = check(run())
    assert "times the usual attempts for each operation" in finding.because
    assert finding.measure is not None
    assert finding.measure.kind == "sampling"
    assert sum(cite.startswith("row ") for cite in finding.cites) == 3
    assert dict(finding.details)["requests per batch"]


def test_retries_under_a_fault_are_held_to_their_budget() -> None:
    within, beyond = (
        RetriesBounded(attempts=SELECTOR, at_most=1.3).check(evidence(told, then=False))
        for told in (run(budget=0.1), run())
    )
    assert within.outcome is Outcome.PASSED, within.because
    assert (beyond.outcome, beyond.reason) == (Outcome.FAILED, "amplified")
    uncounted = RetriesBounded(attempts=SELECTOR, at_most=1.3).check(evidence(run(), counted=False, then=False))
    assert (uncounted.outcome, uncounted.reason) == (Outcome.INCONCLUSIVE, "not_recorded")


@pytest.mark.parametrize(
    ("reach", "says"),
    [
        (Reach(120, 1000, 10, then=False), "under `then`"),
        (Reach(120, 1000, 10, then=True, faulted=False), "no fault"),
        (Reach(120, 1000, 10, then=True, closed=True), "arrivals"),
        (Reach(120, 1000, 10, then=True), ""),
    ],
)
def test_where_it_could_never_be_decided_is_said_before_a_run(reach: Reach, says: str) -> None:
    said = NotMetastable().undecidable(reach)
    assert says in said
    assert bool(says) == bool(said)


def test_a_watch_shorter_than_five_times_the_fault_is_said() -> None:
    assert "2m30s would tell" in NotMetastable(for_s="120s").doubtful(Reach(120, 1000, 10, then=True, hurt_s=30.0))
    assert NotMetastable(for_s="120s").doubtful(Reach(120, 1000, 10, then=True, hurt_s=20.0)) == ""


def test_where_nothing_was_well_before_nothing_can_be_lost() -> None:
    told = run(1)
    assert check(told).outcome is Outcome.FAILED
    wrong_unit = NotMetastable(for_s=HOLD, within="0.1ms").check(evidence(told))
    assert (wrong_unit.outcome, wrong_unit.reason) == (Outcome.INCONCLUSIVE, "no_evidence")
    assert "no goodput to lose" in wrong_unit.because
