"""Answers that others have published: Prometheus' quantiles of histograms, and HdrHistogram's of a service that stood still."""

from __future__ import annotations

import math

import pytest

from harness.ledger import rows_of
from harness.series.histogram import shown_quantile
from harness.stats import fold

INF = math.inf


@pytest.mark.parametrize(
    ("buckets", "quantile", "shown"),
    [
        # prometheus promql/promqltest/testdata/histograms.test: request_duration_seconds summed, and positive buckets from 0
        (((0.1, 5), (0.2, 7), (1.0, 11), (INF, 12)), 0.2, 0.048),
        (((0.1, 5), (0.2, 7), (1.0, 11), (INF, 12)), 0.5, 0.15),
        (((0.1, 5), (0.2, 7), (1.0, 11), (INF, 12)), 0.8, 0.72),
        (((0.0, 0), (2.0, 1), (4.0, 2), (6.0, 3), (INF, 3)), 1 / 6, 1.0),
        (((0.0, 0), (2.0, 1), (4.0, 2), (6.0, 3), (INF, 3)), 1 / 2, 3.0),
        (((0.0, 0), (2.0, 1), (4.0, 2), (6.0, 3), (INF, 3)), 5 / 6, 5.0),
        (((0.1, 5), (0.2, 7), (1.0, 11), (INF, 12)), 0.99, 1.0),  # beyond the last bound: the bound
    ],
)
def test_a_quantile_as_prometheus_shows_it(
    buckets: tuple[tuple[float, float], ...], quantile: float, shown: float
) -> None:
    assert shown_quantile(buckets, quantile) == pytest.approx(shown, rel=1e-12)


def test_a_histogram_without_observations_shows_nothing() -> None:
    assert math.isnan(shown_quantile(((0.1, 0), (INF, 0)), 0.5))
    assert math.isnan(shown_quantile((), 0.5))
    assert math.isnan(shown_quantile(((0.1, 3),), 0.5)), "no bucket without a bound: it is not whole"


def test_a_service_that_stands_still_for_100_seconds_as_its_users_and_as_its_timer_see_it() -> None:
    """HdrHistogram's vector: 10 000 answers in 1 ms and one in 100 s, one due each 10 ms. Without those that were due in the
    meantime p99.99 is 1 ms; with them the users' p50 is 1 ms, p75 50 s, p90 80 s, p99 98 s, p99.999 100 s."""
    quick = [{"at_s": i * 0.01, "took_ms": 1.0} for i in range(10_000)]
    still_s = 100.0
    stalled = [{"at_s": still_s, "took_ms": 100_000.0}]
    due = [
        {"at_s": still_s + i * 0.01, "late_ms": 100_000.0 - i * 10.0 - 1.0, "took_ms": 1.0} for i in range(1, 10_000)
    ]
    whole = fold(rows_of([*quick, *stalled, *due]), 0.0, 300.0)
    assert whole.n == 20_000
    for quantile, users_ms in ((0.5, 1.0), (0.75, 50_000), (0.9, 80_000), (0.99, 98_000), (0.99999, 100_000)):
        low_ms, high_ms = whole.percentile_ms(quantile) or (0.0, 0.0)
        assert low_ms == high_ms == pytest.approx(users_ms, rel=1e-3)
    sent = fold(rows_of([*quick, *stalled]), 0.0, 300.0)
    assert sent.n == 10_001
    assert (sent.percentile_ms(0.9999) or (0, 0))[0] == pytest.approx(1.0)
    assert (whole.percentile_ms(0.9999, service=True) or (0, 0))[0] == pytest.approx(1.0), (
        "what the service's timer sees"
    )
