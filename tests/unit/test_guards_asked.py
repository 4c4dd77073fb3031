"""PromQL as a guard, and `no alert firing` in the steady state: what trips, what does not, and that blind is not safe."""

from __future__ import annotations

import dataclasses

import pytest
from alert_stories import alert, story

from harness import facts as f
from harness.alerting import Quiet
from harness.drill.guards import Guard, PromGuard, guard
from harness.drill.words import steady_condition
from harness.expectations.base import Steady
from harness.ledger import rows_of
from harness.run import guards
from harness.run.steady import look
from harness.run.stop import Stopped
from harness.stats import Condition
from harness.testing import journal_of

QUERY = "lost > 0"


def answers(counts: dict[float, int]) -> list[f.Fact]:
    """A look at each time, with so many series."""
    facts: list[f.Fact] = []
    for at_s, count in counts.items():
        value = 3.0 if count else None
        facts.append(f.Sampled(query=QUERY, value=value, count=count, seen_s=at_s))
        facts.append(f.Looked(probe=guards.ASKED, target=QUERY, seen_s=at_s + 0.01))
    return facts


def tripped(asked: PromGuard, counts: dict[float, int], now_s: float, since_s: float = 1.0) -> str:
    """What the guard says, '' when it does not trip."""
    try:
        guards.check_asked(
            (Guard(Condition.parse("errors > 50%")), asked), journal_of(*answers(counts)), since_s, now_s
        )
    except Stopped as stopped:
        return str(getattr(stopped.fact, "detail", "it was stopped otherwise"))
    return ""


@pytest.mark.parametrize(
    ("for_s", "counts", "now_s", "said"),
    [
        (0.0, {1: 0, 2: 0}, 3, ""),
        (0.0, {1: 0, 2: 1}, 3, "gave 1 series (3)"),
        (0.0, {1: 1, 2: 0}, 3, ""),
        (3.0, {1: 0, 2: 1, 3: 1}, 4, ""),
        (3.0, {1: 0, 2: 1, 3: 1, 4: 1, 5: 1}, 6, "for 3 s"),
        (3.0, {1: 0, 2: 1, 3: 0, 4: 1, 5: 1}, 6, ""),
        (0.0, {1: 0}, 15, ""),
        (0.0, {1: 0}, 17, "could not be asked for 16 s"),
        (0.0, {}, 10, ""),
        (0.0, {}, 17, "could not be asked for 16 s"),
    ],
)
def test_an_expression_trips_when_it_gives_a_series_all_its_time_or_cannot_be_asked(
    for_s: float, counts: dict[float, int], now_s: float, said: str
) -> None:
    found = tripped(PromGuard(QUERY, for_s), counts, now_s)
    assert said in found
    assert bool(found) == bool(said)


@pytest.mark.parametrize(
    ("for_s", "now_s", "trips"),
    [(0.0, 30.2, False), (0.0, 31.2, True), (3.0, 30.2, False), (3.0, 32.9, False), (3.0, 33.9, True)],
)
def test_the_time_of_an_expression_counts_from_when_the_load_began(for_s: float, now_s: float, trips: bool) -> None:
    """Without load nothing is ordered: an expression may give a series long before that is anybody's fault."""
    counts = {5.3 + n: 1 for n in range(29) if 5.3 + n <= now_s}
    assert bool(tripped(PromGuard(QUERY, for_s), counts, now_s, since_s=30.0)) == trips


def test_a_guard_is_read_as_promql_or_as_an_ordinary_one() -> None:
    assert guard("promql: up == 0 for 15s") == PromGuard("up == 0", 15.0)
    assert guard("promql: sum(rate(x[1m])) > 0") == PromGuard("sum(rate(x[1m])) > 0")
    assert isinstance(guard("errors > 50% for 15s"), Guard)
    with pytest.raises(ValueError, match="promql"):
        guard("promql:")


def test_no_alert_firing_may_allow_a_watchdog() -> None:
    assert steady_condition("no alert firing") == Quiet()
    assert steady_condition("no alert firing except Watchdog, Info*") == Quiet(("Watchdog", "Info*"))
    assert steady_condition('no alert firing except "Dead Man Switch"') == Quiet(("Dead Man Switch",))
    assert isinstance(steady_condition("errors < 1%"), Condition)


CALM = rows_of([{"at_s": 10 + n / 10, "took_ms": 5.0, "endpoint": "GET /", "outcome": "ok"} for n in range(800)])
STEADY = Steady(5.0, (Condition.parse("errors < 1%"),), Quiet(("Watchdog",)))


def test_the_steady_state_begins_when_the_last_alert_has_cleared() -> None:
    cleared = story(alert("firing", 20), alert("inactive", 40))
    assert not look(STEADY, CALM, 30, 30, 44, cleared).held
    assert look(STEADY, CALM, 30, 30, 46.5, cleared).held
    assert look(STEADY, CALM, 30, 30, 46.5, story()).held


def test_while_an_alert_fires_or_nobody_looks_it_does_not_hold_and_says_which() -> None:
    fires = look(STEADY, CALM, 30, 30, 46, story(alert("firing", 20)))
    assert not fires.held
    assert not fires.hopeless
    assert "firing: Slow" in fires.detail
    assert look(STEADY, CALM, 30, 10, 46, story(alert("firing", 20))).hopeless
    assert "cannot be looked at" in look(STEADY, CALM, 30, 30, 46, story(hole=(30, 95))).detail
    assert look(STEADY, CALM, 30, 30, 46, story(alert("firing", 20, name="Watchdog"))).held


def test_without_that_condition_alerts_do_not_matter() -> None:
    plain = Steady(5.0, STEADY.conditions)
    assert look(plain, CALM, 30, 30, 46, story(alert("firing", 20))).held


def test_a_look_that_finds_no_steady_state_tells_what_is_broken_alone() -> None:
    both = Steady(5.0, (Condition.parse("errors < 2%"), Condition.parse("p95 < 400ms")))
    ill = rows_of([{"at_s": i / 20, "outcome": "5xx" if i % 2 else "ok"} for i in range(2000)])
    assert look(both, ill, 30, 10, 46).detail == "errors < 2%: 50%"
    assert look(both, CALM, 30, 10, 46).detail == "errors < 2%: 0%; p95 < 400ms: 5 ms"
    assert look(both, CALM, 43, 10, 46).detail.endswith("these hold now, but not for 5s on end")
    loud = dataclasses.replace(both, quiet=STEADY.quiet)
    assert (
        look(loud, CALM, 30, 10, 46, story(alert("firing", 20))).detail
        == "no alert firing except Watchdog: firing: Slow"
    )
