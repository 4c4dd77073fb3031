"""Requests that may not come to the service that counts: open where the load goes through another, and left out by `only`."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
from test_expectation_metric_doubts import BY_ROUTE, TIMER, TOTAL, Labels, book, day, judged

from harness.expectations.metric_count_truth import MetricCountTruth
from harness.expectations.metric_latency_truth import MetricLatencyTruth
from harness.expectations.metric_names import grouped, matchers, parsed
from harness.series import Book, RawSeries
from harness.verdict import Finding, Outcome

SEEN = day(errors=0.05)
NAMES = ("", "GET /catalog", "POST /checkout", "GET /orders/[id]")


def without(series: Book, route: str, from_s: float = -math.inf) -> Book:
    """Its series are not there from then on."""

    def cut(one: RawSeries) -> RawSeries:
        kept = one.t_s < from_s if one.labels.get("route") == route else one.t_s < 1e9
        return RawSeries(one.labels, one.t_s[kept], one.value[kept])

    return {name: tuple(c for one in every if len((c := cut(one)).t_s)) for name, every in series.items()}


def count_of(series: Book, claim: Any = BY_ROUTE, against: str = "gateway") -> Finding:
    return judged(claim, SEEN, series, against=against)


def test_requests_that_an_inner_service_never_counted_may_not_be_its_own() -> None:
    for claim in (BY_ROUTE, MetricLatencyTruth(metric=TIMER, request="{method} {route}")):
        finding = count_of(without(book(SEEN, claim), "/checkout"), claim)
        assert (finding.outcome, finding.reason) == (Outcome.INCONCLUSIVE, "not_its_requests"), finding.because
        assert "was spelt 'POST /checkout' all run long" in finding.because
        assert "the load goes to gateway" in finding.because
        assert "only: 'route!~\"/checkout\"'" in finding.decide


def test_the_service_that_the_load_goes_to_must_count_them() -> None:
    assert count_of(without(book(SEEN, BY_ROUTE), "/checkout"), against="api").reason == "undercount"


def test_counts_of_a_route_that_were_there_before_are_lost() -> None:
    finding = count_of(without(book(SEEN, BY_ROUTE), "/checkout", 45.0))
    assert (finding.outcome, finding.reason) == (Outcome.FAILED, "vanished"), finding.because


def test_a_service_that_counts_none_of_them_is_no_other_service() -> None:
    series = book(SEEN, BY_ROUTE)
    for route in ("/checkout", "/catalog", "/orders/{id}"):
        series = without(series, route)
    assert count_of(series).reason == "no_series"


def chosen(claim: MetricCountTruth, fits: Callable[[Labels], bool]) -> Book:
    return book(SEEN, claim, [lambda labels: labels["__name__"] == TOTAL and fits(labels)])


@pytest.mark.parametrize("only", ['route!="/checkout"', 'route=~"/catalog|/orders/{id}"', 'method="GET"'])
def test_what_only_refuses_is_left_out_of_the_load_s_requests(only: str) -> None:
    claim = MetricCountTruth(metric=TOTAL, only=only, request="{method} {route}")
    series = chosen(claim, lambda labels: all(one.takes(labels[one.label]) for one in parsed(only)))
    finding = count_of(series, claim, against="api")
    assert finding.outcome is Outcome.PASSED, finding.because
    assert ("left out by `only`", "POST /checkout") in finding.details
    short = count_of(without(series, "/catalog"), claim, against="api")
    assert short.reason == "undercount", "that is none of what was left out"


@pytest.mark.parametrize(
    ("only", "left_out"),
    [
        ('route!~"/checkout|/orders/\\\\{id\\\\}"', ("POST /checkout", "GET /orders/[id]")),
        ('route="/orders/:id"', ("GET /catalog", "POST /checkout")),
        ('route=~"/orders/.*"', ("GET /catalog", "POST /checkout")),
        ('route=~"catalog/?"', ("POST /checkout",)),
        ('route=~"/(catalog|checkout)"', ()),
        ('method="get"', ("POST /checkout",)),
        ('code!~"3..",job="api"', ()),
    ],
)
def test_only_what_no_spelling_of_it_could_be_taken_as_is_left_out(only: str, left_out: tuple[str, ...]) -> None:
    found = grouped("{method} {route}", NAMES, [], matchers(only))
    assert found.left_out == left_out
    assert set(found.endpoints) == set(NAMES) - {"", *left_out}
