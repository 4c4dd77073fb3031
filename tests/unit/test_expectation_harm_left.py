"""rolled_back: the harm that it names is told where it outlasts the release, and left open where nobody claims that it is undone."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from test_expectation_rolled_back import CLOSED, HARM, PASSED, SETTLED, UNKNOWN, Run, claim, parked

from harness import facts as f
from harness.expectations.healed import Healed
from harness.verdict import Finding

HEALED = Healed.model_validate({"by": "system", "harm": HARM, "within": "40s"})

OTHER = Healed.model_validate({"by": "system", "harm": {"query": "max(disk_full)", "below": 1}, "within": "40s"})


def recorded(name: str, expr: str, interval_s: float = 5.0) -> f.Fact:
    return f.RuleSeen(rule=name, kind="recording", group=name, expr=expr, interval_s=interval_s, seen_s=2.0)


RULE = recorded("job:parked:rate2m", "sum(rate(parked[2m]))")
FRESH = recorded("job:parked:rate10s", "sum(rate(parked_total[10s]))")
SHORT = recorded("job:parked:rate30s", "sum(rate(parked_total[30s]))", 15.0)


def judged(told: list[f.Fact], query: str = "parked", cut_s: float = CLOSED, **more: Any) -> Finding:
    """The release leaves at 33 s; its window ends at 75 s."""
    extra = [_of(fact, query) for fact in told]
    evidence = dataclasses.replace(Run(ill=[], extra=extra).evidence(cut_s), **more)
    return claim(harm={**HARM, "query": query}).check(evidence)


def _of(fact: f.Fact, query: str) -> f.Fact:
    if isinstance(fact, f.Sampled):
        return dataclasses.replace(fact, query=query)
    return dataclasses.replace(fact, target=query) if isinstance(fact, f.Looked) else fact


def test_harm_that_is_still_there_and_that_nobody_claims_to_be_healed_leaves_it_open() -> None:
    finding = judged(parked(25, CLOSED))
    assert (finding.outcome, finding.reason) == (UNKNOWN, "harm_left"), finding.because
    assert "parked was still 3 at 54.5 s (limit below 1)" in finding.because
    assert "`healed`" in finding.decide


def test_harm_that_is_over_when_the_release_has_left_passes_and_is_not_told() -> None:
    finding = judged(parked(25, 50))
    assert finding.outcome is PASSED, finding.because
    assert "was still" not in finding.because


@pytest.mark.parametrize(
    ("told", "query", "more"),
    [
        (parked(25, CLOSED), "parked", {"claims": (HEALED,)}),
        (parked(0, CLOSED), "parked", {}),
        (parked(25, CLOSED), "sum(parked_total)", {}),
        (parked(25, CLOSED), "max_over_time(parked[2m])", {}),
        (parked(25, CLOSED), "sum(rate(parked_total[2m]))", {}),
        ([RULE, *parked(25, CLOSED)], "job:parked:rate2m", {}),
        ([SHORT, *parked(25, CLOSED)], "job:parked:rate30s", {}),
        ([RULE, *parked(25, CLOSED)], "job:parked:rate2m", {"claims": (HEALED,)}),
        (parked(25, CLOSED), "job:parked:unknown", {}),
    ],
    ids=[
        "healed takes it over",
        "there before the release",
        "a total",
        "a window that remembers",
        "a rate that remembers",
        "a recording rule that remembers",
        "one that is evaluated seldom",
        "healed takes a recording rule over",
        "a recording rule that nobody has seen",
    ],
)
def test_harm_that_is_not_the_rollbacks_to_undo_is_told_and_passes(
    told: list[f.Fact], query: str, more: dict[str, Any]
) -> None:
    finding = judged(told, query, **more)
    assert finding.outcome is PASSED, finding.because
    assert f"{query} was still 3 at 54.5 s" in finding.because


@pytest.mark.parametrize(
    ("told", "query", "more"),
    [
        (parked(25, CLOSED), "parked", {"claims": (OTHER,)}),
        (parked(25, CLOSED), '{instance="api:9090"}', {}),
        (parked(25, CLOSED), "max(increase(parked_total[10s]))", {}),
        ([FRESH, *parked(25, CLOSED)], "job:parked:rate10s", {}),
        ([RULE, FRESH, *parked(25, CLOSED)], "job:parked:rate10s", {}),
    ],
    ids=[
        "healed of another number",
        "no metric named",
        "a rate falls",
        "a recording rule",
        "beside one that remembers",
    ],
)
def test_harm_that_could_have_come_back_is_open(told: list[f.Fact], query: str, more: dict[str, Any]) -> None:
    finding = judged(told, query, **more)
    assert (finding.outcome, finding.reason) == (UNKNOWN, "harm_left"), finding.because


@pytest.mark.parametrize("told", [parked(25, CLOSED), parked(25, 50), parked(72, CLOSED)])
def test_a_tape_cut_anywhere_after_its_window_is_open_or_says_the_same(told: list[f.Fact]) -> None:
    whole = judged(told)
    for cut_s in (SETTLED + 0.1, SETTLED + 0.6, SETTLED + 1.9, SETTLED + 2.1, SETTLED + 5.0):
        assert judged(told, cut_s=cut_s).outcome in (UNKNOWN, whole.outcome)
