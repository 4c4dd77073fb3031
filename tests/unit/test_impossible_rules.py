"""Rules as users write them: one that can never hold is told so, with the number, and one that may hold never is."""

from __future__ import annotations

import pytest

from harness.ceilings import impossible
from harness.facts import RuleSeen

BAD = 'sum(rate(http_requests_total{code=~"5.."}[5m]))'
ALL = "sum(rate(http_requests_total[5m]))"
P99 = "histogram_quantile(0.99, sum by (le) (rate(took_seconds_bucket[5m])))"
LAST_LE = {"took_seconds_bucket": 5.0}


def recording(rule: str, expr: str, group: str = "g") -> RuleSeen:
    return RuleSeen(rule=rule, kind="recording", expr=expr, group=group)


RECORDED = (
    recording("job:errors:ratio5m", f"{BAD} / {ALL}"),
    recording("job:bad:rate5m", 'sum by (job) (rate(http_requests_total{code=~"5.."}[5m]))'),
    recording("job:all:rate5m", "sum by (job) (rate(http_requests_total[5m]))"),
    recording("job:elsewhere:rate5m", "sum by (job) (rate(http_requests_total[5m]))", "another"),
    recording("job:busy:rate5m", "sum(rate(http_requests_total[5m]) > 5)"),
    recording("took:p99", P99),
    recording("took:rate5m", "sum by (job) (rate(took_seconds_bucket[5m]))"),
    recording("never", "up == 2"),
)


def told(expr: str) -> str:
    rule = RuleSeen(rule="Alert", expr=expr)
    return impossible((*RECORDED, rule), rule, LAST_LE.get)


