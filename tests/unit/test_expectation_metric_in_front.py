"""Answers that a proxy in front may have given by itself: an honest service behind it is not accused, and a lying one has no excuse."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from test_expectation_metric_doubts import ERRORS, TOTAL, book, day, in_front, judged
from truthful_service import Traffic

from harness.expectations.metric_count_truth import MetricCountTruth
from harness.expectations.metric_error_truth import MetricErrorTruth
from harness.expectations.metric_fresh import MetricFresh
from harness.ledger import OUTCOMES
from harness.verdict import Finding, Outcome


def hurt(seen: Traffic) -> NDArray[np.bool_]:
    """Which were answered 503: all errors from 42 s on; what was one before is well."""
    errors = seen.status >= 500
    before = errors & (seen.sent_s < 42)
    seen.status[before], seen.counted_status[before], seen.outcome[before] = 200, 200, OUTCOMES.index("ok")
    seen.status[errors & ~before] = 503
    return errors & ~before


def lying(**how: Any) -> Traffic:
    """From 42 s on the service answers 503 itself, and counts each as a 200."""
    seen = day(errors=0.1, **how)
    seen.counted_status[hurt(seen)] = 200
    return seen


def errors_of(seen: Traffic, **stated: Any) -> Finding:
    claim = MetricErrorTruth(metric=TOTAL, errors=ERRORS, **stated)
    return judged(claim, seen, book(seen, claim), against="nginx")


def count_of(seen: Traffic, **stated: Any) -> Finding:
    claim = MetricCountTruth(metric=TOTAL, request="{method} {route}", status="code", **stated)
    return judged(claim, seen, book(seen, claim), against="nginx")


@pytest.mark.parametrize("stated", [(502, 504), ()], ids=["others", "none"])
def test_where_the_proxys_statuses_are_stated_no_other_is_an_excuse(stated: tuple[int, ...]) -> None:
    seen = lying()
    assert errors_of(seen, in_front=stated).reason == "lying"
    count = count_of(seen, in_front=stated)
    assert count.reason == "wrong_status"
    assert "were counted by another status" in count.because
    assert "503, which `in_front` does not name" in count.because
    late = MetricFresh(metric=TOTAL, errors=ERRORS, in_front=stated)
    assert judged(late, seen, book(seen, late), against="nginx").reason == "error_late"


def test_what_is_counted_as_well_is_wrong_whoever_answered_it() -> None:
    finding = errors_of(lying())
    assert finding.reason == "optimistic", finding.because
    assert "were answered 503 were told as well (told by counts)" in finding.because
    assert "gave up" not in finding.because


def test_by_which_status_it_was_counted_is_not_known_until_the_proxys_are_stated() -> None:
    count = count_of(lying())
    assert count.reason == "answered_in_front"
    assert "were counted as something else" in count.because
    assert "as many were answered 503" in count.because
    assert "the service does not" in count.decide
    assert "503" not in count.decide, "what the service answers itself is not to be excused"


@pytest.mark.parametrize("only_later", [True, False])
def test_other_callers_that_fill_the_gap_accuse_nobody(only_later: bool) -> None:
    """A proxy answered by itself, and health checks were counted as often."""
    seen = day(errors=0.1)
    if only_later:
        ours = np.flatnonzero(hurt(seen))
    else:
        ours = np.flatnonzero(seen.status >= 500)
        seen.status[ours] = 503
    seen.served_s[ours] = np.inf
    claim = MetricErrorTruth(metric=TOTAL, errors=ERRORS)
    well = np.flatnonzero(seen.status == 200)
    checks = well[np.linspace(0, len(well) - 1, len(ours)).astype(int)]
    both = np.concatenate([np.arange(len(seen)), checks])
    known = Traffic(*(getattr(seen, field.name)[both] for field in dataclasses.fields(seen)))
    finding = judged(claim, seen, book(known, claim), against="nginx")
    assert finding.reason == "answered_in_front", finding.because


def test_an_excuse_that_leaves_too_little_is_told_as_such() -> None:
    seen = lying()
    excusing = errors_of(seen, in_front=(502, 503, 504))
    assert excusing.reason == "optimistic"
    assert "were answered 503 were told as well (told by counts)" in excusing.because
    wide = count_of(seen, in_front=(502, 503, 504))
    assert wide.reason == "too_wide"
    assert "were answered 503, which `in_front` excuses" in wide.because
    assert "the service answers itself" in wide.decide


def test_both_fates_are_told_where_there_are_both() -> None:
    both = errors_of(lying(timeouts=0.02), in_front=(503,))
    assert "users gave up on, or that were answered 503" in both.because
    assert "gave up" not in errors_of(lying(), in_front=(503,)).because


def test_a_proxys_status_that_was_not_stated_is_told_beside_the_failure() -> None:
    seen = in_front(status=504)
    finding = errors_of(seen, in_front=(502,))
    assert finding.outcome is Outcome.FAILED
    assert "as many were answered 504, which `in_front` does not name" in finding.because
    claim = MetricErrorTruth(metric=TOTAL, errors=ERRORS, in_front=(502,))
    own = judged(claim, seen, book(seen, claim), against="api")
    assert "in_front" not in own.because, "the load goes to the very service that counts"
