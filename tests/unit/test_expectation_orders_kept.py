"""orders_kept: what a person reads, when it is decided, and what keeps it from being."""

from __future__ import annotations

from typing import Any

import pytest
from order_stories import (
    BROKEN,
    CLOSED_S,
    FIGURES,
    HUNG,
    NO,
    OK,
    SECOND_S,
    Story,
    all_ok,
    honest,
    keys,
)

from harness import facts as f
from harness.orders.declared import EFFECT, QUEUE, STORE
from harness.verdict import Outcome


def reset(on_s: float, off_s: float) -> tuple[f.Fact, ...]:
    return (
        f.Injecting(seen_s=on_s, fault="hurt/reset", kind="reset", target="api->payments", planned_s=on_s),
        f.Injected(seen_s=on_s + 0.1, fault="hurt/reset", begun_s=on_s),
        f.Mended(seen_s=off_s, fault="hurt/reset", begun_s=off_s - 0.1),
    )


def test_an_honest_service_passes_with_what_was_counted() -> None:
    story = honest("a", "b", "c", laws=("payments.amount = orders.amount",))
    story.asked += [("d", HUNG), ("e", BROKEN)]
    story.held["orders"] = [*story.held["orders"], *keys("d", amount=10)]
    story.held["payments"] = [*story.held["payments"], *keys("d", amount=10)]
    found = story.check()
    assert found.outcome is Outcome.PASSED
    assert found.because == (
        "3 acknowledged operations of checkout, each as it was told; of 2 whose outcome nobody was told, 1 was done; 1 law holds"
    )
    assert (
        "found",
        "0 lost, 0 dead, 0 stuck, 0 runaway, 0 phantom, 0 resurrected, 0 duplicated, 0 orphan, 0 reordered",
    ) in found.details


def test_a_loss_names_the_keys_and_what_they_share() -> None:
    story = honest("a", facts=reset(11.5, 13.5))
    story.asked += [(name, OK | {"version": "v2"}) for name in ("b", "c")]
    found = story.check()
    assert (found.outcome, found.reason, found.census) == (Outcome.FAILED, "lost", True)
    assert found.because == (
        "2 operations of checkout were acknowledged and are nowhere: b and c "
        "(sent between 11.0 s and 12.0 s, 1 of them while hurt/reset was on, answered by v2)"
    )
    assert {"row 0:1", "row 0:2"} <= set(found.cites)
    assert found.measure is not None
    assert found.measure.low == 2


def test_a_fault_between_the_first_and_the_last_that_none_of_them_met_is_said_so() -> None:
    story = honest("a", facts=reset(11.3, 11.7))
    story.asked += all_ok("bc")
    assert "(sent between 11.0 s and 12.0 s, none of them while hurt/reset was on)" in story.check().because
    later = honest("a", facts=reset(13.3, 13.7))
    later.asked += all_ok("bc")
    assert "(sent between 11.0 s and 12.0 s, while no fault was on)" in later.check().because


def test_what_was_lost_near_a_rollback_says_so() -> None:
    rollback = f.Deployed(seen_s=12.2, begun_s=11.8, service="api", image="good", by="rollback")
    story = honest("a", facts=(rollback,))
    story.asked += [(name, OK | {"version": "v2"}) for name in ("b", "c")]
    assert "all within 750 ms of the rollback of api" in story.check().because


def test_many_are_told_by_the_first_three_and_their_number() -> None:
    story = honest("a")
    story.asked += all_ok("bcdefg")
    assert "b, c, d and 3 more" in story.check().because


def test_where_a_store_is_empty_the_question_is_asked_whether_it_is_the_right_one() -> None:
    found = Story(all_ok("ab")).check()
    assert found.reason == "lost"
    assert found.because.endswith("no row at all was read of orders: is that the right place?")


def test_one_of_each_class_reads_as_a_sentence() -> None:
    story = honest("a", "twice")
    story.asked += [("parked", OK), ("waits", OK), ("no", NO), ("half", HUNG)]
    story.held |= {
        "orders": [*story.held["orders"], *keys("no", "wtf", amount=0)],
        "payments": [*story.held["payments"], *keys("twice", "no", "half", "wtf", amount=0)],
        "waiting": keys("waits"),
        "parked": keys("parked"),
    }
    said = story.check().because.split("; ")
    assert [one.partition(" (")[0] for one in said] == [
        "1 operation of checkout was acknowledged and given up: parked",
        "1 operation of checkout was acknowledged and still waits: waits",
        "1 operation of checkout is there that the load never asked for: wtf",
        "1 operation of checkout was refused and done all the same: no",
        "1 operation of checkout was done more than once: twice",
        "1 operation of checkout is half there",
    ]
    assert "is half there (1 in payments without orders): half (1 in payments)" in said[5]
    assert "twice (1 in orders, 2 in payments)" in said[4]


