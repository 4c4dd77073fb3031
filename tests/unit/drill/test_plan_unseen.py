"""A plan warns of faults that the witness could not measure, for they leave every claim of their phase open."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.drill.parse import parse
from harness.edges import Edge
from harness.plan import make_plan

Write = Callable[..., Path]
LATENCY = "latency: {edge: api->postgres, delay: 400ms, jitter: 100ms}"


@pytest.mark.parametrize(
    ("speaks", "refused", "rate", "said"),
    [
        ("amqp", "", "20KB/s", "a rate of 8KB/s or less can be measured"),
        ("amqp", "", "2KB/s", ""),
        ("postgres", "", "64KB/s", "no rate can be measured here"),
        ("http", "", "64KB/s", ""),  # as long as its page
        ("", "", "64KB/s", ""),
        ("postgres", "it is addressed by IP", "64KB/s", ""),  # refused, with its own reason
    ],
)
def test_a_rate_that_no_answer_can_show_is_told_with_the_greatest_that_one_can(
    checkout: Write, speaks: str, refused: str, rate: str, said: str
) -> None:
    drill = parse(checkout(LATENCY, f"bandwidth: {{edge: api->postgres, rate: {rate}}}"))
    edges = [Edge("api", "postgres", speaks=speaks, refused=refused)]
    plan = make_plan(drill, edges=edges, services=("api", "postgres", "worker"))
    told = [str(one) for one in plan.problems if one.severity == "warning" and "may not be measurable" in one.what]
    assert [said in one for one in told] == ([True] if said else [])
    assert all("orders-slow/bandwidth-api->postgres" in one for one in told)


def test_what_is_measured_in_every_protocol_is_not_warned_of(checkout: Write) -> None:
    plan = make_plan(parse(checkout()), edges=[Edge("api", "postgres", speaks="postgres")])
    assert not [one for one in plan.problems if "may not be measurable" in one.what]
