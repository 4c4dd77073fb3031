"""An honest service is not accused for its spelling, units, proxies, redirects, workers or scrapes; nothing unseen is passed."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pytest
from truthful_service import Replica, Scraped, Traffic, evidence, journal, traffic

from harness import facts as f
from harness.expectations.metric_buckets import unit_of
from harness.expectations.metric_count_truth import MetricCountTruth
from harness.expectations.metric_error_truth import MetricErrorTruth
from harness.expectations.metric_fresh import MetricFresh
from harness.expectations.metric_latency_truth import MetricLatencyTruth
from harness.expectations.metric_names import error_statuses, plain
from harness.journal import Journal
from harness.ledger import OUTCOMES, Rows
from harness.series import Book, RawSeries
from harness.testing import journal_of
from harness.verdict import Finding, Outcome

TOTAL, TIMER = "http_requests_total", "http_request_duration_seconds"
ERRORS = 'code=~"5.."'
BY_ROUTE = MetricCountTruth(metric=TOTAL, request="{method} {route}", status="code")
ABOUT_SCRAPES = ("up", "scrape_duration_seconds", "process_start_time_seconds")
Labels = Mapping[str, str]


def day(**how: Any) -> Traffic:
    return traffic(np.random.default_rng(1), **how)


def book(seen: Traffic, claim: Any, fits: Sequence[Callable[[Labels], bool]] = (), **how: Any) -> Book:
    """What a claim's selectors gave; all of its metric unless `fits` says which."""
    name = claim.selectors()[0].partition("{")[0]
    every = [
        lambda labels: labels["__name__"] == name,
        lambda labels: labels["__name__"] == name and labels["code"] >= "5",
    ]
    return Scraped(np.random.default_rng(2), **how).book(
        seen, selectors=dict(zip(claim.selectors(), fits or every, strict=False))
    )


def relabelled(series: Book, spell: Callable[[dict[str, str]], dict[str, str]]) -> Book:
    return {
        selector: found
        if selector in ABOUT_SCRAPES
        else tuple(RawSeries(spell(dict(one.labels)), one.t_s, one.value) for one in found)
        for selector, found in series.items()
    }


def judged(claim: Any, rows: Traffic | Rows, series: Book, told: Journal | None = None, **more: Any) -> Finding:
    asked = rows.rows() if isinstance(rows, Traffic) else rows
    finding = claim.check(evidence(asked, series, told, **more))
    assert isinstance(finding, Finding)
    return finding


# --- names ------------------------------------------------------------------------------------------------------------


def test_a_request_is_the_same_however_it_is_written() -> None:
    spelt = (
        "GET /orders/{id}",
        "get /orders/:id",
        "GET orders/<int:id>/",
        "Get /orders/[id]/?page=2",
        "GET ^orders/(?P<id>[0-9]+)/$",
    )
    assert {plain(name) for name in spelt} == {"GET orders/*"}
    assert plain("GET /") == "GET /"
    assert plain("GET /Orders") != plain("GET /orders")


@pytest.mark.parametrize(
    "spell",
    [
        lambda labels: {**labels, "method": labels["method"].lower()},
        lambda labels: {**labels, "route": labels["route"].lstrip("/").replace("{id}", "<int:id>") + "/"},
    ],
    ids=["promhttp", "django"],
)
def test_methods_in_small_letters_and_paths_without_slashes_match(spell: Any) -> None:
    seen = day(errors=0.05)
    finding = judged(BY_ROUTE, seen, relabelled(book(seen, BY_ROUTE), spell))
    assert finding.outcome is Outcome.PASSED, finding.because


def test_a_label_that_no_series_has_is_said_with_those_there_are() -> None:
    seen = day(errors=0.05)

    def handler(labels: dict[str, str]) -> dict[str, str]:
        return {"handler": labels.pop("route"), **labels}

    finding = judged(BY_ROUTE, seen, relabelled(book(seen, BY_ROUTE), handler))
    assert finding.reason == "unmatched"
    assert "no series of http_requests_total has the label 'route' that `request` names" in finding.because
    assert "code, handler, method" in finding.because


def test_names_of_the_locustfile_that_no_series_bears_are_not_lost_requests() -> None:
    seen = day(errors=0.05)
    named = dataclasses.replace(seen.rows(), endpoints=("", "GET catalog", "POST place order", "GET order"))
    for claim in (BY_ROUTE, MetricLatencyTruth(metric=TIMER, request="{method} {route}")):
        finding = judged(claim, named, book(seen, claim))
        assert finding.reason == "unmatched", finding.because
        assert "'POST /checkout'" in finding.because


