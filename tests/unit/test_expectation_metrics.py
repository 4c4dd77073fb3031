"""metric_stays and dashboard_live: a query's values all the time, and whether a dashboard shows anything."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from alert_stories import BOUNDS, alert, judged, looks
from pydantic import ValidationError

from harness import facts as f
from harness.expectations.dashboard_live import DashboardLive
from harness.expectations.metric_stays import MetricStays
from harness.journal import Journal
from harness.ledger import Rows
from harness.stats import Condition
from harness.testing import journal_of, rows_of

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
        (MetricStays(query="other", below=10), {}, ("inconclusive", "not_recorded")),
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


def test_a_query_that_the_run_never_asked_is_no_fault_of_prometheus() -> None:
    """Judged again by a drill with another query."""
    found = judged(MetricStays(query="other", below=10), asked({}))
    assert (found.outcome.value, found.reason) == ("inconclusive", "not_recorded")
    assert found.because == "other was not asked in this run: its drill did not"
    blind = journal_of(*asked({}).facts, f.Blinded(probe="samples", target="other", error="refused", seen_s=25.0))
    assert judged(MetricStays(query="other", below=10), blind).reason == "not_watched"


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
    found = judged(LIVE, board("a", "b"), conditions=(SLOW,))
    assert (found.outcome.value, found.reason) == ("passed", "met")
    assert "1 not asked (its data source is loki, not Prometheus)" in found.because


def test_a_panel_that_stays_empty_is_named() -> None:
    found = judged(LIVE, board("a"))
    assert (found.outcome.value, found.reason) == ("failed", "no_samples")
    assert "B (b)" in found.because


def test_a_panel_that_was_not_asked_all_the_time_decides_nothing_and_neither_does_an_empty_dashboard() -> None:
    assert reason(LIVE, board("a", watched=("a",))) == ("inconclusive", "not_watched")
    assert reason(DashboardLive(file="other.json"), board("a", "b")) == ("inconclusive", "no_evidence")


PAGES = 'max by (alertname) (ALERTS{alertstate="firing", severity=~"page|ticket"})'


def alerts_board(*happened: f.Fact, other: bool = True) -> Journal:
    """A panel on alerts that never gave a sample, asked all the time; beside it one that did."""
    panels = [f.PanelFound(seen_s=2, dashboard="board.json", panel="Firing", query=PAGES)]
    panels += [f.PanelFound(seen_s=2, dashboard="board.json", panel="A", query="a")] * other
    sample = f.Sampled(query="a", value=1.0, happened_s=30, seen_s=30)
    seen = [look for name in (PAGES, "a") for look in looks("samples", name, every_s=5.0)]
    return journal_of(*BOUNDS, *panels, sample, *seen, *happened)


def test_a_panel_on_alerts_is_empty_as_it_should_be_while_none_of_those_is_there() -> None:
    watchdog = alert("firing", 5, "Watchdog", {"severity": "none"})
    found = judged(LIVE, alerts_board(watchdog, alert("pending", 25)), conditions=(SLOW,))
    assert (found.outcome.value, found.reason) == ("passed", "met")
    assert "1 about alerts, of which none was there" in found.because
    assert reason(LIVE, alerts_board(alert("firing", 25))) == ("failed", "no_samples")
    assert reason(LIVE, alerts_board(other=False)) == ("inconclusive", "no_evidence")


def test_an_alert_that_came_after_the_last_look_at_a_panel_leaves_it_empty_as_it_should_be() -> None:
    found = judged(LIVE, alerts_board(alert("firing", 48.5)), conditions=(SLOW,))
    assert (found.outcome.value, found.reason) == ("passed", "met")


SLOW = Condition.parse("p95 < 400ms")


def dashboard(shown: dict[str, tuple[float | None, float | None]], slow_ms: float = 900.0) -> tuple[Journal, Rows]:
    """Panels by name, with what each shows before the fault and in it (None: nothing); ten requests a second."""
    panels = [f.PanelFound(seen_s=2, dashboard="board.json", panel=name.upper(), query=name) for name in shown]
    samples = [
        f.Sampled(query=name, value=value, count=value is not None, happened_s=at_s + 0.2, seen_s=at_s + 0.2)
        for name, (before, during) in shown.items()
        for at_s in range(5, 95, 5)
        for value in [(during if 21 < at_s < 50 else before)]
    ]
    seen = [look for name in shown for look in looks("samples", name, every_s=5.0)]
    load = [f.LoadSampled(seen_s=float(at_s), cpu_ratio=0.1, late_ms=0.0, due=1, dropped=0) for at_s in range(1, 91)]
    due = [at / 10 for at in range(10, 900)]
    rows = rows_of([{"at_s": at_s, "took_ms": slow_ms if 21 <= at_s < 49 else 50.0} for at_s in due])
    return journal_of(*BOUNDS, *panels, *samples, *seen, *load), rows


@pytest.mark.parametrize(
    ("shown", "slow_ms", "outcome", "reason", "said"),
    [
        ({"a": (1.0, 5.0), "b": (1.0, 1.0)}, 900.0, "passed", "met", "1 panel moved in 'hurt'"),
        ({"a": (1.0, None), "b": (1.0, 1.0)}, 900.0, "passed", "met", "1 panel moved in 'hurt'"),
        ({"a": (None, 1.0), "b": (1.0, 1.0)}, 900.0, "passed", "met", "1 panel moved in 'hurt'"),
        ({"a": (1.0, 1.0), "b": (3.0, 3.0)}, 900.0, "failed", "flat", "none of 2 panels of board.json moved"),
        (
            {"a": (1.0, 1.0), "b": (3.0, 3.0)},
            60.0,
            "passed",
            "met",
            "0 panels moved in 'hurt', where users were not seen to suffer",
        ),
        ({"a": (1.0, 1.0)}, 900.0, "failed", "flat", "the only panel of board.json did not move"),
    ],
)
def test_a_dashboard_that_stays_flat_while_users_suffer_fails(
    shown: dict[str, tuple[float | None, float | None]], slow_ms: float, outcome: str, reason: str, said: str
) -> None:
    journal, rows = dashboard(shown, slow_ms)
    found = judged(LIVE, journal, "", rows=rows, conditions=(SLOW,))
    assert (found.outcome.value, found.reason) == (outcome, reason)
    assert said in found.because
    assert "moved in 'hurt'" in dict(found.details)


def test_what_always_wavers_has_not_moved_until_it_leaves_its_usual_width() -> None:
    journal, rows = dashboard({"a": (1.0, 2.9)})
    wavering = [f.Sampled(query="a", value=2.0, happened_s=7, seen_s=7)]  # 1 to 2 before: up to 3 is nothing new
    found = judged(LIVE, journal_of(*journal.facts, *wavering), "", rows=rows, conditions=(SLOW,))
    assert found.reason == "flat"


def shown_at(
    value: Callable[[float], float], keep: Callable[[float], bool] = lambda at_s: True
) -> tuple[Journal, Rows]:
    """One panel, looked at every 5 s from 5 s on (as long as it is kept); the fault is on from 21 s to 50 s, and users suffer."""
    journal, rows = dashboard({"a": (1.0, 1.0)})
    plain = [fact for fact in journal.facts if not isinstance(fact, f.Sampled)]
    times = [at_s + 0.2 for at_s in range(5, 95, 5) if keep(at_s)]
    looks_ = [f.Sampled(query="a", value=value(at_s), happened_s=at_s, seen_s=at_s) for at_s in times]
    return journal_of(*plain, *looks_), rows


@pytest.mark.parametrize("keep", [lambda at_s: not 31 < at_s < 50, lambda at_s: at_s >= 15], ids=["in it", "before it"])
def test_with_too_few_looks_nobody_knows_whether_a_panel_moved(keep: Callable[[float], bool]) -> None:
    journal, rows = shown_at(lambda at_s: 1.0, keep)
    found = judged(LIVE, journal, "", rows=rows, conditions=(SLOW,))
    assert (found.outcome.value, found.reason) == ("inconclusive", "too_few"), found.because
    assert "users suffered" in found.because
    assert "every 5 s" in found.decide


def test_without_a_steady_condition_nobody_knows_whether_a_panel_should_have_moved() -> None:
    found = judged(LIVE, shown_at(lambda at_s: 1.0)[0], "", conditions=())
    assert (found.outcome.value, found.reason) == ("inconclusive", "no_condition"), found.because
    assert judged(LIVE, shown_at(lambda at_s: 9.0 if 21 < at_s < 50 else 1.0)[0], "").outcome.value == "passed"


@pytest.mark.parametrize("keep", [lambda at_s: True, lambda at_s: at_s >= 10], ids=["all", "three before"])
@pytest.mark.parametrize(
    "value",
    [lambda at_s: at_s, lambda at_s: 500 - 2 * at_s, lambda at_s: at_s + 0.3 * (at_s % 2)],
    ids=["up", "down", "rough"],
)
def test_a_panel_that_goes_on_rising_as_before_has_not_moved(
    value: Callable[[float], float], keep: Callable[[float], bool]
) -> None:
    journal, rows = shown_at(value, keep)
    found = judged(LIVE, journal, "", rows=rows, conditions=(SLOW,))
    assert (found.outcome.value, found.reason) == ("failed", "flat"), found.because


@pytest.mark.parametrize(
    "value",
    [lambda at_s: at_s if at_s < 21 else 21 + 10 * (at_s - 21), lambda at_s: at_s if at_s < 21 else 300.0],
    ids=["steeper", "a leap"],
)
def test_a_panel_that_leaves_the_line_that_it_rose_along_has_moved(value: Callable[[float], float]) -> None:
    journal, rows = shown_at(value)
    assert judged(LIVE, journal, "", rows=rows, conditions=(SLOW,)).outcome.value == "passed"
