"""A plan warns of claims about alerts that nothing could make fire: a name misspelt, a recording rule renamed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.drill.parse import parse
from harness.facts import RuleSeen
from harness.plan import make_plan
from harness.plan_reach import reach_of

Write = Callable[..., Path]
RATIO = RuleSeen(rule="service:errors:ratio", kind="recording", expr="rate(errors_total[1m])")
READ = "the rule Failing reads job:errors:ratio, which no rule here records (did you mean 'service:errors:ratio'?)"


def failing(expr: str, **labels: str) -> RuleSeen:
    return RuleSeen(rule="Failing", expr=expr, labels=labels)


@pytest.mark.parametrize(
    ("rules", "claim", "said"),
    [
        ([failing("service:errors:ratio > 1"), RATIO], "alert: Failing", ""),
        ([failing("job:errors:ratio > 1"), RATIO], "alert: Failing", READ),
        ([failing("job:errors:ratio > 1"), RATIO], 'alert: "*"', ""),
        ([failing("job:errors:ratio > 1 or service:errors:ratio > 1"), RATIO], "alert: Failing", ""),
        ([failing("absent(job:errors:ratio)"), RATIO], "alert: Failing", ""),
        ([failing("errors_total > 1")], "alert: Failing", ""),
        (
            [failing("b:ratio > 1"), RuleSeen(rule="b:ratio", kind="recording", expr="c:ratio")],
            "alert: Failing",
            "reads c:ratio",
        ),
        ([failing("c:ratio > 1", team="a"), failing("up == 0", team="b")], "alert: Failing", ""),
        (
            [failing("c:ratio > 1", team="a"), failing("up == 0", team="b")],
            "alert: Failing, labels: {team: a}",
            "reads c:ratio",
        ),
        (
            [failing("up == 0")],
            "alert: Faling",
            "the stack's rule files have no alert Faling; there are Failing",
        ),
        ([failing("up =")], "alert: Failing", ""),
        (
            [failing("up == 2")],
            "alert: Failing",
            "the rule Failing asks for == 2, and up gives 1 at the most: it never fires",
        ),
        ([failing("up == 2", team="a"), failing("up == 0", team="b")], "alert: Failing", ""),
        ([], "alert: Failing", "the stack's rule files have no alert Failing; there are none"),
        (None, "alert: Failing", ""),
    ],
)
def test_an_alert_that_could_never_fire_is_told_at_its_claim(
    checkout: Write, rules: list[RuleSeen] | None, claim: str, said: str
) -> None:
    drill = parse(checkout("errors_below: {ratio: 2%}", f"alert_quiet: {{{claim}}}"))
    plan = make_plan(drill, monitoring={"prometheus": "prometheus:9090"}, alerts=rules)
    told = [str(one) for one in plan.problems if one.severity == "warning"]
    assert [said in one for one in told] == ([True] if said else [])


def test_what_the_stacks_files_lack_is_told(checkout: Write) -> None:
    plan = make_plan(parse(checkout()), doubts=["prometheus has no rules of /x.yml: no file is there"])
    assert "/x.yml" in str(plan.problems[-1])
    assert not plan.errors


@pytest.mark.parametrize(
    ("claim", "scrapes", "said"),
    [
        (
            "metric: 'rss{job=\"api\"}', limit: 1GiB",
            {"api": 2.0, "other": 1.0},
            "about 15 samples are due, one every 2s",
        ),
        ("metric: 'rss{job=\"api\"}', limit: 1GiB", {"api": 0.5}, ""),
        ("metric: rss, limit: 1GiB", {"api": 2.0, "other": 15.0}, "one every 2s"),
        ("service: api", {"api": 15.0}, "about 30 samples are due, one a second"),
    ],
)
def test_a_leak_for_which_too_few_samples_may_be_due_is_told(
    checkout: Write, claim: str, scrapes: dict[str, float], said: str
) -> None:
    old = '  - log_quiet: {service: "*", matches: "Traceback|panic:"}'
    path = checkout(old, f"  - leak: {{{claim}, horizon: 24h}}")
    text = path.read_text()
    a, b = text.index("  - name: orders-slow"), text.index("  - name: calm")
    path.write_text(text[:a] + text[b:])  # the phase alone: 30 s at the least, and as long as its settling at the most
    plan = make_plan(parse(path), scrapes=scrapes)
    assert reach_of(plan, plan.claims[0]).least_s == 30
    told = [str(one) for one in plan.problems if "samples are due" in one.what]
    assert [said in one for one in told] == ([True] if said else [])
    assert not plan.errors
    slow = make_plan(parse(path), scrapes=dict.fromkeys(scrapes, 60.0))
    assert bool(slow.errors) == ("metric" in claim)


@pytest.mark.parametrize(
    ("claim", "jobs", "said"),
    [
        (
            "metric_fresh: {metric: m, only: 'job=\"apy\"', max_age: 30s}",
            ("api",),
            "no job 'apy' (did you mean 'api'?)",
        ),
        (
            "metric_fresh: {metric: m, only: 'job=\"x\"', max_age: 30s}",
            ("api", "db"),
            "'x'; there are api, db",
        ),
        (
            'metric_stays: {query: \'sum(rate(m{a="b", job="x"}[1m]))\', below: 5}',
            ("api",),
            "no job 'x'; there are api",
        ),
        ("metric_fresh: {metric: m, only: 'job=\"api\"', max_age: 30s}", ("api",), ""),
        ("metric_fresh: {metric: m, only: 'job=~\"a.*\"', max_age: 30s}", ("api",), ""),
        ("metric_fresh: {metric: m, only: 'sub_job=\"x\"', max_age: 30s}", ("api",), ""),
        ("metric_fresh: {metric: m, only: 'job=\"x\"', max_age: 30s}", None, ""),
    ],
)
def test_a_job_that_prometheus_does_not_scrape_is_told(
    checkout: Write, claim: str, jobs: tuple[str, ...] | None, said: str
) -> None:
    path = checkout('log_quiet: {service: "*", matches: "Traceback|panic:"}', claim)
    plan = make_plan(parse(path), monitoring={"prometheus": "prometheus:9090"}, jobs=jobs)
    told = [one.what for one in plan.problems if "has no job" in one.what]
    assert [said in one for one in told] == ([True] if said else [])
    assert not plan.errors


def test_a_guard_on_a_job_that_prometheus_does_not_scrape_is_told(checkout: Write) -> None:
    drill = parse(checkout("errors > 50% for 15s", "'promql: up{job=\"apy\"} == 0 for 5s'"))
    plan = make_plan(drill, monitoring={"prometheus": "prometheus:9090"}, jobs=("api",))
    (told,) = [one.what for one in plan.problems if "has no job" in one.what]
    assert "may never trip" in told
