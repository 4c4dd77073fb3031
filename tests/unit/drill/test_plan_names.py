"""What a plan names is held against the stack: what is not there is said, with what was perhaps meant."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.drill.parse import parse
from harness.edges import Edge
from harness.plan import make_plan

Write = Callable[..., Path]

SERVICES = ("api", "postgres", "worker")
EDGES = (Edge("api", "postgres"), Edge("worker", "postgres"))


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
