"""Dead letters that nobody can read: they excuse no order that was acknowledged and is lost, or half there."""

from __future__ import annotations

from typing import Any

import pytest
from order_stories import HUNG, OK, Story, honest, keys

from harness.verdict import Outcome

OPEN = (Outcome.INCONCLUSIVE, "keys_unreadable")


def verdict(story: Story, **claim: Any) -> tuple[Outcome, str]:
    found = story.check(**claim)
    return found.outcome, found.reason


POISON = [{"id": '{"k": "a", "am'}, {"id": '{"k": "b", "am'}]  # no JSON: all of it is the row's id


def test_orders_that_are_half_there_are_not_excused_by_dead_letters_that_nobody_can_read() -> None:
    story = honest("a", "b", "c")
    story.held["payments"] = keys("c", amount=10)
    story.held["parked"] = POISON
    found = story.check()
    assert (found.outcome, found.reason) == (Outcome.FAILED, "dead")
    assert found.because == (
        "2 operations of checkout were acknowledged, and given up or lost: a (1 in orders) and b (1 in orders); "
        "2 dead letters name no order"
    )
    assert verdict(story, dead=1) == (Outcome.FAILED, "dead")
    assert verdict(story, dead=2) == OPEN


def test_dead_letters_that_are_known_use_up_what_may_be_given_up() -> None:
    story = honest("a", "b")
    story.asked.append(("c", OK))
    story.held["payments"] = keys("b", amount=10)
    story.held["parked"] = [*POISON[:1], *keys("c")]
    assert verdict(story, dead=1) == (Outcome.FAILED, "dead")
    assert verdict(story, dead=2) == OPEN


def test_an_order_that_nobody_was_told_of_may_have_been_given_up() -> None:
    story = honest("a")
    story.asked.append(("b", HUNG))
    story.held["orders"] = keys("a", "b", amount=10)
    assert verdict(story) == (Outcome.FAILED, "orphan")
    story.held["parked"] = POISON
    assert verdict(story) == OPEN


@pytest.mark.parametrize(("source", "row"), [("waiting", {"unacknowledged": 1}), ("payments", {"amount": 10})])
def test_what_may_wait_still_or_be_done_under_no_name_excuses_what_dead_letters_do_not(
    source: str, row: dict[str, Any]
) -> None:
    story = honest("a", "b")
    story.held["payments"] = keys("b", amount=10)
    story.held["parked"] = POISON[:1]
    assert verdict(story) == (Outcome.FAILED, "dead")
    story.held[source] = [*story.held.get(source, []), row]
    assert verdict(story) == OPEN
