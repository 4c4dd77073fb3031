"""What a run stands on: processors, clocks, a service at rest."""

from __future__ import annotations

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
