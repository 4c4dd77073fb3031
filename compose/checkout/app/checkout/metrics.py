"""What the service counts. Every series that can be foreseen is there at 0 from the start: one that is born with its first
error shows no increase, and that error is seen by nobody."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping

from prometheus_client import REGISTRY, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from checkout import defects
from checkout.release import VERSION
from checkout.segments import SEGMENTS
from checkout.settings import QUEUE

CONTENT_TYPE = CONTENT_TYPE_LATEST

# 0.5 s is the objective's bound, and so a bucket's: the share of requests within it is then counted, not guessed.
REQUEST_BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0)
# A statement takes 1 ms here, and is given 1.5 s.
CALL_BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 0.75, 1.0, 1.5, 2.5)

requests_total = Counter(
    "http_requests_total", "Requests answered, by route and status.", ["method", "route", "code", "version"]
)
request_seconds = Histogram(
    "http_request_duration_seconds",
    "From the request's last header to the answer.",
    ["method", "route", "version"],
    buckets=defects.buckets(REQUEST_BUCKETS_S),
)
segment_attempts_total = Counter(
    "checkout_attempts_total", "Attempts at a checkout, by customers' segment.", ["segment", "outcome", "version"]
)
segment_seconds = Histogram(
    "checkout_attempt_duration_seconds",
    "An attempt at a checkout, as http_request_duration_seconds, by customers' segment.",
    ["segment", "version"],
    buckets=REQUEST_BUCKETS_S,
)
in_flight = Gauge("http_requests_in_flight", "Requests that are not answered yet.")
build_info = Gauge("build_info", "1, with the release as a label.", ["version"])
started_at = Gauge("service_start_time_seconds", "When this process began to serve, in Unix seconds.")

orders_total = Counter("checkout_orders_total", "Checkouts answered, by what became of them.", ["outcome", "version"])
ORDER_OUTCOMES = ("paid", "pay_later", "processing", "declined", "replayed")

calls_total = Counter(
    "dependency_calls_total", "Calls to a dependency, each attempt one, by how it ended.", ["dependency", "outcome"]
)
CALL_OUTCOMES = ("ok", "error", "timeout", "unreachable", "skipped")
call_seconds = Histogram(
    "dependency_call_duration_seconds", "One attempt, from asking to its end.", ["dependency"], buckets=CALL_BUCKETS_S
)
retries_total = Counter("dependency_retries_total", "Second attempts.", ["dependency"])
breaker_state = Gauge("circuit_breaker_state", "0 closed, 1 half open, 2 open.", ["dependency"])
catalog_total = Counter("catalog_answers_total", "Catalogues given out, by where they came from.", ["source"])
CATALOG_SOURCES = ("memory", "redis", "postgres", "stale")
pool_connections = Gauge("database_pool_connections", "Connections of the pool, by use.", ["use"])
pool_waiting = Gauge("database_pool_waiting", "Requests that wait for a connection.")
spans_total = Counter("trace_spans_total", "Spans of traces, by what became of them.", ["outcome"])
SPAN_OUTCOMES = ("sent", "failed", "refused", "dropped")

fulfilled_total = Counter("orders_fulfilled_total", "Orders that the worker brought to their end.", ["kind"])
lost_total = Counter("orders_lost_total", "Orders that were given up. Never, if all is well.")
rescued_total = Counter(
    "orders_rescued_total", "Paid orders whose payment nobody had written down, found by the sweep."
)
waiting_orders = Gauge("orders_waiting", "Orders that wait for the worker.", ["kind"])
oldest_order_seconds = Gauge(
    "orders_oldest_waiting_seconds", "Age of the oldest of them, or of those parked; 0 for none.", ["kind"]
)
KINDS = ("paid", "pay_later")
table_lock_wait_seconds = Gauge(
    "database_table_lock_wait_seconds", "Longest wait for a whole table that was seen in the last 5 s; 0 for none."
)
totals_differ = Gauge(
    "orders_totals_differ", "Orders for which another sum was charged than was ordered, by the release.", ["version"]
)
queue_length = Gauge("queue_length", "Entries of the queue in Redis.")
choked_total = Counter(
    "queue_messages_failed_total", "Tries at a message that ended without its work done.", ["queue", "reason"]
)
CHOKE_REASONS = ("unreadable", "defect")
parked_total = Counter(
    "queue_messages_parked_total", "Messages that were given up: dead letters, each of an order.", ["queue", "reason"]
)
parked_orders = Gauge("orders_parked", "Dead letters that wait for a person.", ["queue"])


def describe() -> None:
    """What every role tells of itself."""
    build_info.labels(VERSION).set(1)
    started_at.set(time.time())
    for outcome in SPAN_OUTCOMES:
        spans_total.labels(outcome)


def count_request(method: str, route: str, status: int, took_s: float) -> None:
    """A request was answered with this status, so long after its last header."""
    if (code := defects.counted_as(status)) is not None:
        requests_total.labels(method, route, code, VERSION).inc()
    request_seconds.labels(method, route, VERSION).observe(took_s)
    if defects.stops_counting(status):
        with contextlib.suppress(KeyError):  # it has stopped before
            REGISTRY.unregister(requests_total)


def count_attempt(segment: str, status: int, took_s: float) -> None:
    """An attempt at a checkout was answered: `error` is an error of ours."""
    segment_attempts_total.labels(segment, "error" if status >= 500 else "ok", VERSION).inc()
    segment_seconds.labels(segment, VERSION).observe(took_s)


def expect_routes(routes: dict[tuple[str, str], tuple[int, ...]]) -> None:
    """Register the answers that each (method, route) can give."""
    for (method, route), codes in routes.items():
        request_seconds.labels(method, route, VERSION)
        for code in codes:
            requests_total.labels(method, route, str(code), VERSION)


def expect_calls(*dependencies: str) -> None:
    for dependency in dependencies:
        call_seconds.labels(dependency)
        retries_total.labels(dependency)
        for outcome in CALL_OUTCOMES:
            calls_total.labels(dependency, outcome)


def expect_orders() -> None:
    for outcome in ORDER_OUTCOMES:
        orders_total.labels(outcome, VERSION)
    for source in CATALOG_SOURCES:
        catalog_total.labels(source)
    for segment in SEGMENTS:
        segment_seconds.labels(segment, VERSION)
        for outcome in ("ok", "error"):
            segment_attempts_total.labels(segment, outcome, VERSION)


def expect_work() -> None:
    show_totals_differ({})
    for kind in KINDS:
        fulfilled_total.labels(kind)
        waiting_orders.labels(kind).set(0)
        oldest_order_seconds.labels(kind).set(0)
    parked_orders.labels(QUEUE).set(0)
    for reason in CHOKE_REASONS:
        choked_total.labels(QUEUE, reason)
        parked_total.labels(QUEUE, reason)


def show_totals_differ(orders_by_version: Mapping[str, int]) -> None:
    """A release none of whose orders differ any more is not shown; that somebody looks is, by a 0 of our own."""
    totals_differ.clear()
    for version, orders in {VERSION: 0, **orders_by_version}.items():
        totals_differ.labels(version).set(orders)


def page() -> bytes:
    return generate_latest(REGISTRY)
