"""A narrower selector than the one that was kept is read from its series; one that may be wider, or read otherwise, is not."""

from __future__ import annotations

import numpy as np
import pytest
from test_expectation_metric_doubts import TOTAL, day
from test_expectation_metric_doubts import book as counted
from truthful_service import evidence

from harness.expectations.metric_count_truth import MetricCountTruth
from harness.expectations.narrowed import Narrowed
from harness.series import Book, RawSeries
from harness.verdict import Outcome

LABELS = [
    {"__name__": "requests", "job": "catalog", "uri": "/orders", "code": "200"},
    {"__name__": "requests", "job": "catalog", "uri": "/orders", "code": "503"},
    {"__name__": "requests", "job": "catalog", "uri": "/products/{id}", "code": "200"},
    {"__name__": "requests", "job": "catalog"},
]
KEPT = 'requests{job="catalog"}'


def book() -> Book:
    return {KEPT: tuple(RawSeries(labels, np.zeros(1), np.zeros(1)) for labels in LABELS), "up": ()}


@pytest.mark.parametrize(
    ("selector", "places"),
    [
        ('requests{job="catalog",uri="/orders"}', [0, 1]),
        ('requests{uri="/orders", job="catalog", code=~"5.."}', [1]),
        ('requests{job="catalog",uri!=""}', [0, 1, 2]),
        ('requests{job="catalog",uri!~"/orders|/me"}', [2, 3]),
        (r'requests{job="catalog",uri=~"/products/\\{id\\}"}', [2]),
        ('requests{job="catalog",uri="/me"}', []),
    ],
)
def test_a_narrower_selector_is_read_from_what_was_kept(selector: str, places: list[int]) -> None:
    found = Narrowed(book())
    assert [one.labels for one in found[selector]] == [LABELS[place] for place in places]
    assert found.keys() == {KEPT, "up"}
    assert selector in found


@pytest.mark.parametrize(
    "selector",
    [
        "requests",
        'requests{uri="/orders"}',
        'requests{job=~"catalog",uri="/orders"}',
        'requests_total{job="catalog",uri="/orders"}',
        r'requests{job="catalog",code=~"\\d+"}',
        'requests{job="catalog",code=~"(?i)a"}',
        'requests{job="catalog",code=~"["}',
        r'requests{job="catalog",uri="\x2forders"}',
        "requests{job='catalog',uri='/orders'}",
        'sum(requests{job="catalog",uri="/orders"})',
        'requests{job="catalog",uri="/orders"}[1m]',
    ],
)
def test_what_may_be_more_or_otherwise_was_not_kept(selector: str) -> None:
    assert selector not in Narrowed(book())


def test_a_claim_with_a_narrower_selector_than_the_run_s_is_judged_by_what_was_kept() -> None:
    seen = day(errors=0.05)
    run_s = MetricCountTruth(metric=TOTAL)
    claim = MetricCountTruth(metric=TOTAL, only='route="/catalog"', request="{method} {route}")
    kept = counted(seen, run_s)
    finding = claim.check(evidence(seen.rows(), Narrowed(kept)))
    assert finding.outcome is Outcome.PASSED, finding.because
    narrow = Narrowed(counted(seen, claim))
    assert run_s.check(evidence(seen.rows(), narrow)).reason == "not_recorded", "that one is wider"