def test_how_those_were_answered_that_not_everybody_was_told_of_is_said() -> None:
    story = honest("a")
    broken = BROKEN | {"status": 503}
    story.asked += [("b", broken), ("c", HUNG), ("d", broken)]
    story.held["orders"] = [*story.held["orders"], *keys("b", "c", "d")]
    assert "none acknowledged: 2× 503 and 1× timeout" in story.check().because
    story.asked += [("e", broken), ("e", OK)]
    story.held["orders"] = [*story.held["orders"], *keys("e")]
    assert "1 acknowledged: 3× 503 and 1× timeout and 1× 201" in story.check().because
    told = honest("a")
    told.asked += all_ok("b")
    told.held["orders"] = [*told.held["orders"], *keys("b")]
    assert "acknowledged:" not in told.check().because


def test_a_limit_is_said_where_it_is_exceeded() -> None:
    story = honest("a")
    story.asked += all_ok("bc")
    story.held["parked"] = keys("b", "c")
    assert story.check(dead=1).because.endswith("; 1 is allowed")


# --- what it was tried by ---


def hurt(*attempts: tuple[str, dict[str, Any]], **story: Any) -> Story:
    """Five orders before a fault, and these, of which each was done once, while it was on."""
    made = honest(*"abcde", facts=(*reset(14.5, 18.5), *story.pop("facts", ())), **story)
    made.asked = [*made.asked, *attempts]
    names = dict.fromkeys([*"abcde", *(name for name, _ in attempts)])
    made.held = {"orders": keys(*names, amount=10), "payments": keys(*names, amount=10)}
    return made


NOT_TWICE = "that nothing is done twice was not seen to be tried"


def amid(rows: int, error: str = "") -> f.SourceRead:
    return f.SourceRead(
        seen_s=16.0, op="checkout", source="waiting", role=QUEUE, reading="amid", rows=rows, most=rows, error=error
    )


def test_faults_that_hurt_no_order_prove_little_and_the_pass_says_so() -> None:
    found = hurt(("f", OK)).check()
    assert (found.outcome, found.reason) == (Outcome.PASSED, "unhurt")
    assert found.because.endswith(
        "the faults hurt no order that was seen: no request for one failed or was sent again, none was late, and what waited in waiting "
        "meanwhile was not read, so it proves little of them"
    )
    assert honest("a").check().reason == "met"


def test_one_late_answer_of_many_is_no_trial_and_is_told() -> None:
    many = [(f"f{n}", OK | {"took_ms": 50 if n else 400}) for n in range(25)]
    story = hurt(*many)
    story.facts = reset(14.5, 50.0)
    found = story.check()
    assert found.reason == "unhurt"
    assert "1 of 25 were late" in found.because


@pytest.mark.parametrize(
    ("attempts", "twice"),
    [
        ([("f", HUNG)], True),
        ([("f", {"outcome": "conn", "unreached": True}), ("f", OK)], True),
        ([("f", OK | {"took_ms": 400})], True),
        ([("f", HUNG), ("f", OK)], False),
        ([("f", OK), ("f", OK)], False),
    ],
)
def test_orders_that_a_fault_hurt_are_a_trial_and_doing_one_twice_is_tried_by_asking_again(
    attempts: list[tuple[str, dict[str, Any]]], twice: bool
) -> None:
    found = hurt(*attempts).check()
    assert (found.outcome, found.reason) == (Outcome.PASSED, "met")
    assert (NOT_TWICE in found.because) is twice
    assert NOT_TWICE not in hurt(*attempts).check(delivery="at_least_once").because


def test_orders_that_were_refused_while_a_fault_was_on_were_hurt() -> None:
    story = hurt(*((f"f{n}", NO) for n in range(3)), ("g", OK))
    story.held = {name: [row for row in held if not row["key"].startswith("f")] for name, held in story.held.items()}
    found = story.check()
    assert (found.outcome, found.reason) == (Outcome.PASSED, "met")
    assert (
        "3 of 4 requests for one were refused (422) while a fault was on, and none of 5 before the first"
        in found.because
    )
    assert "hurt no order" not in found.because


def test_orders_that_are_refused_as_often_in_calm_times_were_not_hurt() -> None:
    story = hurt(("f", NO), *((f"g{n}", OK) for n in range(3)))
    story.asked[0] = ("a", NO)
    story.held = {name: [row for row in held if row["key"] not in ("a", "f")] for name, held in story.held.items()}
    found = story.check()
    assert found.reason == "unhurt"
    assert (
        "1 of 4 requests for one was refused (422) while a fault was on, and 1 of 5 before the first" in found.because
    )
    assert "no other request for one failed" in found.because


