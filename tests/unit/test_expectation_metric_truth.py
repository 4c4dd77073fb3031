"""The service's own metrics against the ledger: an honest one is never accused, and each lie has its own name."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from truthful_service import Replica, Scraped, Traffic, evidence, journal, traffic

from harness import facts as f
from harness.beside import judged_beside
from harness.expectations.base import Reach
from harness.expectations.metric_count_truth import MetricCountTruth
from harness.expectations.metric_error_truth import MetricErrorTruth
from harness.expectations.metric_latency_truth import MetricLatencyTruth
from harness.expectations.service_metric import GAP_S
from harness.journal import Journal
from harness.ledger import OUTCOMES
from harness.probes.series import SeriesProbe
from harness.series import Book
from harness.testing import machine_of
from harness.verdict import Finding, Judged, Outcome

TOTAL = "http_requests_total"
ERRORS = 'http_requests_total{code=~"5.."}'
BUCKETS = "http_request_duration_seconds_bucket"
COUNT = MetricCountTruth(metric=TOTAL)
BY_ROUTE = MetricCountTruth(metric=TOTAL, request="{method} {route}", status="code")
ERROR = MetricErrorTruth(metric=TOTAL, errors='code=~"5.."')
LATENCY = MetricLatencyTruth(metric="http_request_duration_seconds")
CLAIMS = (COUNT, BY_ROUTE, ERROR, LATENCY)
Counted = Callable[[Traffic], NDArray[np.bool_]]

SELECTORS: Mapping[str, Callable[[Mapping[str, str]], bool]] = {
    TOTAL: lambda labels: labels["__name__"] == TOTAL,
    ERRORS: lambda labels: labels["__name__"] == TOTAL and labels["code"].startswith("5"),
    BUCKETS: lambda labels: labels["__name__"] == BUCKETS,
}


def everything(seen: Traffic) -> NDArray[np.bool_]:
    return np.ones(len(seen), bool)


def book(seed: int, seen: Traffic, counted: Counted = everything, **how: Any) -> Book:
    told = {name: how.pop(name) for name in ("hidden_until", "buckets_s") if name in how}
    return Scraped(np.random.default_rng(seed), **how).book(seen, counted, selectors=SELECTORS, **told)


def judged(claim: Any, seen: Traffic, series: Book, phase: str = "", **more: Any) -> Finding:
    finding = claim.check(evidence(seen.rows(), series, phase=phase, **more))
    assert isinstance(finding, Finding)
    return finding


def day(seed: int, **how: Any) -> Traffic:
    return traffic(np.random.default_rng(seed), **how)


# --- an honest service ------------------------------------------------------------------------------------------------


def test_an_honest_service_passes_and_is_told_with_its_numbers() -> None:
    seen = day(1, errors=0.05, timeouts=0.004)
    series = book(1, seen)
    for claim in (COUNT, BY_ROUTE, ERROR, LATENCY):
        finding = judged(claim, seen, series)
        assert finding.outcome is Outcome.PASSED, finding.because
        assert dict(finding.details)["query"].startswith("http_request")
    details = dict(judged(BY_ROUTE, seen, series).details)
    assert {"POST /checkout", "POST /checkout 2xx", "GET /orders/[id] 5xx"} <= set(details), "{id} is [id]"
    assert "the load had" in details["GET /catalog"]


@pytest.mark.parametrize("seed", range(60))
def test_an_honest_service_is_never_accused(seed: int) -> None:
    """Whatever the scrapes, replicas, restarts, deployments and failures: what fails is never an honest counter."""
    random = np.random.default_rng([7, seed])
    cut_s, back_s = sorted(random.uniform(30, 110, 2))
    shapes = (
        (Replica("a:80"),),
        (Replica("a:80"), Replica("b:80"), Replica("c:80")),
        (Replica("a:80", ((-60, cut_s), (cut_s + 1.5, math.inf))),),
        (Replica("a:80", ((-60, cut_s),)), Replica("b:80", ((cut_s - 5, math.inf),))),
        (Replica("a:80"), Replica("b:80", ((back_s, math.inf),))),
    )
    seen = day(seed, errors=float(random.choice((0, 0.1))), timeouts=float(random.choice((0, 0.02))), refused=0.01)
    deaths = tuple(
        f.ContainerChanged(service="api", container="api-1", event="die", seen_s=high_s)
        for replica in shapes[seed % 5]
        for _, high_s in replica.lives
        if math.isfinite(high_s)
    )
    series = book(
        seed,
        seen,
        replicas=shapes[seed % 5],
        every_s=float(random.choice((1.0, 2.0, 5.0, 10.0))),
        takes_s=float(random.choice((0.005, 0.2))),
        tells_start=bool(random.integers(2)),
        preregistered=bool(random.integers(2)),
    )
    told = journal(more=deaths)
    for claim in CLAIMS:
        for phase in ("", "slow"):
            finding = claim.check(evidence(seen.rows(), series, told, phase=phase))
            blind = finding.reason in ("blind", "optimistic") and isinstance(claim, MetricErrorTruth)
            assert blind or finding.outcome is not Outcome.FAILED, f"{claim.word} {phase}: {finding.because}"


def test_replicas_are_counted_together() -> None:
    seen = day(3)
    series = book(3, seen, replicas=(Replica("a:80"), Replica("b:80"), Replica("c:80")))
    assert judged(COUNT, seen, series).outcome is Outcome.PASSED
    without = {**series, TOTAL: tuple(one for one in series[TOTAL] if one.labels["instance"] != "b:80")}
    assert judged(COUNT, seen, without).reason == "undercount"


def test_series_born_with_their_first_request_count_from_zero() -> None:
    seen = day(4, errors=0.01, start_s=25.0, length_s=95)
    finding = judged(BY_ROUTE, seen, book(4, seen, preregistered=False))
    assert finding.outcome is Outcome.PASSED, finding.because


# --- lies of a counter ------------------------------------------------------------------------------------------------


def lossy(share: float, seed: int = 5) -> Counted:
    return lambda seen: np.random.default_rng(seed).uniform(size=len(seen)) >= share


def test_a_counter_that_loses_some_is_found_with_three_of_its_requests() -> None:
    seen = day(5)
    finding = judged(COUNT, seen, book(5, seen, lossy(0.02)))
    assert finding.reason == "undercount"
    assert finding.census, "it stands whatever the gates say"
    rows = [cite for cite in finding.cites if cite.startswith("row ")]
    assert len(rows) == 3
    ids = dict(finding.details)["example requests"].split(", ")
    assert ids == [f"drill-r1-0-{cite.rpartition(':')[2]}" for cite in rows]


def test_a_counter_that_counts_twice_is_found() -> None:
    seen = day(6)
    twice = Traffic(*(np.concatenate([column, column[::40]]) for column in vars(seen).values()))
    assert judged(COUNT, seen, book(6, twice)).reason == "overcount"


def test_statuses_that_are_wrong_are_told_from_requests_that_are_lost() -> None:
    seen = day(7, errors=0.1)
    seen.counted_status[:] = 200
    finding = judged(BY_ROUTE, seen, book(7, seen))
    assert finding.reason == "wrong_status"
    assert "were counted by another status (2xx)" in finding.because
    assert judged(COUNT, seen, book(7, seen)).outcome is Outcome.PASSED


@pytest.mark.parametrize(
    ("against", "whose"), [("api", r"\)"), ("nginx", r"\): .* \(the load goes to nginx\) changed it")]
)
def test_a_status_that_users_were_never_told_is_no_request_of_somebody_else(against: str, whose: str) -> None:
    """A gateway that makes 200 of 503; or a counter that counts 503 what it answered 200."""
    seen = day(7)
    seen.counted_status[::9] = 503
    finding = judged(BY_ROUTE, seen, book(7, seen), against=against)
    assert finding.reason == "wrong_status"
    assert re.search(rf"5xx .* or more whose users were told another status \(200{whose}$", finding.because)


def test_a_metric_that_is_no_longer_exposed_is_said_to_be() -> None:
    seen = day(8)
    finding = judged(COUNT, seen, book(8, seen, hidden_until=70.0))
    assert finding.reason == "vanished"
    assert "no longer exposed from 6" in finding.because


def test_other_callers_are_left_out_by_name_or_said_to_be_there() -> None:
    seen = day(9)
    others = np.random.default_rng(9).uniform(0, 150, 80)
    more = Traffic(
        *(
            np.concatenate([column, np.full(80, fill)])
            for column, fill in zip(vars(seen).values(), (0, 0, 3, 200, 1, 0, 0.01, 200), strict=True)
        )
    )
    more.served_s[-80:] = np.sort(others)
    series = book(9, more)
    assert judged(COUNT, seen, series).reason == "overcount"
    health = {
        selector: tuple(
            type(one)({**one.labels, "route": "/healthz"}, one.t_s, one.value)
            if one.labels.get("route") == "/orders/{id}"
            else one
            for one in found
        )
        for selector, found in series.items()
    }
    fewer = seen.rows()
    fewer.array["endpoint"][fewer.array["endpoint"] == 3] = 1
    claim = MetricCountTruth(metric=TOTAL, request="{method} {route}")
    finding = claim.check(evidence(fewer, health))
    assert dict(finding.details)["left out, not the load's"] == "GET /healthz"


# --- restarts ---------------------------------------------------------------------------------------------------------


def test_a_restart_takes_counts_with_it_and_is_no_lie() -> None:
    seen = day(10, rate=40)
    replicas = (Replica("a:80", ((-60, 70.0), (71.0, math.inf))),)
    finding = judged(COUNT, seen, book(10, seen, replicas=replicas))
    assert finding.outcome is not Outcome.FAILED, finding.because
    assert "may be in no counter, a process ended" in dict(finding.details)
    lost = judged(COUNT, seen, book(10, seen, lossy(0.1), replicas=replicas))
    assert lost.reason == "undercount", "a lie that is larger than the loss"


def test_a_series_that_is_born_some_scrapes_after_its_new_process_fell_with_the_old_one() -> None:
    seen = day(10, rate=40)
    series = dict(book(10, seen, replicas=(Replica("a:80", ((-60, 70.0), (71.0, math.inf))),)))
    selector = COUNT.selectors()[0]
    *others, first = sorted(series[selector], key=lambda one: one.value.max())
    there = (first.t_s < 70.5) | (first.t_s > 76.0)
    series[selector] = (dataclasses.replace(first, t_s=first.t_s[there], value=first.value[there]), *others)
    assert first.resets(60.0, 80.0)
    assert judged(COUNT, seen, series).reason != "several_processes"


def died(at_s: float) -> Journal:
    return journal(more=[f.ContainerChanged(service="api", container="api-1", event="die", seen_s=at_s)])


def test_a_new_process_that_shows_no_counter_at_first_fell_when_the_old_one_died() -> None:
    seen = day(10, rate=40)
    replicas = (Replica("a:80", ((-60, 70.0), (71.0, math.inf))),)
    series = dict(book(10, seen, replicas=replicas, tells_start=False))
    selector = COUNT.selectors()[0]
    (up,) = series["up"]
    last_s = float(up.t_s[up.t_s < 70.0].max())
    kept = [(one, (one.t_s < 70.5) | (one.t_s > 77.0)) for one in series[selector]]
    series[selector] = tuple(
        dataclasses.replace(one, t_s=one.t_s[there], value=one.value[there]) for one, there in kept
    )
    told = judged(COUNT, seen, series, told=died(70.0))
    assert told.reason != "several_processes", told.because
    lost = dict(told.details)["may be in no counter, a process ended"]
    assert lost.startswith(f"{last_s:.1f} s to"), "since the last scrape of the one that ended"
    unseen = judged(COUNT, seen, series, told=died(last_s - 5.0))
    assert unseen.reason == "several_processes"
    assert f"between {last_s:.1f} s" in unseen.because


def test_a_scrape_under_way_while_a_process_dies_is_answered_by_the_next() -> None:
    seen = day(10, rate=40)
    replicas = (Replica("a:80", ((-60, 70.0), (70.1, math.inf))),)
    series = dict(book(10, seen, replicas=replicas, tells_start=False))
    (took,) = series["scrape_duration_seconds"]
    began_s = float(took.t_s[took.t_s > 70.1].min())
    slow = dataclasses.replace(took, value=np.where(took.t_s == began_s, 1.03, took.value))
    assert judged(COUNT, seen, series, told=died(began_s + 0.1)).reason == "several_processes", "it had been answered"
    series["scrape_duration_seconds"] = (slow,)
    assert judged(COUNT, seen, series, told=died(began_s + 0.1)).reason != "several_processes"


def test_one_address_with_several_processes_is_not_judged() -> None:
    seen = day(11)
    series = dict(book(11, seen))
    (start,) = series["process_start_time_seconds"]
    alternating = type(start)(start.labels, start.t_s, start.value + np.arange(len(start)) % 2 * 30.0)
    series["process_start_time_seconds"] = (alternating,)
    assert judged(COUNT, seen, series).reason == "several_processes"


# --- lies about errors ------------------------------------------------------------------------------------------------


def test_errors_counted_as_if_they_were_well_are_a_lie() -> None:
    seen = day(12, errors=0.05)
    seen.counted_status[:] = 200
    finding = judged(ERROR, seen, book(12, seen))
    assert finding.reason == "lying"
    assert finding.census
    errors = np.flatnonzero(seen.status >= 500)
    assert all(int(cite.rpartition(":")[2]) in errors for cite in finding.cites if cite.startswith("row "))


def test_errors_that_are_not_counted_at_all_are_another() -> None:
    seen = day(13, errors=0.05)
    assert judged(ERROR, seen, book(13, seen, lambda told: told.status < 500)).reason == "undercount"


def test_errors_that_nobody_was_answered() -> None:
    seen = day(14, errors=0.05)
    seen.counted_status[np.flatnonzero(seen.status == 200)[::50]] = 500
    assert judged(ERROR, seen, book(14, seen)).reason == "overcount"


def test_a_counter_that_stands_where_it_cannot_see_is_blind() -> None:
    seen = day(15, errors=0.01, refused=0.05)
    finding = judged(ERROR, seen, book(15, seen))
    assert finding.reason == "blind"
    assert "conn" in dict(finding.details)["users saw fail"]
    assert not finding.census, "a share depends on what was injected"
    assert (
        judged(MetricErrorTruth(metric=TOTAL, errors='code=~"5.."', blind="95%"), seen, book(15, seen)).outcome
        is Outcome.PASSED
    )


def test_time_outs_counted_as_well_are_optimistic() -> None:
    seen = day(16, errors=0.01, timeouts=0.05)
    assert judged(ERROR, seen, book(16, seen)).reason == "optimistic"
    refused = judged(ERROR, seen, book(16, seen, lambda told: told.status > 0))
    assert refused.reason == "blind", "nobody counted them"


def test_where_nothing_failed_nothing_was_tried() -> None:
    seen = day(17)
    assert judged(ERROR, seen, book(17, seen)).reason == "no_failures"
    seen.status[::2] = seen.counted_status[::2] = 401
    seen.outcome[::2] = OUTCOMES.index("4xx")
    refused = judged(ERROR, seen, book(17, seen))
    assert refused.reason == "no_failures"
    assert "no request was answered 5xx, wrongly or not at all" in refused.because
    assert re.search(r"; \d+ to \d+ were answered 4xx, which `answers` leaves out$", refused.because)
    assert "`answers` with 4xx" in refused.decide
    few = day(17, errors=0.002)
    assert judged(ERROR, few, book(17, few)).reason == "too_few"


# --- lies about time --------------------------------------------------------------------------------------------------


def test_a_timer_that_starts_late_hides_what_its_users_wait() -> None:
    seen = day(18)
    seen.took_s += 0.2
    finding = judged(LATENCY, seen, book(18, seen))
    assert finding.reason == "hides_latency"
    assert not finding.census, "a starved load measures too long"
    assert (
        judged(
            MetricLatencyTruth(metric="http_request_duration_seconds", hidden_ms="250ms"), seen, book(18, seen)
        ).outcome
        is Outcome.PASSED
    )


def pressed(share: float) -> Journal:
    """A machine on which processes waited for a processor so much of the time."""
    return journal(more=[f.PressureSeen(cpu_some_us=round(s * share * 1e6), seen_s=float(s)) for s in range(1, 170)])


def test_what_may_be_hidden_is_learned_before_the_first_phase() -> None:
    seen = day(18)
    finding = LATENCY.check(evidence(seen.rows(), book(18, seen), pressed(0.02), phase="slow"))
    assert finding.outcome is Outcome.PASSED, finding.because
    assert "up to 20 ms outside of the timer: learned from 10.0 s to 40.0 s" in finding.because
    seen.took_s += np.where(seen.sent_s > 42, 0.035, 0.0)
    finding = LATENCY.check(evidence(seen.rows(), book(18, seen), pressed(0.02), phase="slow"))
    assert finding.reason == "hides_latency", finding.because


def test_a_defect_that_was_there_before_is_not_learned_away() -> None:
    seen = day(18)
    seen.took_s += 0.07
    finding = LATENCY.check(evidence(seen.rows(), book(18, seen), pressed(0.02), phase="slow"))
    assert finding.reason == "hides_latency", finding.because
    assert "no more than 50 ms is learned" in finding.because


def test_a_machine_without_processors_to_spare_may_hold_requests_up() -> None:
    seen = day(18)
    seen.took_s += np.where(seen.sent_s > 42, 0.2, 0.0)
    busy = LATENCY.check(evidence(seen.rows(), book(18, seen), pressed(0.8), phase="slow"))
    assert busy.reason == "machine_busy"
    suits = re.search(r"`hidden: (\d+)ms`", busy.decide)
    assert suits, "how much outside of the timer would suit"
    assert 180 < int(suits[1]) < 260
    assert f"{suits[1]} ms suit its buckets" in busy.because
    stated = MetricLatencyTruth(metric="http_request_duration_seconds", hidden_ms=f"{suits[1]}ms")
    followed = stated.check(evidence(seen.rows(), book(18, seen), pressed(0.8), phase="slow"))
    assert followed.outcome is Outcome.PASSED, followed.because
    own = MetricLatencyTruth(metric="http_request_duration_seconds", hidden_ms="50ms")
    assert own.check(evidence(seen.rows(), book(18, seen), pressed(0.8), phase="slow")).reason == "hides_latency"
    seen.took_s += np.where(seen.sent_s > 42, 1.5, 0.0)
    assert LATENCY.check(evidence(seen.rows(), book(18, seen), pressed(0.8))).reason == "hides_latency"
    low = day(20, mean_s=0.3)
    low.took_s += 0.2
    ends = book(20, low, buckets_s=(0.05, 0.1, 0.2))
    assert LATENCY.check(evidence(low.rows(), ends, pressed(0.8), phase="slow")).reason == "buckets_too_low"


@pytest.mark.parametrize(
    ("machine", "late_s", "came"),
    [
        ({"others": 1.5}, 0.5, (Outcome.INCONCLUSIVE, "host_disturbed")),
        ({"stack": 1.8}, 0.5, (Outcome.FAILED, "hides_latency")),  # it starves itself
        ({"others": 0.1}, 0.5, (Outcome.FAILED, "hides_latency")),
        ({"others": 1.5}, 1.3, (Outcome.FAILED, "hides_latency")),  # no machine holds each hundredth up for so long
    ],
)
def test_where_others_take_the_processors_what_is_stated_as_hidden_may_be_too_little(
    machine: Mapping[str, Any], late_s: float, came: tuple[Outcome, str]
) -> None:
    seen = day(18)
    seen.took_s += np.where(seen.sent_s > 42, late_s, 0.0)
    stated = MetricLatencyTruth(metric="http_request_duration_seconds", hidden_ms="250ms")
    told = journal(more=[*machine_of(0, 50), *machine_of(50, 58, **machine), *machine_of(58, 170)])
    shown = evidence(seen.rows(), book(18, seen), told, phase="slow")
    one = Judged("slow/truth", "said", "slow", "", stated.check(shown))
    found = judged_beside(one, stated, shown, lambda: None).finding
    assert (found.outcome, found.reason) == came


@pytest.mark.parametrize(
    ("until_s", "late_until_s", "came"),
    [
        (51, 170, (Outcome.FAILED, "hides_latency")),  # every request of the phase, and a second is full
        (53, 170, (Outcome.FAILED, "hides_latency")),
        (56, 170, (Outcome.INCONCLUSIVE, "host_disturbed")),  # a tenth of the time: as with every other claim
        (51, 53, (Outcome.INCONCLUSIVE, "host_disturbed")),  # those sent in it, and while what waited is worked off
        (52, 54, (Outcome.INCONCLUSIVE, "host_disturbed")),
    ],
)
def test_a_full_second_excuses_no_more_requests_than_it_can_have_touched(
    until_s: int, late_until_s: float, came: tuple[Outcome, str]
) -> None:
    seen = day(18)
    late_s = 42.0 if late_until_s == 170 else 50.0
    seen.took_s += np.where((seen.sent_s > late_s) & (seen.sent_s < late_until_s), 0.6, 0.0)
    stated = MetricLatencyTruth(metric="http_request_duration_seconds", hidden_ms="250ms")
    told = journal(more=[*machine_of(0, 50), *machine_of(50, until_s, others=1.5), *machine_of(until_s, 170)])
    shown = evidence(seen.rows(), book(18, seen), told, phase="slow")
    one = Judged("slow/truth", "said", "slow", "", stated.check(shown))
    assert one.finding.reason == "hides_latency"
    found = judged_beside(one, stated, shown, lambda: None).finding
    assert (found.outcome, found.reason) == came


def test_a_histogram_that_exaggerates() -> None:
    seen = day(19)
    seen.inside_s *= 3
    assert judged(LATENCY, seen, book(19, seen)).reason == "exaggerates"


def test_a_quantile_beyond_the_last_bucket_cannot_be_read() -> None:
    seen = day(20, mean_s=0.3)
    finding = judged(LATENCY, seen, book(20, seen, buckets_s=(0.05, 0.1, 0.2)))
    assert finding.reason == "buckets_too_low"
    assert "200 ms" in finding.because or "0.2 s" in finding.because
    blind = MetricLatencyTruth(metric="http_request_duration_seconds", hidden_ms="5s")  # so much hides any unit
    assert judged(blind, seen, book(20, seen, buckets_s=(0.05, 0.1, 0.2))).reason == "buckets_too_low"
    assert judged(LATENCY, seen, book(20, seen)).outcome is Outcome.PASSED


def test_too_few_for_the_quantile() -> None:
    seen = day(21, rate=2.0)
    claim = MetricLatencyTruth(metric="http_request_duration_seconds", quantile="99%")
    assert judged(claim, seen, book(21, seen)).reason == "too_few"


def test_the_histogram_of_a_metric_in_milliseconds() -> None:
    claim = MetricLatencyTruth(metric="request_duration_ms_bucket")
    assert claim.selectors() == ("request_duration_ms_bucket",)
    seen = day(22)
    series = dict(book(22, seen))
    series["request_duration_ms_bucket"] = tuple(
        type(one)(
            {**one.labels, "le": "+Inf" if one.labels["le"] == "+Inf" else f"{1000 * float(one.labels['le']):g}"},
            one.t_s,
            one.value,
        )
        for one in series.pop(BUCKETS)
    )
    assert judged(claim, seen, series).outcome is Outcome.PASSED


# --- no evidence ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.word)
def test_what_was_not_seen_is_never_passed(claim: Any) -> None:
    seen = day(23, errors=0.05)
    series = book(23, seen)
    assert judged(claim, seen, {}).reason == "not_recorded", "an older run"
    nothing: Book = {**{selector: () for selector in SELECTORS}, "up": series["up"]}
    assert judged(claim, seen, nothing).reason == "no_series"
    assert judged(claim, seen, {**series, "up": ()}).reason == "no_scrapes"
    blind = journal(more=(f.Blinded(probe="series", target="", error="gone", seen_s=60.0),))
    finding = claim.check(evidence(seen.rows(), series, blind))
    assert finding.reason == "not_watched"
    assert "gone" in finding.because
    unlooked = type(blind)(tuple(fact for fact in journal().facts if not isinstance(fact, f.MonitoringFound)))
    assert claim.check(evidence(seen.rows(), series, unlooked)).reason == "no_prometheus"


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.word)
def test_stamps_of_a_clock_that_was_set_decide_nothing(claim: Any) -> None:
    seen = day(28, errors=0.05)
    series = book(28, seen)
    reads = [
        f.ClockRead(wall_unix_s=1_700_000_000.0 + s + (30 if s > 60 else 0), seen_s=float(s)) for s in range(1, 160)
    ]
    assert claim.check(evidence(seen.rows(), series, journal(more=reads))).reason == "clock_stepped"
    ahead = [f.Sampled(query="up", value=1.0, happened_s=s + 0.3, seen_s=float(s)) for s in range(20, 40)]
    assert claim.check(evidence(seen.rows(), series, journal(more=ahead))).reason == "clock_off"


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.word)
@pytest.mark.parametrize("liar", [False, True])
def test_what_was_known_earlier_never_says_the_opposite(claim: Any, liar: bool) -> None:
    from harness.series import known_until

    seen = day(24, errors=0.08)
    if liar:
        seen.counted_status[:] = 200
        seen.took_s += 0.3
    replicas = (Replica("a:80", ((-60, 95.0), (96.0, math.inf))), Replica("b:80", ((-60, 110.0),)))
    series = book(24, seen, lossy(0.05 if liar else 0.0), replicas=replicas)
    whole = journal()
    for phase in ("", "slow"):
        final = claim.check(evidence(seen.rows(), series, whole, phase=phase)).outcome
        for cut_s in np.arange(30, 175, 2.5):
            told = whole.cut(cut_s)
            over = told.first(f.Closed) is not None
            now = claim.check(evidence(seen.rows(), known_until(series, cut_s), told, phase=phase, over=over))
            assert now.outcome in (final, Outcome.INCONCLUSIVE), f"{phase} at {cut_s}: {now.because}"


def test_a_window_whose_edges_hold_most_of_it_tells_nothing() -> None:
    seen = day(25, timeouts=0.15)
    assert judged(COUNT, seen, book(25, seen)).reason == "too_wide"


def test_statuses_that_are_none() -> None:
    seen = day(26)
    claim = MetricCountTruth(metric=TOTAL, status="route")
    assert judged(claim, seen, book(26, seen)).reason == "unknown_status"


def test_answers_of_a_proxy_in_front_may_be_in_no_counter() -> None:
    seen = day(27, errors=0.02)
    unseen = book(27, seen, lambda told: told.status != 503)
    assert judged(COUNT, seen, unseen).reason == "undercount"
    assert judged(MetricCountTruth(metric=TOTAL, in_front=(503,)), seen, unseen).outcome is Outcome.PASSED


# --- the file ---------------------------------------------------------------------------------------------------------


def test_matchers_that_are_none_are_refused_where_they_stand() -> None:
    for wrong in ("job=api", 'job="api" route="/x"', "5..", '{job="api"}'):
        with pytest.raises(ValueError, match="label matchers look like"):
            MetricCountTruth(metric=TOTAL, only=wrong)
        with pytest.raises(ValueError, match="label matchers look like"):
            MetricErrorTruth(metric=TOTAL, errors=wrong)
    with pytest.raises(ValueError, match="labels stand in braces"):
        MetricCountTruth(metric=TOTAL, request="route")
    claim = MetricErrorTruth(metric=TOTAL, only='job="api", route!~"/a|/b"', errors='code=~"5..",')
    assert claim.selectors() == (
        'http_requests_total{job="api", route!~"/a|/b"}',
        'http_requests_total{job="api", route!~"/a|/b",code=~"5.."}',
    )
    assert {"up", "scrape_duration_seconds", "process_start_time_seconds"} < set(claim.series())


def test_the_probe_looks_as_often_as_the_claims_think() -> None:
    assert SeriesProbe(None, None, (), 1.0).gap_s == GAP_S  # type: ignore[arg-type]


def test_a_plan_tells_what_a_busy_machine_does_to_a_claim_without_hidden() -> None:
    reach = Reach(window_s=60, arrivals=600, timeout_s=10)
    said = LATENCY.doubtful(reach)
    assert "without `hidden`" in said
    assert "25%" in said
    assert MetricLatencyTruth(metric="http_request_duration_seconds", hidden_ms="100ms").doubtful(reach) == ""


def test_a_plan_tells_how_near_the_bounds_must_be_and_when_a_window_is_too_short_for_it() -> None:
    claim = MetricCountTruth(metric="http_requests_total")
    assert "at most 1400 ms at either end" in claim.needs(Reach(window_s=60, arrivals=600, timeout_s=10))
    assert claim.doubtful(Reach(window_s=60, arrivals=600, timeout_s=10)) == ""
    said = claim.doubtful(Reach(window_s=8, arrivals=80, timeout_s=10))
    assert "it lasts 8s" in said
    assert "12s would do for requests of 200 ms" in said


def test_a_plan_tells_that_request_decides_nothing_where_redirects_are_followed() -> None:
    def said(follows: bool = True, **given: Any) -> str:
        return MetricCountTruth(metric=TOTAL, **given).doubtful(Reach(120.0, 1800.0, 10.0, follows=follows))

    named: dict[str, Any] = {"only": 'code!~"3.."', "request": "{method} {route}"}
    assert "leave `request` out as well" in said(**named)
    assert said(follows=False, **named) == ""
    assert said(only='code!~"3.."') == ""
    assert said(request="{method} {route}") == "", "nobody knows whether there are any"


def test_a_plan_tells_when_the_processes_of_a_release_take_too_much_with_them() -> None:
    def said(only: str = 'job="api"', **more: Any) -> str:
        given: dict[str, Any] = {
            "services": ("api", "worker"),
            "renewed": ("api", "api"),
            "scrapes": {"api": 2.0},
            **more,
        }
        return MetricCountTruth(metric=TOTAL, only=only).doubtful(Reach(120.0, 1800.0, 10.0, **given))

    assert said(scrapes={"api": 1.0}) == ""
    assert "processes of api end 2 times in it" in said()
    assert "(2s apart) may be in no counter: 8s of 2m" in said()
    assert said(renewed=("api",)) == ""
    assert said(renewed=()) == ""
    assert said(scrapes=None) == "", "nobody knows how often"
    assert said(only='job="worker"') == "", "another service"
    assert said(only="", scrapes={"api": 2.0, "worker": 15.0}), "whichever it is"
