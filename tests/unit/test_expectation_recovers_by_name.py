"""recovers: a route that few ask for is dead for ever, and the share of all says nothing of it."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Callable
from typing import Any

import pytest
from test_expectation_recovers import FAILED, PASSED, TEN, UNKNOWN, told

from harness.expectations.base import Evidence, Steady
from harness.stats import Condition
from harness.testing import rows_of

RARE, USUAL = "POST /refund", "GET /x"
Rare = Callable[[float], dict[str, Any]]


def world(
    rare: Rare, *, one_of: int = 120, until_s: float = 200.0, per_s: int = 20, first: int = 7, conditions: str = "errors < 1%"
) -> Evidence:  # fmt: skip
    """All fail from 10 s to 22 s; one of so many requests is rare, and ends as told at its time."""
    evidence = told((10, 22), until_s=until_s, per_s=per_s)
    entries: list[dict[str, Any]] = []
    for tick in range(per_s, int(per_s * until_s)):
        at_s = tick / per_s
        mine = tick % one_of == first
        entry: dict[str, Any] = {"at_s": at_s, "outcome": "5xx" if 10 <= at_s < 22 else "ok"}
        entries.append(entry | {"endpoint": RARE if mine else USUAL} | (rare(at_s) if mine else {}))
    steady = Steady(10.0, tuple(Condition.parse(text) for text in conditions.split(", ")))
    return dataclasses.replace(evidence, rows=rows_of(entries), steady=steady)


def dead(at_s: float) -> dict[str, Any]:
    return {"outcome": "5xx" if at_s >= 10 else "ok"}


def test_a_rare_route_that_is_dead_since_the_fault_keeps_it_open_and_is_named() -> None:
    finding = TEN.check(world(dead))
    assert (finding.outcome, finding.reason) == (UNKNOWN, "not_all_back"), finding.because
    assert "but not for all requests: POST /refund: 29 of 29 requests since against errors < 1%" in finding.because
    assert "(before the first fault 0 of 1)" in finding.because
    assert sum(cite.startswith("row ") for cite in finding.cites) == 3


def test_where_the_steady_state_was_never_away_it_is_open_too() -> None:
    evidence = world(dead, one_of=120)
    array = evidence.rows.array
    usual = evidence.rows.endpoints.index(USUAL)
    array["outcome"][array["endpoint"] == usual] = 1
    assert TEN.check(evidence).reason == "not_all_back"


@pytest.mark.parametrize(("until_s", "first"), [(50.0, 7), (200.0, 0)], ids=["few since", "none before"])
def test_a_name_of_too_few_requests_is_told_and_passes(until_s: float, first: int) -> None:
    finding = TEN.check(world(dead, one_of=250, until_s=until_s, first=first))
    assert finding.outcome is PASSED
    assert "; not shown to be back: POST /refund: " in finding.because


@pytest.mark.parametrize(
    ("rare", "one_of"),
    [
        (lambda at_s: {"outcome": "ok"}, 120),
        (lambda at_s: {"outcome": "4xx"}, 120),
        (lambda at_s: {"outcome": "5xx" if 10 <= at_s < 40 else "ok"}, 120),
        (lambda at_s: {"outcome": "5xx" if at_s == 112.35 else "ok"}, 20),
    ],
    ids=["well", "as bad before", "back by itself", "one error"],
)
def test_a_name_that_is_as_before_or_back_in_the_end_is_no_obstacle(rare: Rare, one_of: int) -> None:
    finding = TEN.check(world(rare, one_of=one_of, conditions="errors < 2%"))
    assert finding.outcome is PASSED, finding.because
    assert "not shown" not in finding.because


@pytest.mark.parametrize("took_ms", [900.0, None], ids=["slow", "never answered"])
def test_a_name_that_is_slow_for_ever_is_named_by_its_percentile(took_ms: float | None) -> None:
    def rare(at_s: float) -> dict[str, Any]:
        slow = {"took_ms": took_ms} | ({"outcome": ""} if took_ms is None else {})
        return slow if at_s >= 10 else {"took_ms": 20.0}

    finding = TEN.check(world(rare, conditions="p95 < 300ms"))
    assert finding.reason == "not_all_back", finding.because
    assert "against p95 < 300ms" in finding.because


def test_conditions_of_a_name_ask_for_that_name_alone() -> None:
    evidence = world(dead, conditions=f"errors of {USUAL} < 1%")
    assert TEN.check(evidence).outcome is PASSED


def test_a_steady_state_that_did_not_come_back_fails_as_ever() -> None:
    assert TEN.check(world(dead, one_of=60)).outcome is FAILED


def test_names_that_fail_now_and_then_as_before_seldom_keep_it_open() -> None:
    """Forty names, each failing one time of thirty, whatever the fault did: hardly a run is open."""
    names = [f"GET /{i}" for i in range(40)]
    found = []
    for seed in range(20):
        dice = random.Random(seed)
        evidence = told((10, 22), until_s=60.0, per_s=40)
        entries = [
            {
                "at_s": tick / 40,
                "endpoint": dice.choice(names),
                "outcome": "5xx" if 400 <= tick < 880 or dice.random() < 1 / 30 else "ok",
            }
            for tick in range(40, 2400)
        ]
        steady = Steady(10.0, (Condition.parse("errors < 5%"),))
        found.append(TEN.check(dataclasses.replace(evidence, rows=rows_of(entries), steady=steady)).reason)
    assert found.count("not_all_back") <= 1, found
    assert found.count("met") >= 17