def test_orders_that_waited_in_a_queue_while_a_fault_was_on_were_hurt() -> None:
    found = hurt(("f", OK), facts=(amid(37),)).check()
    assert found.reason == "met"
    assert "37 rows waited in waiting while a fault was on" in found.because
    assert NOT_TWICE in found.because
    for look, unread in ((amid(2), False), (amid(0, "redis is stopped"), True)):
        found = hurt(("f", OK), facts=(look,)).check()
        assert found.reason == "unhurt"
        assert ("meanwhile was not read" in found.because) is unread


# --- laws ---


def test_a_law_that_is_broken_says_both_sides_and_who() -> None:
    story = honest("a", "b", laws=("payments.amount = orders.amount",))
    story.held["payments"] = [*keys("a", amount=10), *keys("b", amount=12)]
    found = story.check()
    assert (found.outcome, found.reason) == (Outcome.FAILED, "law_broken")
    assert found.because == (
        "'payments.amount = orders.amount' does not hold: 22 is not 20 (payments.amount is 22, orders.amount is 20); it is off at b"
    )


def test_two_errors_that_cancel_out_keep_the_sums_and_break_what_holds_for_each_order() -> None:
    story = honest("a", "b", laws=("payments.amount = orders.amount",))
    story.held["payments"] = [*keys("a", amount=8), *keys("b", amount=12)]
    found = story.check()
    assert (found.outcome, found.reason) == (Outcome.INCONCLUSIVE, "law_apart")
    assert found.because == (
        "'payments.amount = orders.amount' could not be told: its sums agree, and rows differ; it is off at a and b"
    )
    assert found.decide == "the law with `for each order` at its end, or with `in all` where its sums alone must agree"
    story.laws = ("payments.amount = orders.amount for each order",)
    found = story.check()
    assert found.reason == "law_broken"
    assert "it is off at a and b" in found.because
    story.laws = ("payments.amount = orders.amount in all",)
    assert story.check().outcome is Outcome.PASSED
    story.held["payments"] = keys("a", "b", amount=9)
    assert story.check().reason == "law_broken"


STOCK = {"orders": STORE, "payments": EFFECT, "stock": FIGURES}


def sold(left: int, **story: Any) -> Story:
    made = Story(
        all_ok("ab"),
        {"orders": keys("a", "b", quantity=2), "payments": keys("a", "b"), "stock": [{"left": left}, {"left": 100}]},
        {"stock": [{"left": 50}, {"left": 100}]},
        sources=dict(STOCK),
        laws=("stock.left at start - stock.left = orders.quantity",),
        **story,
    )
    return made


def test_stock_that_is_gone_is_what_was_sold() -> None:
    assert sold(46).check().outcome is Outcome.PASSED
    found = sold(47).check()
    assert found.reason == "law_broken"
    assert "3 is not 4 (stock.left at start is 150, stock.left is 147, orders.quantity is 4)" in found.because


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"start_s": 10.5}, "law_open"),
        ({"errors": {"stock at start": "gone"}}, "not_read"),
        ({"errors": {"stock": "gone"}}, "not_read"),
    ],
    ids=str,
)
def test_a_law_whose_figures_are_not_known_is_not_decided(change: dict[str, Any], reason: str) -> None:
    found = sold(46, **change).check()
    assert (found.outcome, found.reason) == (Outcome.INCONCLUSIVE, reason)


def test_a_law_without_numbers_is_not_decided() -> None:
    story = sold(46)
    story.held["stock"] = []
    assert story.check().reason == "law_unreadable"
    story = sold(46)
    story.held["orders"] = [*keys("a", quantity=2), *keys("b")]
    found = story.check()
    assert found.reason == "law_unreadable"
    assert "a row of orders has no number in quantity" in found.because


@pytest.mark.parametrize("amounts", [["0.1"] * 10, [0.1] * 10, ["1e-1"] * 10])
def test_a_service_that_reckons_in_doubles_is_not_accused_of_their_rounding(amounts: list[Any]) -> None:
    names = [f"k{i}" for i in range(10)]
    story = honest(*names, laws=("payments.amount = orders.amount", "payments.amount = orders.amount for each order"))
    story.held["payments"] = [{"key": name, "amount": amount} for name, amount in zip(names, amounts, strict=True)]
    story.held["orders"] = [*keys(names[0], amount=sum([0.1] * 9) - 0.8), *keys(*names[1:], amount="0.10")]
    assert story.check().outcome is Outcome.PASSED
    story.held["orders"] = [*keys(names[0], amount="0.11"), *keys(*names[1:], amount="0.10")]
    assert story.check().reason == "law_broken"


def test_orders_that_wait_or_were_given_up_do_not_break_laws_about_the_others() -> None:
    story = honest("a", laws=("payments.amount = orders.amount",))
    story.asked += all_ok("b")
    story.held["orders"] = [*story.held["orders"], *keys("b", amount=5)]
    story.held["parked"] = keys("b")
    assert story.check(dead=1).outcome is Outcome.PASSED


