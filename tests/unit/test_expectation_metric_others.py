"""Health checks, scrapes and other callers in an honest counter accuse nobody; what counts the load's own requests twice still fails."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from test_expectation_metric_truth import BUCKETS, COUNT, ERROR, LATENCY, TOTAL, book, day, judged

from harness.expectations.metric_count_truth import MetricCountTruth
from harness.series import Book, RawSeries
from harness.verdict import Outcome

SEEN = day(1, errors=0.05)
HONEST = book(1, SEEN)


def plus(route: str, every_s: float, code: str = "200", told: Book = HONEST) -> Book:
    """The same counter, with a caller of its own who asks each so many seconds."""
    up = told["up"][0]
    asked = np.floor((up.t_s - up.t_s[0]) / every_s)
    labels = {"job": "api", "instance": up.labels["instance"], "method": "GET", "route": route, "code": code}
    found: dict[str, Any] = dict(told)
    for selector, name in ((TOTAL, TOTAL), (ERROR.selectors()[1], TOTAL)):
        if selector == TOTAL or code >= "500":
            found[selector] = (*told[selector], RawSeries({"__name__": name, **labels}, up.t_s, asked))
    bounds = {one.labels["le"] for one in told[BUCKETS]}
    more = [RawSeries({"__name__": BUCKETS, **labels, "le": bound}, up.t_s, asked) for bound in sorted(bounds)]
    return {**found, BUCKETS: (*told[BUCKETS], *more)}


def renamed(change: Any) -> Book:
    """The honest counter with other routes."""
    return {
        name: tuple(
            RawSeries({**one.labels, "route": change(one.labels["route"])}, one.t_s, one.value)
            if "route" in one.labels
            else one
            for one in found
        )
        for name, found in HONEST.items()
    }


@pytest.mark.parametrize("route", ["/healthz", "/actuator/prometheus", "/internal/sync", "metrics"])
def test_a_route_that_the_load_does_not_ask_for_is_named_with_its_cure(route: str) -> None:
    series = plus(route, 5)
    finding = judged(COUNT, SEEN, series)
    assert (finding.outcome, finding.reason) == (Outcome.INCONCLUSIVE, "others_too"), finding.because
    assert f"22 are of {route}, for which the load does not ask, and without them it is right" in finding.because
    assert f"only: 'route!~\"{route}\"'" in finding.decide
    by_status = judged(MetricCountTruth(metric=TOTAL, status="code"), SEEN, series)
    assert (by_status.outcome, by_status.reason) == (Outcome.INCONCLUSIVE, "others_too"), by_status.because


def test_the_cure_is_one_that_can_be_written_and_cures() -> None:
    series = plus("/internal/{id}/sync", 5)
    finding = judged(MetricCountTruth(metric=TOTAL, only='job="api"'), SEEN, {'http_requests_total{job="api"}': series[TOTAL], **series})  # fmt: skip
    only = finding.decide.split("only: '")[1].removesuffix("'")
    assert only == 'job="api",route!~"/internal/\\\\{id\\\\}/sync"'
    cured = MetricCountTruth(metric=TOTAL, only=only)
    left = tuple(one for one in series[TOTAL] if "internal" not in one.labels["route"])
    assert judged(cured, SEEN, {**series, cured.selector(): left}).outcome is Outcome.PASSED


def test_the_ids_in_its_paths_may_be_written_out_and_the_load_may_name_no_paths() -> None:
    written_out = plus("/healthz", 5, told=renamed(lambda route: route.replace("{id}", "17")))
    assert judged(COUNT, SEEN, written_out).reason == "others_too"
    elsewhere = plus("/healthz", 5, told=renamed(lambda route: f"/v2{route}"))  # as no request's name has it
    assert judged(COUNT, SEEN, elsewhere).reason == "others_too"
    unlike = plus("/internal/sync", 5, told=renamed(lambda route: f"/v2{route}"))
    assert judged(COUNT, SEEN, unlike).reason == "overcount", "nothing tells it from the load's own"


def test_a_health_page_that_fails_and_is_timed_accuses_nobody_either() -> None:
    series = plus("/readyz", 1, code="503")
    for claim in (ERROR, LATENCY):
        finding = judged(claim, SEEN, series)
        assert (finding.outcome, finding.reason) == (Outcome.INCONCLUSIVE, "others_too"), finding.because


def doubled(route: str, under: str) -> Book:
    """What one route counts is counted a second time, under that name."""
    more = tuple(
        RawSeries({**one.labels, "route": under}, one.t_s, one.value)
        for one in HONEST[TOTAL]
        if route in ("*", one.labels["route"])
    )
    return {**HONEST, TOTAL: (*HONEST[TOTAL], *more)}


@pytest.mark.parametrize(
    ("route", "under"),
    [("*", ""), ("*", "/"), ("*", "/api/*"), ("/checkout", "/pay"), ("/catalog", "/catalog"), ("*", "*")],
)
def test_what_counts_the_loads_own_requests_twice_fails_under_whatever_name(route: str, under: str) -> None:
    finding = judged(COUNT, SEEN, doubled(route, under))
    assert (finding.outcome, finding.reason) == (Outcome.FAILED, "overcount"), finding.because


def test_a_health_check_does_not_hide_that_requests_are_counted_twice() -> None:
    assert judged(COUNT, SEEN, plus("/healthz", 5, told=doubled("/checkout", "/checkout"))).reason == "overcount"
