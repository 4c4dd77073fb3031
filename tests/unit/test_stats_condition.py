"""The grammar of conditions."""

from __future__ import annotations

import re

import pytest

from harness.stats import Condition


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("errors < 0.5%", Condition("errors", "<", 0.005)),
        ("p95<300ms", Condition("p95", "<", 300.0)),
        ("p99.9 >= 1m", Condition("p99.9", ">=", 60000.0)),
        ("max <= 2s", Condition("max", "<=", 2000.0)),
        ("rate > 90/m", Condition("rate", ">", 1.5)),
        ("errors of POST /checkout > 50%", Condition("errors", ">", 0.5, "POST /checkout")),
        ("p50 of GET /find?a=<b>  <  10ms", Condition("p50", "<", 10.0, "GET /find?a=<b>")),
    ],
)
def test_a_condition_is_read_and_written_back(text: str, condition: Condition) -> None:
    assert Condition.parse(text) == condition
    assert Condition.parse(str(condition)) == condition


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("errors < 5", "percent sign"),
        ("p95 < 300", "300ms"),
        ("rate > 20", "unit of time"),
        ("latency < 300ms", "errors, a percentile such as p50 or p95, max, rate"),
        ("p0 < 1s", "is not measured"),
        ("p100 < 1s", "is not measured"),
        ("errors = 5%", "METRIC [of REQUEST] OP VALUE"),
        ("errors", "METRIC [of REQUEST] OP VALUE"),
    ],
)
def test_a_wrong_condition_is_refused_with_what_is_allowed(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=re.escape(says)):
        Condition.parse(text)


@pytest.mark.parametrize(
    ("op", "below", "at", "above"), [("<", 1, 0, 0), ("<=", 1, 1, 0), (">", 0, 0, 1), (">=", 0, 1, 1)]
)
def test_each_operator_knows_its_edge(op: str, below: int, at: int, above: int) -> None:
    condition = Condition("p95", op, 300.0)
    assert [condition.says(value) for value in (299.0, 300.0, 301.0)] == [bool(below), bool(at), bool(above)]
