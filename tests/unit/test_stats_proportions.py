"""Shares from batches, and how they compare: against statsmodels, and by what they promise on data that is made to try them."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from harness.stats.batches import cut
from harness.stats.bootstrap import percentile_ratio
from harness.stats.holm import holm
from harness.stats.interval import needed_for_percentile, needed_to_pass
from harness.stats.proportions import clustered, design_effect, effective, newcombe, p_beyond, wilson

COUNTS = [(0, 10, 0, 12), (3, 40, 1, 50), (10, 10, 2, 9), (109, 3000, 0, 3000), (17, 900, 20, 800)]


@pytest.mark.parametrize(("k1", "n1", "k2", "n2"), COUNTS)
@pytest.mark.parametrize("confidence", [0.9, 0.95])
def test_wilson_and_newcombe_are_those_of_statsmodels(k1: int, n1: int, k2: int, n2: int, confidence: float) -> None:
    theirs = proportion_confint(k1, n1, alpha=1 - confidence, method="wilson")
    assert wilson(k1, n1, confidence) == pytest.approx(theirs, abs=1e-12)
    difference = confint_proportions_2indep(k1, n1, k2, n2, method="newcomb", alpha=1 - confidence)
    assert newcombe(k1, n1, k2, n2, confidence) == pytest.approx(difference, abs=1e-12)


def test_newcombes_own_example() -> None:
    """56 of 70 against 48 of 80, 95 %: method 10 of the paper's table II (a) gives 0.0524 to 0.3339."""
    assert newcombe(56, 70, 48, 80) == pytest.approx((0.0524, 0.3339), abs=5e-5)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_holm_is_that_of_statsmodels(p_values: list[float]) -> None:
    assert holm(p_values) == pytest.approx(multipletests(p_values, method="holm")[1].tolist())


@settings(deadline=None, max_examples=40)
@given(st.lists(st.floats(0.001, 1), min_size=2, max_size=12), st.data())
def test_what_was_failed_before_the_others_were_known_stays_so(p_values: list[float], data: st.DataObject) -> None:
    known = data.draw(st.integers(1, len(p_values)))
    early, late = holm(p_values[:known], among=len(p_values)), holm(p_values)
    assert all(late[i] <= early[i] + 1e-12 for i in range(known))


def test_independent_batches_have_no_design_effect_and_bursts_have_a_large_one() -> None:
    assert design_effect([5, 5, 5, 5, 5, 5], [100] * 6) == 1.0
    assert design_effect([0] * 6, [100] * 6) == 1.0
    assert design_effect([30, 0, 0, 0, 0, 0], [100] * 6) > 20
    assert effective([5] * 6, [100] * 6) == (30.0, 600.0)
    k, n = effective([30, 0, 0, 0, 0, 0], [100] * 6)
    assert n < 20
    assert k / n == pytest.approx(0.05)


def test_a_share_in_bursts_is_covered_where_the_exact_interval_of_independent_requests_is_not() -> None:
    """6 batches of 300 requests, each batch with its own share (beta-binomial, design effect about 7): nominal 90 %."""
    dice = np.random.default_rng(5)
    runs, rho = 600, 0.02
    shares = dice.beta(0.05 * (1 / rho - 1), 0.95 * (1 / rho - 1), size=(runs, 6))
    counts = dice.binomial(300, shares)
    covered = sum(low <= 0.05 <= high for low, high in (clustered(row.tolist(), [300] * 6, 0.9) for row in counts))
    naive = sum(low <= 0.05 <= high for low, high in (clustered([int(sum(row))], [1800], 0.9) for row in counts))
    assert covered / runs >= 0.88
    assert naive / runs < 0.6


