"""How late first requests were sent, as the gate asks while the load runs and the judge when it is over."""

from __future__ import annotations

import math
from typing import Any

import pytest

from harness.expectations.responds_within import RespondsWithin
from harness.lateness import in_time_from, late, tightest_ms
from harness.ledger import Rows, rows_of
from harness.stats import Condition


def sent(*late_ms: float | None, every_s: float = 0.1, **entry: Any) -> Rows:
    return rows_of([{"at_s": n * every_s, "late_ms": one, **entry} for n, one in enumerate(late_ms)])


def test_one_of_many_may_be_late_and_of_few_one_in_ten() -> None:
    assert late(sent(*[1.0] * 198, 90.0, 90.0), 0, 20, math.inf) == ""
    assert late(sent(*[1.0] * 197, *[90.0] * 3), 0, 20, math.inf) == "90 ms late (p99; limit 50 ms)"
    assert late(sent(*[1.0] * 9, 90.0), 0, 20, math.inf) == ""
    assert late(sent(*[1.0] * 8, 90.0, 90.0), 0, 20, math.inf) == "90 ms late (p90; limit 50 ms)"
    assert late(sent(*[90.0] * 9), 0, 20, tightest=1000.0) == "", "a tenth of what is claimed"
    assert late(sent(), 0, 20, math.inf) == ""


def test_a_request_that_its_task_still_thinks_about_is_not_late() -> None:
    assert late(sent(1.0, None, None, outcome="", took_ms=None), 0, 1, math.inf) == ""


@pytest.mark.parametrize(("stalls", "from_s"), [((), 1.0), ((1.5,), 2.0), ((1.5, 3.5), 4.0), ((9.9,), 10.0)])
def test_requests_are_in_time_from_the_second_after_the_last_stall_on(stalls: tuple[float, ...], from_s: float) -> None:
    rows = rows_of(
        [
            {"at_s": n / 50, "late_ms": 80.0 if any(at_s - 0.5 <= n / 50 < at_s + 0.1 for at_s in stalls) else 1.0}
            for n in range(500)
        ]
    )
    assert in_time_from(rows, 0.0, 10.0, math.inf) == from_s


def test_the_tightest_latency_is_that_of_the_claims_and_of_the_steady_state() -> None:
    claims = [RespondsWithin.model_validate({"p95": "900ms", "p99": "2s"})]
    steady = [Condition.parse("errors < 1%"), Condition.parse("p95 < 400ms")]
    assert tightest_ms(claims, steady) == 400.0
    assert tightest_ms(claims, steady[:1]) == 900.0
    assert tightest_ms([], steady[:1]) == math.inf
