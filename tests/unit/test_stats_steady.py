"""Since when the steady state holds: exact cases by hand, and the estimator against the truth over many random runs."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from harness.ledger import DTYPE, Rows
from harness.stats import Condition, Recovery, all_hold, holds, steady_from
from harness.testing import rows_of

CALM = (Condition.parse("errors < 1%"), Condition.parse("p95 < 300ms"))


def requests(*stretches: tuple[float, float, float, str], per_s: float = 20.0) -> list[dict[str, Any]]:
    """(start_s, end_s, took_ms, outcome) at a steady rate."""
    return [
        {"at_s": round(start_s + i / per_s, 6), "took_ms": took_ms, "outcome": outcome}
        for start_s, end_s, took_ms, outcome in stretches
        for i in range(round((end_s - start_s) * per_s))
    ]


def since(entries: list[dict[str, Any]], end_s: float, now_s: float | None = None, **more: Any) -> Recovery:
    return steady_from(rows_of(entries), CALM, 10.0, 0.0, end_s, now_s, **more)


def test_a_stack_that_never_left_its_steady_state_had_it_at_once() -> None:
    found = since(requests((0, 30, 20, "ok")), 30.0)
    assert (found.low_s, found.high_s, found.tried) == (0.0, 1.0, 0)


def test_recovery_lies_between_the_last_bad_window_and_the_first_good_one() -> None:
    found = since(requests((0, 7.5, 20, "5xx"), (7.5, 40, 20, "ok")), 40.0)
    assert found.held
    assert found.low_s <= 7.5 <= found.high_s
    assert found.high_s - found.low_s <= 2.0


def test_slow_answers_are_as_bad_as_errors() -> None:
    found = since(requests((0, 7.5, 900, "ok"), (7.5, 40, 20, "ok")), 40.0)
    assert found.low_s <= 7.5 <= found.high_s


def test_a_relapse_within_the_hold_starts_it_anew() -> None:
    found = since(requests((0, 5, 20, "5xx"), (5, 12, 20, "ok"), (12, 13, 20, "5xx"), (13, 40, 20, "ok")), 40.0)
    assert found.low_s <= 13.0 <= found.high_s


def test_a_relapse_after_the_hold_changes_nothing() -> None:
    found = since(requests((0, 5, 20, "5xx"), (5, 16.5, 20, "ok"), (16.5, 40, 20, "5xx")), 40.0)
    assert found.low_s <= 5.0 <= found.high_s


def test_a_service_that_never_comes_back_is_refuted_beginning_by_beginning() -> None:
    found = since(requests((0, 40, 20, "5xx")), 40.0, until_s=20.0)
    assert not found.held
    assert found.low_s >= 20.0
    assert found.open_s is None


def test_a_hold_that_is_not_over_yet_is_open() -> None:
    found = since(requests((0, 5, 20, "5xx"), (5, 12, 20, "ok")), 12.0, now_s=12.0)
    assert not found.held
    assert found.open_s is not None
    assert 5.0 <= found.open_s <= 6.0


def test_what_still_waits_leaves_it_open_only_where_it_could_turn_it() -> None:
    fine = requests((0, 30, 20, "ok"))
    few = [*fine, {"at_s": 3.33, "took_ms": None}]
    many = [*fine, *({"at_s": 3.3 + i / 100, "took_ms": None} for i in range(8))]
    assert since(few, 30.0, now_s=30.0).low_s == 0.0
    assert since(few, 30.0, now_s=30.0).held, "one of two hundred is not one percent"
    assert not (since(many, 30.0, now_s=30.0).held and since(many, 30.0, now_s=30.0).low_s == 0.0)


def test_nothing_sent_is_not_steady() -> None:
    found = since([], 30.0)
    assert not found.held
    assert found.open_s is not None
    assert all_hold(holds(CALM, rows_of([]), 0, 10)) is None
    assert all_hold(()) is None


def test_a_rate_that_is_missed_is_not_steady() -> None:
    rate = (Condition.parse("rate > 10/s"),)
    rows = rows_of(requests((0, 6, 20, "ok"), per_s=2.0) + requests((6, 40, 20, "ok"), per_s=20.0))
    found = steady_from(rows, rate, 10.0, 0.0, 40.0)
    assert found.held
    assert found.low_s <= 6.0 <= found.high_s + 1.0


def test_conditions_of_one_request_look_at_that_request_alone() -> None:
    conditions = (Condition.parse("errors of GET /a < 1%"), Condition.parse("errors of GET /b < 1%"))
    rows = rows_of([{"at_s": 1, "endpoint": "GET /a"}, {"at_s": 1, "endpoint": "GET /b", "outcome": "5xx"}])
    assert [held.holds for held in holds(conditions, rows, 0, 10)] == [True, False]


# --- against the truth -------------------------------------------------------------------------------------------------


def simulated(dice: np.random.Generator, rate: float, healed_s: float, during: float, after: float) -> Rows:
    """Poisson arrivals over 120 s that fail with one probability until healed_s and with another from then on."""
    at_s = np.cumsum(dice.exponential(1 / rate, int(rate * 130)))
    at_s = at_s[at_s < 120.0]
    array = np.zeros(len(at_s), DTYPE)
    array["intended_us"] = (at_s * 1e6).astype(np.int64)
    array["took_us"], array["state"], array["endpoint"] = 20_000, 3, 1
    failing = dice.random(len(at_s)) < np.where(at_s < healed_s, during, after)
    array["outcome"] = np.where(failing, 3, 1)
    number = np.arange(len(at_s), dtype=np.uint32)
    return Rows(array, np.zeros(len(at_s), np.uint16), number, ("", "GET /"))


@pytest.mark.parametrize(
    ("rate", "during", "after", "covered"),
    [
        (50.0, 0.30, 0.001, 0.99),
        (50.0, 1.00, 0.000, 0.99),
        (20.0, 0.30, 0.001, 0.98),
        (50.0, 0.05, 0.001, 0.90),  # a weak fault, near its limit
    ],
)
def test_the_interval_covers_the_true_recovery(rate: float, during: float, after: float, covered: float) -> None:
    dice = np.random.default_rng(1)
    runs, hit, held = 60, 0, 0
    for _ in range(runs):
        healed_s = dice.uniform(10, 40)
        found = steady_from(simulated(dice, rate, healed_s, during, after), CALM[:1], 60.0, 0.0, 120.0)
        held += found.held
        hit += found.held and found.low_s - 1e-6 <= healed_s <= found.high_s + 1e-6
    assert held == runs
    assert hit >= covered * runs - 1


def test_a_service_that_stays_ill_is_never_said_to_have_recovered() -> None:
    dice = np.random.default_rng(2)
    for _ in range(60):
        rows = simulated(dice, 50.0, math.inf, 0.03, 0.03)
        assert not steady_from(rows, CALM[:1], 60.0, 0.0, 120.0).held


def test_a_hold_of_few_requests_lasts_until_they_can_show_it() -> None:
    """At 2/s a hold of 10 s has 20 requests, and one error of fewer than 100 exceeds 1 %: it takes 50 s to show it."""
    calm = requests((0, 40, 20, "5xx"), (40, 100, 20, "ok"), per_s=2.0)
    errors = CALM[:1]
    plain = steady_from(rows_of(calm), errors, 10.0, 0.0, 100.0)
    shown = steady_from(rows_of(calm), errors, 10.0, 0.0, 100.0, shown=True)
    assert plain == shown
    assert shown.held
    assert steady_from(rows_of(calm), errors, 10.0, 0.0, 85.0).held
    unshown = steady_from(rows_of(calm), errors, 10.0, 0.0, 85.0, shown=True)
    assert not unshown.held
    assert unshown.open_s == 40.0


def test_an_ill_service_at_a_low_rate_looks_steady_for_a_while_and_is_not_shown_to_be() -> None:
    dice = np.random.default_rng(3)
    entries = [{"at_s": float(at_s), "outcome": "5xx" if dice.random() < 0.2 else "ok"} for at_s in range(200)]
    assert steady_from(rows_of(entries), CALM[:1], 10.0, 0.0, 200.0).held, "ten in a row by chance"
    assert not steady_from(rows_of(entries), CALM[:1], 10.0, 0.0, 200.0, shown=True).held
