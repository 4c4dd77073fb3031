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


def test_a_task_of_several_requests_makes_more_of_them_than_there_are_arrivals(checkout: Write) -> None:
    path = checkout()
    users = (path.parent / "users.py").read_text()
    (path.parent / "users.py").write_text(users + '        self.client.get("/thanks")\n')
    plan = make_plan(parse(path))
    assert plan.reach(plan.all_claims[0]).arrivals == 6400


def test_reach_counts_the_arrivals_of_the_claims_window(checkout: Write) -> None:
    plan = make_plan(parse(checkout()), services=SERVICES)
    during, after, calm, whole = (plan.reach(claim) for claim in plan.all_claims)
    # The phase begins 20 s to 120 s after the load, which changes from 40/s to 80/s at 45 s: at the most 40 s at 80/s.
    assert (during.window_s, during.arrivals, during.faulted, during.then) == (40, 3200, True, False)
    assert (after.window_s, after.then) == (120, True)
    assert (calm.window_s, calm.arrivals, calm.faulted) == (30, 2400, False)
    assert whole.faulted
    assert whole.window_s == 310
    assert during.timeout_s == 10
    assert during.services == SERVICES


def test_reach_knows_whose_processes_a_bad_release_ends_and_how_often(checkout: Write) -> None:
    drill = parse(checkout(), sets=["phases.0.faults=[{bad_release: {service: api, image: 'a:2'}}]"])
    plan = make_plan(drill, services=SERVICES)
    during, after, calm, whole = (plan.reach(claim).renewed for claim in plan.all_claims)
    assert (during, after, calm) == (("api",), (), ()), "nobody is to take it back while the phase lasts"
    assert whole == ("api", "api"), "and it is taken back before the run is over"


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


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (
            "edge: api->postgres",
            "edge: api->postgress",
            "no edge api->postgress was found (did you mean 'api->postgres'?)",
        ),
        ("edge: api->postgres", "edge: apo->postgres", "there is no service 'apo' (did you mean 'api->postgres'?)"),
        ("edge: api->postgres", "edge: api->worker", "declare it: stack: {edges: ['api->worker']}"),
        ("service: worker", "service: wroker", "there is no service 'wroker' in the stack (did you mean 'worker'?)"),
        (
            "against: api:8080",
            "against: ap:8080",
            "load.against: there is no service 'ap' in the stack (did you mean 'api'?)",
        ),
        (
            'service: "*"',
            'service: "apis"',
            "run/log_quiet-apis: there is no service 'apis' in the stack (did you mean 'api'?)",
        ),
        (
            "stack:\n",
            "stack:\n  edges: [ai->postgres]\n",
            "stack.edges: ai->postgres: there is no service 'ai' in the stack",
        ),
    ],
)
def test_names_that_the_stack_does_not_have_are_said_with_what_was_meant(
    checkout: Write, old: str, new: str, says: str
) -> None:
    plan = make_plan(parse(checkout(old, new)), edges=EDGES, services=SERVICES)
    assert says in "\n".join(str(problem) for problem in plan.errors)
    assert len(plan.errors) == 1


def test_an_edge_that_was_not_found_is_only_a_warning_while_images_could_not_be_asked(checkout: Write) -> None:
    drill = parse(checkout("edge: api->postgres", "edge: api->worker"))
    plan = make_plan(drill, edges=EDGES, services=SERVICES, sure=False)
    assert [problem.severity for problem in plan.problems] == ["warning"]
    unknown = parse(checkout("edge: api->postgres", "edge: api->nobody"))
    assert len(make_plan(unknown, edges=EDGES, services=SERVICES, sure=False).errors) == 1


def test_an_edge_that_cannot_be_hurt_is_refused_with_its_reason(checkout: Write) -> None:
    plan = make_plan(parse(checkout()), edges=[Edge("api", "postgres", refused="api addresses postgres by its IP")])
    (problem,) = plan.errors
    assert "the edge api->postgres cannot be hurt: api addresses postgres by its IP" in problem.what
    assert problem.line == 23


def test_what_is_not_known_of_the_stack_is_not_checked(checkout: Write) -> None:
    assert make_plan(parse(checkout("edge: api->postgres", "edge: no->such"))).problems == ()


def test_warnings_do_not_make_a_plan_unfit(checkout: Write) -> None:
    more = "      - latency: {edge: api->postgres, delay: 400ms, share: 50%}\n      - hang: {edge: api->postgres, after: 10s}\n"
    plan = make_plan(parse(checkout("      - latency: {edge: api->postgres, delay: 400ms, jitter: 100ms}\n", more)))
    assert [problem.severity for problem in plan.problems] == ["warning"]
    plan.refuse()


@pytest.mark.parametrize(
    ("target", "why"),
    [
        ("api->store", "store is a name of postgres; the edge is api->postgres"),
        ("sidecar->postgres", "sidecar runs in the network of api; the edge is api->postgres"),
        (
            "sidecar->store",
            "sidecar runs in the network of api and store is a name of postgres; the edge is api->postgres",
        ),
        ("api->cache", "cache runs in the network of postgres; the edge is api->postgres"),
    ],
)
def test_an_edge_called_by_other_names_of_its_ends_is_said_to_be_which(checkout: Write, target: str, why: str) -> None:
    drill = parse(checkout("edge: api->postgres", f"edge: {target}"))
    edges = (Edge("api", "postgres", names=("postgres", "store"), also=("sidecar",), lodgers=("cache",)),)
    (problem,) = make_plan(drill, edges=edges, services=(*SERVICES, "sidecar", "store", "cache"), sure=False).problems
    assert problem.severity == "error"
    assert problem.what.endswith(f"no edge {target}: {why}")


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
