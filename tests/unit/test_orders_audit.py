"""The audit of order books: known vectors, each class alone, and what must not be taken for one."""

from __future__ import annotations

from typing import Any

import pytest
from order_stories import BROKEN, HUNG, NO, OK, Story, all_ok, classes, honest, keys

from harness.orders.declared import EFFECT, QUEUE, STORE

QUEUE_ONLY = {"orders": STORE}


# --- vectors of Jepsen's checker_test.clj: total-queue ---


def test_total_queue_sane() -> None:
    """Attempted 1 (no answer) and 2 (acknowledged), both dequeued: nothing lost, 1 recovered."""
    story = Story([("1", HUNG), ("2", OK)], {"orders": keys("1", "2")}, sources=QUEUE_ONLY)
    assert classes(story) == {}
    audit = story.review().audit
    assert audit is not None
    assert (audit.recovered, len(audit.operations)) == (1, 2)
    assert story.check().outcome.value == "passed"


def test_total_queue_pathological() -> None:
    """Hung, enqueued and dup were attempted, the last two acknowledged; wtf, dup and dup came out."""
    asked = [("hung", HUNG), ("enqueued", OK), ("dup", OK)]
    story = Story(asked, {"orders": keys("wtf", "dup", "dup")}, sources=QUEUE_ONLY)
    assert classes(story) == {"lost": {"enqueued"}, "phantom": {"wtf"}, "duplicated": {"dup"}}
    audit = story.review().audit
    assert audit is not None
    assert audit.recovered == 0
    assert story.check().reason == "lost"


def test_total_queue_empty_is_not_proof_of_anything() -> None:
    """There `valid`; here nothing passes on no evidence."""
    found = Story(sources=QUEUE_ONLY).check()
    assert (found.outcome.value, found.reason) == ("inconclusive", "no_operations")


# --- vectors of Jepsen's checker_test.clj: set-full, its last read being ours ---


def test_set_full_never_confirmed_and_never_read_is_nothing() -> None:
    assert classes(Story([("0", HUNG)], sources=QUEUE_ONLY)) == {}


def test_set_full_an_absent_read_after_is_a_loss() -> None:
    assert classes(Story([("0", OK)], sources=QUEUE_ONLY)) == {"lost": {"0"}}


def test_set_full_an_absent_read_that_began_before_the_answer_is_no_loss() -> None:
    """The answer came when the source was being read already."""
    story = Story([("0", OK | {"took_ms": 105_000.0})], sources=QUEUE_ONLY)
    assert classes(story) == {}


def test_set_full_seen_by_one_reading_and_missing_in_the_next_is_still_moving() -> None:
    story = Story([("0", OK), ("1", OK)], {"orders": keys("0")}, first={"orders": keys("0", "1")}, sources=QUEUE_ONLY)
    assert story.check().reason == "readings_differ"


# --- each class alone ---


def test_an_honest_service_has_no_class() -> None:
    story = honest("a", "b", "c")
    assert classes(story) == {}
    assert story.check().outcome.value == "passed"


def test_lost() -> None:
    story = honest("a", "b")
    story.asked.append(("c", OK))
    assert classes(story) == {"lost": {"c"}}


@pytest.mark.parametrize(("source", "reason"), [("parked", "dead"), ("waiting", "stuck")], ids=str)
def test_parked_and_waiting_operations_are_not_lost_but_told_as_what_they_are(source: str, reason: str) -> None:
    story = honest("a")
    story.asked += all_ok("bc")
    story.held[source] = keys("b", "c")
    assert classes(story) == {reason: {"b", "c"}}
    assert story.check().reason == reason
    assert story.check(**{reason: 1}).outcome.value == "failed"
    assert story.check(**{reason: 2}).outcome.value == "passed"


def test_waiting_ones_speak_of_the_services_own_ids() -> None:
    story = Story(
        all_ok("ab"),
        {
            "orders": [{"key": "a", "id": 7}, {"key": "b", "id": 8}],
            "payments": [{"id": "7"}],
            "waiting": [{"id": 8}],
        },
    )
    assert classes(story) == {"stuck": {"b"}}


