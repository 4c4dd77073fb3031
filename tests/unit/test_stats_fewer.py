"""Whether fewer requests were bad in one stretch than in another, and how often chance alone says so."""

from __future__ import annotations

import numpy as np
import pytest

from harness.ledger import Rows
from harness.stats import Condition
from harness.stats.fewer import CHANCE, fewer
from harness.testing import rows_of

ERRORS, SLOW, RATE = (Condition.parse(text) for text in ("errors < 1%", "p95 < 300ms", "rate > 1/s"))
CALM, ILL = (100.0, 110.0), (0.0, 40.0)


def rows(ill: int, calm: int, **bad: object) -> Rows:
    """10 a second from 0 to 110 s; of the first 400 so many are bad, and of the last 100."""
    marks = {*range(ill), *range(1000, 1000 + calm)}
    every = [{"at_s": n / 10, **({"outcome": "5xx", **bad} if n in marks else {})} for n in range(1100)]
    return rows_of(every)


def test_the_known_answers_of_fishers_test() -> None:
    # 24 of 400 and 0 of 100: the product of (400 - i) / (500 - i) over 24 is 0.0039; of 40: 0.000084
    assert not fewer(rows(24, 0), [ERRORS], CALM, ILL)
    assert fewer(rows(40, 0), [ERRORS], CALM, ILL)
    assert not fewer(rows(40, 10), [ERRORS], CALM, ILL), "no fewer of a hundred"


def test_slow_requests_count_for_a_percentile_and_one_condition_is_enough() -> None:
    slow = rows(40, 0, outcome="ok", took_ms=900.0)
    assert fewer(slow, [ERRORS, SLOW], CALM, ILL)
    assert not fewer(slow, [ERRORS], CALM, ILL)


def test_a_rate_is_no_share() -> None:
    assert fewer(rows(0, 0), [RATE], CALM, ILL)
    assert not fewer(rows(0, 0), [RATE, ERRORS], CALM, ILL)


@pytest.mark.parametrize("share", [0.01, 0.05, 0.3])
def test_chance_alone_says_so_no_more_often_than_it_may(share: float) -> None:
    random = np.random.default_rng(7)
    found = sum(
        fewer(rows(int(ill), int(calm)), [ERRORS], CALM, ILL)
        for ill, calm in zip(random.binomial(400, share, 400), random.binomial(100, share, 400), strict=True)
    )
    assert found <= 3, f"of 400, where {400 * CHANCE:g} are due at the most"
