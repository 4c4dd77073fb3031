"""Rows of which nobody knows whose they are: nothing passes over them, and nobody is accused by them."""

from __future__ import annotations

from typing import Any

import pytest
from order_stories import OK, Story, all_ok, classes, honest, keys

from harness.facts import TargetChosen
from harness.orders.declared import DEAD, EFFECT, QUEUE, STORE
from harness.verdict import Outcome

OPEN = (Outcome.INCONCLUSIVE, "keys_unreadable")
MET = (Outcome.PASSED, "met")


def verdict(story: Story, **claim: Any) -> tuple[Outcome, str]:
    found = story.check(**claim)
    return found.outcome, found.reason


# --- nothing passes over rows that were not understood ---


@pytest.mark.parametrize(
    ("source", "rows", "said"),
    [
        ("parked", [{"id": "m1"}, {"id": "m2"}], "2 rows of parked have ids that no store ties to a key"),
        ("parked", [{"id": "m1"}], "1 row of parked has an id that no store ties to a key"),
        ("parked", keys("x", "y"), "2 rows of parked have keys that the load never sent"),
        ("waiting", keys("x"), "1 row of waiting has a key that the load never sent"),
        ("waiting", [{"unacknowledged": 1}], "1 row of waiting has no key and no id"),
    ],
)
def test_dead_letters_and_waiting_rows_of_nobody_keep_it_open(
    source: str, rows: list[dict[str, Any]], said: str
) -> None:
    story = honest("a", "b")
    story.held[source] = rows
    assert verdict(story) == OPEN
    assert said in story.check().because


def test_a_store_row_without_a_key_keeps_it_open() -> None:
    story = honest("a", "b")
    story.held["orders"] = [*story.held["orders"], {"id": "3"}]
    assert verdict(story) == OPEN
    assert "1 row of orders has an id that no store ties to a key" in story.check().because


@pytest.mark.parametrize("source", ["orders", "waiting", "parked"])
def test_rows_of_nobody_that_were_there_before_say_nothing(source: str) -> None:
    old = [{"id": "m1"}, {"key": "x"}, {"other": 1}]
    story = honest("a", "b", start={source: old})
    story.held[source] = [*story.held.get(source, []), *old]
    assert verdict(story) == MET


def test_a_stack_that_did_not_come_to_rest_is_not_passed() -> None:
    story = honest("a", quiet=False, waited_s=120.0)
    assert verdict(story) == (Outcome.INCONCLUSIVE, "unsettled")
    assert "the stack did not come to rest in 120 s" in story.check().because


def test_a_queue_whose_rows_are_known_and_allowed_is_why_it_is_not_at_rest() -> None:
    story = honest("a", "b", quiet=False, waited_s=120.0)
    story.held["waiting"] = keys("b")
    assert verdict(story) == (Outcome.FAILED, "stuck")
    assert verdict(story, stuck=1) == MET
    story.held["waiting"] = [*keys("b"), {"id": "m1"}]
    assert verdict(story, stuck=1) == OPEN


# --- nobody is accused by them ---


@pytest.mark.parametrize("rows", [keys("pay-a", "pay-b"), [{"id": "ch_1"}, {"id": "ch_2"}]], ids=["keys", "ids"])
def test_an_effect_with_names_of_its_own_makes_no_orphans(rows: list[dict[str, Any]]) -> None:
    story = honest("a", "b")
    story.held["payments"] = rows
    found = story.check()
    assert (found.outcome, found.reason) == OPEN
    assert "no row of payments can be tied to a key that was sent, such as a: it has" in found.because


def test_a_second_store_with_keys_of_its_own_makes_no_phantoms_and_the_rest_is_judged() -> None:
    story = honest("a", "b", sources={"orders": STORE, "baskets": STORE, "payments": EFFECT})
    story.held["baskets"] = keys("basket-1", "basket-2")
    assert verdict(story) == OPEN
    story.held["payments"] = [*story.held["payments"], *keys("b")]
    assert verdict(story) == (Outcome.FAILED, "duplicated")


