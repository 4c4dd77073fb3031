"""What of a rule may come to nothing though all that it reads is there: written so that Prometheus can be asked for it."""

from __future__ import annotations

import pytest

from harness.facts import RuleSeen
from harness.promql_parts import parts, read_by

RECORDED = (
    RuleSeen(rule="job:bad:rate", kind="recording", expr="sum by (job) (rate(bad_total[1m]))"),
    RuleSeen(rule="job:some:rate", kind="recording", expr="sum by (job) (rate(some_total[1m])) > 5"),
)


def found(expr: str) -> dict[str, str]:
    rule = RuleSeen(rule="Alert", expr=expr)
    return {one.text: one.query for one in parts((*RECORDED, rule), rule)}


@pytest.mark.parametrize(
    ("expr", "said"),
    [
        ("a / b > 0.1", {"a / b": "a / b"}),
        ("a > on(job) b", {"a > on (job) b": "a > bool on (job) b"}),
        ("a > bool b", {"a > bool b": "a > bool b"}),
        (
            "a * ignoring(x) group_left(z) b > 1",
            {"a * ignoring (x) group_left (z) b": "a * ignoring (x) group_left (z) b"},
        ),
        ('a{path=~"/\\\\d+"} / b > 1', {'a{path=~"/\\\\d+"} / b': 'a{path=~"/\\\\d+"} / b'}),
        ("sum(rate(a[15s] offset 1m)) > 1", {"rate(a[15s] offset 1m)": "rate(a[15s] offset 1m)"}),
        ("job:bad:rate > 1", {"rate(bad_total[1m])": "rate(bad_total[1m])"}),
        ("(a + b) / c > 1 and d", {"a + b": "a + b", "(a + b) / c": "(a + b) / c"}),
        ("a > 1", {}),
        ("1 - a > 0 and vector(time()) > 5", {}),
        ("scalar(a) * b > 0", {}),
        ("(a > 1) / b", {}),
        ("a / (b or c)", {}),
        ("a * absent(b)", {}),
        ("a and b", {}),
        ("max_over_time(a[5m]) > 1", {}),
        ("rate(a[5m:]) / b", {}),
        ("holt_winters(a[5m], 0.5, 0.5) / b > 1", {}),  # its name is the Prometheus' own
        ('a{x="holt_winters(y)"} / b > 1', {'a{x="holt_winters(y)"} / b': 'a{x="holt_winters(y)"} / b'}),
    ],
)
def test_it_is_found_and_can_be_asked_for(expr: str, said: dict[str, str]) -> None:
    assert found(expr) == said


def test_what_it_reads_is_told_unless_what_records_that_may_give_nothing() -> None:
    assert read_by(RECORDED, "job:bad:rate / a") == ("bad_total", "a")
    assert read_by(RECORDED, "job:some:rate / a") == ()


def test_a_function_of_an_older_prometheus_hides_nothing_that_a_rule_reads() -> None:
    assert read_by((), "holt_winters(a[5m], 0.5, 0.5) / holt_winters") == ("a", "holt_winters")
