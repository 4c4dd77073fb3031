"""A drill flattened to what is done when, and what of it this stack or this run could never do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.drill.parse import parse
from harness.drill.problem import Invalid
from harness.edges import Edge
from harness.plan import Plan, make_plan

Write = Callable[..., Path]

SERVICES = ("api", "postgres", "worker")
EDGES = (Edge("api", "postgres"), Edge("worker", "postgres"))


def test_every_injection_has_its_mend_within_its_phase(checkout: Write) -> None:
    plan = make_plan(parse(checkout()), edges=EDGES, services=SERVICES)
    assert plan.problems == ()
    slow, stopped = plan.phases[0].injections
    assert (slow.id, slow.at_s, slow.until_s) == ("orders-slow/latency-api->postgres", 0, 40)
    assert (stopped.id, stopped.at_s, stopped.until_s) == ("orders-slow/stop-worker", 5, 15)
    assert slow.where.endswith("checkout.yaml:23")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(length=st.integers(1, 90), after=st.integers(0, 100), for_s=st.none() | st.integers(0, 100))
def test_a_mend_is_never_later_than_its_phase(checkout: Write, length: int, after: int, for_s: int | None) -> None:
    lasts = "" if for_s is None else f", for: {for_s}s"
    text = f"{{service: worker, after: {after}s{lasts}}}"
    sets = [f"phases.0.for={length}s", f"phases.0.faults=[{{stop: {text}}}]"]
    try:
        plan = make_plan(parse(checkout(), sets=sets))
    except Invalid:
        assert after >= length or (for_s is not None and (for_s == 0 or after + for_s > length))
    else:
        (injection,) = plan.injections
        assert 0 <= injection.at_s < injection.until_s <= length


def test_claims_know_their_phase_and_whether_they_are_about_after_it(checkout: Write) -> None:
    plan = make_plan(parse(checkout()))
    assert [(claim.id, claim.phase, claim.then) for claim in plan.all_claims] == [
        ("orders-slow/responds_within-POST /checkout", "orders-slow", False),
        ("orders-slow/recovers-steady", "orders-slow", True),
        ("calm/errors_below-all", "calm", False),
        ("run/log_quiet-all", "", False),
    ]
    assert plan.all_claims[1].text == "recovers: {within: 20s}"


def test_a_phase_begins_between_its_earliest_and_its_latest(checkout: Write) -> None:
    first, second = make_plan(parse(checkout())).phases
    assert (first.begins_earliest_s, first.begins_latest_s) == (20, 120)  # the gate's `for` and `within`
    assert first.settle_earliest_s == 20  # mended at its end, then steady for 20 s
    assert first.settle_latest_s == 120
    assert (second.begins_earliest_s, second.begins_latest_s) == (20 + 40 + 20, 120 + 40 + 120)
    assert second.settle_earliest_s == 0  # nothing was done: steady already
    plan = make_plan(parse(checkout()))
    assert (plan.shortest_s, plan.longest_s) == (110, 430)


def test_a_fault_that_ends_before_its_phase_settles_within_it(checkout: Write) -> None:
    drill = parse(checkout("      - latency: {edge: api->postgres, delay: 400ms, jitter: 100ms}\n", ""))
    assert make_plan(drill).phases[0].settle_earliest_s == 0  # mended at 15 s of 40 s


def test_a_late_then_makes_the_phase_settle_later(checkout: Write) -> None:
    drill = parse(checkout("recovers: {within: 20s}", "recovers: {within: 3m}"))
    assert make_plan(drill).phases[0].settle_latest_s == 180 + 20


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("rate: 80/s", "rate: 0.1/s", "this run could never decide it: about"),
        (
            "    then:\n      - recovers",
            "      - recovers",
            "recovers is about the time after a phase: write it under `then`",
        ),
    ],
)
def test_a_claim_that_this_run_could_never_decide_is_refused_at_its_place(
    checkout: Write, old: str, new: str, says: str
) -> None:
    drill = parse(checkout(old, new), sets=["load.arrivals.0.rate=0.1/s"] if "rate" in old else [])
    plan = make_plan(drill)
    assert says in "\n".join(str(problem) for problem in plan.errors)
    with pytest.raises(Invalid, match=r"checkout.yaml:\d+:"):
        plan.refuse()


def test_warnings_do_not_make_a_plan_unfit(checkout: Write) -> None:
    more = "      - latency: {edge: api->postgres, delay: 400ms, share: 50%}\n      - hang: {edge: api->postgres, after: 10s}\n"
    plan = make_plan(parse(checkout("      - latency: {edge: api->postgres, delay: 400ms, jitter: 100ms}\n", more)))
    assert [problem.severity for problem in plan.problems] == ["warning"]
    plan.refuse()


def test_a_recovery_that_few_requests_show_is_looked_at_for_longer_and_the_plan_says_where_that_is_too_short(
    checkout: Write,
) -> None:
    """`errors < 0.5%` takes 200 requests."""

    def at(rate: str) -> Plan:
        return make_plan(parse(checkout(), sets=[f"load.arrivals=[{{for: 5m, rate: {rate}}}]"]))

    assert at("40/s").phases[0].hold_s == 20
    assert at("4/s").phases[0].hold_s == pytest.approx(61)
    assert not [one for one in at("4/s").problems if "recovers" in one.what]
    slow = at("1/s")
    assert slow.phases[0].hold_s == 120
    assert slow.phases[0].settle_latest_s == 140
    (warning,) = (one for one in slow.problems if "orders-slow/recovers-steady" in one.what)
    assert warning.severity == "warning"
    assert "too few to pass: at least needed are errors < 0.5% 200" in warning.what