# --- when it is decided ---


@pytest.mark.parametrize(
    ("story", "reason"),
    [
        (honest(), "no_operations"),
        (Story([("a", HUNG)], {"orders": keys("a"), "payments": keys("a")}), "no_operations"),
        (Story([("", OK)]), "keys_unreadable"),
        (honest("a", quiet=False, waited_s=3.0), "unsettled"),
        (honest("a", quiet=False, waited_s=120.0, first={"orders": keys("b")}), "unsettled"),
        (honest("a", first={"orders": keys("b")}), "readings_differ"),
        (honest("a", errors=dict.fromkeys(("orders", "payments", "waiting", "parked"), "refused")), "not_read"),
    ],
    ids=lambda value: value if isinstance(value, str) else "story",
)
def test_nothing_passes_on_no_evidence(story: Story, reason: str) -> None:
    found = story.check()
    assert (found.outcome, found.reason) == (Outcome.INCONCLUSIVE, reason)
    assert found.decide


def test_the_order_of_a_worker_whose_book_did_not_come_home_is_no_phantom() -> None:
    lost = f.WorkerLost(worker=1, workers=2, lost_s=20.0, home=False, detail="not heard of for 2.1 s", seen_s=22.1)
    for facts, reason in (((), "phantom"), ((lost,), "not_read")):
        story = honest("a", facts=facts)
        story.held["orders"] = [*story.held["orders"], *keys("b")]
        assert story.check().reason == reason
    assert "worker 1 of the load asked with last did not come home (not heard of for 2.1 s)" in story.check().because


def test_a_queue_that_is_stuck_keeps_the_stack_from_rest_and_is_told_as_stuck() -> None:
    story = honest("a", quiet=False, waited_s=120.0)
    story.asked += all_ok("b")
    story.held["waiting"] = keys("b")
    assert story.check().reason == "stuck"


def growing(first: int, second: int, *names: str) -> Story:
    """Orders that were done, and rows of some more in a queue that did not come to rest: so many of each, then so many."""
    story = honest("a", "b", quiet=False, waited_s=120.0, first={"waiting": keys(*names) * first})
    story.asked += all_ok(names)
    story.held["waiting"] = keys(*names) * second
    return story


def test_a_queue_that_becomes_ever_longer_with_no_load_on_is_a_failure_of_its_own() -> None:
    found = growing(30, 32, "c", "d").check(delivery="at_least_once")
    assert (found.outcome, found.reason, found.census) == (Outcome.FAILED, "runaway", True)
    assert found.because == (
        "2 operations of checkout wait again and again, and ever more often though nobody asks any more: c and d (sent between 12.0 s "
        "and 13.0 s); waiting still grew after 120 s of waiting, though the load had ended: two readings 11 s apart (60 rows, then 64)"
    )


def test_its_messages_are_told_by_the_id_that_a_store_ties_to_the_key_too() -> None:
    story = growing(30, 32)
    story.held["orders"] = keys("a", "b", amount=10, id="7")[:1]
    story.asked = all_ok("a")
    story.held["payments"] = keys("a", amount=10)
    story.first["waiting"], story.held["waiting"] = [{"id": "7"}] * 30, [{"id": "7"}] * 32
    assert story.check().reason == "runaway"


@pytest.mark.parametrize(
    ("story", "why"),
    [
        (growing(1, 2, "c", "d"), "orders that are handed on late, each to two receivers"),
        (growing(32, 30, "c", "d"), "a queue that is worked off, if slowly"),
        (growing(30, 32, ""), "rows of nobody"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_queue_that_moves_and_does_not_run_away_is_not_decided(story: Story, why: str) -> None:
    found = story.check()
    assert (found.outcome, found.reason) == (Outcome.INCONCLUSIVE, "unsettled"), why
    assert found.decide == "a stack that comes to rest within `settle`"


def test_what_grew_in_a_stack_that_came_to_rest_was_not_waited_out_and_fails_nobody() -> None:
    story = growing(30, 32, "c")
    story.quiet = True
    assert story.check().outcome is Outcome.INCONCLUSIVE


def test_a_run_that_is_cut_is_open_until_the_sources_were_read_twice() -> None:
    story = honest("a", "b")
    story.asked.append(("c", OK))
    for at_s in (5.0, 50.0, 105.0, SECOND_S - 1):
        found = story.check(at_s)
        assert (found.outcome, found.reason) == (Outcome.INCONCLUSIVE, "window_open")
    assert story.check(SECOND_S).reason == story.check(CLOSED_S).reason == "lost"


def test_a_run_that_ended_before_the_sources_were_read_is_not_read() -> None:
    found = honest("a", read=False).check()
    assert (found.outcome, found.reason) == (Outcome.INCONCLUSIVE, "not_read")
