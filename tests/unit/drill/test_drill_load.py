"""Arrivals as they stand in a drill become straight stretches."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.drill.parse import parse
from harness.drill.problem import Invalid
from harness.load.arrivals import Segment

Write = Callable[..., Path]


@pytest.mark.parametrize(
    ("text", "stretches"),
    [
        ("{for: 10s, rate: 90/m}", [Segment(10, 1.5, 1.5)]),
        ("{for: 10s, from: 1/s, to: 5/s}", [Segment(10, 1, 5)]),
        ("{for: 10s, ramp: {from: 0/s, to: 5/s}}", [Segment(10, 0, 5)]),
        (
            "{for: 10s, spike: {from: 1/s, to: 9/s, after: 4s, for: 2s}}",
            [Segment(4, 1, 1), Segment(2, 9, 9), Segment(4, 1, 1)],
        ),
        ("{for: 10s, spike: {from: 1/s, to: 9/s, after: 8s, for: 2s}}", [Segment(8, 1, 1), Segment(2, 9, 9)]),
    ],
)
def test_a_stretch_of_arrivals_is_straight(checkout: Write, text: str, stretches: list[Segment]) -> None:
    drill = parse(checkout("{for: 45s, rate: 40/s}", text))
    assert list(drill.load.segments[:-1]) == stretches


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{for: 10s}", "exactly one of `rate`, `from` with `to`, `ramp`, `spike`"),
        ("{for: 10s, rate: 1/s, from: 1/s, to: 2/s}", "exactly one of"),
        ("{for: 10s, from: 1/s}", "`from` and `to` belong together"),
        ("{for: 0s, rate: 1/s}", "greater than 0"),
        ("{for: 10s, spike: {from: 1/s, to: 9/s, after: 9s, for: 2s}}", "the spike ends after its stretch"),
        ("{for: 10s, spike: {from: 1/s, to: 9/s, for: 2s}}", "spike: `after` is missing"),
    ],
)
def test_a_stretch_that_means_nothing_is_refused(checkout: Write, text: str, says: str) -> None:
    with pytest.raises(Invalid) as caught:
        parse(checkout("{for: 45s, rate: 40/s}", text))
    assert says in str(caught.value)


def test_the_closed_model_has_users_and_no_arrivals(checkout: Write) -> None:
    arrivals = "  arrivals:\n    - {for: 45s, rate: 40/s}\n    - {for: 3m, rate: 80/s}\n"
    drill = parse(checkout(arrivals, "  users: 12\n  spawn_rate: 3/s\n"))
    assert (drill.load.users, drill.load.spawn_rate_per_s, drill.load.segments) == (12, 3, ())


def test_more_users_to_rotate_over_than_are_started_is_refused(checkout: Write) -> None:
    with pytest.raises(Invalid, match="exceeds `max_in_flight`"):
        parse(checkout("load:\n", "load:\n  users_at_least: 500\n"))