def test_a_store_in_another_spelling_is_not_a_loss_because_one_dead_letter_is_spelled_as_ours() -> None:
    story = Story(all_ok(["a-1", "b-2", "c-3"]), {"orders": keys("a1", "b2"), "parked": keys("c-3")})
    story.sources = {"orders": STORE, "parked": DEAD}
    assert classes(story) == {"dead": {"c-3"}}
    assert verdict(story, dead=1) == OPEN


@pytest.mark.parametrize(
    ("source", "rows"),
    [("waiting", [{"unacknowledged": 1}]), ("parked", [{"id": "m1"}]), ("parked", keys("message-1"))],
    ids=str,
)
def test_an_order_whose_effect_may_wait_under_no_name_is_no_orphan(source: str, rows: list[dict[str, Any]]) -> None:
    story = honest("a", "b")
    story.held["payments"] = keys("a", amount=10)
    assert verdict(story, dead=5, stuck=5) == (Outcome.FAILED, "orphan")
    story.held[source] = rows
    assert verdict(story, dead=5, stuck=5) == OPEN
    story.held["payments"] = [*keys("a", amount=10), {"id": "ch_9"}, {"id": "ch_10"}]
    assert verdict(story, dead=5, stuck=5) == (Outcome.FAILED, "orphan")


def test_dead_letters_under_keys_of_their_own_may_be_what_is_missing() -> None:
    story = honest("a")
    story.asked.append(("b", OK))
    story.held["parked"] = keys("message-1")
    assert verdict(story) == (Outcome.FAILED, "dead")
    assert verdict(story, dead=1) == OPEN
    story.asked.append(("c", OK))
    found = story.check()
    assert (found.outcome, found.reason) == (Outcome.FAILED, "lost")
    assert "; 1 of them may have been given up, for so many dead letters name no order" in found.because
    assert "something else" not in found.because


# --- ids ---


def test_a_store_row_with_a_key_is_that_keys_whatever_its_id() -> None:
    story = Story(all_ok("ab"), sources={"orders": STORE, "refunds": STORE})
    story.held["orders"] = [{"key": "a", "id": 1}, {"key": "b", "id": 2}]
    story.held["refunds"] = [{"key": "b", "id": 7}, {"key": "x-never", "id": 1}]
    assert classes(story) == {"phantom": {"x-never"}}


def test_ids_that_fit_orders_by_chance_accuse_nobody() -> None:
    story = Story(all_ok("ab"), sources={"orders": STORE, "payments": EFFECT})
    story.held["orders"] = [{"key": "a", "id": 1}, {"key": "b", "id": 3}]
    story.held["payments"] = [{"key": "pay-a", "id": 1}, {"key": "pay-b", "id": 2}]
    found = story.check()
    assert (found.outcome, found.reason) == OPEN
    assert "its ids tie only 1 of 2 rows to an order: none of them fits pay-b" in found.because
    story.held["payments"] = [{"key": "pay-a", "id": 1}, {"key": "pay-b", "id": 3}, {"key": "pay-c", "id": 3}]
    assert classes(story) == {"duplicated": {"b"}}


@pytest.mark.parametrize(("ids", "twice"), [("{}", 3), ("o-{}", 3), ("o-{}", 777)])
def test_ids_that_cannot_fit_by_chance_are_judged_though_one_fits_no_order(ids: str, twice: int) -> None:
    names = [f"k{i}" for i in range(20)]
    story = Story(all_ok(names), sources={"orders": STORE, "payments": EFFECT})
    story.held["orders"] = [{"key": name, "id": ids.format(i)} for i, name in enumerate(names)]
    story.held["payments"] = [{"key": f"ch{i}", "id": ids.format(i)} for i in range(20)]
    assert verdict(story) == MET
    story.held["payments"] = [
        *story.held["payments"],
        {"key": "ch98", "id": ids.format(twice)},
        {"key": "ch99", "id": "999"},
    ]
    assert classes(story) == ({"duplicated": {"k3"}} if twice == 3 else {}) | {
        "orphan": {"ch99"} if twice == 3 else {"ch98", "ch99"}
    }


