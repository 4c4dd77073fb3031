"""A service behind the one that the load goes to: what its caller may have done accuses no counter, and what it cannot have done does."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from behind_gateway import (
    BY_STATUS,
    COUNT,
    EDGES,
    answered,
    asked_again,
    copied,
    during,
    not_asked,
    of_inner,
    only,
    told,
)
from pydantic import ValidationError
from test_expectation_metric_doubts import ERRORS, TIMER, TOTAL, day
from truthful_service import Replica

from harness import facts as f
from harness.expectations.metric_count_truth import MetricCountTruth
from harness.expectations.metric_error_truth import MetricErrorTruth
from harness.expectations.metric_latency_truth import MetricLatencyTruth
from harness.testing import journal_of
from harness.verdict import Finding, Outcome

ERROR = MetricErrorTruth(metric=TOTAL, errors=ERRORS)
TIME = MetricLatencyTruth(metric=TIMER)
CALM, BELOW, AHEAD, APART = told(), told("api->postgres"), told("gateway->api"), told("gateway->payments")
AT_ONCE = told("api->postgres", from_s=40.6)  # before the steady state's last scrape
SEEN = day()
ALL = np.ones(len(SEEN), bool)
SOME = during(SEEN, 20)
RETRIED = asked_again(SEEN, SOME)
TWICE = asked_again(SEEN, ALL, status=200)


def stated(**how: Any) -> MetricCountTruth:
    return MetricCountTruth(metric=TOTAL, **how)


def is_open(finding: Finding, reason: str) -> None:
    assert (finding.outcome, finding.reason) == (Outcome.INCONCLUSIVE, reason), finding.because
    assert finding.decide


def fails(finding: Finding, reason: str) -> None:
    assert (finding.outcome, finding.reason) == (Outcome.FAILED, reason), finding.because


# --- more than was sent -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("claim", [COUNT, BY_STATUS, TIME], ids=lambda claim: claim.word)
def test_what_a_gateway_asked_again_while_a_fault_was_on_accuses_nobody(claim: Any) -> None:
    finding = of_inner(claim, SEEN, RETRIED, BELOW)
    is_open(finding, "caller_retries")
    assert "gateway, which the load goes to, may have asked again" in finding.because
    assert "were under way while slow/api->postgres (api->postgres) was on" in finding.because
    assert "in the steady state" in finding.because
    assert "`per_request: 1` in a phase without a fault" in finding.decide
    assert "a claim on gateway's own counter" in finding.decide


def test_one_attempt_is_enough_to_tell_and_no_lie() -> None:
    one = np.zeros(len(SEEN), bool)
    one[np.flatnonzero(SOME & only(SEEN, 2))[0]] = True
    finding = of_inner(BY_STATUS, SEEN, asked_again(SEEN, one), BELOW)
    is_open(finding, "made_good")
    assert "has 1 errors of api" in finding.because


@pytest.mark.parametrize("claim", [COUNT, BY_STATUS, TIME], ids=lambda claim: claim.word)
@pytest.mark.parametrize("run", [CALM, BELOW, AT_ONCE], ids=["calm", "fault", "at once"])
def test_twice_as_many_in_the_steady_state_too_may_be_a_fan_out(claim: Any, run: Any) -> None:
    finding = of_inner(claim, SEEN, TWICE, run)
    is_open(finding, "fan_out")
    assert "`per_request: 2`" in finding.decide
    if claim is COUNT:
        assert "2 times on average" in finding.because


@pytest.mark.parametrize("run", [CALM, BELOW, AHEAD, APART], ids=["calm", "below", "ahead", "apart"])
@pytest.mark.parametrize("per_request", [None, 1, 2])
@pytest.mark.parametrize("phase", ["", "slow"])
def test_the_door_s_own_counter_that_counts_more_fails_whatever_was_on(run: Any, per_request: Any, phase: str) -> None:
    claim = stated(per_request=per_request)
    for counted in (RETRIED, TWICE):
        fails(of_inner(claim, SEEN, counted, run, against="api", phase=phase), "overcount")


def test_a_service_that_nobody_knows_to_be_behind_the_door_fails_as_before() -> None:
    for edges in ((), ("worker->api",), ("api->gateway",)):
        fails(of_inner(COUNT, SEEN, RETRIED, told("api->postgres", edges=edges)), "overcount")


# --- how many each request is -----------------------------------------------------------------------------------------


def test_a_stated_fan_out_is_held_to_both_its_bounds() -> None:
    claim = stated(per_request=2)
    assert of_inner(claim, SEEN, TWICE, CALM).outcome is Outcome.PASSED
    assert of_inner(claim, SEEN, TWICE, BELOW).outcome is Outcome.PASSED
    assert of_inner(claim, SEEN, TWICE, BELOW, phase="").outcome is Outcome.PASSED
    fails(of_inner(claim, SEEN, SEEN, CALM), "undercount")
    thrice = asked_again(SEEN, ALL, status=200, times=2)
    fails(of_inner(claim, SEEN, thrice, CALM), "overcount")
    for run in (BELOW, AT_ONCE):
        fails(of_inner(claim, SEEN, thrice, run), "overcount")  # in the steady state as well, where nothing was on
    is_open(of_inner(claim, SEEN, asked_again(TWICE, during(TWICE, 20)), BELOW), "caller_retries")


def test_where_each_is_one_more_fails_but_where_it_may_have_been_tried_again() -> None:
    claim = stated(per_request=1)
    fails(of_inner(claim, SEEN, asked_again(SEEN, SOME, status=200), CALM), "overcount")
    is_open(of_inner(claim, SEEN, RETRIED, BELOW), "caller_retries")
    is_open(of_inner(claim, SEEN, RETRIED, CALM), "caller_retries")  # what failed was counted, though no fault was on
    is_open(of_inner(stated(), SEEN, asked_again(SEEN, SOME, status=200), CALM), "fan_out")


def test_by_which_status_each_of_several_was_answered_nobody_knows() -> None:
    with pytest.raises(ValidationError, match="`status` and `per_request`"):
        stated(status="code", per_request=2)
    assert stated(status="code", per_request=1).per_request == 1


# --- fewer than were answered -----------------------------------------------------------------------------------------


def test_posts_that_were_answered_well_and_not_counted_are_lost() -> None:
    seen = not_asked(copied(SEEN), during(SEEN, 3) & only(SEEN, 2))
    for run in (CALM, BELOW, APART):
        fails(of_inner(BY_STATUS, seen, seen, run), "undercount")
        fails(of_inner(stated(in_front=()), seen, seen, run), "undercount")


def test_reads_may_be_answered_from_a_copy_but_where_the_claim_says_that_none_is() -> None:
    seen = not_asked(copied(SEEN), only(SEEN, 1) & (np.arange(len(SEEN)) % 3 == 0))
    for run in (CALM, BELOW):
        finding = of_inner(BY_STATUS, seen, seen, run)
        is_open(finding, "answered_from_copy")
        assert (
            "GET were answered well: gateway, which the load goes to, may have answered these from a copy"
            in finding.because
        )
        fails(of_inner(stated(in_front=()), seen, seen, run), "undercount")
        fails(of_inner(stated(per_request=1), seen, seen, run), "undercount")
        fails(of_inner(COUNT, seen, seen, run, against="api"), "undercount")


def test_where_all_came_in_the_steady_state_only_a_fault_makes_a_copy_likely() -> None:
    seen = not_asked(copied(SEEN), during(SEEN, 3) & only(SEEN, 1))
    finding = of_inner(BY_STATUS, seen, seen, BELOW)
    is_open(finding, "answered_from_copy")
    assert "answered well while slow/api->postgres (api->postgres) was on" in finding.because
    fails(of_inner(BY_STATUS, seen, seen, CALM), "undercount")
    fails(of_inner(TIME, seen, seen, CALM), "undercount")


@pytest.mark.parametrize("status", [200, 500])
def test_while_the_way_to_it_is_hurt_a_door_answers_by_itself(status: int) -> None:
    seen = not_asked(copied(SEEN), during(SEEN, 3), status=status)
    for target in ("gateway->api", "api"):
        finding = of_inner(BY_STATUS, seen, seen, told(target))
        is_open(finding, "answered_in_front")
        assert f"slow/{target} ({target}) was on: gateway, which the load goes to, may have answered" in finding.because


def test_what_a_copy_may_have_answered_is_not_put_down_to_errors_alone() -> None:
    """A stale cache hides some errors, and as many others reach users: the histogram alone cannot tell which are missing."""
    reads = only(SEEN, 1) & during(SEEN)
    seen = not_asked(copied(SEEN), reads & (np.arange(len(SEEN)) % 3 == 0))
    answered(seen, reads & (np.arange(len(SEEN)) % 3 == 1), 503)
    counted = copied(seen)
    counted.counted_status[seen.status == 503] = 503
    finding = of_inner(TIME, seen, counted, BELOW)
    is_open(finding, "answered_in_front")
    assert "may have answered these by itself, or others from a copy (" in finding.because
    posts = not_asked(copied(SEEN), during(SEEN, 3) & only(SEEN, 2), status=503)
    by_status = of_inner(stated(request="{method} {route}"), posts, posts, BELOW)
    is_open(by_status, "answered_in_front")
    assert "copy" not in by_status.because, "what changes something is answered from none"


def test_where_no_edge_is_known_the_failure_asks_for_a_copy() -> None:
    seen = not_asked(copied(SEEN), only(SEEN, 1) & (np.arange(len(SEEN)) % 3 == 0))
    finding = of_inner(BY_STATUS, seen, seen, told(edges=()))
    fails(finding, "undercount")
    assert "(did gateway, which the load goes to, answer these from a copy?)" in finding.because
    for stated_, against in ((stated(status="code", in_front=()), "gateway"), (BY_STATUS, "api")):
        assert "copy" not in of_inner(stated_, seen, seen, told(edges=()), against=against).because


def test_what_was_lost_before_anything_was_hurt_is_lost() -> None:
    posts = not_asked(copied(SEEN), during(SEEN, 3, 5, 40) & only(SEEN, 2))
    fails(of_inner(BY_STATUS, posts, posts, AHEAD, phase=""), "undercount")


def test_what_is_lost_all_the_time_is_lost_while_a_fault_is_on_too() -> None:
    posts = not_asked(copied(SEEN), only(SEEN, 2) & (np.arange(len(SEEN)) % 10 == 0))
    for run in (CALM, BELOW, AHEAD):
        fails(of_inner(BY_STATUS, posts, posts, run), "undercount")


def test_more_than_is_lost_all_the_time_the_door_may_have_answered() -> None:
    posts = not_asked(copied(SEEN), only(SEEN, 2) & (np.arange(len(SEEN)) % 10 == 0))
    is_open(of_inner(BY_STATUS, *2 * [not_asked(posts, during(posts, 2) & only(posts, 2))], AHEAD), "answered_in_front")
    refused = not_asked(copied(SEEN), only(SEEN, 2) & (np.arange(len(SEEN)) % 10 == 0))
    refused = not_asked(refused, during(refused, 5) & only(refused, 2), status=503)
    is_open(of_inner(ERROR, refused, refused, AHEAD), "answered_in_front")


def test_errors_of_what_else_the_door_asks_are_none_of_the_service() -> None:
    seen = copied(SEEN)
    answered(seen, during(SEEN, 3), 500)
    for claim in (BY_STATUS, ERROR):
        is_open(of_inner(claim, seen, seen, APART), "answered_in_front")
    for run in (CALM, BELOW):
        fails(of_inner(BY_STATUS, seen, seen, run), "wrong_status")
        finding = of_inner(ERROR, seen, seen, run)
        fails(finding, "lying")
        assert "did gateway answer these by itself?" in finding.because
    fails(of_inner(MetricErrorTruth(metric=TOTAL, errors=ERRORS, in_front=()), seen, seen, APART), "lying")


def test_what_a_gateway_sheds_never_came_to_the_service() -> None:
    seen = not_asked(copied(SEEN), during(SEEN, 3), status=429)
    is_open(of_inner(COUNT, seen, seen, CALM), "answered_in_front")
    fails(of_inner(stated(in_front=(503,)), seen, seen, CALM), "undercount")
    fails(of_inner(COUNT, seen, seen, CALM, against="api"), "undercount")


# --- errors -----------------------------------------------------------------------------------------------------------


def test_errors_that_the_gateway_made_good_reached_nobody() -> None:
    masked = copied(SEEN)
    masked.counted_status[during(SEEN, 10)] = 503
    for counted in (RETRIED, masked, asked_again(masked, during(SEEN, 10))):
        finding = of_inner(ERROR, SEEN, counted, BELOW)
        is_open(finding, "made_good")
        assert "of which at most 0 can have reached users" in finding.because
        fails(of_inner(ERROR, SEEN, counted, BELOW, against="api"), "overcount")
    is_open(of_inner(BY_STATUS, SEEN, masked, BELOW), "made_good")
    is_open(of_inner(BY_STATUS, SEEN, asked_again(masked, during(SEEN, 10)), BELOW), "caller_retries")
    stating = MetricCountTruth(metric=TOTAL, request="{method} {route}", status="code", in_front=())
    fails(of_inner(stating, SEEN, masked, BELOW), "wrong_status")
    fails(of_inner(BY_STATUS, SEEN, masked, BELOW, against="api"), "wrong_status")


def test_attempts_that_were_counted_as_well_hide_no_error_of_a_user() -> None:
    """Answers were lost on their way to the gateway, which asked again; as many others it answered 503 by itself."""
    seen = not_asked(copied(SEEN), during(SEEN, 10), status=503)
    counted = asked_again(seen, np.roll(during(SEEN, 10), 1), status=200)
    is_open(of_inner(ERROR, seen, counted, AHEAD), "answered_in_front")
    twice = asked_again(seen, ALL, status=200)
    assert of_inner(ERROR, seen, twice, BELOW).outcome is Outcome.INCONCLUSIVE


def test_a_lying_error_counter_is_found_behind_a_gateway_too() -> None:
    for status, reason in ((500, "lying"), (503, "optimistic")):
        seen = copied(SEEN)
        answered(seen, during(SEEN, 5), status)
        fails(of_inner(ERROR, seen, seen, BELOW), reason)


# --- times ------------------------------------------------------------------------------------------------------------


def test_the_gateway_s_own_time_is_not_hidden_by_the_service() -> None:
    seen = copied(SEEN)
    seen.took_s[during(SEEN, 3)] += 0.4
    finding = of_inner(TIME, seen, seen, APART)
    is_open(finding, "inner_time")
    assert "outside of the timer of api" in finding.because
    assert "hidden: " in finding.decide
    fails(of_inner(MetricLatencyTruth(metric=TIMER, hidden="20ms"), seen, seen, APART), "hides_latency")
    fails(of_inner(TIME, seen, seen, APART, against="api"), "hides_latency")


def test_a_gateway_need_not_wait_for_an_answer_and_a_timer_that_times_more_is_found() -> None:
    seen = copied(SEEN)
    gave_up = during(SEEN, 3)
    answered(seen, gave_up, 504)
    seen.took_s[gave_up], seen.inside_s[gave_up] = 0.05, 1.5
    seen.served_s[gave_up] = seen.sent_s[gave_up] + 1.5
    for run in (BELOW, CALM):
        is_open(of_inner(TIME, seen, seen, run), "inner_time")
    slower = copied(SEEN)
    slower.inside_s *= 3
    fails(of_inner(TIME, slower, slower, CALM), "exaggerates")
    fails(of_inner(TIME, seen, seen, BELOW, against="api"), "exaggerates")


# --- whose series they are --------------------------------------------------------------------------------------------


def test_a_label_that_names_the_caller_does_not_make_it_the_door_s() -> None:
    finding = of_inner(COUNT, SEEN, RETRIED, BELOW, spell=lambda labels: {**labels, "caller": "gateway"})
    is_open(finding, "caller_retries")
    seen = not_asked(copied(SEEN), during(SEEN, 3), status=503)
    is_open(
        of_inner(COUNT, seen, seen, CALM, spell=lambda labels: {**labels, "caller": "gateway"}), "answered_in_front"
    )


def test_an_address_is_known_by_the_container_that_had_it() -> None:
    seen = f.ContainerSeen(
        container="shop-api-1", service="api", status="running", addresses={"shop_default": "172.18.0.9"}, seen_s=0.2
    )
    run = journal_of(*BELOW.facts, seen)
    scraped = {"replicas": (Replica("172.18.0.9:8080"),), "spell": lambda labels: {**labels, "job": "shop"}}
    is_open(of_inner(COUNT, SEEN, RETRIED, run, **scraped), "caller_retries")
    fails(of_inner(COUNT, SEEN, RETRIED, BELOW, **scraped), "overcount")


@pytest.mark.parametrize(
    ("job", "reason"), [("gateway", "overcount"), ("shop", "overcount"), ("api", "caller_retries")]
)
def test_a_collector_s_address_tells_nothing_of_whose_requests_it_shows(job: str, reason: str) -> None:
    run = told("api->postgres", edges=(*EDGES, "gateway->otel-collector"))
    scraped = {"replicas": (Replica("otel-collector:8889"),), "spell": lambda labels: {**labels, "job": job}}
    assert of_inner(COUNT, SEEN, RETRIED, run, **scraped).reason == reason


def test_others_who_call_the_service_are_named() -> None:
    finding = of_inner(COUNT, SEEN, RETRIED, told("api->postgres", edges=(*EDGES, "worker->api")))
    assert finding.because.endswith("worker may have asked too")


def test_a_service_two_calls_away_is_inner_and_what_lies_between_is_ahead() -> None:
    edges = ("gateway->orders", "orders->api", "api->postgres")
    is_open(of_inner(COUNT, SEEN, RETRIED, told("api->postgres", edges=edges)), "caller_retries")
    seen = not_asked(copied(SEEN), during(SEEN, 3), status=500)
    for target in ("gateway->orders", "orders"):
        is_open(of_inner(COUNT, seen, seen, told(target, edges=edges)), "answered_in_front")


def test_an_honest_inner_service_passes() -> None:
    for claim in (COUNT, BY_STATUS, TIME):
        assert of_inner(claim, SEEN, SEEN, BELOW).outcome is Outcome.PASSED
    seen = day(errors=0.05)
    assert of_inner(ERROR, seen, seen, BELOW).outcome is Outcome.PASSED
