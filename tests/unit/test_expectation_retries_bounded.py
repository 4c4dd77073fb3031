"""How often is a dependency asked? Counters whose truth is known, scraped as Prometheus does: at offsets, with gaps, of late births."""

from __future__ import annotations

import bisect
import math
import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest
from test_expectation_not_metastable import SELECTOR, Slow

from harness import facts as f
from harness.expectations.base import Evidence, Steady
from harness.expectations.retries_bounded import RetriesBounded
from harness.stats import Condition
from harness.testing import WrittenLogs, journal_of, rows_of, series_of
from harness.verdict import Finding, Outcome

GATE_S, ON_S, OFF_S, END_S = 40.0, 45.0, 75.0, 110.0
RATE = 10.0
Points = list[tuple[float, float]]
Told = Sequence[tuple[Mapping[str, str], Points]]


def target(name: str = "a", **labels: str) -> dict[str, str]:
    return {"__name__": SELECTOR, "job": "api", "instance": name, **labels}


def scraped(asked: Callable[[float], float], every_s: float, offset_s: float = 0.0) -> Points:
    """A counter that rises by `asked` a second, at its scrapes."""
    found: Points = []
    total, tick_s = 0.0, 0.05
    for tick in range(round(END_S / tick_s)):
        at_s = tick * tick_s
        if at_s >= offset_s + len(found) * every_s - 1e-9:
            found.append((round(at_s, 3), total))
        total += asked(at_s) * tick_s
    return found


def storm(factor: float, since_s: float = ON_S, until_s: float = OFF_S, share: float = 1.0) -> Callable[[float], float]:
    """One attempt an operation, and so many in a storm; `share`: of the operations."""
    return lambda at_s: RATE * share * (factor if since_s <= at_s < until_s else 1.0)


def ups(told: Told, every_s: float, offset_s: float = 0.0) -> Told:
    stamps = [offset_s + i * every_s for i in range(int((END_S - offset_s) / every_s) + 1)]
    names = dict.fromkeys(labels["instance"] for labels, _ in told)
    return [({"job": "api", "instance": name}, [(at_s, 1.0) for at_s in stamps]) for name in names]


def check(
    told: Told, *, operations: Sequence[Mapping[str, Any]] = (), at_most: float = 1.3, before: bool = False, over: bool = True,
    **others: Told,
) -> Finding:  # fmt: skip
    """`before`: another fault was on until the phase began."""
    rows = operations or [{"at_s": i / RATE, "took_ms": 20.0} for i in range(int(END_S * RATE))]
    facts: list[f.Fact] = [
        f.LoadBegan(begins_s=0.0, seen_s=0.01),
        f.GateHeld(seen_s=31.0 if before else GATE_S),
        f.PhaseBegan(phase="slow", seen_s=ON_S),
        f.Injecting(fault="slow/x", kind="slow", target="api->db", planned_s=ON_S, seen_s=ON_S),
        f.PhaseEnded(phase="slow", seen_s=OFF_S),
        f.LoadEnded(clean=True, ended_s=END_S, seen_s=END_S + 5),
        *(f.LoadSampled(cpu_ratio=0.1, late_ms=0.1, due=20, dropped=0, seen_s=s + 0.5) for s in range(int(END_S))),
        *(f.Looked(probe="series", seen_s=s + 0.6) for s in range(int(END_S) + 5)),
    ]
    if before:
        facts.append(f.Injecting(fault="else/x", kind="slow", target="api->db", planned_s=32.0, seen_s=32.0))
    evidence = Evidence(
        journal=journal_of(*facts),
        rows=rows_of([{"endpoint": "POST /checkout", **row} for row in rows]),
        logs=WrittenLogs(),
        steady=Steady(30.0, (Condition.parse("errors < 1%"),)),
        phase="slow",
        faults={"slow/x": Slow(id="slow/x")},
        over=over,
        timeout_s=10.0,
        series=series_of({SELECTOR: told, **others}),
    )
    return RetriesBounded(attempts=SELECTOR, at_most=at_most).check(evidence)


def replicas(factor: float, every_s: float, offsets_s: Sequence[float]) -> Told:
    share = 1 / len(offsets_s)
    return [(target(f"r{i}"), scraped(storm(factor, share=share), every_s, at_s)) for i, at_s in enumerate(offsets_s)]


