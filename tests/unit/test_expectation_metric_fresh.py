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


CLAIMED = MetricFresh(metric="pg_up", only='job="api"')
BEAT, GO_HEAP, CPU = (
    "promhttp_metric_handler_requests_total",
    "go_memstats_alloc_bytes_total",
    "process_cpu_seconds_total",
)


def exporter(moves: dict[str, float], copied_from_s: float = math.inf, until_s: float = 150.0) -> Book:
    """An exporter whose pg_up is always 1. `moves`: by metric, how much it rises a second; from `copied_from_s` on its page is a copy."""
    at_s = np.arange(-10.0, until_s, 2.0)
    made_s = np.minimum(at_s, copied_from_s)
    labels = {"job": "api", "instance": "pg:9187"}

    def series(name: str, value: Any) -> RawSeries:
        return RawSeries({"__name__": name, **labels}, at_s, np.asarray(value, float))

    return {
        CLAIMED.selector(): (series("pg_up", np.ones(len(at_s))),),
        "up": (series("up", np.ones(len(at_s))),),
        CLAIMED.series()[-1]: tuple(series(name, 7 + np.floor((made_s + 10) * by)) for name, by in moves.items()),
    }


def test_a_page_that_is_a_copy_is_old_however_often_it_is_scraped() -> None:
    seen = day(9)
    for moves in ({BEAT: 0.5, CPU: 0.01}, {GO_HEAP: 5e4}, {"process_uptime_seconds": 1.0}):
        whole = judged(CLAIMED, seen, exporter(moves))
        assert whole.outcome is Outcome.PASSED, whole.because
        assert "copy" not in whole.because
        finding = judged(CLAIMED, seen, exporter(moves, copied_from_s=80.0))
        assert finding.reason == "frozen", finding.because
        assert "pg:9187 gave the same page at each scrape from 80.0 s" in finding.because
    assert judged(CLAIMED, seen, exporter({BEAT: 0.5}, copied_from_s=-10.0)).reason == "frozen"


def test_a_copy_that_is_renewed_in_time_is_fresh() -> None:
    seen = day(9)
    every_10s = exporter({BEAT: 0.1})
    assert judged(CLAIMED, seen, every_10s).reason == "frozen"
    lenient = MetricFresh(metric="pg_up", only='job="api"', max_age_s="12s")
    assert judged(lenient, seen, every_10s).outcome is Outcome.PASSED


@pytest.mark.parametrize("moves", [{}, {CPU: 0.0}, {BEAT: 0.0}])
def test_where_nothing_surely_moves_it_is_told_that_it_may_be_a_copy(moves: dict[str, float]) -> None:
    seen = day(9)
    series = exporter(moves)
    idle = {
        selector: tuple(RawSeries(one.labels, one.t_s, one.value * (one.name != BEAT)) for one in found)
        for selector, found in series.items()
    }
    finding = judged(CLAIMED, seen, idle)
    assert finding.outcome is Outcome.PASSED
    assert "were measured anew, or a copy's, is not known" in finding.because
    assert "copy" not in judged(CLAIMED, seen, exporter({CPU: 0.5})).because


def test_what_moves_is_asked_for_of_the_targets_that_the_claim_is_about() -> None:
    asked = MetricFresh(metric="pg_up", only=r'job="a\"b",instance=~"db.*",code="200"').series()[-1]
    assert asked.endswith(r',job="a\"b",instance=~"db.*"}')
    assert BEAT in asked