def test_phantom_and_what_was_there_at_the_start() -> None:
    story = honest("a")
    old = keys("old")
    story.held["orders"] = [*story.held["orders"], *old, *keys("new")]
    story.start["orders"] = old
    assert classes(story) == {"phantom": {"new"}}


def test_resurrected() -> None:
    story = honest("a", "b")
    story.asked[1] = ("b", NO)
    assert classes(story) == {"resurrected": {"b"}}


@pytest.mark.parametrize("source", ["orders", "payments"])
def test_duplicated(source: str) -> None:
    story = honest("a", "b")
    story.held[source] = [*story.held[source], *keys("b")]
    assert classes(story) == {"duplicated": {"b"}}
    assert story.check().reason == "duplicated"
    assert story.check(delivery="at_least_once").outcome.value == "passed"


def test_an_effect_without_its_order_and_an_order_without_its_effect() -> None:
    story = Story(
        [("a", HUNG), ("b", OK), ("c", OK)],
        {"orders": keys("b", "c"), "payments": [*keys("a", "c"), {"id": "ch_9"}]},
    )
    assert classes(story) == {"orphan": {"a", "b", "id ch_9"}}
    told = story.check().because
    assert (
        "3 operations of checkout are half there (2 in payments without orders, 1 in orders without payments): " in told
    )


def test_an_effect_of_an_order_that_was_there_before_is_no_orphan() -> None:
    story = honest("a")
    old = [{"key": "old", "id": "1"}]
    story.start["orders"] = old
    story.held["orders"] = [*story.held["orders"], *old]
    story.held["payments"] = [*story.held["payments"], {"id": "1"}]
    assert classes(story) == {}


def test_operations_before_the_start_was_read_are_ours_all_the_same() -> None:
    """The start may be read when the load is at it already: what has a key of ours is ours."""
    story = honest("a", "b", start_s=15.0)
    story.held["payments"] = [*story.held["payments"], *keys("a")]
    story.start = {"orders": keys("a", amount=10), "payments": keys("a", "a")}
    assert classes(story) == {"duplicated": {"a"}}


def test_a_key_of_a_former_run_is_not_held_against_this_one() -> None:
    """Keys made from a seed come again, and the data were shared."""
    story = honest("a")
    story.start = {"orders": keys("a"), "payments": keys("a", "a")}
    story.held = {"orders": keys("a"), "payments": keys("a", "a")}
    assert classes(story) == {}
    story.held["payments"] = keys("a", "a", "a", "a")
    assert classes(story) == {"duplicated": {"a"}}


# --- what the client was told ---


@pytest.mark.parametrize(
    "attempt",
    [
        HUNG, BROKEN, {"outcome": "conn"}, {"outcome": "wrong"}, {"took_ms": None}, {"outcome": "4xx", "status": 409},
        {"outcome": "4xx", "status": 429}, {"outcome": "4xx", "status": 408}, {"outcome": "ok", "status": 503},
        {"outcome": "4xx", "status": 404, "redirected": True}, {"outcome": "conn", "redirected": True},
        {"outcome": "conn", "unreached": True, "redirected": True}, {"outcome": "ok", "status": 0},
        {"outcome": "ok", "status": 422, "redirected": True}, {"outcome": "4xx", "status": 422, "again": True},
        {"outcome": "conn", "unreached": True, "again": True},
    ],
    ids=str,
)  # fmt: skip
def test_what_nobody_was_told_may_be_there_or_not(attempt: dict[str, Any]) -> None:
    for there in ({}, {"orders": keys("a", "b"), "payments": keys("a", "b")}):
        story = Story([("a", attempt), ("b", OK)], there or {"orders": keys("b"), "payments": keys("b")})
        assert classes(story) == {}


@pytest.mark.parametrize(
    "attempt",
    [NO, {"outcome": "conn", "unreached": True}, {"outcome": "ok", "status": 402}, {"outcome": "4xx", "status": 404}],
    ids=str,
)
def test_what_was_refused_must_not_be_there(attempt: dict[str, Any]) -> None:
    story = Story([("a", attempt), ("b", OK)], {"orders": keys("a", "b"), "payments": keys("a", "b")})
    assert classes(story) == {"resurrected": {"a"}}


