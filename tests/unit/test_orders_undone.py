"""Queues whose messages can be counted and not read: what is not done fails where they stay, and is open where they may move."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest
from order_reach import FakeReach, counted
from order_stories import HUNG, Story, all_ok, keys

from harness.drill.orders import Orders
from harness.facts import SourceRead
from harness.fakeworld import FakeClock
from harness.orders.cure import cure
from harness.orders.declared import DEAD, EFFECT, QUEUE, STORE
from harness.orders.document import orders_doc
from harness.orders.readers import glance, read
from harness.orders.review import Reviews
from harness.run.readings import Readings
from harness.run.settling import Settling
from harness.verdict import Outcome

REFUSED = (
    "RabbitMQ at 10.0.0.2:5672, as guest: ACCESS_REFUSED - Login was refused using authentication mechanism PLAIN."
)
LOGIN = "a login that may read it: `user` and `password` of the source, or its `headers` over HTTP"


def stuck(first: int | None = 2, second: int | None = 2, **more: Any) -> Story:
    """Of four orders two are done; the others' messages wait for good."""
    story = Story(
        all_ok("abcd"),
        {"orders": keys("a", "b", "c", "d"), "payments": keys("a", "b")},
        errors={"waiting": REFUSED},
        quiet=False,
        waited_s=120.0,
        counts={("waiting", "first"): first, ("waiting", "second"): second},
    )
    return dataclasses.replace(story, **more)


def told(story: Story, **claim: Any) -> tuple[Outcome, str]:
    found = story.check(**claim)
    return found.outcome, found.reason


OPEN = (Outcome.INCONCLUSIVE, "not_read")
STUCK = (Outcome.FAILED, "stuck")


def test_what_is_acknowledged_and_not_done_while_messages_stay_is_stuck() -> None:
    found = stuck().check()
    assert (found.outcome, found.reason) == STUCK
    assert found.because.startswith(
        "2 operations of checkout were acknowledged, and still wait, or are lost or half there: c (1 in orders) and d (1 in orders)"
    )
    assert found.because.endswith(f"; 2 rows stayed in waiting, and whose they are could not be read: {REFUSED}")
    assert told(stuck(held={"orders": keys("a", "b"), "payments": keys("a", "b")})) == STUCK  # in no store either


def test_every_key_of_them_stands_in_verdict_json() -> None:
    story = stuck()
    reviews = Reviews({"checkout": story.book()}, story.journal(), story.rows(), over=True)
    (book,) = orders_doc(reviews, story.journal(), story.rows())
    (listed,) = [one for one in book["classes"] if one["class"] == "stuck"]
    assert (listed["count"], listed["keys"]) == (2, ["c", "d"])


def test_the_count_alone_proves_nothing_of_our_operations() -> None:
    story = stuck(held={"orders": keys("a", "b", "c", "d"), "payments": keys("a", "b", "c", "d")})
    found = story.check()
    assert (found.outcome, found.reason) == OPEN
    assert "waiting (2 rows, only counted) could not be read: RabbitMQ at" in found.because
    assert found.decide == LOGIN
    only = {"orders": STORE, "waiting": QUEUE}
    assert told(stuck(sources=only, held={"orders": keys("a", "b", "c", "d")})) == OPEN


@pytest.mark.parametrize(("first", "second"), [(3, 2), (0, 2), (None, 2), (2, None), (None, None)])
def test_a_queue_that_may_still_be_worked_off_leaves_it_open(first: int | None, second: int | None) -> None:
    assert told(stuck(first, second)) == OPEN


def test_so_does_another_that_nobody_could_count_and_a_stack_at_rest() -> None:
    sources = {"orders": STORE, "payments": EFFECT, "waiting": QUEUE, "retry": QUEUE}
    assert told(stuck(sources=sources, errors={"waiting": REFUSED, "retry": "gone"})) == OPEN
    assert told(stuck(quiet=True)) == OPEN
    assert told(stuck(sources=sources)) == STUCK  # it is read, and empty


def test_only_what_was_acknowledged_and_is_nowhere_else_counts() -> None:
    hung = [*all_ok("ab"), ("c", HUNG), ("d", HUNG)]
    assert told(stuck(asked=hung)) == OPEN
    given_up = {"orders": keys("a", "b", "c", "d"), "payments": keys("a", "b"), "parked": keys("c", "d")}
    assert told(stuck(held=given_up), dead=2) == OPEN
    assert told(stuck(held=given_up)) == (Outcome.FAILED, "dead")
    before = {"orders": keys("c", "d")}
    assert told(stuck(start=before))[0] is Outcome.INCONCLUSIVE