@pytest.mark.parametrize(
    ("every_s", "offsets_s", "factor"),
    [
        (5.0, [0.0], 2.4),
        (5.0, [0.0, 2.5], 2.4),
        (5.0, [0.0, 1.7, 3.4], 2.4),
        (15.0, [0.0, 7.0], 4.0),
        (2.0, [0.0, 1.0], 1.6),
        (1.0, [0.0, 0.5], 1.6),
    ],
)
def test_replicas_that_are_scraped_at_instants_of_their_own_count_whole(
    every_s: float, offsets_s: Sequence[float], factor: float
) -> None:
    bad, good = (check(replicas(times, every_s, offsets_s)) for times in (factor, 1.0))
    assert (bad.outcome, bad.reason) == (Outcome.FAILED, "amplified"), bad.because
    assert bad.measure is not None
    assert 0.85 * factor < bad.measure.high < 1.02 * factor
    assert good.outcome is Outcome.PASSED, good.because


def test_a_storm_between_the_phases_beginning_and_its_first_scrape_counts() -> None:
    told = [(target(), scraped(storm(10, ON_S, ON_S + 12), 15.0, 12.0))]
    assert check(told).reason == "amplified"
    after_another = check(told, before=True)  # whose attempts the first three seconds' may be
    assert (after_another.outcome, after_another.reason) == (Outcome.INCONCLUSIVE, "too_few")


def test_a_storm_between_the_last_scrape_of_the_phase_and_its_end_does_not_pass() -> None:
    finding = check([(target(), scraped(storm(10, 70), 15.0, 10.0))])
    assert (finding.outcome, finding.reason) == (Outcome.INCONCLUSIVE, "too_few")


def test_a_service_that_is_not_scraped_any_more_while_it_storms_does_not_pass() -> None:
    points = scraped(storm(10, 52), 5.0)
    for until_s in (76, END_S):
        finding = check([(target(), [(at_s, value) for at_s, value in points if not 52 < at_s < until_s])])
        assert (finding.outcome, finding.reason) == (Outcome.INCONCLUSIVE, "not_watched"), finding.because
        assert "a was not read" in finding.because


def test_before_the_scrape_after_the_phase_nothing_is_said() -> None:
    told = [(target(), [point for point in scraped(storm(1), 5.0) if point[0] < OFF_S])]
    assert check(told, over=False).reason == "window_open"


@pytest.mark.parametrize(("every_s", "since_s", "until_s"), [(15.0, 47.0, 60.0), (5.0, 46.2, 50.8)])
def test_a_series_that_is_born_at_the_first_retry_counts_from_zero(
    every_s: float, since_s: float, until_s: float
) -> None:
    again = scraped(lambda at_s: 3 * RATE if since_s <= at_s < until_s else 0.0, every_s, 1.0)
    told = [
        (target(kind="first"), scraped(storm(1), every_s, 1.0)),
        (target(kind="retry"), [(at_s, value) for at_s, value in again if value > 0]),
    ]
    assert check(told).reason == "amplified"
    assert check(told, up=ups(told, every_s, 1.0)).reason == "amplified"


def test_a_replica_that_comes_in_the_phase_counts_from_zero() -> None:
    late = [(at_s, value) for at_s, value in scraped(lambda at_s: 40 * (58 <= at_s < 75), 5.0) if at_s >= 60]
    told = [(target("old"), scraped(storm(1), 5.0)), (target("new"), late)]
    looked = list(ups(told, 5.0))
    looked = [looked[0], (looked[1][0], [point for point in looked[1][1] if point[0] >= 60])]
    assert check(told, up=looked).reason == "amplified"
    assert check(told[:1], up=looked[:1]).outcome is Outcome.PASSED


def test_what_a_process_counted_before_its_end_is_lost_and_does_not_pass() -> None:
    points = scraped(storm(1), 5.0)
    died = [(at_s, value if at_s < 60 else value - 600.0) for at_s, value in points]
    finding = check([(target(), died)])
    assert (finding.outcome, finding.reason) == (Outcome.INCONCLUSIVE, "not_watched")
    assert "counted anew between 55.0 s and 60.0 s" in finding.because


def test_a_scrape_that_fails_now_and_then_is_no_gap() -> None:
    points = [point for i, point in enumerate(scraped(storm(1), 1.0)) if i % 7]
    assert check([(target(), points)]).outcome is Outcome.PASSED


def counted(asked_s: Sequence[float]) -> Told:
    asked_s = sorted(asked_s)
    return [(target(), [(i + 0.3, float(bisect.bisect_right(asked_s, i + 0.3))) for i in range(int(END_S))])]


@pytest.mark.parametrize("times", [1, 3])
def test_what_had_waited_while_the_service_was_paused_is_no_storm(times: int) -> None:
    """20 requests a second are held up for 8 s and asked for once it goes on, once each, or three times each."""
    due_s = [i / 20 for i in range(int(END_S * 20))]
    asked_s = [58.0 if 50 <= at_s < 58 else at_s for at_s in due_s]
    again = [at_s for at_s, due in zip(asked_s, due_s, strict=True) if 50 <= due < 70 for _ in range(times - 1)]
    rows = [{"at_s": at, "took_ms": (then - at) * 1e3 + 20} for at, then in zip(due_s, asked_s, strict=True)]
    finding = check(counted([*asked_s, *again]), operations=rows)
    assert finding.outcome is (Outcome.PASSED if times == 1 else Outcome.FAILED), finding.because


