"""Laws, summed: whole numbers exactly, others but for their rounding, and each source by its own rows."""

from __future__ import annotations

from typing import Any

import pytest
from order_stories import Story, all_ok, honest, keys

from harness.facts import TargetChosen
from harness.orders.declared import DEAD, EFFECT, FIGURES, QUEUE, STORE
from harness.verdict import Outcome

SUMS, EACH = "payments.amount = orders.amount", "payments.amount = orders.amount for each order"


def paid(orders: list[Any], payments: list[Any], *laws: str) -> Story:
    """An order and its payment for each pair of amounts."""
    names = [f"k{i}" for i in range(len(orders))]
    rows = [
        [{"key": name, "amount": one} for name, one in zip(names, amounts, strict=True)]
        for amounts in (orders, payments)
    ]
    return Story(all_ok(names), {"orders": rows[0], "payments": rows[1]}, laws=laws)


@pytest.mark.parametrize("law", [SUMS, EACH])
@pytest.mark.parametrize("great", [10**9, 10**15, 2**62, "1000000000"], ids=str)
def test_whole_numbers_of_any_size_are_held_against_each_other_exactly(law: str, great: Any) -> None:
    assert paid([great, great], [great, great], law).check().outcome is Outcome.PASSED
    found = paid([great, great], [great, int(great) - 1], law).check()
    assert (found.outcome, found.reason) == (Outcome.FAILED, "law_broken")
    assert "k1" in found.because


def test_factors_of_whole_numbers_are_exact_too() -> None:
    law = "0.25 * payments.amount = 2.5 * orders.amount for each order"
    assert paid([10**17], [10**18], law).check().outcome is Outcome.PASSED
    assert paid([10**17], [10**18 - 1], law).check().reason == "law_broken"


@pytest.mark.parametrize("law", [SUMS, EACH])
def test_a_column_with_a_number_that_is_not_whole_allows_for_rounding_and_for_no_more(law: str) -> None:
    assert paid([12.5, 0.3], [12.5, 0.1 + 0.2], law).check().outcome is Outcome.PASSED
    assert paid([12.5, 1_000_000_000], [12.5, 999_999_999], law).check().reason == "law_broken"


def test_dead_letters_are_counted_where_a_law_asks_for_them() -> None:
    story = honest("a", "b", laws=("count(parked) = 0",))
    assert story.check().outcome is Outcome.PASSED
    story.asked += all_ok("c")
    story.held["parked"] = keys("c")
    found = story.check(dead=1)
    assert (found.outcome, found.reason) == (Outcome.FAILED, "law_broken")
    assert "1 is not 0 (count(parked) is 1)" in found.because


EITHER = "taken.amount = orders.amount + parked.amount"


@pytest.mark.parametrize("law", ["count(taken) = count(orders) + count(parked)", EITHER, f"{EITHER} for each order"])
def test_a_law_that_names_the_dead_letters_is_about_what_is_in_them(law: str) -> None:
    story = Story(all_ok("ab"), sources={"taken": STORE, "orders": EFFECT, "parked": DEAD}, laws=(law,))
    story.held = {"taken": keys("a", "b", amount=5), "orders": keys("a", amount=5), "parked": keys("b", amount=5)}
    assert story.check(dead=1).outcome is Outcome.PASSED
    story.held["orders"] = keys("a", "b", amount=5)
    assert story.check(dead=1).reason == "law_broken"


# --- numbers that are not there ---


@pytest.mark.parametrize("law", [SUMS, EACH])
@pytest.mark.parametrize("amounts", [[None, None, 10], [None, None, None]], ids=["some", "all"])
def test_amounts_that_are_gone_where_the_other_side_has_them_break_the_law(law: str, amounts: list[Any]) -> None:
    found = paid(amounts, [10, 10, 10], law).check()
    assert (found.outcome, found.reason) == (Outcome.FAILED, "law_broken")
    gone = amounts.count(None)
    assert f"it is off at k0{' and k1' if gone == 2 else ', k1 and k2'}" in found.because
    assert found.because.endswith(f"; {gone} rows of orders have no number in amount")


@pytest.mark.parametrize("law", [SUMS, EACH])
def test_amounts_that_were_never_read_break_no_law(law: str) -> None:
    story = paid([10, 10], [10, 10], law)
    story.held["orders"] = keys("k0", "k1")  # a column that the query does not have
    assert story.check().reason == "law_unreadable"
    assert paid(["10 EUR", 10], [10, 10], law).check().reason == "law_unreadable"


@pytest.mark.parametrize("law", [SUMS, EACH])
@pytest.mark.parametrize("other", [None, 0])
def test_an_amount_that_is_nowhere_breaks_no_law_and_proves_none(law: str, other: Any) -> None:
    found = paid([10, None], [10, other], law).check()
    assert (found.outcome, found.reason) == (Outcome.INCONCLUSIVE, "law_unreadable")
    assert "a row of orders has no number in amount" in found.because


def test_figures_without_a_number_are_nobody_s() -> None:
    story = Story(all_ok("ab"), sources={"orders": STORE, "stock": FIGURES})
    story.laws = ("stock.left at start - stock.left = orders.quantity",)
    story.start = {"stock": [{"left": 100}]}
    story.held = {"orders": [*keys("a", quantity=1), *keys("b", quantity=None)], "stock": [{"left": 98}]}
    assert story.check().reason == "law_unreadable"


# --- sums that agree though rows differ ---


def test_orders_that_swapped_their_amounts_are_not_proven_by_the_sums() -> None:
    assert paid([10, 20], [20, 10], SUMS).check().reason == "law_apart"
    assert paid([10, 20], [20, 10], EACH).check().reason == "law_broken"
    assert paid([10, 20], [20, 10], f"{SUMS} in all").check().outcome is Outcome.PASSED