NEVER = [
    'rate(asked_total{code="500"}[5m]) / rate(asked_total{code="200"}[5m]) > 1',
    'sum by (code) (rate(asked_total{code="500"}[5m])) / sum(rate(asked_total[5m])) > 0.1',
    'sum by (job) (rate(asked_total{job="a"}[5m])) / on(job) sum(rate(all_total[5m])) > 0.1',
    'sum without (pod) (x{job="a"}) > bool sum by (job) (y{job="b"})',
    'x{job="a"} == 0 and y{job="b"} == 0',
    'x{job="a"} > 1 and on(job) clamp_min(y{job="b"}, 1)',
    'topk(3, x{job="a"}) / ignoring(pod) (y{job="b"} > 0) > 1',
    'x{job="a"} / max_over_time(y{job=""}[5m]) > 1',
    '2 * x{job="a"} > quantile_over_time(0.9, y{job="b"}[5m])',
    '1 - sum(rate(took_seconds_bucket{le="0.5"}[5m])) / sum(rate(took_seconds_count[5m])) > 5',
    "histogram_quantile(0.99, sum by (le) (rate(took_seconds_bucket[5m]))) > 10",
    "1000 * histogram_quantile(0.99, sum by (le) (rate(took_seconds_bucket[5m]))) > 10000",
    "histogram_quantile(0.99, sum(rate(took_seconds_bucket[5m]))) > 1",
    "histogram_quantile(0.99, sum by (job) (rate(took_seconds_bucket[5m]))) > 1",
    "histogram_quantile(0.99, sum without (le) (rate(took_seconds_bucket[5m]))) > 1",
    "histogram_quantile(0.99, took:rate5m) > 1",
    "took:p99 > 10",
    "avg_over_time(took:p99[10m]) > 10",
    f"{BAD} / {ALL} > 1",
    f"{BAD} / {ALL} > 5",
    f"{BAD} / {ALL} * 100 > 100",
    f"100 * {BAD} / {ALL} > 150",
    f"1 - {BAD} / {ALL} > 1",
    f"(1 - {BAD} / {ALL}) < 0",
    f"{BAD} / clamp_min({ALL}, 1) > 5",
    "job:errors:ratio5m > 5",
    "job:bad:rate5m / job:all:rate5m > 5",
    f"{BAD} > {ALL}",
    f"{ALL} < {BAD}",
    "up == 2",
    'up{job="api"} > 1',
    "up < 0",
    "avg(up) > 1",
    "min_over_time(up[5m]) < 0",
    'absent(up{job="api"}) > 1',
    "absent(up) == 0",
    "absent_over_time(up[5m]) < 1",
    'count(up{job="api"} == 1) == 0',
    'count(up{job="api"} == 1) < 1',
    "count by (job) (up == 0) < 1",
    "count_over_time(up[5m]) == 0",
    "count(up == 0) / count(up) > 50",
    "rate(http_requests_total[5m]) < 0",
    f"{ALL} < 0",
    "increase(http_requests_total[1h]) < 0",
    "changes(up[5m]) < 0",
    "changes(process_start_time_seconds[1h]) == -1",
    "hour() > 23",
    "day_of_week() == 7",
    "hour() > 22 and hour() < 6",
    "up == 0 and up == 1",
    "6 > hour() > 22",
    "queue > 10 and queue < 5",
    "(queue > 10 and on() hour() > 3) < 5",
    "queue > 10 and (queue < 5 and on() hour() > 3)",
    "(up == bool 0) > 1",
    "sum(x) > 5 and on() up == 2",
    "clamp_max(x, 1) > 2",
    "clamp(x, 0, 100) < 0",
    "-up > 0",
    "-up < -1",
    "up - 1 > 0",
    "up * 100 > 100",
    "never",
    "max_over_time((up == 2)[5m:1m])",
    "stddev(x) < 0",
    "sgn(delta(x[5m])) > 1",
    'label_replace(up, "a", "$1", "b", "(.*)") > 1',
    "quantile(0.9, up) > 1",
    "group(x) == 0",
    'ALERTS{alertname="Foo"} == 0',
]
MAYBE = [
    "x > Inf",
    'rate(asked_total{code="500"}[5m]) / ignoring(code) rate(asked_total{code="200"}[5m]) > 1',
    'rate(asked_total{code="500"}[5m]) / on(job) rate(asked_total{code="200"}[5m]) > 1',
    'sum(rate(asked_total{code="500"}[5m])) / sum(rate(asked_total{code="200"}[5m])) > 1',
    'sum by (job) (rate(asked_total{job="a"}[5m])) / on() group_left() sum(rate(all_total[5m])) > 1',
    'sum without (code) (rate(asked_total{code="500"}[5m])) / rate(all_total{code=""}[5m]) > 1',
    'sum by (job) (x{job="a"}) > sum by (job) (y{job="a"})',
    'x{job="a"} unless y{job="b"}',
    'x{job="a"} > 1 or y{job="b"} > 1',
    'absent(x{job="a"}) and y{job="b"}',
    'label_replace(x{job="a"}, "job", "b", "", "") and y{job="b"}',
    'x{job="a"} / scalar(y{job="b"}) > 1',
    'count_values("job", x{job="a"}) and y{job="b"}',
    'x{job="a"} / y{job=~"b"} > 1',
    'x{job="a"} * on(pod) group_left(job) y{job="b"} + z{job="b"} > 1',
    "sum(x) / sum by (job) (y) > 1",
    "up == 0 unless on(job) (sum by (job) (up) == 0)",
    "sum by (instance) ((up == 0) * on (instance) group_left(__name__) (now_seconds - boot_seconds > 600))",
    "replicas != replicas_ready > 0",
    "1 == up > 0",
    "max(quantile_over_time(0.5, wanted[1d]) == least) by (name) > 3",
    "sum by (node) ((phase == 1) + on(uid) group_left(node) (0 * pod_info)) / sum by (node) (allocatable) * 100 > 90",
    "restarts_total - restarts_total offset 10m >= 1 and ignoring (reason) min_over_time(last_reason[10m]) == 1",
    "count(count_values('config_hash', config_hash)) > 1",
    "scraped_seconds{quantile='0.9'} / on (job) scraped_seconds{quantile='0.5'} > 1.05",
    f"{BAD} / {ALL} > 14.4 * 0.001 and {BAD} / {ALL} > 0.5",
    "histogram_quantile(0.99, sum by (le) (rate(took_seconds_bucket[5m]))) > 4",
    "histogram_quantile(0.99, sum by (le) (rate(took_seconds_bucket[5m]))) >= 5",
    "histogram_quantile(0.99, sum(rate(native_seconds[5m]))) > 1",
    "histogram_quantile(0.99, sum without (pod) (rate(took_seconds_bucket[5m]))) > 1",
    "histogram_quantile(0.99, topk(3, sum by (le) (rate(took_seconds_bucket[5m])))) > 1",
    "histogram_quantile(0.99, sum(rate(native_seconds[5m])) or sum by (le) (rate(took_seconds_bucket[5m]))) > 10",
    f"{BAD} / {ALL} > 0.99",
    f"{BAD} / {ALL} >= 1",
    f"{BAD} / {ALL} * 100 > 5",
    f"{BAD} > 0.05 * {ALL}",
    f"{BAD} >= {ALL}",
    f"{ALL} > {BAD}",
    f"{ALL} / {BAD} > 5",
    f"sum(rate(http_errors_total[5m])) / {ALL} > 5",
    'sum(rate(http_requests_total{code="500"}[5m])) / sum(rate(http_requests_total[1h])) > 5',
    f"{ALL} / sum(rate(http_requests_total[5m] offset 1d)) > 5",
    'sum(rate(http_requests_total{code="500"}[5m])) / sum(rate(http_requests_total{code="200"}[5m])) > 5',
    'sum(rate(http_requests_total{code="500"}[5m])) / on () group_right () sum by (job) (rate(http_requests_total[5m])) > 5',
    'sum(rate(http_requests_total{code="500"}[5m])) / sum(rate(http_requests_total[5m]) > 5) > 5',
    "job:bad:rate5m / job:elsewhere:rate5m > 5",
    "job:bad:rate5m / on () job:busy:rate5m > 5",
    "took_seconds_count / 0.003 >= 1000",
    f"sum({BAD} / {ALL}) + sum({BAD} / {ALL}) > 1",
    "up == 0",
    "up != 1",
    "up < 1",
    "sum(up) > 5",
    "sum(up) < 1",
    "count(up == 1) or vector(0) == 0",
    "(count(up == 1) or vector(0)) == 0",
    "count(up) > 3",
    "absent(up)",
    "absent(up) == 1",
    "absent(up) > 0",
    "up == bool 0",
    "(up == bool 0) > 0",
    "rate(temperature[5m]) < 0",
    "delta(queue_total[5m]) < 0",
    "deriv(x[5m]) < 0",
    "predict_linear(free[1h], 4*3600) < 0",
    "rate(http_requests_total[5m]) == 0",
    "rate(http_requests_total[5m]) <= 0",
    "changes(up[5m]) > 3",
    "hour() >= 22 or hour() < 6",
    "hour() > 22 unless hour() < 6",
    "queue > 10 and on(job) queue < 20",
    "queue > 10 and on(pod) queue < 5",
    "queue > 5 and queue < 10",
    "queue > 5 and queue == 6",
    "queue == 5 and queue >= 5",
    "queue > bool 10 and queue < 5",
    'queue{a="1"} > 10 and ignoring(a) queue{a="2"} < 5',
    "x > up",
    "x - x offset 5m < 0",
    "x / y > 1",
    "x % 60 > 50",
    "x ^ 2 > 1",
    "up * x > 5",
    "1 / up > 5",
    "x * 0 > 5",
    "sum(x) < 0",
    "x < 0",
    "-x > 5",
    "clamp_min(x, 5) > 100",
    "clamp_max(x, 5) < 3",
    'sum by (a) (count_values("v", up)) > 5',
    "count(up == 0) / count(up == 1) > 5",
    'count(up == 0) / count(up{job="a"}) > 5',
    "x > 5 or up == 2",
    "up unless up == 2",
    "absent(up == 2)",
    "scalar(up == 2) > bool 1",
    "histogram_quantile(95, took_seconds_bucket) > 10",
    "quantile(95, up) > 10",
    "process_open_fds / process_max_fds > 0.8",
    "time() - last_success > 3600",
    "(time() - process_start_time_seconds) < 60 and up == 1",
    "sum(increase(x_total[5m])) == 0 and sum(increase(y_total[5m])) > 0",
    "min_over_time(up[5m]) == 0 and up == 1",
    "unknown:recorded > 1",
    "x == 0 and x offset 5m == 1",
]