@pytest.mark.parametrize("claim", [{"stuck": 2}, {"dead": 2}, {"stuck": 1, "dead": 1}])
def test_what_the_claim_allows_may_be_what_is_not_done(claim: dict[str, int]) -> None:
    assert told(stuck(), **claim) == OPEN
    assert told(stuck(), **{word: number - 1 for word, number in claim.items()}) == STUCK


def test_rows_that_name_no_key_may_be_theirs() -> None:
    held = {"orders": keys("a", "b", "c", "d"), "payments": [*keys("a", "b"), {"other": 1}, {"other": 2}]}
    assert told(stuck(held=held)) == OPEN
    held["payments"].pop()
    assert told(stuck(held=held)) == STUCK


def test_sources_that_could_not_be_read_for_one_reason_are_told_in_one_sentence() -> None:
    story = stuck(None, None, errors={"waiting": "the broker is down", "parked": "the broker is down"})
    because = story.check().because
    assert because.startswith("waiting and parked could not be read: the broker is down; ")
    assert because.count("the broker is down") == 1
    assert {"waiting", "parked"} <= set(story.sources)
    assert story.sources["parked"] == DEAD


@pytest.mark.parametrize(
    ("error", "cured"),
    [
        (REFUSED, LOGIN),
        ('the query at db failed: FATAL:  password authentication failed for user "x"', LOGIN),
        ("the query at db failed: ERROR 1045 (28000): Access denied for user 'x'@'localhost'", LOGIN),
        ("list orders at redis: NOAUTH Authentication required.", LOGIN),
        ("payments answered /charges with 401: no", LOGIN),
        ("payments answered /charges with 500: no", ""),
        ("not read whole after 20 s", "a source that can be read within its `timeout`"),
    ],
)
def test_what_would_cure_it_is_told_by_what_was_said(error: str, cured: str) -> None:
    assert cure(error) == cured


def settled(tmp_path: Path, *waiting: int) -> tuple[SourceRead, Settling]:
    """A queue whose login is refused, read at the start and then until it is over; `waiting` is counted in it at each look."""
    left = list(waiting)
    reach = FakeReach(lambda *_: counted(left.pop(0) if len(left) > 1 else left[0], 0)([], {}), refuses=REFUSED)
    orders = Orders.model_validate({
        "request": "POST /checkout",
        "key": {"header": "Idempotency-Key"},
        "settle": {"quiet": "4s", "within": "6s"},
        "sources": {
            "orders": {"is": "store", "command": {"run": ["orders"]}},
            "waiting": {"is": "queue", "rabbitmq": {"service": "mq", "queue": "work"}},
        },
    })  # fmt: skip
    clock = FakeClock()

    def shop(way: Any) -> Any:
        return lambda reader: iter(()) if reader.word == "command" else way(reader, reach)

    readings = Readings(tmp_path, clock, shop(read), shop(glance))
    start = readings.take("checkout", "waiting", orders.sources["waiting"], "start").fact
    settling = Settling("checkout", orders, readings, {"waiting": start.error})
    while settling.settled is None:
        clock.wait_until(settling.due_s)
        settling.look()
    return start, settling


def test_a_queue_whose_login_is_refused_is_counted_at_each_reading(tmp_path: Path) -> None:
    start, settling = settled(tmp_path, 3, 3, 3, 3, 2)
    assert ("as guest: RabbitMQ" in start.error, start.counted) == (True, 3)
    assert settling.settled is not None
    assert not settling.settled.quiet
    taken = [one.fact for one in settling.taken if one.fact.source == "waiting"]
    assert [(one.reading, one.counted, bool(one.error)) for one in taken] == [("first", 2, True), ("second", 2, True)]


def test_one_that_is_known_to_be_empty_is_read_by_its_count(tmp_path: Path) -> None:
    start, settling = settled(tmp_path, 0)
    assert start.counted == 0
    assert settling.settled is not None
    assert (settling.settled.quiet, settling.settled.detail) == (True, "")
    assert [one.fact.error for one in settling.taken] == [""] * 4