def test_an_order_whose_redirect_led_to_its_page_was_acknowledged() -> None:
    assert classes(Story([("a", {**OK, "redirected": True})])) == {"lost": {"a"}}


def test_attempts_of_one_key_are_one_operation() -> None:
    """Refused after a time-out says nothing of the first attempt; acknowledged at last is acknowledged."""
    for attempts, told in (([HUNG, NO], {}), ([NO, NO], {"resurrected": {"a"}}), ([HUNG, BROKEN, OK], {})):
        asked = [("a", attempt) for attempt in attempts]
        story = Story([*asked, ("b", OK)], {"orders": keys("a", "b"), "payments": keys("a", "b")})
        assert classes(story) == told
    story = Story([("a", HUNG), ("a", OK), ("b", OK)], {"orders": keys("b"), "payments": keys("b")})
    assert classes(story) == {"lost": {"a"}}


# --- the order of a source ---


def account(*entries: tuple[str, str]) -> list[dict[str, Any]]:
    return [{"key": key, "account": name} for key, name in entries]


def test_rows_of_one_account_stand_in_the_order_in_which_they_were_acknowledged() -> None:
    story = Story(all_ok("abcd"), sources={"log": STORE}, in_order={"log": "account"})
    story.held["log"] = account(("a", "x"), ("c", "y"), ("b", "x"), ("d", "y"))
    assert classes(story) == {}
    story.held["log"] = account(("b", "x"), ("c", "y"), ("a", "x"), ("d", "y"))
    assert classes(story) == {"reordered": {"a"}}


def test_those_under_way_together_have_no_order_and_one_that_comes_again_comes_later() -> None:
    together = [("a", OK | {"took_ms": 1500.0}), ("b", OK), ("c", OK)]
    story = Story(together, sources={"log": STORE}, in_order={"log": "account"})
    story.held["log"] = account(("b", "x"), ("a", "x"), ("c", "x"), ("b", "x"))
    assert classes(story) == {"duplicated": {"b"}}


# --- where something could not be read ---


def test_what_an_unread_source_could_explain_is_not_decided_and_the_rest_fails() -> None:
    story = honest("a", "b", errors={"waiting": "no such table"})
    story.asked.append(("c", OK))
    found = story.check()
    assert (found.outcome.value, found.reason) == ("inconclusive", "not_read")
    assert "no such table" in found.because
    story.held["payments"] = [*story.held["payments"], *keys("b")]
    assert story.check().reason == "duplicated"


def test_rows_that_name_nobody_may_be_the_missing_ones() -> None:
    story = honest("a", "b")
    story.asked += all_ok("cd")
    story.held["waiting"] = [{"id": "77"}]
    assert story.check().reason == "lost"
    story.held["waiting"] = [{"id": "77"}, {"id": "78"}]
    assert story.check().reason == "keys_unreadable"


def test_requests_without_a_key_may_have_asked_for_a_phantom() -> None:
    story = honest("a")
    story.held["orders"] = [*story.held["orders"], *keys("p")]
    story.held["payments"] = [*story.held["payments"], *keys("p")]
    story.others = [{"at_s": 50.0, "endpoint": "POST /checkout"}]
    assert story.check().reason == "keys_unreadable"
    story.others = []
    assert story.check().reason == "phantom"


def test_keys_in_another_spelling_are_not_a_loss_of_everything() -> None:
    story = Story(all_ok("ab"), {"orders": keys("A", "B"), "payments": keys("A", "B")})
    found = story.check()
    assert (found.outcome.value, found.reason) == ("inconclusive", "keys_unreadable")


def test_without_a_reading_at_the_start_rows_of_others_may_be_old() -> None:
    story = honest("a", errors={"orders at start": "refused"})
    story.held["orders"] = [*story.held["orders"], *keys("p")]
    story.sources = {"orders": STORE, "payments": EFFECT, "waiting": QUEUE}
    story.held["payments"] = [*story.held["payments"], *keys("p")]
    assert story.check().reason == "keys_unreadable"