@pytest.mark.parametrize("expr", NEVER)
def test_what_can_never_hold_is_told(expr: str) -> None:
    assert told(expr).startswith("asks for ")


@pytest.mark.parametrize("expr", MAYBE)
def test_what_may_hold_is_never_told_to_be_impossible(expr: str) -> None:
    assert told(expr) == ""


@pytest.mark.parametrize(
    ("expr", "said"),
    [
        ("up == 2", "asks for == 2, and up gives 1 at the most"),
        ("up - 1 > 0", "asks for > 0, and what it makes of up gives 0 at the most"),
        ('count(up{job="api"} == 1) == 0', "asks for == 0, and count() gives 1 at the least"),
        (f"100 * {BAD} / {ALL} > 1000000", "asks for > 1000000, and a part of its whole gives 100 at the most"),
        (f"{ALL} < {BAD}", "asks for a part of a whole to be more than that"),
        (
            'sum by (job) (x{job="a"}) / sum(y) > 1',
            "asks for two sides that never match: job is 'a' on the one and none on the other",
        ),
        ("hour() > 22 and hour() < 6", "asks for > 22 and < 6 of the same at once"),
        (
            f"{P99} > 10",
            "asks for > 10, and its histogram_quantile gives 5 at the most: the last bound of took_seconds_bucket is 5",
        ),
        (
            "histogram_quantile(0.5, took:rate5m) > 1",
            "asks for a histogram_quantile of what has no `le`: sum by (job) leaves none of it",
        ),
    ],
)
def test_it_is_told_with_the_numbers(expr: str, said: str) -> None:
    assert told(expr) == said
