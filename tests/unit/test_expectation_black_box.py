"""Failures that the service's own counter cannot see: who was alarmed all the same, and what the service's log said of them."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from truthful_service import Scraped, Traffic, evidence, journal, traffic

from harness import facts as f
from harness.expectations.base import Line
from harness.expectations.metric_error_truth import MetricErrorTruth
from harness.journal import Journal
from harness.ledger import OUTCOMES, request_id
from harness.series import Book
from harness.testing import WrittenLogs
from harness.verdict import Finding, Outcome

TOTAL, ERRORS = "http_requests_total", 'code=~"5.."'
CLAIM = MetricErrorTruth(metric=TOTAL, errors=ERRORS)


def day(**how: float) -> Traffic:
    return traffic(np.random.default_rng(15), **how)


def book(seen: Traffic) -> Book:
    total, errors = CLAIM.selectors()
    selectors = {total: lambda one: one["__name__"] == TOTAL, errors: lambda one: one.get("code", "") >= "5"}
    return Scraped(np.random.default_rng(15)).book(seen, selectors=selectors)


def fired(expr: str, at_s: float = 60.0, *recorded: f.Fact, **labels: str) -> Journal:
    return journal(
        more=(
            f.RuleSeen(rule="Outside", expr=expr, interval_s=5.0, seen_s=1.0),
            *recorded,
            f.AlertChanged(alert="Outside", state="firing", labels=labels, happened_s=at_s, seen_s=at_s + 0.5),
        )
    )


def judged(told: Journal, claim: MetricErrorTruth = CLAIM, *, against: str = "", **how: float) -> Finding:
    seen = day(**(how or {"errors": 0.01, "refused": 0.05}))
    return claim.check(evidence(seen.rows(), book(seen), told, against=against))


@pytest.mark.parametrize(
    "expr",
    [
        'probe_success{job="blackbox"} == 0',
        "sum(rate(haproxy_backend_http_responses_total[1m])) > 3",
        'up{job="api"} == 0',
        r'up{instance=~"api-1:\\d+"} == 0',
        "absent(up)",
        "avg_over_time(probe_success[30s]) < 0.9 and on() vector(1)",
    ],
)
def test_an_alert_of_the_users_side_sees_what_the_counter_cannot(expr: str) -> None:
    finding = judged(fired(expr))
    assert finding.outcome is Outcome.PASSED, finding.because
    assert "Outside, which stands on" in finding.because
    assert "60.0 s" in finding.because
    assert "misses" in finding.because, "how much the counter misses is told all the same"


@pytest.mark.parametrize(
    "expr",
    [
        'sum(rate(http_requests_total{code=~"5.."}[1m])) > 1',
        "pg_up == 0",
        'up{job="worker"} == 0',
        r'up{instance=~"worker-\\d:.*"} == 0',
        "drill_fault_on > 0",
        "vector(1)",
        "no promql (",
    ],
)
def test_an_alert_that_stands_elsewhere_does_not(expr: str) -> None:
    finding = judged(fired(expr))
    assert finding.reason == "blind", finding.because
    assert "Outside fired; if one stands there, name it in `seen_by`" in finding.because
    named = judged(fired(expr), MetricErrorTruth(metric=TOTAL, errors=ERRORS, seen_by="Out*"))
    assert named.outcome is Outcome.PASSED
    assert "which the claim names in `seen_by`" in named.because


def test_an_alert_about_another_target_is_about_somebody_else() -> None:
    assert judged(fired("up == 0", job="worker", instance="worker:80")).reason == "blind"
    assert judged(fired("up == 0", job="api", instance="api-1:8080")).outcome is Outcome.PASSED


def test_recording_rules_are_followed() -> None:
    rule = f.RuleSeen(rule="users:failed", kind="recording", expr="1 - avg(probe_success)", seen_s=1.0)
    assert judged(fired("users:failed > 0.1", 60.0, rule)).outcome is Outcome.PASSED


def test_what_the_load_goes_to_stands_on_the_users_side_of_what_is_behind_it() -> None:
    expr = 'rate(http_requests_total{job="gateway",code="502"}[1m]) > 0'
    assert judged(fired(expr), against="gateway").outcome is Outcome.PASSED
    assert judged(fired(expr), against="api").reason == "blind"


def test_an_alert_that_fired_before_or_after_saw_nothing_of_it() -> None:
    assert judged(fired("probe_success == 0", 2.0)).reason == "pre_existing"
    assert judged(fired("probe_success == 0", 160.0)).reason == "blind"


def test_where_alerts_could_not_be_read_nothing_is_decided() -> None:
    told = journal()
    unread = Journal(tuple(one for one in told.facts if getattr(one, "probe", "") != "alerts" or one.seen_s < 50))
    assert judged(unread).reason == "not_watched"


def logged(seen: Traffic, status: int, services: tuple[str, ...] = ("api",)) -> WrittenLogs:
    lines = []
    for number in np.flatnonzero(seen.outcome == OUTCOMES.index("timeout")).tolist():
        at_s = float(seen.served_s[number])
        said = {"method": "GET", "status": status, "request_id": request_id("r1", 0, number)}
        lines += [Line(service, f"{service}-1", at_s, json.dumps(said)) for service in services]
    return WrittenLogs(lines)


API = (f.ContainerSeen(service="api", container="api-1", status="running", started_at="a", seen_s=1.0),)


@pytest.mark.parametrize("status", [200, 504])
def test_what_users_gave_up_on_is_looked_up_by_its_ids(status: int) -> None:
    seen = day(errors=0.01, timeouts=0.05)
    given = replace(evidence(seen.rows(), book(seen), journal(more=API)), logs=logged(seen, status))
    finding = CLAIM.check(given)
    assert finding.reason == "optimistic"
    if status == 200:
        assert "told by their ids in the log of api" in finding.because
        assert len([one for one in finding.cites if one.startswith("row ")]) == 3
        assert len([one for one in finding.cites if one.startswith("log ")]) == 3
        assert dict(finding.details)["answered well, by their ids"].count("drill-r1-") == 3
    else:
        assert "told by counts: the log of api has" in finding.because


def test_without_ids_in_the_log_it_is_told_by_counts() -> None:
    seen = day(errors=0.01, timeouts=0.05)
    given = evidence(seen.rows(), book(seen), journal(more=API))
    assert "told by counts: no line in the log of api bears" in CLAIM.check(given).because
    worker = replace(given, logs=logged(seen, 200, ("worker",)))
    assert "told by counts" in CLAIM.check(worker).because, "another service's success is not this one's"
    nobody = CLAIM.check(evidence(seen.rows(), book(seen)))
    assert "which service's log is this counter's" in nobody.because


def test_a_black_box_alert_does_not_excuse_a_counter_that_praises() -> None:
    assert judged(fired("probe_success == 0"), errors=0.01, timeouts=0.05).reason == "optimistic"


@pytest.mark.parametrize(
    "expr",
    [
        'probe_success{job="db-probe",instance="postgres:5432"} == 0',
        "probe_ssl_earliest_cert_expiry < 7",
        'rate(istio_requests_total{destination_service="db"}[1m]) > 0',
        'probe_success{instance="https://blog.example"} == 0',
    ],
)
def test_a_prober_or_proxy_that_tells_of_somebody_else_saw_nothing_of_it(expr: str) -> None:
    finding = judged(fired(expr), against="api")
    assert finding.reason == "blind", finding.because
    assert "name it in `seen_by`" in finding.because


def test_a_prober_that_names_the_service_that_the_load_goes_to_sees_it() -> None:
    expr = 'probe_success{job="blackbox"} == 0'
    assert judged(fired(expr, instance="http://api:8080/healthz"), against="api").outcome is Outcome.PASSED
    assert judged(fired(expr, instance="http://blog:80/"), against="api").reason == "blind"


def test_an_answer_that_the_service_itself_got_is_not_its_own() -> None:
    """A call that went well is told by the same id as the request that then failed."""
    seen = day(errors=0.01, timeouts=0.05)
    both = WrittenLogs([*logged(seen, 200).lines("api", 0, 1e9), *logged(seen, 504).lines("api", 0, 1e9)])
    given = replace(evidence(seen.rows(), book(seen), journal(more=API)), logs=both)
    assert "told by counts: the log of api has" in CLAIM.check(given).because
