"""The service's own metrics against a ledger whose rows are not all one plain request to the service: an honest one is never accused."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from test_expectation_metric_truth import BY_ROUTE, CLAIMS, COUNT, ERROR, LATENCY, book, day, everything, lossy
from truthful_service import ENDPOINTS, Traffic, evidence

from harness.expectations.metric_error_truth import MetricErrorTruth
from harness.ledger import AGAIN, ELSEWHERE, NEVER, OUTCOMES, SENDS_SEEN, TOLD, Rows
from harness.ledger.layout import MORE_UNIT
from harness.series import Book
from harness.verdict import Finding, Outcome


def judged(claim: Any, rows: Rows, series: Book) -> Finding:
    finding = claim.check(evidence(rows, series))
    assert isinstance(finding, Finding)
    return finding


def retried(seen: Traffic, share: float, seed: int = 3) -> tuple[Traffic, NDArray[np.bool_]]:
    """What the service saw where its users' client sent some requests twice, as it was answered 503 at first; and which these are."""
    again = np.random.default_rng(seed).uniform(size=len(seen)) < share
    first = {field.name: getattr(seen, field.name)[again].copy() for field in dataclasses.fields(Traffic)}
    first["served_s"], first["inside_s"] = first["sent_s"] + 0.0005, np.full(again.sum(), 0.0005)
    first["counted_status"] = np.full(again.sum(), 503)
    both = {name: np.concatenate([getattr(seen, name), column]) for name, column in first.items()}
    return Traffic(**both), again


def with_rows(rows: Rows, more: NDArray[Any], names: Sequence[str]) -> Rows:
    array = np.concatenate([rows.array, more])
    array = array[np.argsort(array["intended_us"], kind="stable")]
    return Rows(array, np.zeros(len(array), np.uint16), np.arange(len(array), dtype=np.uint32), tuple(names))


# --- a client that tries again by itself ------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(8))
def test_attempts_of_the_loads_own_client_accuse_nobody(seed: int) -> None:
    seen = day(seed, errors=0.02, timeouts=0.002)
    both, again = retried(seen, 0.03, seed)
    series = book(seed, both)
    for number, outcome in ((MORE_UNIT, {Outcome.PASSED}), (0, {Outcome.INCONCLUSIVE})):  # 0: an older ledger
        rows = seen.rows()
        rows.array["flags"][again] |= AGAIN | number
        for claim in (COUNT, BY_ROUTE, LATENCY):
            finding = judged(claim, rows, series)
            assert {finding.outcome} == outcome, f"{claim.word} {number}: {finding.because}"
            assert number or finding.reason == "retried"
        assert judged(ERROR, rows, series).outcome is not Outcome.FAILED
    plain = [judged(claim, seen.rows(), series).reason for claim in (COUNT, BY_ROUTE, LATENCY)]
    assert plain == ["overcount"] * 3, "without the mark they look like somebody else's"


def test_so_many_attempts_that_nothing_can_be_told_are_said() -> None:
    seen = day(1)
    both, again = retried(seen, 0.3)
    rows = seen.rows()
    rows.array["flags"][again] |= AGAIN | MORE_UNIT
    for claim in (COUNT, BY_ROUTE, LATENCY):
        finding = judged(claim, rows, book(1, both))
        assert finding.reason == "retried", finding.because
        assert "sent again by the load's own client" in finding.because


def test_a_counter_that_loses_requests_is_found_among_attempts() -> None:
    seen = day(2)
    both, again = retried(seen, 0.02)
    rows = seen.rows()
    rows.array["flags"][again] |= AGAIN | MORE_UNIT
    for claim in (COUNT, LATENCY):
        assert judged(claim, rows, book(2, both, lossy(0.1))).reason == "undercount"


def test_errors_that_only_a_client_heard_do_not_hide_that_a_counter_is_blind() -> None:
    seen = day(4, timeouts=0.05, timeout_s=1.0)
    both, again = retried(seen, 0.1)
    rows = seen.rows()
    rows.array["flags"][again] |= AGAIN | MORE_UNIT
    finding = judged(MetricErrorTruth(metric=ERROR.metric, errors=ERROR.errors, in_front=()), rows, book(4, both))
    assert finding.outcome is Outcome.INCONCLUSIVE, finding.because
    assert finding.reason == "retried"


