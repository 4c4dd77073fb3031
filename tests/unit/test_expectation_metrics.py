"""metric_stays and dashboard_live: a query's values all the time, and whether a dashboard shows anything."""

from __future__ import annotations

import pytest
from alert_stories import BOUNDS, judged, looks
from pydantic import ValidationError

from harness import facts as f
from harness.expectations.dashboard_live import DashboardLive
from harness.expectations.metric_stays import MetricStays
from harness.journal import Journal
from harness.testing import journal_of

QUERY = "queue_depth"
LIVE = DashboardLive(file="board.json")


def asked(values: dict[float, float | None], *, count: int = 1, hole: tuple[float, float] = (0, 0)) -> Journal:
    """The query answered 1 each second, but for these values."""
    plain = {number + 0.4: 1.0 for number in range(95) if not hole[0] <= number < hole[1]}
    samples = [
        f.Sampled(query=QUERY, value=value, count=1 if value is not None else count, happened_s=at_s, seen_s=at_s)
        for at_s, value in {**plain, **values}.items()
    ]
    return journal_of(*BOUNDS, *samples, *looks("samples", QUERY, hole=hole))


def reason(claim: MetricStays | DashboardLive, journal: Journal) -> tuple[str, str]:
    found = judged(claim, journal)
    return found.outcome.value, found.reason


@pytest.mark.parametrize(
    ("claim", "values", "expected"),
    [
        (MetricStays(query=QUERY, below=10), {}, ("passed", "met")),
        (MetricStays(query=QUERY, below=10), {30.4: 10.0}, ("failed", "beyond")),
        (MetricStays(query=QUERY, below=10), {15.4: 99.0, 50.4: 99.0}, ("passed", "met")),  # not in the window
        (MetricStays(query=QUERY, above=0.5), {30.4: 0.0}, ("failed", "beyond")),
        (MetricStays(query=QUERY, above=0.5, below=2), {30.4: 3.0}, ("failed", "beyond")),
        (MetricStays(query=QUERY, below=10), {30.4: None}, ("inconclusive", "no_data")),
        (MetricStays(query=QUERY, below=10), {30.4: None, 31.4: 12.0}, ("failed", "beyond")),
        (MetricStays(query="other", below=10), {}, ("inconclusive", "not_watched")),
    ],
)
def test_every_value_in_the_window_counts(
    claim: MetricStays, values: dict[float, float | None], expected: tuple[str, str]
) -> None:
    assert reason(claim, asked(values)) == expected


@pytest.mark.parametrize(("count", "word"), [(0, "no series"), (1, "no number")])
def test_an_empty_answer_and_nan_are_no_data(count: int, word: str) -> None:
    assert word in judged(MetricStays(query=QUERY, below=10), asked({30.4: None}, count=count)).because


def test_a_stretch_that_nobody_asked_about_decides_nothing() -> None:
    assert reason(MetricStays(query=QUERY, below=10), asked({}, hole=(30, 40))) == ("inconclusive", "not_watched")


def test_a_claim_needs_a_limit_and_a_band_that_is_not_empty() -> None:
    with pytest.raises(ValidationError, match="below"):
        MetricStays(query=QUERY)
    with pytest.raises(ValidationError, match="nothing is above 3 and below 2"):
        MetricStays(query=QUERY, above=3, below=2)


def board(*live: str, watched: tuple[str, ...] = ("a", "b")) -> Journal:
    panels = [f.PanelFound(seen_s=2, dashboard="board.json", panel=name.upper(), query=name) for name in ("a", "b")]
    other = f.PanelFound(seen_s=2, dashboard="board.json", panel="Logs", why="its data source is loki, not Prometheus")
    samples = [f.Sampled(query=name, value=1.0, happened_s=30, seen_s=30) for name in live]
    samples += [f.Sampled(query=name, count=0, happened_s=31, seen_s=31) for name in ("a", "b")]
    seen = [look for name in watched for look in looks("samples", name, every_s=5.0)]
    return journal_of(*BOUNDS, *panels, other, *samples, *seen)


def test_a_dashboard_is_live_when_each_query_gave_samples_at_some_time() -> None:
    found = judged(LIVE, board("a", "b"))
    assert (found.outcome.value, found.reason) == ("passed", "met")
    assert "1 not asked (its data source is loki, not Prometheus)" in found.because


def test_a_panel_that_stays_empty_is_named() -> None:
    found = judged(LIVE, board("a"))
    assert (found.outcome.value, found.reason) == ("failed", "no_samples")
    assert "B (b)" in found.because


def test_a_panel_that_was_not_asked_all_the_time_decides_nothing_and_neither_does_an_empty_dashboard() -> None:
    assert reason(LIVE, board("a", watched=("a",))) == ("inconclusive", "not_watched")
    assert reason(DashboardLive(file="other.json"), board("a", "b")) == ("inconclusive", "no_evidence")