def test_a_route_that_really_is_not_counted_is_found_all_the_same() -> None:
    seen = day(errors=0.05)
    kept = {
        name: tuple(o for o in all_ if o.labels.get("route") != "/checkout")
        for name, all_ in book(seen, BY_ROUTE).items()
    }
    assert judged(BY_ROUTE, seen, kept).reason == "undercount"


def test_refused_before_it_was_routed_is_counted_without_a_route() -> None:
    seen = day(errors=0.05)

    def unrouted(labels: dict[str, str]) -> dict[str, str]:
        return {**labels, "route": "<unmatched>"} if labels["code"] == "503" else labels

    claim = MetricCountTruth(metric=TOTAL, request="{method} {route}")
    finding = judged(claim, seen, relabelled(book(seen, claim), unrouted))
    assert finding.reason == "unmatched"
    assert "without their route" in finding.because


def test_only_with_a_label_that_no_series_has_leaves_nothing_out() -> None:
    seen = day()
    more = Traffic(*(np.concatenate([column, column[::10]]) for column in vars(seen).values()))
    claim = MetricCountTruth(metric=TOTAL, only='handler!="/healthz"')
    assert judged(claim, seen, book(more, claim)).reason == "unmatched"


# --- redirects --------------------------------------------------------------------------------------------------------


def led_on(*, taken: bool) -> tuple[Rows, Traffic]:
    """Each POST /checkout is answered 303, and its asker follows to GET /orders/{id}."""
    seen = day(rate=10)
    post = seen.endpoint == 2
    last = Traffic(*(np.concatenate([column, column[post]]) for column in vars(seen).values()))
    last.endpoint[len(seen) :] = 3
    last.counted_status[: len(seen)][post] = 500  # made 303 below
    rows = seen.rows()
    if taken:
        rows = dataclasses.replace(rows, shapes=("", "text/html -> /orders/#"))
        rows.array["shape"][post] = 1
    return rows, last


@pytest.mark.parametrize("taken", [True, False], ids=["the load told where it was led", "only the counter tells"])
def test_a_request_that_was_led_on_is_more_than_one_to_the_service(taken: bool) -> None:
    rows, both = led_on(taken=taken)
    for claim in (MetricCountTruth(metric=TOTAL), MetricCountTruth(metric=TOTAL, request="{method} {route}")):
        series = relabelled(
            book(both, claim), lambda labels: {**labels, "code": "303" if labels["code"] == "500" else labels["code"]}
        )
        finding = judged(claim, rows, series)
        assert finding.reason == "redirected", finding.because


def test_redirects_left_out_by_only_are_counted_once_in_all_and_by_route_not_at_all() -> None:
    rows, both = led_on(taken=True)
    for template, outcome in (("", Outcome.PASSED), ("{method} {route}", Outcome.INCONCLUSIVE)):
        claim = MetricCountTruth(metric=TOTAL, only='code!~"3.."', request=template)
        series = book(both, claim, [lambda labels: labels["__name__"] == TOTAL and labels["code"] != "500"])
        assert judged(claim, rows, series).outcome is outcome


# --- errors -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("errors", "spell"),
    [
        ('code=~"5.."', lambda labels: {"status": labels.pop("code")[0] + "xx", **labels}),
        ('code="5xx"', lambda labels: labels),
        (
            'outcome="failure"',
            lambda labels: {"outcome": "error" if labels.pop("code") >= "5" else "success", **labels},
        ),
    ],
    ids=["another label", "another spelling", "another word"],
)
def test_matchers_that_take_no_series_accuse_nobody(errors: str, spell: Any) -> None:
    seen = day(errors=0.05)
    for claim in (MetricErrorTruth(metric=TOTAL, errors=errors), MetricFresh(metric=TOTAL, errors=errors)):
        series = {**relabelled(book(seen, claim), spell), claim.selectors()[1]: ()}
        finding = judged(claim, seen, series)
        assert finding.reason == "unknown_status", finding.because


def test_a_label_whose_values_are_known_and_hold_no_error_is_a_lie() -> None:
    seen = day(errors=0.05)
    seen.counted_status[:] = 200
    claim = MetricErrorTruth(metric=TOTAL, errors=ERRORS)
    series = book(seen, claim, preregistered=False)
    assert series[claim.selectors()[1]] == ()
    assert judged(claim, seen, series).reason == "lying"