def test_an_id_that_two_stores_tie_to_different_keys_says_nothing() -> None:
    story = Story(all_ok("ab"), sources={"orders": STORE, "shipments": STORE, "payments": EFFECT})
    story.held["orders"] = [{"key": "a", "id": 1}, {"key": "b", "id": 2}]
    story.held["shipments"] = [{"key": "b", "id": 1}, {"key": "a", "id": 3}]
    story.held["payments"] = [{"id": 1}, {"id": 2}]
    found = story.check()
    assert (found.outcome, found.reason) == OPEN
    assert "1 row of payments has an id that the stores tie to more than one key" in found.because


# --- keys of other operations of the run ---


@pytest.mark.parametrize("source", ["orders", "payments", "waiting", "parked"])
def test_rows_of_another_operation_of_the_run_are_no_strangers(source: str) -> None:
    story = honest("a", "b")
    story.held[source] = [*story.held.get(source, []), *keys("gift-1", amount=3)]
    assert verdict(story) != MET
    story.elsewhere = ("gift-1",)
    assert verdict(story) == MET


def test_a_source_that_holds_only_another_operations_rows_is_read_all_the_same() -> None:
    story = Story(all_ok("ab"), {"orders": keys("gift-1")}, sources={"orders": STORE}, elsewhere=("gift-1",))
    assert verdict(story) == (Outcome.FAILED, "lost")


def test_a_row_with_another_operations_key_is_not_given_to_ours_by_its_id() -> None:
    story = Story([("a", OK)], sources={"orders": STORE, "payments": EFFECT}, elsewhere=("gift-1",))
    story.held["orders"] = [{"key": "a", "id": 1}]
    story.held["payments"] = [{"key": "a"}, {"key": "gift-1", "id": 1}]
    assert verdict(story) == MET


def test_a_law_is_not_broken_by_what_may_wait_under_no_name() -> None:
    story = honest("a", "b", laws=("payments.amount = orders.amount",))
    story.sources = {"orders": STORE, "payments": EFFECT, "waiting": QUEUE}
    story.held["payments"] = keys("a", amount=10)
    story.held["waiting"] = [{"unacknowledged": 1}]
    found = story.check(stuck=1)
    assert found.outcome is Outcome.INCONCLUSIVE
    assert "operations may still wait in waiting, of which nobody knows whose its rows are" in found.because


@pytest.mark.parametrize("source", ["orders", "payments"])
def test_a_source_that_was_read_without_any_name_accuses_nobody(source: str) -> None:
    story = honest("a", "b")
    story.held[source] = [{}]
    found = story.check()
    assert (found.outcome, found.reason) == OPEN
    assert f"of 1 new row of {source} none has a key or an id" in found.because
    story.held[source] = []
    assert story.check().outcome is Outcome.FAILED


# --- on a project that runs already ---

ATTACHED = TargetChosen(seen_s=0.5, target="Compose project shop", load="http://127.0.0.1:8000")


@pytest.mark.parametrize(("source", "reason"), [("orders", "phantom"), ("payments", "orphan")])
def test_others_may_order_on_a_project_that_runs_already_unless_the_drill_says_that_nobody_does(
    source: str, reason: str
) -> None:
    story = honest("a", "b", laws=("payments.amount = orders.amount",))
    story.held[source] = [*story.held[source], *keys("web-771", amount=5)]
    assert verdict(story) == (Outcome.FAILED, reason)
    story.facts = (ATTACHED,)
    found = story.check()
    assert found.outcome is Outcome.INCONCLUSIVE
    assert f"1 operation may be {reason}: others may have ordered" in found.because
    story.alone = True
    assert verdict(story) == (Outcome.FAILED, reason)


def test_what_is_lost_on_a_project_that_runs_already_is_lost() -> None:
    story = honest("a", "b", facts=(ATTACHED,))
    story.held["orders"] = keys("a", "web-1", amount=10)
    story.held["payments"] = keys("a", "web-1", amount=10)
    assert verdict(story) == (Outcome.FAILED, "lost")


def test_an_order_that_was_answered_by_another_page_is_told_as_such() -> None:
    story = honest("a", "b")
    story.asked += [("c", {**OK, "redirected": True}), ("d", {**OK, "redirected": True})]
    assert "answered after a redirect" in story.check().because
    story.asked[-1] = ("d", OK)
    assert "1 of them answered after a redirect" in story.check().because
