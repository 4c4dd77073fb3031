"""A rule on a quantile that its histogram's buckets cannot tell: it can never hold, and it is said by which bound."""

from __future__ import annotations

from typing import Any

import pytest
from alert_stories import judged, rule, ruled
from test_selecting import API, Known, seen

from harness import facts as f
from harness.ceilings import impossible
from harness.expectations.alert_fires import AlertFires
from harness.expectations.alert_quiet import AlertQuiet
from harness.expectations.page_sent import PageSent
from harness.facts import RuleSeen

BUCKETS = 'took_seconds_bucket{route!="/login"}'
P95 = f"histogram_quantile(0.95, sum by (service, le) (rate({BUCKETS}[15s])))"
RECORDED = (
    rule(4.0, rule="took:p95", kind="recording", expr=P95),
    rule(4.0, rule="took:rate", kind="recording", expr=f"sum by (le) (rate({BUCKETS}[15s]))"),
    rule(4.0, rule="loop", kind="recording", expr="loop"),
)
BOUNDS = {BUCKETS: 1.0, "wide_bucket": 10.0}


def reached(expr: str) -> str:
    asking = RuleSeen(rule="Slow", expr=expr)
    return impossible((*RECORDED, asking), asking, BOUNDS.get)


@pytest.mark.parametrize(
    "expr",
    [
        f"{P95} > 1.2",
        f"{P95} > 1",
        f"1.2 < {P95}",
        "took:p95 > 1.2",
        '{"took:p95"} > 1.2',
        'max by (service) (took:p95{service="api"} > 1.2)',
        "histogram_quantile(0.5, took:rate) >= 1.5",
        "avg_over_time(took:p95[5m]) > 1.2",
        "max_over_time(took:p95[5m:10s]) > 1.2",
        "(took:p95 > 0.5) * 1000 > 1200",
        "took:p95 / 0.001 > 1000",
        "took:p95 > 1.2 and on() sum(asked) > 5",
        "sum(asked) > 5 and on() took:p95 > 1.2",
        "took:p95 > 1.2 or histogram_quantile(0.9, wide_bucket) > 20",
        "took:p95 > 1.2 unless asked",
        "count(took:p95 > 1.2) > 0",
    ],
)
def test_what_lies_beyond_the_last_bound_can_never_be(expr: str) -> None:
    assert f"the last bound of {BUCKETS} is 1" in reached(expr)


@pytest.mark.parametrize(
    "expr",
    [
        f"{P95} > 0.9",
        f"{P95} >= 1",
        f"{P95} < 1.2",
        f"{P95} > bool 1.2",
        f"{P95} + 1 > 1.2",
        f"{P95} * asked > 1.2",
        f"sum({P95}) > 1.2",
        f"quantile(2, {P95}) > 1.2",
        f"-{P95} > 1.2",
        f"{P95} > 1.2 or asked > 5",
        f"{P95} > 1.2 or histogram_quantile(0.9, wide_bucket) > 9",
        "asked unless took:p95 > 1.2",
        "absent(took:p95 > 1.2)",
        "histogram_quantile(1.1, took:rate) > 1.2",
        "histogram_quantile(0.9, other_bucket) > 1.2",
        "histogram_quantile(0.9, sum by (le) (took:rate or other_bucket)) > 1.2",
        'histogram_quantile(0.9, label_replace(took:rate, "le", "9", "le", "1")) > 1.2',
        "histogram_quantile(0.9, loop) > 1.2",
        "loop > 1.2",
        "asked > 1.2",
    ],
)
def test_what_may_be_or_is_not_known_is_never_said_to_be_impossible(expr: str) -> None:
    assert reached(expr) == ""


def test_the_greatest_bound_counts_and_what_is_scaled_is_told_so() -> None:
    assert reached("took:p95 * 1000 > 1200").startswith(
        "asks for > 1200, and what it makes of its histogram_quantile gives 1000 at"
    )
    assert "the last bound of wide_bucket is 10" in reached("(took:p95 or histogram_quantile(0.9, wide_bucket)) > 20")


@pytest.mark.parametrize("claim", [AlertFires(alert="Slow", within_s="15s"), PageSent(alert="Slow", within_s="15s")])
@pytest.mark.parametrize(("last_le", "known"), [(1.0, True), (2.5, False), (None, False)])
def test_an_alert_that_missed_the_fault_says_that_it_could_not_have_seen_it(
    claim: Any, last_le: float | None, known: bool
) -> None:
    read = f.SelectorSeen(
        seen_s=91, selector=BUCKETS, metric="took_seconds_bucket", spans=((0.0, 90.0),), last_le=last_le
    )
    found = judged(claim, ruled(*RECORDED, rule(4.0, expr="took:p95 > 1.2"), read))
    assert (found.outcome.value, found.reason) == ("failed", "rule_impossible" if known else "missed")
    said = f"its rule asks for > 1.2, and its histogram_quantile gives 1 at the most: the last bound of {BUCKETS} is 1"
    assert (said in found.because) == known


@pytest.mark.parametrize(
    ("rules", "outcome", "reason"),
    [
        ((rule(4.0, expr="up == 2"),), "inconclusive", "rule_impossible"),
        ((rule(4.0, expr="up == 0"),), "passed", "met"),
        ((rule(4.0, expr="up == 2"), rule(4.0, expr="up == 0", group="another")), "passed", "met"),
        ((rule(4.0, expr="took:p95 > 1.2"),), "inconclusive", "rule_impossible"),
        ((rule(4.0, expr="took:p95 > 0.9"),), "passed", "met"),
    ],
)
def test_the_silence_of_a_rule_that_can_never_hold_says_nothing(
    rules: tuple[RuleSeen, ...], outcome: str, reason: str
) -> None:
    read = f.SelectorSeen(seen_s=91, selector=BUCKETS, metric="took_seconds_bucket", spans=((0.0, 90.0),), last_le=1.0)
    found = judged(AlertQuiet(alert="Slow"), ruled(*RECORDED, *rules, read))
    assert (found.outcome.value, found.reason) == (outcome, reason)
    assert ("at the most" in found.because) == (rules[0].expr in ("up == 2", "took:p95 > 1.2"))


def test_the_last_bound_is_asked_of_prometheus_and_only_of_buckets() -> None:
    def bucket(le: str, route: str = "/a") -> tuple[dict[str, str], tuple[float, float]]:
        return {"__name__": "took_seconds_bucket", **API, "le": le, "route": route}, (0.0, 90.0)

    known = Known(bucket("0.1"), bucket("1"), bucket("+Inf"), bucket("5", "/login"))
    p95 = 'histogram_quantile(0.95, rate(took_seconds_bucket{route="/a"}[15s]))'
    assert [one.last_le for one in seen(f"{p95} > 1", known)] == [1.0]
    assert [one.last_le for one in seen("up > 1", known)] == [None]
    assert [one.last_le for one in seen(f"{p95} > 1", Known(bucket("+Inf")))] == [None]
