"""What a run stands on: processors, clocks, a service at rest."""

from __future__ import annotations

import math
import random
from typing import Any

import pytest

from harness import facts as f
from harness.ledger import Rows
from harness.surroundings import prometheus_off, stalled, stepped, told, unsettled
from harness.testing import journal_of, rows_of


def test_a_stall_is_a_share_of_the_time_and_none_where_nobody_tells() -> None:
    seen = [f.PressureSeen(cpu_some_us=round(5e6 + s * 0.25e6), seen_s=float(s)) for s in range(10, 21)]
    assert stalled(journal_of(*seen), 10, 20) == pytest.approx(0.25)
    assert stalled(journal_of(*seen[:1]), 10, 20) is None
    assert "25%" in told(0.25)
    assert "no pressure stall information" in told(None)


@pytest.mark.parametrize(("step_s", "says"), [(0.02, ""), (-0.02, ""), (0.3, "+0.30 s"), (-3600.0, "-3600.00 s")])
def test_a_clock_that_was_set_is_seen_and_one_that_is_slewed_is_not(step_s: float, says: str) -> None:
    reads = [
        f.ClockRead(wall_unix_s=1.7e9 + s + (step_s if s >= 5 else 0.0), happened_s=float(s), seen_s=s + 0.01)
        for s in range(10)
    ]
    assert says in stepped(journal_of(*reads))
    assert bool(says) == bool(stepped(journal_of(*reads)))


@pytest.mark.parametrize(("ahead_s", "says"), [(0.0, ""), (-0.5, ""), (0.8, "ahead"), (-8.0, "behind")])
def test_a_prometheus_on_another_clock_is_seen(ahead_s: float, says: str) -> None:
    dice = random.Random(1)
    asked = [
        f.Sampled(query="up", value=1.0, happened_s=s + ahead_s, seen_s=s + dice.uniform(0.005, 0.3))
        for s in range(1, 30)
    ]
    assert says in prometheus_off(journal_of(*asked))
    assert bool(says) == bool(prometheus_off(journal_of(*asked)))
    assert prometheus_off(journal_of(*asked[:4])) == "", "a few answers tell nothing"


@pytest.mark.parametrize(("ahead_s", "says"), [(0.2, ""), (0.8, "Prometheus' clock is 0.80 s or more ahead")])
def test_an_evaluation_that_is_later_than_the_look_at_it_is_of_a_clock_that_is_ahead(ahead_s: float, says: str) -> None:
    rule = f.RuleSeen(rule="Slow", evaluated_s=20.0 + ahead_s, seen_s=20.0)
    fired = f.AlertChanged(alert="Slow", state="firing", happened_s=30.0 + ahead_s, seen_s=30.0)
    before = f.RuleSeen(rule="Slow", evaluated_s=2.0, seen_s=5.0)
    for fact in (rule, fired):
        found = prometheus_off(journal_of(before, fact))
        assert says in found
        assert bool(says) == bool(found)


def load(change: Any, seconds: int = 90) -> Rows:
    dice = random.Random(2)
    return rows_of(
        {"at_s": i / 8, "took_ms": dice.lognormvariate(3.0, 0.3) * change(i / 8)} for i in range(seconds * 8)
    )


def test_a_service_that_still_changes_before_the_first_fault_is_not_at_rest() -> None:
    doubled = load(lambda at_s: 1.0 if at_s < 70 else 2.0)
    said = unsettled(doubled, 0.0, 90.0, material_ms=0.0)
    assert "not at rest in the 90 s before the first fault" in said
    assert unsettled(doubled, 0.0, 90.0, material_ms=100.0) == "", "20 ms more matter to nobody who claims seconds"
    assert unsettled(doubled, 0.0, 50.0, material_ms=0.0) == "", "too short to tell"
    assert unsettled(load(lambda at_s: 1.0), 0.0, 90.0, material_ms=0.0) == ""


@pytest.mark.parametrize("pause_s", [1.5, 3.0])
def test_a_pause_of_the_service_before_the_first_fault_is_no_unrest(pause_s: float) -> None:
    """What is due while it stands still waits for its end; then all is as before."""
    voided = []
    for seed in range(12):
        dice = random.Random(seed)
        until_s = 10 + dice.random() * 45 + pause_s
        rows = rows_of(
            {
                "at_s": i / 20,
                "took_ms": 20 * dice.lognormvariate(0.0, 0.3)
                + 1000 * (until_s - i / 20) * (until_s - pause_s <= i / 20 < until_s),
            }
            for i in range(65 * 20)
        )
        voided += [seed] if unsettled(rows, 0.0, 65.0, material_ms=0.0) else []
    assert not voided


def mixed(seed: int, change: Any, seconds: int = 60, spread: float = 0.15) -> Rows:
    """A fast endpoint and a slow one in turn by chance, both with a level that remembers (AR(1), 0.85 from second to second)."""
    dice, level, levels = random.Random(seed), 0.0, []
    for _ in range(seconds):
        level = 0.85 * level + dice.gauss(0.0, spread * (1 - 0.85**2) ** 0.5)
        levels.append(math.exp(level))
    return rows_of(
        {
            "at_s": i / 15,
            "endpoint": "POST /checkout" if (slow := dice.random() < 0.45) else "GET /products",
            "took_ms": (55 if slow else 10)
            * dice.lognormvariate(0.0, 0.25)
            * levels[i // 15]
            * change(i / 15 / seconds),
        }
        for i in range(seconds * 15)
    )


def test_that_slow_and_fast_requests_fall_together_by_chance_is_no_unrest() -> None:
    voided = [seed for seed in range(40) if unsettled(mixed(seed, lambda part: 1.0), 0.0, 60.0, material_ms=0.0)]
    assert len(voided) <= 1, voided


@pytest.mark.parametrize(
    "change",
    [lambda part: 1 - 0.4 * min(1.0, part / 0.5), lambda part: 1 + 0.3 * (part >= 0.5), lambda part: 1 + 0.5 * part],
)
def test_what_changes_in_every_endpoint_alike_is_found_among_them(change: Any) -> None:
    found = sum(
        bool(unsettled(mixed(seed, change, 120, spread=0.04), 0.0, 120.0, material_ms=0.0)) for seed in range(8)
    )
    assert found >= 7