def in_front(*, status: int = 502) -> Traffic:
    """A proxy in front answers errors by itself: the service counts none of them."""
    seen = day(errors=0.05)
    ours = seen.status >= 500
    seen.status[ours] = status
    seen.served_s[ours], seen.counted_status[ours] = np.inf, 200
    return seen


def test_what_a_proxy_answered_is_no_lie_of_the_service_behind_it() -> None:
    seen = in_front()
    for claim in (
        MetricErrorTruth(metric=TOTAL, errors=ERRORS),
        MetricCountTruth(metric=TOTAL),
        MetricFresh(metric=TOTAL, errors=ERRORS),
    ):
        series = book(seen, claim)
        behind = judged(claim, seen, series, against="nginx")
        assert behind.reason == "answered_in_front", behind.because
        unknown = judged(claim, seen, series)
        assert unknown.outcome is Outcome.FAILED
        assert "`in_front`" in unknown.because
        own = judged(claim, seen, series, against="api")
        assert own.outcome is Outcome.FAILED, "the load goes to the very service that counts"
        assert "in_front" not in own.because
    claim = MetricErrorTruth(metric=TOTAL, errors=ERRORS)
    other = in_front(status=500)
    assert judged(claim, other, book(other, claim), against="nginx").outcome is Outcome.FAILED


# --- time -------------------------------------------------------------------------------------------------------------


def test_a_metrics_name_tells_its_unit() -> None:
    names = (
        "http_server_duration_milliseconds",
        "request_duration_millis",
        "t_msec",
        "t_microseconds",
        "t_us",
        "t_ns",
        "t_seconds",
        "t",
    )
    assert [unit_of(name) for name in names] == ["ms", "ms", "ms", "us", "us", "ns", "s", None]


def timed(metric: str, scale: float, seen: Traffic) -> Book:
    series = dict(book(seen, MetricLatencyTruth(metric=TIMER)))
    series[f"{metric}_bucket"] = series.pop(f"{TIMER}_bucket")
    bound = {"+Inf": "+Inf"}
    return relabelled(
        series, lambda labels: {**labels, "le": bound.get(labels["le"]) or f"{float(labels['le']) * scale:g}"}
    )


def test_buckets_in_another_unit_are_not_exaggerated() -> None:
    seen = day(errors=0.02)
    for metric, scale in (("request_duration_millis", 1e3), ("request_microseconds", 1e6), ("t_ns", 1e9)):
        finding = judged(MetricLatencyTruth(metric=metric), seen, timed(metric, scale, seen))
        assert finding.outcome is Outcome.PASSED, finding.because
    old = timed("http_server_duration", 1e3, seen)
    finding = judged(MetricLatencyTruth(metric="http_server_duration"), seen, old)
    assert finding.reason == "unknown_unit"
    assert "only in ms" in finding.because
    assert judged(MetricLatencyTruth(metric="http_server_duration", unit="ms"), seen, old).outcome is Outcome.PASSED
    assert judged(MetricLatencyTruth(metric="http_server_duration", unit="s"), seen, old).reason == "exaggerates"


def test_a_timer_that_hides_everything_is_not_taken_for_another_unit() -> None:
    seen = day(mean_s=0.001)
    seen.took_s += 0.3
    metric = "request_microseconds"
    steady = day()
    assert judged(MetricLatencyTruth(metric=metric), steady, timed(metric, 1e3, steady)).reason == "unknown_unit"
    metric = "request_duration_millis"
    assert judged(MetricLatencyTruth(metric=metric), seen, timed(metric, 1e3, seen)).reason == "hides_latency"


def test_routes_with_buckets_of_their_own_are_asked_one_by_one() -> None:
    seen = day()
    kept = {
        "/catalog": ("0.01", "0.05", "0.2", "1"),
        "/checkout": ("0.025", "0.1", "0.3", "2"),
        "/orders/{id}": ("0.005", "0.5", "5"),
    }

    def own(labels: Labels) -> bool:
        return labels["__name__"] == f"{TIMER}_bucket" and labels["le"] in (*kept[labels["route"]], "+Inf")

    claim = MetricLatencyTruth(metric=TIMER)
    assert judged(claim, seen, book(seen, claim, [own])).reason == "unlike_buckets"
    each = MetricLatencyTruth(metric=TIMER, request="{method} {route}")
    assert judged(each, seen, book(seen, each, [own])).outcome is Outcome.PASSED

    def low(labels: Labels) -> bool:
        if labels["__name__"] != f"{TIMER}_bucket":
            return False
        return labels["le"] in ("0.005", "0.01", "+Inf") or (labels["route"] == "/catalog" and labels["le"] == "5")

    assert judged(claim, seen, book(seen, claim, [low])).reason == "unlike_buckets"


