"""The same property as test_prefix_property, for the claims about what a stack tells of itself, on longer runs; and that no claim is
left out of both.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import pytest
import test_expectation_canary_judged
import test_expectation_healed
import test_expectation_on_call
import test_expectation_rolled_back
import test_expectation_state_restored
import test_prefix_property
from hypothesis import HealthCheck, given, settings
from hypothesis import Phase as Stage
from hypothesis import strategies as st
from small_drill import Load, Phase
from told_story import ATTEMPTS, BUCKETS, ERRORS, FAULT, MEMORY, METRIC, STEADY_S, Felt, Told, told

from harness import facts as f
from harness.expectations import EXPECTATIONS
from harness.expectations.answers_as_usual import AnswersAsUsual
from harness.expectations.base import Expectation
from harness.expectations.blame import Blame
from harness.expectations.impact import Impact
from harness.expectations.leak import Leak
from harness.expectations.log_coverage import LogCoverage
from harness.expectations.metric_count_truth import MetricCountTruth
from harness.expectations.metric_error_truth import MetricErrorTruth
from harness.expectations.metric_fresh import MetricFresh
from harness.expectations.metric_latency_truth import MetricLatencyTruth
from harness.expectations.no_regression import NoRegression
from harness.expectations.not_metastable import NotMetastable
from harness.expectations.orders_kept import OrdersKept
from harness.expectations.page_quality import PageQuality
from harness.expectations.retries_bounded import RetriesBounded
from harness.expectations.traces import Traces
from harness.journal import Journal
from harness.judge_claim import judge_claim
from harness.ledger import rows_of
from harness.spans import NO_SPANS
from harness.stats import Condition
from harness.testing import WrittenLogs
from harness.verdict import Finding, Outcome


@dataclass(frozen=True)
class SteadyState:
    for_s: float = STEADY_S
    all: tuple[Condition, ...] = (Condition.parse("errors < 5%"),)


@dataclass(frozen=True)
class Drill:
    name: str = "told"
    phases: tuple[Phase, ...] = (Phase("hurt", (Felt(id=FAULT),)), Phase("calm"))
    steady: SteadyState = field(default_factory=SteadyState)
    load: Load = field(default_factory=Load)


@dataclass(frozen=True)
class Claim:
    expectation: Any
    phase: str
    then: bool = False
    where: str = ""
    text: str = ""

    @property
    def id(self) -> str:
        return f"{self.expectation.word} {self.phase or 'run'}{' then' if self.then else ''} {self.expectation!r}"


SEEDS = 12
CHECKOUT = "POST /checkout"
EASY: dict[str, Any] = {"found": "50%", "cause": "50%", "dependency": "50%", "false_blame": "50%"}
ANYWHERE: tuple[Expectation, ...] = (
    LogCoverage(),
    LogCoverage(request=CHECKOUT, services=("api",), **EASY),
    LogCoverage(services=("api", "db"), quiet_success=True, recovery_line=True, **EASY),
    Blame(),
    Blame(by=("pages",), at=3),
    Blame(by=("logs",)),
    AnswersAsUsual(),
    AnswersAsUsual(request=CHECKOUT, ratio="10%", allow=("5xx",)),
    RetriesBounded(attempts=ATTEMPTS, at_most=1.5),
    PageQuality(alert="*", runbooks="books"),
    PageQuality(alert="Slow", receiver="oncall", require=("summary", "dependency", "receiver")),
    MetricCountTruth(metric=METRIC),
    MetricCountTruth(metric=METRIC, request="{method} {route}", status="code"),
    MetricErrorTruth(metric=METRIC, errors=ERRORS, blind="50%"),
    MetricErrorTruth(metric=METRIC, errors=ERRORS, blind="5%", seen_by="Unreach*"),
    MetricLatencyTruth(metric=BUCKETS, request="{method} {route}"),
    MetricFresh(metric=METRIC),
    MetricFresh(metric=METRIC, errors=ERRORS, preregistered=False, max_age="4s"),
    Impact(errors="5%", p95="400ms"),
    Impact(request=CHECKOUT, budget="1%", slo="99%"),
    Leak(service="api", horizon="1h"),
    Leak(metric=MEMORY, limit="512MiB", horizon="10m"),
)
LENIENT: dict[str, Any] = {"delivery": "at_least_once", "dead": 3, "stuck": 1}
OF_A_PHASE: tuple[Expectation, ...] = (
    Traces(),
    Traces(request=CHECKOUT, attributed="0%", queue_within="2s"),
    NoRegression(errors="+5pp"),
)
AFTER: tuple[Expectation, ...] = (
    NotMetastable(**{"for": "90s", "within": "1s"}),
    NotMetastable(**{"for": "90s", "attempts": ATTEMPTS, "amplification": 2.0}),
)


def claims() -> list[Claim]:
    found = [Claim(one, phase) for phase in ("hurt", "calm", "") for one in (*ANYWHERE, *OF_A_PHASE)]
    found += [Claim(one, "hurt", then=True) for one in (*ANYWHERE, *AFTER)]
    found.append(Claim(NoRegression(errors="+5pp", against="calm"), "hurt"))
    found += [Claim(OrdersKept(orders="checkout"), ""), Claim(OrdersKept(orders="checkout", **LENIENT), "")]
    return [*found, Claim(NoRegression(p95="+60%"), "calm")]


CLAIMS = claims()


@cache
def run(seed: int) -> Told:
    return told(seed, [claim.expectation for claim in CLAIMS])


def check(line: Told, cut_s: float, asked: Sequence[Claim] = CLAIMS) -> dict[str, Finding]:
    journal, rows, logs, series, spans = line.at(cut_s)
    over = cut_s >= line.journal.end_s
    orders = line.reviews(journal, rows, over=over)
    return {
        one.id: judge_claim(
            Drill(), one, journal, rows, logs, over=over, series=series, spans=spans, orders=orders
        ).finding
        for one in asked
    }


@cache
def whole(seed: int) -> dict[str, Finding]:
    return check(run(seed), run(seed).journal.end_s)


def closed(line: Told) -> list[tuple[float, list[Claim]]]:
    """When each window closed, and the claims about it."""
    journal = line.journal
    settled, ended = journal.first(f.PhaseSettled, phase="hurt"), journal.last(f.LoadEnded)
    out, calm = journal.phase_ended("hurt"), journal.phase_ended("calm")
    assert settled is not None
    assert ended is not None
    assert out is not None
    assert calm is not None
    windows = ((out, "hurt", False), (settled, "hurt", True), (calm, "calm", False), (ended, "", False))
    found = [
        (end.seen_s, [one for one in CLAIMS if (one.phase, one.then) == (phase, then)]) for end, phase, then in windows
    ]
    return [*found, (out.seen_s + 90, [one for one in CLAIMS if one.expectation.word == "not_metastable"])]


def test_every_claim_is_cut_somewhere() -> None:
    """A new claim joins one of the lists of random runs, or has such a test of its own."""
    mine = {claim.expectation.word for claim in (*CLAIMS, *test_prefix_property.claims())}
    claims = (
        *test_expectation_rolled_back.CLAIMS,
        *test_expectation_canary_judged.CLAIMS,
        *test_expectation_on_call.CLAIMS,
        *test_expectation_state_restored.CLAIMS,
        test_expectation_healed.claim(),
    )
    own = {claim.word for claim in claims}
    assert mine | own == {word.word for word in EXPECTATIONS}


@settings(
    max_examples=12, deadline=None, derandomize=True, phases=(Stage.generate,), suppress_health_check=list(HealthCheck)
)
@given(
    seed=st.integers(0, SEEDS - 1),
    part=st.floats(0, 1),
    window=st.integers(0, 4),
    late_s=st.lists(
        st.sampled_from((0.05, 0.6, 1.2, 2.0, 3.5, 6.2, 9.0, 20.0, 32.0)), min_size=3, max_size=3, unique=True
    ),
)
def test_a_tape_cut_anywhere_never_says_the_opposite_of_the_whole(
    seed: int, part: float, window: int, late_s: list[float]
) -> None:
    line = run(seed)
    closed_s, asked = closed(line)[window]
    cuts = [(part * line.journal.end_s, CLAIMS), *((closed_s + one_s, asked) for one_s in late_s)]
    for cut_s, some in cuts:
        for id_, finding in check(line, cut_s, some).items():
            final = whole(seed)[id_]
            assert {finding.outcome, final.outcome} != {Outcome.PASSED, Outcome.FAILED}, (
                f"seed {seed}: {id_}\n at {cut_s:.2f} s: {finding.outcome.value}: {finding.because}\n"
                f" whole: {final.outcome.value}: {final.because}"
            )


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.id)
def test_without_any_evidence_nothing_passes_and_nothing_fails(claim: Claim) -> None:
    found = judge_claim(
        Drill(), claim, Journal(), rows_of([]), WrittenLogs(), over=True, series={}, spans=NO_SPANS
    ).finding
    assert found.outcome is Outcome.INCONCLUSIVE
    assert found.reason != "check_broke", found.because
    assert found.decide


def test_the_random_runs_reach_every_outcome_of_every_claim_and_no_check_breaks() -> None:
    """Otherwise the property above would hold of nothing."""
    words: dict[str, Counter[Outcome]] = {}
    for seed in range(SEEDS):
        for id_, finding in whole(seed).items():
            assert finding.reason != "check_broke", f"seed {seed}: {id_}: {finding.because}"
            words.setdefault(id_.split()[0], Counter())[finding.outcome] += 1
    for word, counter in words.items():
        assert counter[Outcome.PASSED], (word, counter)
        assert counter[Outcome.FAILED], (word, counter)