def test_requests_that_were_given_up_may_be_asked_for_later() -> None:
    due_s = [i / 20 for i in range(int(END_S * 20))]
    asked_s = [58.0 if 50 <= at_s < 58 else at_s for at_s in due_s]
    rows = [
        {"at_s": at_s, "took_ms": 3000.0, "outcome": "timeout"}
        if 50 <= at_s < 55
        else {"at_s": at_s, "took_ms": 3000.0}
        for at_s in due_s
    ]
    assert check(counted(asked_s), operations=rows).outcome is Outcome.PASSED


def test_retries_of_what_is_under_way_do_not_hide_behind_it() -> None:
    """Every request asks once at once and once more after 3 s, when most are still under way."""
    due_s = [i / 20 for i in range(int(END_S * 20))]
    again = [at_s + 3 for at_s in due_s if 50 <= at_s < 58]
    rows = [{"at_s": at_s, "took_ms": 4000.0 if 50 <= at_s < 58 else 20.0} for at_s in due_s]
    assert check(counted([*due_s, *again]), operations=rows).reason == "amplified"


@pytest.mark.parametrize("at_most", [1.3, 2.0])
def test_few_arrivals_at_random_that_ask_once_each_never_fail(at_most: float) -> None:
    found = []
    for seed in range(20):
        dice, due_s = random.Random(seed), [0.0]
        while due_s[-1] < END_S:
            due_s.append(due_s[-1] + dice.expovariate(1.0))
        rows = [{"at_s": at_s, "took_ms": 20.0} for at_s in due_s]
        found.append(check(counted([at_s + 0.3 for at_s in due_s]), operations=rows, at_most=at_most).outcome)
    assert Outcome.FAILED not in found
    assert found.count(Outcome.PASSED) >= 18


def test_few_arrivals_that_ask_three_times_each_fail() -> None:
    dice, due_s = random.Random(1), [0.0]
    while due_s[-1] < END_S:
        due_s.append(due_s[-1] + dice.expovariate(1.0))
    times = [3 if ON_S <= at_s < OFF_S else 1 for at_s in due_s]
    asked_s = [at_s + 0.1 * i for at_s, many in zip(due_s, times, strict=True) for i in range(many)]
    rows = [{"at_s": at_s, "took_ms": 320.0} for at_s in due_s]
    assert check(counted(asked_s), operations=rows).reason == "amplified"


def test_a_handful_of_operations_decides_nothing() -> None:
    due_s = [i * 10.0 for i in range(math.ceil(END_S / 10))]
    rows = [{"at_s": at_s, "took_ms": 20.0} for at_s in due_s]
    finding = check(counted(due_s), operations=rows)
    assert (finding.outcome, finding.reason) == (Outcome.INCONCLUSIVE, "too_few")


def test_attempts_of_the_loads_own_client_are_not_the_services() -> None:
    """One row of its Retry's is four requests, of each of which the service asks its dependency once."""
    four = [(target(), scraped(storm(4.0), 5.0))]

    def rows(again: int) -> list[dict[str, Any]]:
        hurt = {"outcome": "5xx", "status": 503, "again": again}
        stamps = [i / RATE for i in range(int(END_S * RATE))]
        return [{"at_s": at_s, "took_ms": 20.0, **(hurt if ON_S <= at_s < OFF_S else {})} for at_s in stamps]

    open_ = check(four, operations=rows(3))
    assert (open_.outcome, open_.reason) == (Outcome.INCONCLUSIVE, "retried"), open_.because
    assert "300 requests were sent again by the load's own client" in open_.because
    assert check(four, operations=rows(0)).reason == "amplified"
    assert check(four, operations=rows(1)).reason == "amplified", "twice as many would still be too many"
    calm = check([(target(), scraped(storm(1.0), 5.0))], operations=rows(3))
    assert calm.outcome is Outcome.PASSED, calm.because


def test_attempts_before_the_fault_make_no_limit_wider() -> None:
    """What was taken for one operation then may have been two: of an amplification of 1.2 nobody knows."""
    stamps = [i / RATE for i in range(int(END_S * RATE))]
    rows = [{"at_s": at_s, "took_ms": 20.0, "again": int(at_s < ON_S)} for at_s in stamps]
    assert check([(target(), scraped(storm(1.2), 5.0))], operations=rows).reason == "retried"