def slowed(target: str) -> tuple[Traffic, Journal]:
    """From 45 to 85 s a fault of ours delays what comes before the service's timer."""
    seen = day()
    hurt = (seen.sent_s > 45) & (seen.sent_s < 85)
    seen.took_s[hurt] += 0.4
    seen.served_s[hurt] += 0.2
    told = journal(
        more=(
            f.Injecting(fault="slow/latency", kind="latency", target=target, planned_s=45, seen_s=44.5),
            f.Injected(fault="slow/latency", begun_s=44.5, seen_s=45.0),
            f.Mended(fault="slow/latency", begun_s=85.0, seen_s=85.1),
        )
    )
    return seen, told


def test_a_fault_of_ours_between_users_and_service_is_no_hidden_latency() -> None:
    claim = MetricLatencyTruth(metric=TIMER)
    for target in ("client->api", "nginx->api"):
        seen, told = slowed(target)
        finding = judged(claim, seen, book(seen, claim), told)
        assert finding.reason == "fault_in_front", finding.because
    seen, told = slowed("api->postgres")
    assert judged(claim, seen, book(seen, claim), told).reason == "hides_latency"
    seen, told = slowed("client->api")
    seen.took_s[seen.sent_s < 44] += 0.4
    assert judged(claim, seen, book(seen, claim), told).reason == "hides_latency", (
        "it hides outside of the fault as well"
    )


def test_what_a_busy_machine_hid_in_the_steady_state_already_decides_nothing() -> None:
    claim = MetricLatencyTruth(metric=TIMER)
    seen = day()
    seen.took_s[::20] += 0.3
    finding = judged(claim, seen, book(seen, claim), phase="slow")
    assert finding.reason == "hidden_before", finding.because
    later = day()
    later.took_s[::20] += np.where(later.sent_s[::20] > 42, 0.3, 0.0)
    assert judged(claim, later, book(later, claim), phase="slow").reason == "hides_latency"


# --- targets ----------------------------------------------------------------------------------------------------------


def workers(seen: Traffic, count: int = 3) -> Book:
    """So many processes behind one address, none of which tells when it began: each scrape meets any of them."""
    random = np.random.default_rng(5)
    whose = random.integers(0, count, len(seen))
    stamps_s = np.round(np.arange(-9.3, 160, 2.0), 3)
    met = random.integers(0, count, len(stamps_s))
    labels = {"job": "api", "instance": "api:80"}
    series = []
    for code in (200, 500, 503):
        each = [np.sort(seen.served_s[(whose == one) & (seen.counted_status == code)]) for one in range(count)]
        value = np.array([np.searchsorted(each[one], at_s) for at_s, one in zip(stamps_s, met, strict=True)], float)
        series.append(RawSeries({"__name__": TOTAL, **labels, "code": str(code)}, stamps_s, value))
    return {
        TOTAL: tuple(series),
        "up": (RawSeries({"__name__": "up", **labels}, stamps_s, np.ones(len(stamps_s))),),
        "process_start_time_seconds": (),
    }


def test_several_workers_behind_one_name_are_said_to_be() -> None:
    seen = day(errors=0.05)
    finding = judged(MetricCountTruth(metric=TOTAL), seen, workers(seen))
    assert finding.reason == "several_processes"
    assert "no container ended then" in finding.because


@pytest.mark.parametrize("instance", ["api-1:8080", "172.18.0.4:8080"])
@pytest.mark.parametrize("tells_start", [True, False])
def test_a_process_that_two_jobs_scrape_is_named(instance: str, tells_start: bool) -> None:
    seen = day()
    claim = MetricCountTruth(metric=TOTAL)
    once = book(seen, claim, tells_start=tells_start)
    later = {
        name: tuple(RawSeries({**one.labels, "job": "dns", "instance": instance}, one.t_s, one.value) for one in found)
        for name, found in once.items()
    }
    finding = judged(claim, seen, {name: (*found, *later[name]) for name, found in once.items()})
    assert finding.reason == "scraped_twice", finding.because
    assert "job 'dns'" in finding.because


