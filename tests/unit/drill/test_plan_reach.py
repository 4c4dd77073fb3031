"""What a claim could see at the most in a run, before it: its window, and what is due in it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from harness.drill.parse import parse
from harness.plan import make_plan
from harness.plan_reach import reach_of

Write = Callable[..., Path]

SERVICES = ("api", "postgres", "worker")


def test_a_task_of_several_requests_makes_more_of_them_than_there_are_arrivals(checkout: Write) -> None:
    path = checkout()
    users = (path.parent / "users.py").read_text()
    (path.parent / "users.py").write_text(users + '        self.client.get("/thanks")\n')
    plan = make_plan(parse(path))
    assert reach_of(plan, plan.all_claims[0]).arrivals == 6400


def test_reach_counts_the_arrivals_of_the_claims_window(checkout: Write) -> None:
    plan = make_plan(parse(checkout()), services=SERVICES)
    during, after, calm, whole = (reach_of(plan, claim) for claim in plan.all_claims)
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
    during, after, calm, whole = (reach_of(plan, claim).renewed for claim in plan.all_claims)
    assert (during, after, calm) == (("api",), (), ()), "nobody is to take it back while the phase lasts"
    assert whole == ("api", "api"), "and it is taken back before the run is over"


def test_reach_knows_how_long_the_phase_settles_and_what_is_due_then(checkout: Write) -> None:
    drill = parse(checkout(), sets=["phases.0.faults=[{bad_release: {service: api, image: 'a:2'}}]"])
    plan = make_plan(drill, services=SERVICES)
    during, after, _, whole = (reach_of(plan, claim) for claim in plan.all_claims)
    phase = plan.phases[0]
    assert (during.settle_least.length_s, during.settle_most.length_s) == (
        phase.settle_earliest_s,
        phase.settle_latest_s,
    )
    assert 0 < during.settle_least.arrivals < during.settle_most.arrivals
    assert after.settle_most.length_s == whole.settle_most.length_s == 0, "their own window has it"
