"""A rule replayed by a real promtool: with a full history it fires as in production, with a short one as in a rehearsal."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from harness import facts as f
from harness.errors import NotApplied
from harness.expectations.alert_fires import AlertFires
from harness.run.replaying import Replaying
from harness.testing import journal_of
from harness.world.metrics import Answer, Series
from harness.world.promtool import try_rules

pytestmark = pytest.mark.e2e

IMAGE = "drill/checkout-watch:1"
SCRAPE_S = EVERY_S = 2.0
STARTED_S, EFFECT_S, END_S = 40.0, 100.0, 200.0  # Prometheus knows T0 = 60 s when the fault comes
WINDOW_S, THRESHOLD, BAD = 600.0, 0.1, 0.5


def rules(alert: str = "errors:ratio > 0.1") -> list[f.Fact]:
    ratio = 'sum(rate(req_total{code="500"}[10m])) / sum(rate(req_total[10m]))'
    return [
        f.RuleSeen(
            seen_s=5, rule="errors:ratio", group="a.yml;counts", kind="recording", expr=ratio, interval_s=EVERY_S
        ),
        f.RuleSeen(
            seen_s=5, rule="Burns", group="b.yml;promises", expr=alert, interval_s=EVERY_S, labels={"severity": "page"}
        ),
    ]


def journal(*more: f.Fact) -> list[f.Fact]:
    return [
        f.Opened(drill="d", run="r", wall_unix_s=1.7e9, monotonic_ns=1),
        f.TargetSeen(seen_s=5, job="api", instance="api:80", health="up", interval_s=SCRAPE_S),
        f.GateHeld(seen_s=95),
        f.PhaseBegan(seen_s=99, phase="hurt"),
        f.Injecting(seen_s=99.9, fault="x", kind="latency", target="api->db", planned_s=99.9),
        f.Injected(seen_s=EFFECT_S, fault="x", begun_s=99.9),
        f.PhaseEnded(seen_s=END_S, phase="hurt"),
        *more,
    ]


class Recording:
    """Ten requests a second; from the fault on half of them fail, at once. Scraped every 2 s, 0.7 s after the full second."""

    def query(self, expr: str) -> Answer:
        times = [STARTED_S + 0.7 + SCRAPE_S * n for n in range(int((END_S + 20 - STARTED_S) / SCRAPE_S))]
        failed = [(t, 10 * BAD * max(0.0, t - EFFECT_S)) for t in times]
        good = [(t, 10 * (t - STARTED_S) - bad) for t, bad in failed]
        made = {"200": good, "500": failed}
        codes = ["500"] if 'code="500"' in expr else ["200", "500"]
        series = (Series({"__name__": "req_total", "code": code, "job": "api"}, tuple(made[code])) for code in codes)
        return Answer(tuple(series))


@pytest.fixture
def name() -> Iterator[str]:
    import subprocess
    import uuid

    made = f"drill-test-replay-{uuid.uuid4().hex[:8]}"
    yield made
    left = subprocess.run(("docker", "ps", "-aq", "--filter", f"name={made}"), capture_output=True, check=True)
    assert not left.stdout, "its container is left behind"


def replay(name: str, *given: f.Fact, claim: AlertFires | None = None, image: str = IMAGE) -> f.ReplaySeen:
    with TemporaryDirectory() as folder:
        trying = Replaying(
            journal_of(*journal(*given)),
            Recording(),
            lambda files, tests: try_rules(files, tests, image, name, {}),
            15.0,
            Path(folder),
        )
        (seen,) = trying.seen([("hurt", claim or AlertFires(alert="Burns", labels={"severity": "page"}))])
    return seen


def test_with_a_full_history_it_takes_what_the_formula_says_and_with_a_short_one_too(name: str) -> None:
    """Production: W·th/e. Rehearsal: th·T0/(e−th). Each within a scrape and the evaluations of two groups."""
    seen = replay(name, *rules())
    assert seen.why == ""
    assert seen.after_s == pytest.approx(WINDOW_S * THRESHOLD / BAD, abs=EVERY_S)
    t0_s = EFFECT_S - STARTED_S
    assert seen.rehearsed_after_s == pytest.approx(THRESHOLD * t0_s / (BAD - THRESHOLD), abs=EVERY_S)
    assert (seen.recorded_s, seen.grain_s) == (100.1, 6.0)  # from when the fault began to be put on
    assert seen.tool == f"promtool of {IMAGE}"


def test_a_for_is_waited_and_a_label_that_differs_is_another_alert(name: str) -> None:
    held = f.RuleSeen(
        seen_s=6, rule="Burns", group="b.yml;promises", expr="errors:ratio > 0.1", interval_s=EVERY_S, for_s=7.0
    )
    seen = replay(name, rules()[0], held, claim=AlertFires(alert="Burns"))
    assert seen.after_s == pytest.approx(WINDOW_S * THRESHOLD / BAD + 8.0, abs=EVERY_S)
    assert replay(name, *rules(), claim=AlertFires(alert="Burns", labels={"severity": "ticket"})).after_s is None


def test_a_threshold_above_the_fault_is_never_crossed_in_production_however_long_it_lasts(name: str) -> None:
    seen = replay(name, *rules("errors:ratio > 0.6"))
    assert (seen.after_s, seen.rehearsed_after_s, seen.why) == (None, None, "")
    assert seen.extended_s >= WINDOW_S


def test_what_cannot_be_tried_says_why(name: str) -> None:
    assert "there are 0 rules Burns" in replay(name, *rules()[:1]).why
    assert "cannot be read" in replay(name, *rules("errors:ratio >> 0.1")).why
    assert "no promtool" in replay(name, *rules(), image="debian:trixie-slim").why
    with pytest.raises(NotApplied):
        try_rules({}, (), "no/such-image:1", name, {})


def test_an_absolute_rate_errs_the_other_way(name: str) -> None:
    """rate() divides by the whole window: with 60 s of ten minutes known it is far below any limit before the fault already."""
    seen = replay(name, *rules('sum(rate(req_total{code="200"}[10m])) < 9'))
    assert seen.after_s == pytest.approx(WINDOW_S * 0.2, abs=EVERY_S)
    assert seen.rehearsed_after_s is None


def test_what_fires_in_the_calm_of_a_full_history_is_told_and_what_fires_beside_it_counts(name: str) -> None:
    """Ten good requests a second are 6000 in ten minutes; at the fault only 600 are known."""
    seen = replay(name, *rules('sum(increase(req_total{code="200"}[10m])) > 1000'))
    assert (seen.after_s, seen.held_before) == (None, True)
    beside = replay(name, *rules("sum by (code) (increase(req_total[10m])) > 100"))
    assert (beside.held_before, beside.why) == (False, "")
    assert beside.after_s == pytest.approx(20, abs=2 * EVERY_S)


def test_an_alert_under_another_value_is_the_same_one_as_before_the_fault(name: str) -> None:
    by_value = f.RuleSeen(
        seen_s=6, rule="Burns", group="b.yml;promises", expr='sum(rate(req_total{code="200"}[1m])) > 1', interval_s=EVERY_S,
        labels={"severity": "page", "current": "{{ $value }}"},
    )  # fmt: skip
    seen = replay(name, by_value)
    assert (seen.after_s, seen.held_before) == (None, True)
