"""Counters that are pushed show late what was answered: whatever the intervals, that is no lie, and it hides none."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from truthful_service import Replica, Scraped, Traffic, evidence, journal, traffic

from harness import facts as f
from harness.expectations.metric_count_truth import MetricCountTruth
from harness.expectations.metric_error_truth import MetricErrorTruth
from harness.expectations.metric_fresh import MetricFresh
from harness.expectations.metric_latency_truth import MetricLatencyTruth
from harness.journal import Journal
from harness.ledger import OUTCOMES
from harness.series import Book
from harness.verdict import Finding, Outcome

TOTAL = "http_requests_total"
COUNT = MetricCountTruth(metric=TOTAL)
BY_STATUS = MetricCountTruth(metric=TOTAL, request="{method} {route}", status="code")
ERROR = MetricErrorTruth(metric=TOTAL, errors='code=~"5.."')
LATENCY = MetricLatencyTruth(metric="http_request_duration_seconds", hidden_ms="50ms")
FRESH = MetricFresh(metric=TOTAL, errors='code=~"5.."')
CLAIMS = (COUNT, BY_STATUS, ERROR, LATENCY, FRESH)
INTERVALS = ((10, 15), (5, 15), (5, 5), (15, 15), (30, 30), (1, 2), (1, 5), (10, 5))


def day(seed: int, **how: Any) -> Traffic:
    return traffic(np.random.default_rng([9, seed]), errors=0.05, **how)


def pushed(seen: Traffic, every_s: float, at_s: float = 0.37) -> Traffic:
    """The service sends what it has counted to a collector, on an interval of its own."""
    return dataclasses.replace(seen, served_s=np.ceil((seen.served_s - at_s) / every_s) * every_s + at_s)


def judged(
    claim: Any, seen: Traffic, counted: Traffic, every_s: float, told: Journal | None = None, **how: Any
) -> Finding:
    name = claim.selectors()[0].partition("{")[0]
    fits = (lambda one: one["__name__"] == name, lambda one: one["__name__"] == name and one["code"] >= "5")
    series: Book = Scraped(np.random.default_rng(4), every_s=every_s, tells_start=False, **how).book(
        counted, selectors=dict(zip(claim.selectors(), fits, strict=False))
    )
    finding = claim.check(evidence(seen.rows(), series, told, phase="slow"))
    assert isinstance(finding, Finding)
    return finding


# --- late, and no more ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("push_s", "every_s"), INTERVALS)
def test_a_service_that_pushes_is_never_accused(push_s: float, every_s: float, seed: int) -> None:
    unanswered = seed % 2 and push_s > 1  # what was not answered is missing as well as what comes a second late
    seen = day(seed, timeouts=0.01 if unanswered else 0.0)
    if unanswered:
        seen.served_s[seen.status == 0] = np.inf
    counted = pushed(seen, push_s, at_s=0.37 + seed * push_s / 4)
    for claim in CLAIMS:
        finding = judged(claim, seen, counted, every_s)
        assert finding.outcome is not Outcome.FAILED, f"{claim.word}: {finding.because}"


@pytest.mark.parametrize(("push_s", "every_s"), [(10, 15), (5, 15), (30, 30)])
def test_it_is_said_how_late_it_is(push_s: float, every_s: float) -> None:
    seen = day(1)
    counted = dataclasses.replace(seen, served_s=seen.served_s + np.where(seen.served_s > 60, push_s, 0.0))
    finding = judged(COUNT, seen, counted, every_s)
    assert finding.reason == "counted_late", finding.because
    behind_s = float(dict(finding.details)["behind by up to"].removesuffix(" s"))
    assert push_s <= behind_s < push_s + 1


def test_a_service_that_pushes_and_is_killed_loses_what_it_had_not_sent() -> None:
    """Killed 8 s after its last push: nobody ever sees those."""
    seen = day(2)
    down = (seen.served_s >= 60) & (seen.served_s < 62)
    seen.served_s[down], seen.status[down], seen.outcome[down] = np.inf, 0, OUTCOMES.index("conn")
    counted = pushed(seen, 10.0, at_s=2.0)
    counted.served_s[(seen.served_s > 52) & (seen.served_s < 60)] = np.inf
    killed = f.ContainerChanged(container="api-1", service="api", event="die", exit_code=137, seen_s=60.0)
    lives = ((-60.0, 60.0), (61.9, np.inf))
    for every_s in (5.0, 15.0):
        finding = judged(COUNT, seen, counted, every_s, journal(more=[killed]), replicas=(Replica("api-1:80", lives),))
        assert finding.outcome is not Outcome.FAILED, finding.because


# --- late, and a liar -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("push_s", "every_s"), INTERVALS)
def test_one_that_pushes_and_loses_some_is_found(push_s: float, every_s: float) -> None:
    seen = day(3)
    counted = pushed(seen, push_s)
    counted.served_s[::8] = np.inf
    finding = judged(COUNT, seen, counted, every_s)
    within = (push_s, every_s) in ((30, 30), (10, 5))  # what is lost may still come
    expected = ("counted_late",) if within else ("undercount",)
    assert finding.reason in expected, finding.because


@pytest.mark.parametrize(("push_s", "every_s"), [(10, 15), (5, 5), (1, 2)])
def test_one_that_pushes_and_counts_its_errors_as_well_is_found(push_s: float, every_s: float) -> None:
    seen = day(4)
    seen.counted_status[:] = 200
    counted = pushed(seen, push_s)
    assert judged(ERROR, seen, counted, every_s).reason in ("lying", "undercount")
    assert judged(MetricCountTruth(metric=TOTAL, status="code"), seen, counted, every_s).reason == "wrong_status"


# --- not late at all --------------------------------------------------------------------------------------------------


def others(seen: Traffic, each_s: float) -> Traffic:
    """Health checks, too."""
    at_s = np.arange(-50.0, 160.0, each_s)
    fill = (0, 0, 1, 200, 1, 0, 0.01, 200)
    more = Traffic(
        *(
            np.concatenate([column, np.full(len(at_s), one)])
            for column, one in zip(vars(seen).values(), fill, strict=True)
        )
    )
    more.served_s[len(seen) :] = at_s
    return more


@pytest.mark.parametrize("every_s", [2.0, 15.0])
def test_who_loses_some_and_counts_others_is_not_taken_for_late(every_s: float) -> None:
    """It lacks some at one scrape and has more than was asked since by another, as one that is late does."""
    seen = day(5)
    lossy = dataclasses.replace(
        seen, served_s=np.where((seen.served_s > 50) & (seen.served_s < 60), np.inf, seen.served_s)
    )
    for each_s in (0.5, 3.0):
        finding = judged(COUNT, seen, others(lossy, each_s), every_s)
        assert finding.reason == "undercount", finding.because


def test_what_others_left_unanswered_makes_up_for_no_loss() -> None:
    """Later time-outs, which may all have been counted, are as many as were lost before."""
    seen = day(6)
    lost = np.flatnonzero((seen.served_s > 50) & (seen.served_s < 60) & (seen.status == 200))[::3]
    gave_up = np.flatnonzero((seen.sent_s > 105) & (seen.sent_s < 112))[: len(lost)]
    seen.status[gave_up], seen.outcome[gave_up] = 0, OUTCOMES.index("timeout")
    counted = dataclasses.replace(seen, served_s=seen.served_s.copy())
    counted.served_s[lost] = np.inf
    for every_s in (2.0, 10.0):
        assert judged(COUNT, seen, counted, every_s).reason == "undercount"


def test_a_service_that_drops_what_it_counts_under_pressure_is_not_taken_for_late() -> None:
    seen = day(7)
    counted = dataclasses.replace(
        seen,
        served_s=np.where(
            (seen.served_s > 45) & (seen.served_s < 85) & (np.arange(len(seen)) % 20 == 0), np.inf, seen.served_s
        ),
    )
    for claim in (COUNT, BY_STATUS, LATENCY):
        for every_s in (1.0, 5.0, 15.0):
            assert judged(claim, seen, counted, every_s).reason == "undercount"