def test_a_counter_that_is_pushed_is_behind_and_not_a_liar() -> None:
    seen = day(errors=0.05)
    pushed = dataclasses.replace(seen, served_s=np.ceil((seen.served_s - 3) / 10) * 10 + 3)
    claim = MetricCountTruth(metric=TOTAL, status="code")
    for phase in ("", "slow"):
        finding = judged(claim, seen, book(pushed, claim), phase=phase)
        assert finding.reason == "counted_late", finding.because
    lossy = Scraped(np.random.default_rng(2)).book(pushed, lambda told: np.arange(len(told)) % 2 == 0)
    assert judged(MetricCountTruth(metric=TOTAL), seen, lossy).reason == "undercount", "behind, and a liar"


# --- freshness --------------------------------------------------------------------------------------------------------


def test_a_window_without_two_scrapes_is_not_fresh() -> None:
    seen = day()
    claim = MetricFresh(metric=TOTAL)
    series = book(seen, claim, every_s=15.0)
    at_s = next(float(one) for one in series["up"][0].t_s if one > 40)
    others = [fact for fact in journal().facts if not isinstance(fact, (f.PhaseBegan, f.PhaseEnded, f.PhaseSettled))]
    for length_s, said in ((11.0, "no good scrape"), (16.0, "only 1 good scrape")):
        phase = (f.PhaseBegan(phase="slow", seen_s=at_s + 1), f.PhaseEnded(phase="slow", seen_s=at_s + length_s))
        finding = judged(claim, seen, series, journal_of(*others, *phase), phase="slow")
        assert finding.reason == "few_scrapes", finding.because
        assert said in finding.because


def test_errors_that_no_series_counts_are_not_preregistered() -> None:
    seen = day()
    claim = MetricFresh(metric=TOTAL, errors=ERRORS)
    series = {**book(seen, claim), claim.selectors()[1]: ()}
    series[TOTAL] = tuple(one for one in series[TOTAL] if one.labels["code"] < "5")
    assert judged(claim, seen, series).reason == "not_preregistered"
    lax = judged(MetricFresh(metric=TOTAL, errors=ERRORS, preregistered=False), seen, series)
    assert lax.outcome is Outcome.PASSED
    assert "error_late was not tried" in lax.because
    failing = day(errors=0.05)
    assert "not tried" not in judged(claim, failing, book(failing, claim)).because


def test_an_error_is_late_only_in_the_series_that_count_its_requests() -> None:
    seen = day(errors=0.05)
    seen.status[seen.endpoint == 1] = seen.counted_status[seen.endpoint == 1] = 200
    mine = MetricFresh(metric=TOTAL, only='route="/catalog"', errors=ERRORS)

    def catalog(labels: Labels) -> bool:
        return labels["__name__"] == TOTAL and labels.get("route") == "/catalog"

    series = book(seen, mine, [catalog, lambda labels: catalog(labels) and labels["code"] >= "5"])
    finding = judged(mine, seen, series)
    assert finding.outcome is Outcome.PASSED, finding.because
    assert "error_late was not tried" in finding.because
    untold = relabelled(
        series, lambda labels: {"handler": "Catalog", **{k: v for k, v in labels.items() if k != "route"}}
    )
    assert judged(mine, seen, untold).reason == "unmatched"
    proxied = in_front()
    excused = MetricFresh(metric=TOTAL, errors=ERRORS, in_front=(502,))
    assert judged(excused, proxied, book(proxied, excused)).outcome is Outcome.PASSED


def test_workers_that_know_different_series_have_not_lost_them() -> None:
    seen = day()
    claim = MetricFresh(metric=TOTAL)
    series = dict(workers(seen))
    first, *rest = series[TOTAL]
    series[TOTAL] = (RawSeries(first.labels, first.t_s[::2], first.value[::2]), *rest)
    assert judged(claim, seen, series).reason == "several_processes"


# --- statuses ---------------------------------------------------------------------------------------------------------


def test_a_status_that_nothing_was_counted_by_is_no_matter() -> None:
    """HAProxy exposes code="other" at 0 from the start."""
    seen = day(errors=0.05)
    claim = MetricCountTruth(metric=TOTAL, status="code")
    series = dict(book(seen, claim))
    one = series[TOTAL][0]
    other = RawSeries({**one.labels, "code": "other"}, one.t_s, np.zeros(len(one)))
    assert judged(claim, seen, {**series, TOTAL: (*series[TOTAL], other)}).outcome is Outcome.PASSED
    counts = RawSeries(other.labels, one.t_s, np.arange(float(len(one))))
    assert judged(claim, seen, {**series, TOTAL: (*series[TOTAL], counts)}).reason == "unknown_status"


