"""The claims that a drill can make, one file each. A new one is a file, a line here, and a test of the same name."""

from harness.expectations.alert_clears import AlertClears
from harness.expectations.alert_fires import AlertFires
from harness.expectations.alert_quiet import AlertQuiet
from harness.expectations.answers_as_usual import AnswersAsUsual
from harness.expectations.base import Expectation
from harness.expectations.blame import Blame
from harness.expectations.canary_judged import CanaryJudged
from harness.expectations.dashboard_live import DashboardLive
from harness.expectations.errors_below import ErrorsBelow
from harness.expectations.impact import Impact
from harness.expectations.leak import Leak
from harness.expectations.log_coverage import LogCoverage
from harness.expectations.log_quiet import LogQuiet
from harness.expectations.log_seen import LogSeen
from harness.expectations.metric_count_truth import MetricCountTruth
from harness.expectations.metric_error_truth import MetricErrorTruth
from harness.expectations.metric_fresh import MetricFresh
from harness.expectations.metric_latency_truth import MetricLatencyTruth
from harness.expectations.metric_stays import MetricStays
from harness.expectations.no_regression import NoRegression
from harness.expectations.not_metastable import NotMetastable
from harness.expectations.orders_kept import OrdersKept
from harness.expectations.page_quality import PageQuality
from harness.expectations.page_sent import PageSent
from harness.expectations.recovers import Recovers
from harness.expectations.responds_within import RespondsWithin
from harness.expectations.retries_bounded import RetriesBounded
from harness.expectations.rolled_back import RolledBack
from harness.expectations.state_restored import StateRestored
from harness.expectations.stays_up import StaysUp
from harness.expectations.traces import Traces

EXPECTATIONS: tuple[type[Expectation], ...] = (
    RespondsWithin,
    ErrorsBelow,
    Recovers,
    Impact,
    NoRegression,
    NotMetastable,
    RetriesBounded,
    Leak,
    StaysUp,
    LogQuiet,
    LogSeen,
    AnswersAsUsual,
    LogCoverage,
    Blame,
    AlertFires,
    AlertClears,
    AlertQuiet,
    PageSent,
    PageQuality,
    MetricStays,
    DashboardLive,
    MetricCountTruth,
    MetricErrorTruth,
    MetricLatencyTruth,
    MetricFresh,
    Traces,
    RolledBack,
    CanaryJudged,
    OrdersKept,
    StateRestored,
)
