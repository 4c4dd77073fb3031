"""The one fold: what counts, exact percentiles, and what is not known yet."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.ledger import DTYPE, Rows
from harness.ledger.bounds import BLOCK, Bounds
from harness.stats import Fold, clopper_pearson, fold, needed_for_percentile, needed_for_ratio, percentile_ranks
from harness.testing import rows_of


def one(**entry: Any) -> Fold:
    return fold(rows_of([entry]), 0.0, 10.0)


def test_percentiles_count_from_when_the_request_was_due_with_the_service_time_beside() -> None:
    seen = one(late_ms=2000, took_ms=30)
    assert seen.percentile_ms(0.5) == (2030.0, 2030.0)
    assert seen.percentile_ms(0.5, service=True) == (30.0, 30.0)


@pytest.mark.parametrize("outcome", ["timeout", "conn", "dropped"])
def test_a_request_without_an_answer_took_for_ever(outcome: str) -> None:
    seen = one(outcome=outcome, took_ms=1.0)
    assert seen.percentile_ms(0.5) == (math.inf, math.inf)
    assert seen.error_ratio() == (1.0, 1.0)


@pytest.mark.parametrize("outcome", ["4xx", "5xx", "wrong"])
def test_an_answer_is_an_answer_whatever_its_status_but_an_error(outcome: str) -> None:
    seen = one(outcome=outcome, took_ms=7.0)
    assert seen.percentile_ms(0.95) == (7.0, 7.0)
    assert (seen.errors, seen.errors_but(outcome)) == (1, 0)


def test_requests_of_on_start_and_tasks_that_asked_nothing_do_not_count() -> None:
    rows = rows_of([{"at_s": 1, "aside": True, "outcome": "5xx"}, {"at_s": 2, "outcome": ""}, {"at_s": 3}])
    assert fold(rows, 0, 10).n == 1


def test_a_dropped_arrival_counts_among_all_requests_alone() -> None:
    rows = rows_of([{"at_s": 1, "outcome": "dropped"}, {"at_s": 2, "endpoint": "GET /a"}])
    assert (fold(rows, 0, 10).errors, fold(rows, 0, 10, request="GET /a").errors) == (1, 0)


def test_a_request_belongs_to_the_stretch_in_which_it_was_due_its_end_excluded() -> None:
    rows = rows_of([{"at_s": at_s} for at_s in (0.999999, 1.0, 1.5, 2.0)])
    assert fold(rows, 1.0, 2.0).n == 2


def test_what_still_waits_lies_between_its_extremes() -> None:
    rows = rows_of([{"at_s": 1, "took_ms": 100}, {"at_s": 1, "took_ms": None}])
    seen = fold(rows, 0, 10, now_s=3.0)
    assert (seen.waiting, seen.error_ratio()) == (1, (0.0, 0.5))
    assert seen.percentile_ms(0.99) == (2000.0, math.inf), "it has waited for 2 s already"
    assert seen.percentile_ms(0.5) == (100.0, 100.0), "the middle is known whatever becomes of the other"


def test_after_the_load_has_ended_what_is_older_than_the_timeout_was_never_answered() -> None:
    rows = rows_of([{"at_s": 1, "took_ms": None}, {"at_s": 9.5, "took_ms": None}])
    seen = fold(rows, 0, 10, now_s=12.0, given_up_s=10.0)
    assert (seen.gave_up, seen.waiting, seen.errors) == (1, 1, 1)


def test_live_and_judged_the_same_rows_give_the_same_numbers() -> None:
    rows = rows_of(
        [{"at_s": i / 10, "took_ms": 5 + i % 7, "outcome": "5xx" if i % 9 == 0 else "ok"} for i in range(90)]
    )
    live, judged = fold(rows, 2.0, 6.0, now_s=7.0), fold(rows, 2.0, 6.0)
    assert live.counts == judged.counts
    assert live.percentile_ms(0.95) == judged.percentile_ms(0.95)
    early = fold(rows, 2.0, 6.0, now_s=4.0)
    assert early.n == 21, "requests due later are not there yet"


@given(
    took=st.lists(st.integers(0, 10**6), min_size=1, max_size=300),
    quantile=st.sampled_from([0.5, 0.9, 0.95, 0.99, 1.0]),
)
def test_percentiles_equal_those_of_the_sorted_list_and_of_numpy(took: list[int], quantile: float) -> None:
    seen = fold(rows_of([{"took_ms": us / 1000} for us in took]), 0, 1)
    expected = sorted(took)[max(1, math.ceil(round(quantile * len(took), 6))) - 1] / 1000
    assert seen.percentile_ms(quantile) == (expected, expected)
    numpy = float(np.quantile(np.array(took) / 1000, quantile, method="inverted_cdf"))
    assert expected == numpy or math.isclose(quantile * len(took), round(quantile * len(took)), abs_tol=1e-6)


@given(
    ends=st.lists(st.tuples(st.floats(0, 5), st.floats(0, 5), st.booleans()), min_size=1, max_size=60),
    now_s=st.floats(0, 12),
)
def test_what_is_known_early_always_encloses_what_is_known_in_the_end(
    ends: list[tuple[float, float, bool]], now_s: float
) -> None:
    rows = rows_of([{"at_s": a, "took_ms": t * 1000, "outcome": "ok" if ok else "5xx"} for a, t, ok in ends])
    end_s = min(5.0, now_s)
    early, final = fold(rows, 0, end_s, now_s=now_s), fold(rows, 0, end_s)
    assert early.n == final.n
    for low_high, value in (
        (early.error_ratio(), final.error_ratio()),
        (early.percentile_ms(0.95), final.percentile_ms(0.95)),
    ):
        if low_high is not None and value is not None:
            assert low_high[0] - 1e-3 <= value[0] <= low_high[1] + 1e-3


def test_order_statistics_are_those_of_the_textbook() -> None:
    assert percentile_ranks(2000, 0.99) == (1971, 1989)
    assert [needed_for_percentile(q) for q in (0.5, 0.9, 0.95, 0.99, 0.999, 1.0)] == [5, 29, 59, 299, 2995, 1]
    assert percentile_ranks(10, 0.99)[1] == 11, "ten values bound no p99 from above"


@pytest.mark.parametrize(("k", "n"), [(0, 59), (3, 100), (100, 100), (1, 1), (0, 0)])
def test_clopper_pearson_is_scipys_exact_interval(k: int, n: int) -> None:
    from scipy.stats import binomtest

    if n == 0:
        assert clopper_pearson(k, n) == (0.0, 1.0)
        return
    theirs = binomtest(k, n).proportion_ci(0.95, "exact")
    assert clopper_pearson(k, n) == pytest.approx((theirs.low, theirs.high), abs=1e-9)


def test_a_share_needs_so_many_requests_that_one_error_alone_does_not_exceed_it() -> None:
    assert [needed_for_ratio(limit) for limit in (0.02, 0.005, 0.0, 1.0, 0.03)] == [50, 200, 1, 1, 34]


def test_a_large_ledger_out_of_order_is_counted_as_if_it_were_scanned() -> None:
    dice = np.random.default_rng(3)
    count = 5 * BLOCK
    array = np.zeros(count, DTYPE)
    array["intended_us"] = np.sort(dice.integers(0, 10**8, count)) - dice.integers(0, 3 * 10**6, count)
    array["took_us"], array["state"], array["outcome"], array["endpoint"] = 1000, 3, 1, 1
    rows = Rows(array, np.zeros(count, np.uint16), np.arange(count, dtype=np.uint32), ("", "GET /"))
    for start_s, end_s in ((10.0, 20.0), (0.0, 100.0), (99.0, 99.5), (200.0, 300.0)):
        scanned = int(((array["intended_us"] >= start_s * 1e6) & (array["intended_us"] < end_s * 1e6)).sum())
        assert fold(rows, start_s, end_s).n == scanned
        parts = rows.blocks(round(start_s * 1e6), round(end_s * 1e6))
        assert sum(part.stop - part.start for part in parts) < count or scanned > count - 2 * BLOCK


def test_rows_of_many_blocks_are_counted_as_if_they_were_one() -> None:
    outcomes = ("ok", "5xx", "timeout", "dropped", "conn", "4xx", "wrong")
    entries = [
        {
            "at_s": i / 10,
            "took_ms": None if i % 11 == 0 else 10.0 + i,
            "outcome": "" if i % 11 == 0 else outcomes[i % 7],
        }
        for i in range(100)
    ]
    whole = fold(rows_of(entries), 1.0, 9.0, now_s=9.5, given_up_s=5.0)
    parts = fold(dataclasses.replace(rows_of(entries), bounds=Bounds(7)), 1.0, 9.0, now_s=9.5, given_up_s=5.0)
    assert (parts.counts, parts.waiting, parts.gave_up) == (whole.counts, whole.waiting, whole.gave_up)
    for quantile in (0.1, 0.5, 0.9, 0.99):
        for service in (False, True):
            assert parts.percentile_ms(quantile, service=service) == whole.percentile_ms(quantile, service=service)


def test_an_answer_is_told_apart_from_none_however_late_it_came() -> None:
    from harness.stats.fold import FOREVER

    late = fold(rows_of([{"at_s": 1.0, "late_ms": 4_000_000.0, "took_ms": 4_000_000.0}]), 0.0, 2.0)
    assert late.percentile_ms(0.5) == ((FOREVER - 1) / 1e3, (FOREVER - 1) / 1e3)
    assert late.percentile_ms(0.5, service=True) == (4_000_000.0, 4_000_000.0)
