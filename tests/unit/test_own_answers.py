"""An answer that names its version, where only the service does, is none that a proxy in front gave by itself."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from behind_gateway import answered, copied, during, of_inner, only, told
from test_expectation_metric_doubts import ERRORS, TIMER, TOTAL, day
from truthful_service import Traffic

from harness.expectations.metric_count_truth import MetricCountTruth
from harness.expectations.metric_error_truth import MetricErrorTruth
from harness.expectations.metric_fresh import MetricFresh
from harness.expectations.metric_latency_truth import MetricLatencyTruth
from harness.ledger import OUTCOMES, Rows
from harness.verdict import Finding

TIME = MetricLatencyTruth(metric=TIMER, request="{method} {route}")
ALONE = told("api->postgres", edges=("gateway->api", "api->postgres"))
POST, GET = 2, 1


class Naming(Traffic):
    """The service names its version in each answer, and the gateway's own 503, all before 42 s, name none."""

    stamped = False

    def rows(self) -> Rows:
        rows = super().rows()
        rows.array["version"] = (self.sent_s > 42) | self.stamped
        return dataclasses.replace(rows, versions=("", "3.1.0"))


class Stamping(Naming):
    """All that comes from the gateway bears a version."""

    stamped = True


def untimed(endpoint: int, kind: type[Traffic] = Naming) -> tuple[Traffic, Traffic]:
    """What users saw, and what was timed: of this endpoint's 503, none."""
    seen = kind(**vars(day()))
    answered(seen, np.asarray(seen.sent_s < 8), 503)
    failing = during(seen, 3) & only(seen, endpoint)
    answered(seen, failing, 503)
    counted = copied(seen)
    counted.served_s[failing] = np.inf
    return seen, counted


def judged(endpoint: int, run: Any = ALONE, kind: type[Traffic] = Naming, **stated: Any) -> Finding:
    return of_inner(TIME.model_copy(update=stated), *untimed(endpoint, kind), run)


def test_what_names_the_service_s_version_was_its_own_answer() -> None:
    finding = judged(POST)
    assert finding.reason == "undercount", finding.because
    assert "by itself" not in finding.because


@pytest.mark.parametrize(
    "why",
    [
        {"endpoint": GET},
        {"endpoint": POST, "run": told("api->postgres")},
        {"endpoint": POST, "kind": Stamping},
        {"endpoint": POST, "kind": Traffic},
    ],
    ids=["a cache may keep it", "another service may name one", "the gateway names one on all", "none is named"],
)
def test_it_is_not_known_where_another_may_have_named_it(why: dict[str, Any]) -> None:
    assert judged(**why).reason == "answered_in_front"


@pytest.mark.parametrize("status", [429, 403])
def test_what_the_gateway_writes_on_one_status_tells_nothing_of_another(status: int) -> None:
    """It writes a version on the refusals that it gives itself, and none on its 503."""
    seen, counted = untimed(POST)
    answered(seen, during(seen, 3) & only(seen, POST), status)
    assert of_inner(TIME, seen, counted, ALONE).reason == "answered_in_front"
    counts = MetricCountTruth(metric=TOTAL, request="{method} {route}")
    assert of_inner(counts, seen, counted, ALONE).reason == "answered_in_front"


def test_errors_that_no_copy_made_good_are_decided_where_each_request_was_counted_once() -> None:
    seen = day()
    wrong = copied(seen)
    wrong.counted_status[during(seen, 10)] = 503
    assert np.all(seen.outcome == OUTCOMES.index("ok"))
    claim = MetricErrorTruth(metric=TOTAL, errors=ERRORS)
    finding = of_inner(claim, seen, wrong, ALONE)
    assert finding.reason == "made_good"
    assert "[] where it answers none and keeps no copy" in finding.decide
    assert of_inner(claim.model_copy(update={"in_front": ()}), seen, wrong, ALONE).reason == "overcount"


FRESH = MetricFresh(metric=TOTAL, errors=ERRORS, request="{method} {route}", preregistered=False)


def late(endpoint: int, status: int = 503, claim: MetricFresh = FRESH, kind: type[Traffic] = Naming) -> Finding:
    """Errors that the service counted no more, while the gateway was in front."""
    seen = kind(**vars(day()))
    answered(seen, np.asarray(seen.sent_s < 8), status)
    seen.counted_status[seen.sent_s < 4] = status
    failing = during(seen, 3) & only(seen, endpoint)
    answered(seen, failing, status)
    counted = copied(seen)
    counted.served_s[failing] = np.inf
    of_metric = [lambda labels: labels["__name__"] == TOTAL]
    of_errors = [lambda labels: labels["__name__"] == TOTAL and labels["code"][0] == str(status)[0]]
    return of_inner(claim, seen, counted, ALONE, fits=of_metric + of_errors)


def test_an_error_that_names_the_service_s_version_shows_at_the_next_scrape() -> None:
    finding = late(POST)
    assert finding.reason == "error_late", finding.because
    assert "by itself" not in finding.because
    assert late(GET).reason == "answered_in_front"
    assert late(POST, kind=Stamping).reason == "answered_in_front"
    assert late(POST, kind=Traffic).reason == "answered_in_front"


def test_a_refusal_that_the_gateway_may_have_given_need_not_show_in_the_service_s_errors() -> None:
    refusals = MetricFresh(metric=TOTAL, errors='code=~"4.."', request="{method} {route}", preregistered=False)
    assert late(POST, 429, refusals, Traffic).reason == "answered_in_front"
    assert late(POST, 429, refusals.model_copy(update={"in_front": ()}), Traffic).reason == "error_late"
    assert late(POST, 422, refusals, Traffic).reason == "error_late"
