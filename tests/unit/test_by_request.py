"""What verdict.json holds of each request name: counts that are exact, and intervals where there are enough requests for one."""

from __future__ import annotations

import math

from harness.by_request import MOST, by_request
from harness.testing import rows_of


def test_each_name_has_its_own_errors_and_its_own_p95() -> None:
    rows = rows_of(
        [{"at_s": at / 100, "endpoint": "GET /a", "took_ms": 10.0 + at} for at in range(100)]
        + [{"at_s": 0.5, "endpoint": "GET /b", "outcome": "5xx", "took_ms": 3.0}, {"at_s": 0.6, "outcome": "dropped"}]
        + [{"at_s": 7.0, "endpoint": "GET /late"}]
    )
    first, second = by_request(rows, 0.0, 5.0, now_s=10.0, given_up_s=math.inf)
    assert (first["request"], first["requests"], first["errors"]) == ("GET /a", 100, 0)
    low, high = first["p95_interval_ms"]
    assert low < first["p95_ms"] < high
    assert first["p95_ms"] == 104.0
    assert (second["request"], second["errors"], second["error_ratio"]) == ("GET /b", 1, 1.0)
    assert second["p95_interval_ms"] == [None, None]
    assert second["error_interval"][0] > 0


def test_of_names_with_ids_in_them_only_the_most_asked_for_are_kept() -> None:
    rows = rows_of(
        [{"at_s": 1.0, "endpoint": f"GET /orders/{at}"} for at in range(200)]
        + [{"at_s": 2.0, "endpoint": "POST /orders"} for _ in range(3)]
    )
    lines = by_request(rows, 0.0, 5.0, now_s=10.0, given_up_s=math.inf)
    assert len(lines) == MOST
    assert "POST /orders" in [line["request"] for line in lines]


def test_without_requests_there_are_no_lines() -> None:
    assert by_request(rows_of([{"at_s": 9.0, "endpoint": "GET /a"}]), 0.0, 5.0, now_s=10.0, given_up_s=math.inf) == []
