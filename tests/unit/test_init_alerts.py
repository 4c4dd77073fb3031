"""Which fault of a first drill a rule could see: what it selects and what it measures, not the words within its words."""

from __future__ import annotations

import pytest

from harness.facts import RuleSeen
from harness.init import alerts
from harness.init.blind import Sight


def rule(name: str, expr: str, **more: float) -> RuleSeen:
    return RuleSeen(rule=name, group="a;b", kind="alerting", expr=expr, interval_s=5.0, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "metric",
    ["processing_errors_total", "goods_lookups_failed_total", "nodejs_errors_total", "upload_failures_total"],
)
def test_a_metric_of_the_project_that_begins_like_one_of_the_monitoring_is_its_own(metric: str) -> None:
    picked = alerts.pick([rule("Errors", f"rate({metric}[30s]) > 1")])
    assert picked.gone is not None


@pytest.mark.parametrize(
    ("expr", "why"),
    [
        ('up{job="prometheus"} == 0', "is about the monitoring itself"),
        ('up{job="node-exporter"} == 0', "is about the monitoring itself"),
        ("process_start_time_seconds > 1", "is about the monitoring itself"),
        ("go_gc_duration_seconds > 1", "is about the monitoring itself"),
        ("rate(container_memory_failures_total[30s]) > 1", "is about the monitoring itself"),
        ("sum((", "could not be read"),
        ("vector(1) > 0", "reads no metric"),
    ],
)
def test_a_rule_that_tells_nothing_of_the_services_is_left_with_its_own_reason(expr: str, why: str) -> None:
    (left,) = alerts.pick([rule("It", expr)]).left
    assert why in left
    assert sum(reason in left for reason in ("monitoring itself", "could not be read", "reads no metric")) == 1


@pytest.mark.parametrize("expr", ['absent(up{job="catalog"} == 1)', 'up{job=~"catalog|api"} == 0'])
def test_up_is_about_a_service_and_sees_it_stopped_but_not_that_its_dependency_is_gone(expr: str) -> None:
    (left,) = alerts.pick([rule("Gone", expr)]).left
    assert left == "Gone tells whether its targets can be scraped, not how their requests fare"
    picked = alerts.pick([rule("Gone", expr)], sight=Sight(stopped="catalog"))
    assert picked.gone is not None
    assert alerts.pick([rule("Gone", expr)], sight=Sight(stopped="worker")).gone is None


BUCKETS = "http_request_duration_seconds_bucket"


@pytest.mark.parametrize(
    "expr",
    [
        f'histogram_quantile(0.95, sum by (le) (rate({BUCKETS}{{status!~"5.."}}[30s]))) > 0.5',
        f'histogram_quantile(0.95, sum by (le) (rate({BUCKETS}{{status!="500"}}[30s]))) > 0.5',
        f'histogram_quantile(0.95, sum by (le) (rate({BUCKETS}{{outcome!="error"}}[30s]))) > 0.5',
        "sum(rate(http_request_duration_seconds_sum[30s])) / sum(rate(http_request_duration_seconds_count[30s])) > 0.5",
    ],
)
def test_a_latency_rule_that_leaves_errors_out_sees_the_slow_dependency(expr: str) -> None:
    picked = alerts.pick([rule("Slow", expr)])
    assert picked.slow is not None
    assert picked.slow.threshold_s == 0.5
    assert picked.gone is None


@pytest.mark.parametrize(
    "expr",
    [
        'sum(rate(http_request_duration_seconds_count{status=~"5.."}[30s])) > 1',
        "rate(http_errors_total[30s]) / rate(http_request_duration_seconds_count[30s]) > 0.1",
        "time() - batch_last_success_timestamp_seconds > 60",
    ],
)
def test_a_rule_on_errors_is_none_on_latencies_though_it_counts_by_a_duration_s_metric(expr: str) -> None:
    picked = alerts.pick([rule("Errors", expr)])
    assert picked.gone is not None
    assert picked.slow is None


def test_rules_that_could_yet_see_a_fault_are_named_before_the_others() -> None:
    """Nobody knows whether the health page asks the database; the proxy's rule fires if it does."""
    first = [rule(f"Queue{n}", f"queue_length > {n}") for n in range(6)]
    proxied = rule("Backend down", 'haproxy_backend_active_servers{proxy="api"} < 2')
    left = alerts.pick([*first, proxied]).left
    assert [why.split()[0] for why in left[:2]] == ["Backend", "Queue0"]
    fired = alerts.pick([*first, proxied], firing=("Backend down",)).left
    assert fired[0].startswith("Queue0"), "one that fires already could not begin to"