def test_what_was_done_twice_on_both_sides_is_as_at_least_once_allows() -> None:
    story = honest("a", "b", laws=(SUMS,))
    story.held["orders"] = [*story.held["orders"], *keys("a", amount=10)]
    story.held["payments"] = [*story.held["payments"], *keys("b", amount=10)]
    assert story.check().reason == "duplicated"
    assert story.check(delivery="at_least_once").outcome is Outcome.PASSED


def test_others_orders_that_differ_on_a_project_that_runs_already_leave_sums_that_agree_alone() -> None:
    story = honest("a", laws=(SUMS,))
    story.held["orders"] = [*story.held["orders"], *keys("x", amount=5), *keys("y", amount=7)]
    story.held["payments"] = [*story.held["payments"], *keys("x", amount=7), *keys("y", amount=5)]
    story.facts = (TargetChosen(seen_s=0.5, target="Compose project shop", load="http://127.0.0.1:8000"),)
    assert "could not be told" not in story.check().because


@pytest.mark.parametrize("off", [1, 2])
def test_for_each_order_a_row_without_a_key_explains_one_order_and_no_more(off: int) -> None:
    story = honest("a", "b", "c", laws=(EACH,))
    story.held["orders"] = [*story.held["orders"], {"id": "77", "amount": 10}]
    story.held["payments"] = [*keys(*"abc"[off:], amount=10), *keys(*"abc"[:off], amount=7)]
    assert story.check().reason == ("keys_unreadable" if off == 1 else "law_broken")


# --- orders that are not ours, or not whole ---


@pytest.mark.parametrize("law", [SUMS, EACH])
def test_an_order_of_before_that_is_finished_in_the_run_counts_whole(law: str) -> None:
    old = keys("old", amount=10)
    story = honest("a", "b", laws=(law,), start={"orders": old, "waiting": keys("old")})
    story.held["orders"] = [*old, *story.held["orders"]]
    story.held["payments"] = [*story.held["payments"], *old]
    assert story.check().outcome is Outcome.PASSED
    story.held["payments"] = [*story.held["payments"], *old]
    found = story.check()
    assert (found.outcome, found.reason) == (Outcome.FAILED, "law_broken")
    assert "it is off at old" in found.because


@pytest.mark.parametrize("gone", [True, False])
def test_figures_may_have_been_changed_by_what_waited_before_and_is_gone(gone: bool) -> None:
    story = Story(all_ok("ab"), sources={"orders": STORE, "stock": FIGURES, "waiting": QUEUE})
    story.laws = ("stock.left at start - stock.left = count(orders)",)
    story.start = {"stock": [{"left": 100}], "waiting": keys("old")}
    story.held = {"orders": keys("a", "b"), "stock": [{"left": 97}], "waiting": [] if gone else keys("old")}
    found = story.check()
    assert (found.outcome, found.reason) == (
        (Outcome.INCONCLUSIVE, "law_open") if gone else (Outcome.FAILED, "law_broken")
    )


def test_on_a_project_that_runs_already_others_orders_may_have_changed_the_figures() -> None:
    story = Story(all_ok("ab"), sources={"orders": STORE, "stock": FIGURES})
    story.laws = ("stock.left at start - stock.left = count(orders)",)
    story.start = {"stock": [{"left": 100}]}
    story.held = {"orders": keys("a", "b"), "stock": [{"left": 97}]}
    story.facts = (TargetChosen(seen_s=0.5, target="Compose project shop", load="http://127.0.0.1:8000"),)
    assert story.check().reason == "law_broken"  # there are none
    story.start["orders"] = keys("old")
    story.held["orders"] = keys("old", "a", "b")
    assert story.check().reason == "law_open"
    story.alone = True
    assert story.check().reason == "law_broken"


@pytest.mark.parametrize("away", ["waiting", "parked"])
def test_an_order_of_another_book_that_waits_or_was_given_up_breaks_no_law(away: str) -> None:
    story = honest("a", "b", laws=(SUMS,), elsewhere=("gift",))
    story.held["orders"] = [*story.held["orders"], *keys("gift", amount=10)]
    assert story.check().reason == "law_broken"
    story.held[away] = keys("gift")
    assert story.check().outcome is Outcome.PASSED


def test_a_row_without_a_key_may_be_of_another_channel_and_no_more_than_one_order_is_explained_by_it() -> None:
    story = honest("a", "b", "c", laws=(SUMS,))
    story.held["orders"] = [*story.held["orders"], {"id": "77", "amount": 10}]
    found = story.check()
    assert (found.outcome, found.reason) == (Outcome.INCONCLUSIVE, "keys_unreadable")
    assert "a row that it counts names no order, and may be of any" in found.because
    story.held["payments"] = [*keys("a", amount=10), *keys("b", "c", amount=7)]
    assert story.check().reason == "law_broken"


@pytest.mark.parametrize("law", [SUMS, EACH])
def test_where_twice_is_allowed_a_law_that_holds_but_for_that_is_no_failure(law: str) -> None:
    story = honest("a", "b", laws=(law,))
    story.held["payments"] = [*story.held["payments"], *keys("a", amount=10)]
    assert story.check().outcome is Outcome.FAILED
    found = story.check(delivery="at_least_once")
    assert found.outcome is Outcome.PASSED
    assert found.because.endswith("1 law holds, but for what was done more than once")
    story.held["payments"] = [*keys("a", "b", amount=10), *keys("a", amount=9)]
    assert story.check(delivery="at_least_once").reason == "law_broken"
