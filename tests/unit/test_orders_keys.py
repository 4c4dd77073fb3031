"""Keys that prove nothing: those of a former run, and one for many requests. Nothing passes by them, and nobody is accused."""

from __future__ import annotations

import pytest
from order_stories import NO, OK, Rows_, Story, all_ok, classes, honest, keys

from harness.orders.declared import DEAD, EFFECT, QUEUE, STORE
from harness.verdict import Outcome

OPEN = (Outcome.INCONCLUSIVE, "keys_unreadable")
FORMER = "there before the load sent"


def verdict(story: Story) -> tuple[Outcome, str]:
    found = story.check()
    return found.outcome, found.reason


# --- a second run on the same data, with keys from a counter or a seed ---

OLD = [{"key": "a", "id": 1}, {"key": "b", "id": 2}]
AGAIN = [*OLD, {"key": "a", "id": 3}, {"key": "b", "id": 4}]


@pytest.mark.parametrize("held", [OLD, AGAIN, []], ids=["nothing was done", "done once", "pruned since"])
def test_what_was_done_under_keys_of_a_former_run_is_not_told(held: Rows_) -> None:
    story = Story(all_ok("ab"), {"orders": held}, {"orders": OLD}, sources={"orders": STORE})
    assert classes(story) == {}
    assert verdict(story) == OPEN
    assert "2 keys were there before the load sent them, such as " in story.check().because


@pytest.mark.parametrize("role", [DEAD, QUEUE, EFFECT])
@pytest.mark.parametrize("row", [{"key": "a"}, {"id": 1}], ids=["by key", "by id"])
def test_a_former_runs_row_elsewhere_accuses_nobody(role: str, row: dict[str, object]) -> None:
    story = Story(
        all_ok("ab"), {"orders": OLD, "more": [row]}, {"more": [row]}, sources={"orders": STORE, "more": role}
    )
    if role == EFFECT:
        story.held["more"] = [row, {"key": "b"}]
    assert classes(story) == {}
    assert verdict(story) == OPEN
    assert "1 key was there before the load sent it, such as a" in story.check().because


def test_what_new_rows_prove_stands_whatever_was_there_before() -> None:
    story = honest("a", "b", start={"orders": keys("a", amount=10)})
    assert verdict(story) == OPEN
    story.held["parked"] = keys("a")
    assert verdict(story) == (Outcome.FAILED, "dead")
    story.held["parked"] = []
    story.asked.append(("c", OK))
    assert verdict(story) == (Outcome.FAILED, "lost")


def test_a_refusal_of_a_key_that_was_there_proves_nothing_either() -> None:
    story = Story([("a", NO), ("c", OK)], {"orders": [*OLD, *keys("c")]}, {"orders": OLD}, sources={"orders": STORE})
    assert verdict(story) == OPEN


def test_a_law_is_not_broken_by_rows_that_a_former_runs_keys_kept_from_being_new() -> None:
    story = honest("a", "b", laws=("payments.amount = orders.amount",))
    story.start = {"payments": keys("a", "b", amount=10)}
    assert verdict(story) == OPEN


def test_an_order_that_was_under_way_when_the_start_was_read_is_of_this_run() -> None:
    story = honest("a", "b", start_s=10.5)
    story.start = {"orders": keys("a", amount=10)}
    assert verdict(story) == (Outcome.PASSED, "met")


# --- one key for many requests ---


def test_a_key_for_each_user_and_not_for_each_order_proves_next_to_nothing() -> None:
    story = Story([("of-a-user", OK)] * 40, {"orders": keys("of-a-user")}, sources={"orders": STORE})
    found = story.check()
    assert (found.outcome, found.reason) == OPEN
    assert "40 requests bore 1 key, and 39 were sent when their key had been acknowledged" in found.because


def test_orders_that_are_sent_again_on_purpose_pass_and_are_told() -> None:
    story = honest("a", "b")
    story.asked *= 5
    found = story.check()
    assert (found.outcome, found.reason) == (Outcome.PASSED, "met")
    assert "2 acknowledged operations of checkout" in found.because
    assert "8 requests came under a key that had been acknowledged" in found.because
    assert dict(found.details)["operations"].endswith("; 10 requests bore 2 keys")


def test_attempts_before_an_order_was_acknowledged_are_none_too_many() -> None:
    story = honest("a")
    story.asked = [("a", {"outcome": "timeout"})] * 30 + [("a", OK)]
    assert verdict(story) == (Outcome.PASSED, "met")