def envoy(labels: dict[str, str], name: str = "envoy_response_code_class") -> dict[str, str]:
    return {name: labels.pop("code")[0], **labels}


def test_a_label_of_classes_has_the_class_as_a_digit() -> None:
    seen = day(errors=0.05)
    claim = MetricCountTruth(metric=TOTAL, status="envoy_response_code_class")
    assert judged(claim, seen, relabelled(book(seen, claim), envoy)).outcome is Outcome.PASSED
    wrong = day(errors=0.05)
    wrong.counted_status[:] = 200
    assert judged(claim, seen, relabelled(book(wrong, claim), envoy)).reason == "wrong_status"
    other = MetricCountTruth(metric=TOTAL, status="shard")
    series = relabelled(book(seen, other), lambda labels: envoy(labels, "shard"))
    assert judged(other, seen, series).reason == "unknown_status", "a digit of anything else is none"


def test_errors_by_a_label_of_classes_are_known_by_it() -> None:
    spelt = [{"envoy_response_code_class": digit} for digit in "25"]
    assert error_statuses('envoy_response_code_class=~"[45]"', spelt) == frozenset(range(400, 600))
    assert error_statuses('code=~"[45].."', [{"code": "200"}]) == frozenset(range(400, 600))


# --- scrapes ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "claim",
    [
        MetricCountTruth(metric=TOTAL),
        MetricErrorTruth(metric=TOTAL, errors=ERRORS),
        MetricLatencyTruth(metric=TIMER),
        MetricFresh(metric=TOTAL, errors=ERRORS),
    ],
    ids=lambda claim: claim.word,
)
def test_samples_with_time_stamps_of_their_own_are_of_no_scrape(claim: Any) -> None:
    """A collector that sends time stamps, or federation."""
    seen = day(errors=0.05)
    series = {
        name: found
        if name in ABOUT_SCRAPES
        else tuple(RawSeries(one.labels, np.round(one.t_s - 0.4, 3), one.value) for one in found)
        for name, found in book(seen, claim).items()
    }
    finding = judged(claim, seen, series)
    assert finding.reason == "no_scrapes", finding.because
    assert "time stamps of its own" in finding.because
    assert "honor_timestamps" in finding.decide


def died(container: str, service: str) -> Journal:
    return journal(
        more=(
            f.ContainerSeen(container="api-1", service="api", status="running", seen_s=0.2),
            f.ContainerChanged(container=container, service=service, event="die", exit_code=137, seen_s=44.1),
        )
    )


def test_a_process_that_was_killed_early_may_have_outgrown_its_count_unseen() -> None:
    """It does not tell its beginning, and at the next scrape it had counted more than before."""
    seen = day(start_s=35.0, length_s=90)
    down = (seen.served_s >= 44) & (seen.served_s < 46)
    seen.served_s[down], seen.status[down], seen.outcome[down] = np.inf, 0, OUTCOMES.index("conn")
    claim = MetricCountTruth(metric=TOTAL)
    replicas = (Replica("api-1:8080", ((-60.0, 44.0), (46.0, np.inf))),)
    series = book(seen, claim, replicas=replicas, tells_start=False, every_s=15.0, until_s=170.0)
    finding = judged(claim, seen, series, died("api-1", "api"), phase="slow")
    assert finding.outcome is Outcome.INCONCLUSIVE, finding.because
    assert "may be in no counter, a process ended" in dict(finding.details)
    lossy = seen.served_s > 60
    fewer = dataclasses.replace(seen, served_s=np.where(lossy & (np.arange(len(seen)) % 2 == 0), np.inf, seen.served_s))
    series = book(fewer, claim, replicas=replicas, tells_start=False, every_s=15.0, until_s=170.0)
    assert judged(claim, seen, series, died("api-1", "api"), phase="slow").reason == "undercount", (
        "more than it can have lost"
    )


def test_another_container_that_died_excuses_nobody() -> None:
    seen = day()
    claim = MetricCountTruth(metric=TOTAL)
    fewer = dataclasses.replace(
        seen, served_s=np.where((seen.served_s > 43) & (seen.served_s < 45), np.inf, seen.served_s)
    )
    series = book(fewer, claim, tells_start=False)
    assert judged(claim, seen, series, died("postgres-1", "postgres")).reason == "undercount"
    assert judged(claim, seen, series, died("api-1", "api")).outcome is not Outcome.FAILED