def test_a_p_value_is_below_five_per_cent_exactly_when_the_interval_lies_beyond() -> None:
    for k, limit in itertools.product([0, 3, 10, 20, 40], [0.01, 0.02, 0.05]):
        counts = ([k // 3] * 6, [100] * 6)
        p = p_beyond(lambda confidence, counts=counts: clustered(*counts, confidence)[0], limit)
        assert (p < 0.05) == (clustered(*counts, 0.90)[0] > limit)


def test_so_many_requests_show_a_share_without_a_single_error() -> None:
    assert [needed_to_pass(limit) for limit in (0.05, 0.01, 0.005, 0.001)] == [59, 299, 598, 2995]
    assert needed_for_percentile(0.95) == needed_to_pass(0.05)
    for limit in (0.05, 0.01, 0.001):
        assert clustered([0], [needed_to_pass(limit)], 0.9)[1] <= limit
        assert clustered([0], [needed_to_pass(limit) - 1], 0.9)[1] > limit


@settings(deadline=None, max_examples=60)
@given(st.floats(0, 1000), st.floats(0, 1000))
def test_batches_are_equal_whole_and_six_to_twelve(start_s: float, length_s: float) -> None:
    parts = cut(start_s, start_s + length_s)
    if length_s < 29.9:
        assert parts == []
    elif length_s > 30.1:
        assert 6 <= len(parts) <= 12
        assert parts[0][0] == start_s
        assert parts[-1][1] == start_s + length_s
        assert all(one[1] == two[0] for one, two in itertools.pairwise(parts))
        assert max(b - a for a, b in parts) == pytest.approx(min(b - a for a, b in parts))


def ar1(dice: np.random.Generator, runs: int, n: int, phi: float) -> np.ndarray:
    noise = dice.normal(0, math.sqrt(1 - phi * phi), size=(runs, n))
    series = np.empty_like(noise)
    series[:, 0] = dice.normal(0, 1, runs)
    for i in range(1, n):
        series[:, i] = phi * series[:, i - 1] + noise[:, i]
    return series


@pytest.mark.parametrize(("phi", "promised"), [(0.0, 0.013), (0.3, 0.021), (0.6, 0.021), (0.8, 0.028)])
def test_batch_means_keep_their_promise_where_raw_points_do_not(phi: float, promised: float) -> None:
    """Two halves of one AR(1) series, 120 points each: nominal 2 %, 6 batches a side, Welch's t; raw Mann-Whitney beside it."""
    from scipy.stats import mannwhitneyu, ttest_ind

    runs = 3000
    series = ar1(np.random.default_rng(7), runs, 240, phi)
    one, two = (half.reshape(runs, 6, 20).mean(axis=2) for half in (series[:, :120], series[:, 120:]))
    alarms = (ttest_ind(one, two, axis=1, equal_var=False).pvalue < 0.02).mean()
    raw = (mannwhitneyu(series[:600, :120], series[:600, 120:], axis=1, method="asymptotic").pvalue < 0.02).mean()
    assert alarms == pytest.approx(promised, abs=0.015)
    if phi >= 0.6:
        assert raw > 0.2


@pytest.mark.parametrize(("phi", "promised"), [(0.0, 0.06), (0.6, 0.07)])
def test_a_ratio_of_percentiles_from_batches_keeps_its_promise(phi: float, promised: float) -> None:
    """Each second has a level of its own (AR(1)), 30 requests each, 60 s a side: a one-sided 5 % in each direction.

    Held to what is promised by the count that one in a thousand such tests would exceed.
    """
    from scipy.stats import binom

    dice, runs, beyond = np.random.default_rng(21), 30, 0
    for level in ar1(dice, runs, 120, phi) * 0.1:
        times = np.exp(level[:, None] + dice.normal(0, 0.4, size=(120, 30)))
        ratio = percentile_ratio(list(times[:60].reshape(6, 300)), list(times[60:].reshape(6, 300)), 0.95)
        assert ratio is not None
        low, high = ratio.interval(0.90)
        beyond += (low > 1) + (high < 1)
    assert beyond <= binom.ppf(0.999, 2 * runs, promised)


def test_a_ratio_of_percentiles_is_the_same_each_time_and_is_none_without_answers() -> None:
    dice = np.random.default_rng(3)
    one, two = ([dice.lognormal(3, 0.5, 200) for _ in range(6)] for _ in range(2))
    first, again = (percentile_ratio(one, two, 0.95) for _ in range(2))
    assert first is not None
    assert again is not None
    assert first.interval() == again.interval()
    assert first.interval()[0] < first.point < first.interval()[1]
    assert percentile_ratio([np.full(200, np.inf)] * 6, two, 0.95) is None


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 40), st.integers(40, 400), st.floats(0.5, 0.98), st.floats(0.001, 0.01))
def test_a_narrower_interval_never_turns_pass_into_fail(k: int, n: int, confidence: float, less: float) -> None:
    """The interval rule: intervals of falling confidence lie in one another, so no decision turns into its opposite."""
    wide, narrow = clustered([k], [n], confidence), clustered([k], [n], confidence - less)
    assert wide[0] <= narrow[0] <= narrow[1] <= wide[1]
