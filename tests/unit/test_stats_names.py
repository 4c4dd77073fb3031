"""Requests by their names, counted as the fold counts them; and a chance that is exact."""

from __future__ import annotations

import itertools
import random
from math import comb

import pytest

from harness.stats import Condition, fold
from harness.stats.names import by_name, more_than_before
from harness.testing import rows_of


@pytest.mark.parametrize("now_s", [7.0, 30.0])
def test_each_name_has_what_the_fold_counts_of_it(now_s: float) -> None:
    dice = random.Random(1)
    entries = [
        {
            "at_s": i / 20,
            "endpoint": dice.choice(["GET /a", "GET /b", "POST /c"]),
            "outcome": dice.choice(["ok", "ok", "5xx", "timeout"]),
            "took_ms": dice.uniform(10, 4000),
        }
        for i in range(200)
    ]
    rows = rows_of(entries)
    bad, every = by_name(rows, Condition.parse("errors < 1%"), 2.0, 8.0, now_s)
    for number, name in enumerate(rows.endpoints):
        seen = fold(rows, 2.0, 8.0, request=name, now_s=now_s) if name else None
        assert (bad[number], every[number]) == ((seen.errors, seen.n - seen.waiting) if seen else (0, 0))


def test_what_was_given_up_counts_and_what_may_still_be_answered_does_not() -> None:
    rows = rows_of([{"at_s": at_s, "endpoint": "GET /a", "outcome": "", "took_ms": None} for at_s in (1.0, 8.0)])
    errors, slow = Condition.parse("errors < 1%"), Condition.parse("p95 < 500ms")
    assert [int(one.sum()) for one in by_name(rows, errors, 0.0, 10.0, 9.0)] == [0, 0]
    assert [int(one.sum()) for one in by_name(rows, errors, 0.0, 10.0, 9.0, given_up_s=5.0)] == [1, 1]
    assert [int(one.sum()) for one in by_name(rows, slow, 0.0, 10.0, 9.0)] == [2, 2]


@pytest.mark.parametrize(("n", "before_n"), [(6, 1), (5, 4), (3, 9)])
def test_whatever_the_share_so_small_a_chance_is_no_more_frequent_than_it_says(n: int, before_n: int) -> None:
    tables = list(itertools.product(range(n + 1), range(before_n + 1)))
    for level in (0.01, 0.05, 0.1):
        small = [(k, b) for k, b in tables if more_than_before(k, n, b, before_n) <= level]
        for share in (i / 50 for i in range(1, 50)):
            risk = sum(
                comb(n, k) * comb(before_n, b) * share ** (k + b) * (1 - share) ** (n + before_n - k - b)
                for k, b in small
            )
            assert risk <= level + 1e-12
