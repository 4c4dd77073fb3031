"""How soon a share of bad requests can cross its threshold: the published figures, and what a rule's expression is read as."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import yaml

from harness.burning import Burn, burns
from harness.expectations.alert_fires import AlertFires
from harness.expectations.base import Reach
from harness.expectations.slow_rules import slow_rule
from harness.facts import RuleSeen

ROOT = Path(__file__).parents[2]
RATIO = 'sum(rate(req{{code=~"5.."}}[{w}])) / sum(rate(req[{w}]))'


def alert(expr: str, **more: float) -> RuleSeen:
    return RuleSeen(rule="Burns", expr=expr, interval_s=15.0, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("slo", "bad", "seconds"), [(0.999, 1.0, 51.8), (0.999, 0.3, 172.8), (0.999, 0.1, 518.4), (0.99, 0.3, 1728.0)]
)
def test_with_a_full_hour_of_clean_history_it_takes_what_the_workbook_says(
    slo: float, bad: float, seconds: float
) -> None:
    assert Burn(3600, 14.4 * (1 - slo)).crosses_s(bad) == pytest.approx(seconds, abs=0.05)


def test_a_prometheus_that_knows_five_minutes_is_far_too_fast() -> None:
    burn = Burn(3600, 14.4 * 0.001)
    assert burn.crosses_s(0.3, 300) == pytest.approx(15.1, abs=0.05)
    assert burn.crosses_s(0.1, 300) == pytest.approx(50.5, abs=0.05)
    assert burn.crosses_s(0.3, 1e9) == burn.crosses_s(0.3)
    assert burn.crosses_s(0.0144) == math.inf


@pytest.mark.parametrize(
    ("expr", "found"),
    [
        (RATIO.format(w="1h") + " > 14.4 * 0.001", [(3600, 0.0144)]),
        (f"({RATIO.format(w='1h')}) > 0.1 and ({RATIO.format(w='5m')} > 0.2)", [(3600, 0.1), (300, 0.2)]),
        ("1 - sum(rate(ok[2m])) / (sum(rate(all[2m])) > 0) >= 0.5", [(120, 0.5)]),
        ("recorded > 0.1 and absent(other)", [(60, 0.1)]),
        ("sum(rate(req{code=~'5..'}[1m])) / sum(rate(req[5m])) > 0.1", []),
        ("sum(increase(req{code=~'5..'}[1m])) / sum(rate(req[1m])) > 0.1", []),
        ("rate(errors[5m]) > 3", []),
        ("up == 0", []),
        ("unknown:ratio > 0.1", []),
        ("nonsense(", []),
    ],
)
def test_which_expressions_are_shares_over_a_window(expr: str, found: list[tuple[float, float]]) -> None:
    recorded = RuleSeen(rule="recorded", kind="recording", expr=RATIO.format(w="1m"))
    assert [(burn.window_s, pytest.approx(burn.threshold)) for burn in burns([recorded], expr)] == found


@pytest.mark.parametrize(
    ("expr", "shares"),
    [
        ("sum(rate(t_seconds_sum[5m])) / sum(rate(t_seconds_count[5m])) > 0.8", 0),  # a mean
        ("sum(rate(error_seconds_sum[5m])) / sum(rate(error_seconds_count[5m])) > 0.8", 0),
        ("sum(rate(req[5m])) / sum(rate(req[5m] offset 1d)) > 2", 0),
        ("sum(rate(req{a='b'}[5m] offset 1d)) / sum(rate(req[5m])) > 0.5", 0),
        ("sum(rate(req{a='b'}[5m] @ 0)) / sum(rate(req[5m])) > 0.5", 0),
        ("sum(rate(retries_total[5m])) / sum(rate(requests_total[5m])) > 0.5", 0),
        ("rate(sent_bytes_total[5m]) / rate(requests_total[5m]) >= 1000", 0),
        ("sum(rate(req{code='500'}[5m])) / sum(rate(req{code='200'}[5m])) > 0.5", 0),
        ("sum(rate(req[5m])) / sum(rate(req{code='200'}[5m])) > 0.5", 0),
        ("sum(rate(req{a='b'}[5m])) / on() group_right() sum by (i) (rate(req[5m])) > 0.5", 0),
        ("sum(rate(errors_total[5m])) / sum(rate(requests_total[5m])) > 1.5", 0),
        ("sum(rate(errors_total[5m])) / sum(rate(requests_total[5m])) > 0.5", 1),
        ("sum by (i) (rate(req{a='b'}[5m])) / on(j) group_left() sum by (j) (rate(req[5m])) > 0.5", 1),
        ("sum(rate(req{code=~'5..', job='a'}[5m])) / sum(rate(req{job='a'}[5m])) > 0.5", 1),
        ("sum(rate(req{code='500'}[5m])) / sum(rate(req{code!~'4..'}[5m])) > 0.5", 1),
        ("sum(rate(req{code='404'}[5m])) / sum(rate(req{code!~'4..'}[5m])) > 0.5", 0),
        ("sum(rate(req{code='500'}[5m])) / sum(rate({__name__='req'}[5m])) > 5", 1),  # no share is above 1
        ("sum(rate(req{code='500'}[5m])) / sum(rate(req[5m])) >= 1", 0),  # and this one may come to it
        ("1 - sum(rate(bucket{le='1'}[5m])) / sum(rate(count[5m])) > 0.5", 1),
        ("sum(bad{job='a'}) / sum(all{job='a'}) > 0.5", 1),
        ("sum(bad) / sum(all{job='a'}) > 0.5", 0),
        ("bad / (all offset 1d) > 0.5", 0),
        ("1 - whole > 0.5", 1),
        ("loop > 0.5", 0),
    ],
)
def test_a_ratio_is_a_share_only_where_it_cannot_come_to_more_than_one(expr: str, shares: int) -> None:
    recorded = {
        "bad": "sum by (job) (rate(req{code=~'5..'}[5m]))",
        "all": "sum by (job) (rate(req[5m]))",
        "whole": "bad / all",
        "loop": "loop",
    }
    rules = [RuleSeen(rule=name, kind="recording", expr=text) for name, text in recorded.items()]
    assert [burn.window_s for burn in burns(rules, expr)] == [300.0] * shares


@pytest.mark.parametrize(
    ("rule", "limit_s", "history_s", "production_s", "said"),
    [
        (alert("up == 0", for_s=20.0), 25.0, 60.0, None, "`for` of 20s is 30s in whole evaluations of 15s"),
        (alert("up == 0", for_s=20.0), 40.0, 60.0, None, ""),
        (alert(RATIO.format(w="1h") + " > 0.5"), 60.0, 90.0, None, "not before 1m30s"),
        (alert(RATIO.format(w="1h") + " > 0.5"), 120.0, 90.0, None, ""),
        (alert(RATIO.format(w="1h") + " > 1"), 120.0, 90.0, None, "so never"),
        (alert(RATIO.format(w="1h") + " > 0.5"), 120.0, 90.0, 600.0, "not before 30m"),
        (alert(RATIO.format(w="1h") + " > 0.1"), 120.0, 90.0, 600.0, ""),
        (alert("rate(t_sum[5m]) / rate(t_count[5m]) > 1"), 60.0, 60.0, None, ""),
        (RuleSeen(rule="Other", expr="up == 0"), 60.0, 60.0, None, ""),
    ],
)
def test_a_rule_that_could_not_fire_in_time_says_so_before_the_run(
    rule: RuleSeen, limit_s: float, history_s: float, production_s: float | None, said: str
) -> None:
    told = slow_rule([rule], "Burns", limit_s, history_s, production_s)
    assert said in told
    assert bool(said) == bool(told)


def test_a_claim_says_it_where_the_rules_are_known_and_a_fault_is_injected() -> None:
    rules = (alert(RATIO.format(w="1h") + " > 0.5"),)
    claim = AlertFires(alert="Burns", within_s="40s")
    reach = Reach(window_s=60, arrivals=1, timeout_s=1, alerts=rules, history_s=60)
    assert "cannot fire in 40s" in claim.doubtful(reach)
    for other in (
        Reach(window_s=60, arrivals=1, timeout_s=1),
        Reach(window_s=60, arrivals=1, timeout_s=1, alerts=rules, faulted=False),
        Reach(window_s=60, arrivals=1, timeout_s=1, alerts=rules, then=True),
    ):
        assert not claim.doubtful(other)
    wrong = AlertFires(alert="Burns", production_equivalent_s="5m")
    assert "under `expect`" in wrong.undecidable(Reach(window_s=60, arrivals=1, timeout_s=1, then=True))


def test_the_checkouts_own_rules_can_fire_within_their_drill() -> None:
    groups = yaml.safe_load((ROOT / "dashboards/rules/checkout.yml").read_text())["groups"]
    rules = [
        RuleSeen(
            rule=rule.get("alert") or rule["record"],
            kind="alerting" if "alert" in rule else "recording",
            expr=rule["expr"],
            interval_s=2.0,
        )
        for group in groups
        for rule in group["rules"]
    ]
    assert [(one.window_s, round(one.threshold, 3)) for one in burns(rules, "checkout:slow:ratio1m > 14.4 * 0.01")] == [
        (60.0, 0.144)
    ]
    assert all(not slow_rule(rules, rule.rule, 35.0, 15.0) for rule in rules if rule.kind == "alerting")
