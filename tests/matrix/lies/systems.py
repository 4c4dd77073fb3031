"""lying-systems: metrics, status page, answers and traces that do not tell the truth."""

from __future__ import annotations

from matrix.cell import FAILED, INCONCLUSIVE, PASSED, Want
from matrix.lies.lie import Lie, cell, honest

DRILL = "lying-systems"
COUNT = "run/metric_count_truth-http_requests_total"
ERRORS = "run/metric_error_truth-http_requests_total"
FRESH = "run/metric_fresh-http_requests_total"
TIMES = "run/metric_latency_truth-http_request_duration_seconds"
HEALTH = "database-hangs/errors_below-GET /healthz"
TRACES = "database-hangs/traces-POST /checkout"
QUEUE = "payments-gone/traces-across-the-queue"
ANSWERS = "database-hangs/answers_as_usual-GET /orders/{id}"
UP = "run/stays_up-api"

AS_200 = Lie(
    "DEFECT_ERRORS_COUNTED_AS_200",
    "the request counter has every 5xx as a 200",
    {COUNT: Want(FAILED, "wrong_status"), ERRORS: Want(FAILED, "lying"), FRESH: Want(FAILED, "not_preregistered")},
)
NOT_COUNTED = Lie(
    "DEFECT_TIMEOUTS_NOT_COUNTED",
    "requests that took too long are not counted",
    {COUNT: Want(FAILED, "undercount"), ERRORS: Want(FAILED, "undercount"), FRESH: Want(FAILED, "error_late")},
)
LOW_BUCKET = Lie(
    "DEFECT_TOP_BUCKET_TOO_LOW",
    "the histogram ends at 0.2 s",
    {TIMES: Want(FAILED, "buckets_too_low")},
)
STOPS = Lie(
    "DEFECT_METRIC_STOPS",
    "from the first error on the request counter is no longer shown",
    {COUNT: Want(FAILED, "vanished"), ERRORS: Want(FAILED, "vanished"), FRESH: Want(FAILED, "vanished")},
)
CRASH = Lie(
    "DEFECT_CRASH_LOSES_COUNTERS",
    "the process dies at its tenth error, and what it had counted with it",
    {UP: Want(FAILED, "died"), ERRORS: Want(FAILED, "blind")},
    touches=(TRACES, FRESH),  # which spans were not sent yet, and whether a scrape fell into its start, is chance
)
ALWAYS_YES = Lie(
    "DEFECT_HEALTH_ALWAYS_YES", "/healthz says that all is well, whatever fails", {HEALTH: Want(FAILED, "not_met")}
)
FRIENDLY = Lie(
    "DEFECT_ERRORS_ANSWERED_AS_200",
    "errors are answered with status 200 and the error in the body",
    {ANSWERS: Want(FAILED, "new_success"), ERRORS: Want(FAILED, "blind"), FRESH: Want(FAILED, "not_preregistered")},
)
CONTEXT = Lie(
    "DEFECT_TRACE_CONTEXT_DROPPED",
    "orders go into the queue without their trace",
    {QUEUE: Want(FAILED, "broken_context")},
    touches=(TRACES,),  # an order that the database did not take goes into no queue
)
WRONGLY = Lie(
    "DEFECT_TRACE_WRONG_DEPENDENCY",
    "the span of a call names another dependency",
    {TRACES: Want(FAILED, "wrong_attribution"), QUEUE: Want(FAILED, "wrong_attribution")},
)
ROOTLESS = Lie(
    "DEFECT_TRACE_ROOT_LOST",
    "the spans of requests are never sent",
    {TRACES: Want(FAILED, "missing_root"), QUEUE: Want(FAILED, "missing_root")},
)

CELLS = (
    honest(DRILL),
    cell(DRILL, "errors counted as 200, and a queue without context", AS_200, CONTEXT),
    cell(DRILL, "time-outs not counted, and spans that accuse others", NOT_COUNTED, WRONGLY),
    cell(DRILL, "a top bucket too low, and traces without a root", LOW_BUCKET, ROOTLESS),
    cell(DRILL, "a metric that stops, and a status page that says yes", STOPS, ALWAYS_YES),
    cell(DRILL, "errors answered as 200", FRIENDLY),
    cell(DRILL, "a crash", CRASH, rest=frozenset({PASSED, INCONCLUSIVE})),
)