# --- what an event alone tells ----------------------------------------------------------------------------------------


def transactions(seen: Traffic) -> NDArray[Any]:
    tx: NDArray[Any] = seen.rows().array[seen.endpoint == 2].copy()
    tx["endpoint"], tx["status"] = 4, 0
    tx["flags"] |= TOLD
    return tx


def test_a_transaction_is_no_request_that_a_counter_must_have() -> None:
    seen = day(1, errors=0.03)
    failed = transactions(seen)
    failed["outcome"][::3] = OUTCOMES.index("wrong")
    rows, series = with_rows(seen.rows(), failed, (*ENDPOINTS, "TX checkout")), book(1, seen)
    for claim in (COUNT, LATENCY):
        finding = judged(claim, rows, series)
        assert (finding.outcome, finding.reason) == (Outcome.INCONCLUSIVE, "only_told"), finding.because
        assert "(TX checkout)" in finding.because
    by_route = ERROR.model_copy(update={"request": BY_ROUTE.request})
    for routed in (BY_ROUTE, LATENCY.model_copy(update={"request": BY_ROUTE.request}), by_route):
        assert judged(routed, rows, series).outcome is Outcome.PASSED, "no series is spelt so"
    assert judged(ERROR, rows, series).outcome is not Outcome.FAILED


def test_events_that_series_are_spelt_as_are_requests() -> None:
    """A client of the locustfile's own, such as gRPC's: what it tells is all that there is."""
    seen = day(5)
    rows = seen.rows()
    rows.array["flags"] |= TOLD
    assert judged(BY_ROUTE, rows, book(5, seen)).outcome is Outcome.PASSED
    assert judged(BY_ROUTE, rows, book(5, seen, lossy(0.02))).reason == "undercount"
    assert judged(COUNT, rows, book(5, seen)).reason == "only_told"


def test_an_event_under_the_name_of_a_request_is_not_surely_another_one() -> None:
    seen = day(6)
    doubled = seen.rows().array[seen.endpoint == 2].copy()
    doubled["flags"] |= TOLD
    rows = with_rows(seen.rows(), doubled, ENDPOINTS)
    assert judged(BY_ROUTE, rows, book(6, seen)).reason == "only_told"


# --- another host -----------------------------------------------------------------------------------------------------


def test_requests_to_another_host_are_in_neither_bound() -> None:
    seen = day(1, errors=0.03)
    there = seen.rows().array[::20].copy()
    there["endpoint"], there["outcome"], there["status"] = 4, OUTCOMES.index("5xx"), 500
    there["flags"] |= ELSEWHERE
    rows = with_rows(seen.rows(), there, (*ENDPOINTS, "POST http://idp/token"))
    for claim in CLAIMS:
        told, plain = judged(claim, rows, book(1, seen, everything)), judged(claim, seen.rows(), book(1, seen))
        assert told.outcome is plain.outcome is Outcome.PASSED, told.because
        assert told.because == plain.because


# --- tasks without a request ------------------------------------------------------------------------------------------


def test_tasks_that_ask_nothing_can_have_been_counted_by_nobody() -> None:
    """`def done(self): self.interrupt()`, Locust's own way to leave a sequence; of a user whose requests only events tell, nobody knows."""
    seen = day(1, errors=0.03)
    idle = seen.rows().array[::2].copy()
    for name, value in {"endpoint": 0, "outcome": 0, "status": 0, "took_us": NEVER}.items():
        idle[name] = value
    told = with_rows(seen.rows(), idle, ENDPOINTS)
    assert judged(COUNT, told, book(1, seen)).reason == "too_wide"
    idle["flags"] |= SENDS_SEEN
    for claim in CLAIMS:
        finding, plain = (
            judged(claim, rows, book(1, seen)) for rows in (with_rows(seen.rows(), idle, ENDPOINTS), seen.rows())
        )
        assert finding.outcome is plain.outcome is Outcome.PASSED, finding.because
        assert finding.because == plain.because
    assert judged(COUNT, with_rows(seen.rows(), idle, ENDPOINTS), book(1, seen, lossy(0.02))).reason == "undercount"
