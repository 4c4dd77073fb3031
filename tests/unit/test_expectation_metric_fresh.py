"""metric_fresh: there from the start, at every scrape, never old, and each failing under a name of its own."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import pytest
from truthful_service import Replica, Scraped, Traffic, evidence, journal, traffic

from harness import facts as f
from harness.expectations.metric_count_truth import MetricCountTruth
from harness.expectations.metric_fresh import MetricFresh
from harness.series import Book, RawSeries
from harness.verdict import Finding, Outcome

TOTAL = "http_requests_total"
ERRORS = 'http_requests_total{code=~"5.."}'
FRESH = MetricFresh(metric=TOTAL)
WITH_ERRORS = MetricFresh(metric=TOTAL, errors='code=~"5.."')


def book(seed: int, seen: Traffic, *, hidden_until: float = math.inf, **how: Any) -> Book:
    selectors = {
        TOTAL: lambda labels: labels["__name__"] == TOTAL,
        ERRORS: lambda labels: labels["__name__"] == TOTAL and labels["code"].startswith("5"),
    }
    return Scraped(np.random.default_rng(seed), **how).book(seen, selectors=selectors, hidden_until=hidden_until)


def judged(claim: MetricFresh, seen: Traffic, series: Book) -> Finding:
    return claim.check(evidence(seen.rows(), series, journal()))


def day(seed: int, **how: Any) -> Traffic:
    return traffic(np.random.default_rng(seed), **how)


def without(series: Book, start_s: float, end_s: float) -> Book:
    """Prometheus did not scrape in this stretch."""

    def cut(one: RawSeries) -> RawSeries:
        kept = (one.t_s < start_s) | (one.t_s > end_s)
        return RawSeries(one.labels, one.t_s[kept], one.value[kept])

    return {selector: tuple(cut(one) for one in found) for selector, found in series.items()}


def test_a_metric_that_is_there_at_every_scrape() -> None:
    seen = day(1, errors=0.05)
    for claim in (FRESH, WITH_ERRORS):
        finding = judged(claim, seen, book(1, seen))
        assert finding.outcome is Outcome.PASSED, finding.because
        assert finding.measure is not None
        assert finding.measure.high < 2.1
    assert "at most 2.0 s apart (limit 5 s)" in finding.because


def test_a_service_that_restarts_and_one_that_is_replaced_are_fresh_while_they_live() -> None:
    seen = day(2)
    restarted = (Replica("a:80", ((-60, 70.0), (70.5, math.inf))),)
    replaced = (Replica("a:80", ((-60, 70.0),)), Replica("b:80", ((66.0, math.inf),)))
    for replicas in (restarted, replaced):
        finding = judged(MetricFresh(metric=TOTAL, max_age_s="6s"), seen, book(2, seen, replicas=replicas))
        assert finding.outcome is Outcome.PASSED, finding.because


def test_for_too_long_nothing_was_scraped() -> None:
    seen = day(3)
    series = without(book(3, seen), 60.0, 75.0)
    finding = judged(FRESH, seen, series)
    assert finding.reason == "scrape_gap"
    assert finding.measure is not None
    assert 15 < finding.measure.high < 19.1
    assert judged(MetricFresh(metric=TOTAL, max_age_s="20s"), seen, series).outcome is Outcome.PASSED


GATEWAY = "server returned HTTP status 502 Bad Gateway"
REFUSED = 'Get "http://api-1:8080/metrics": dial tcp 10.0.0.2:8080: connect: connection refused'


def scrape(seen_s: float, error: str = "", instance: str = "api-1:8080") -> f.TargetSeen:
    health = "down" if error else "up"
    return f.TargetSeen(job="api", instance=instance, health=health, interval_s=2.0, error=error, seen_s=seen_s)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (GATEWAY, "; api-1:8080 answered the scrape with 502 Bad Gateway, by itself or by what stands in front of it"),
        (REFUSED, f"; scraping api-1:8080 failed: {REFUSED}"),
    ],
)
def test_what_the_scrape_was_answered_is_told_and_nobody_is_accused_of_it(error: str, said: str) -> None:
    seen = day(3)
    series = without(book(3, seen), 60.0, 75.0)
    other = scrape(62.0, GATEWAY, "db:9187")
    told = journal(more=[scrape(3.0), scrape(63.0, error), other, scrape(77.0), scrape(90.0, "of later")])
    finding = FRESH.check(evidence(seen.rows(), series, told))
    assert finding.reason == "scrape_gap"
    assert finding.because.endswith(f" s){said}")
    assert told.of(f.TargetSeen, error=error, instance="api-1:8080")[0].cite in finding.cites
    assert "answered" not in judged(FRESH, seen, series).because


def test_a_target_that_was_never_scraped_is_no_metric_of_another_name() -> None:
    seen = day(8)
    up = book(8, seen)["up"]
    lost = journal(more=[scrape(3.0, GATEWAY)])
    for kind in (MetricFresh, MetricCountTruth):
        claim = kind(metric=TOTAL)
        finding = claim.check(evidence(seen.rows(), {TOTAL: (), "up": up}, lost))
        other = kind(metric=TOTAL, only='job="web"')
        assert "answered" not in other.check(evidence(seen.rows(), {other.selector(): (), "up": up}, lost)).because
        assert finding.reason == "no_series"
        assert "api-1:8080 answered the scrape with 502 Bad Gateway" in finding.because
        assert finding.decide.startswith("a target that can be scraped, and a metric of that name")
        back = journal(more=[scrape(3.0, GATEWAY), scrape(20.0)])
        assert "answered" not in claim.check(evidence(seen.rows(), {TOTAL: (), "up": up}, back)).because


def test_one_replica_that_lives_on_unseen_is_no_fresher_for_the_others() -> None:
    seen = day(4)
    series = book(4, seen, replicas=(Replica("a:80"), Replica("b:80")))
    partly = {
        selector: tuple(
            without({"x": (one,)}, 60.0, 75.0)["x"][0] if one.labels["instance"] == "a:80" else one for one in found
        )
        for selector, found in series.items()
    }
    assert judged(FRESH, seen, partly).reason == "scrape_gap"


def test_a_series_that_stops_being_exposed() -> None:
    seen = day(5)
    finding = judged(FRESH, seen, book(5, seen, hidden_until=80.0))
    assert finding.reason == "vanished"
    assert finding.census


def test_a_series_that_is_born_with_its_first_error() -> None:
    seen = day(6, errors=0.02, start_s=25.0, length_s=90)
    series = book(6, seen, preregistered=False)
    finding = judged(FRESH, seen, series)
    assert finding.reason == "not_preregistered"
    assert judged(MetricFresh(metric=TOTAL, preregistered=False), seen, series).outcome is Outcome.PASSED


def test_an_error_that_the_next_scrape_does_not_show() -> None:
    seen = day(7, errors=0.05)
    first = int(np.flatnonzero((seen.status >= 500) & (seen.sent_s > 20))[0])
    seen.served_s[first] += 9.0
    held = seen.sent_s > seen.sent_s[first]
    seen.status[held & (seen.status >= 500)], seen.outcome[held & (seen.outcome == 3)] = 200, 1
    seen.counted_status[held] = 200
    finding = judged(WITH_ERRORS, seen, book(7, seen))
    assert finding.reason == "error_late"
    assert f"row 0:{first}" in finding.cites
    assert judged(FRESH, seen, book(7, seen)).outcome is Outcome.PASSED


def test_what_was_not_seen_is_never_passed() -> None:
    seen = day(8)
    series = book(8, seen)
    assert judged(FRESH, seen, {}).reason == "not_recorded"
    assert judged(FRESH, seen, {TOTAL: (), "up": series["up"]}).reason == "no_series"
    assert judged(FRESH, seen, {**series, "up": ()}).reason == "no_scrapes"


@pytest.mark.parametrize("every_s", [2.0, 5.0, 10.0])
def test_a_counter_that_is_pushed_shows_its_errors_late_and_is_no_liar(every_s: float) -> None:
    seen = day(7, errors=0.05)
    pushed = dataclasses.replace(seen, served_s=np.ceil((seen.served_s - 1.3) / every_s) * every_s + 1.3)
    finding = judged(WITH_ERRORS, seen, book(7, pushed))
    assert finding.outcome is not Outcome.FAILED, finding.because
    if finding.outcome is Outcome.INCONCLUSIVE:
        assert finding.reason == "counted_late"
        assert "behind its service" in finding.because
