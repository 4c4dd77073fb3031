"""A trace put together: ten with a known culprit, and what is missing of one."""

from __future__ import annotations

import dataclasses
import statistics
from collections.abc import Iterable

import pytest
from trace_stories import ASKED, Node, call, process, send, server, spans

from harness.spans import GivenSpans, Span, Trace, queued
from harness.spans.trace import Key, key_of

FAILED: dict[str, tuple[Node, str]] = {
    "a call that fails": (
        server("api", 60, call("api", "postgres", 5), call("api", "payments", 40, at_ms=10, error=True), error=True),
        "payments",
    ),
    "a failure two services down": (
        server("web", 90, call("web", "api", 80, server("api", 70, call("api", "db", 60, error=True), error=True),
                               error=True), error=True),
        "db",
    ),
    "a retry storm that ends in an error": (
        server("api", 400, *(call("api", "payments", 90, at_ms=100 * n, error=True) for n in range(4)), error=True),
        "payments",
    ),
    "a retry that helps": (
        server("api", 130, call("api", "payments", 60, error=True), call("api", "payments", 60, at_ms=65)),
        "payments",
    ),
    "a fan-out of which one branch fails": (
        server("api", 80, *(call("api", f"shard-{n}", 50, error=n == 3) for n in range(6)), error=True),
        "shard-3",
    ),
    "a service that fails by itself, though it calls others": (
        server("web", 90, call("web", "api", 80, server("api", 70, call("api", "db", 10), error=True), error=True),
               error=True),
        "api",
    ),
    "two failures at one depth: the later one is what was left when it failed": (
        server("api", 80, call("api", "cache", 5, error=True), call("api", "db", 50, at_ms=20, error=True), error=True),
        "db",
    ),
    "a span in the middle that never came": (
        server("web", 90, call("web", "api", 80, server("api", 70, call("api", "db", 60, error=True), error=True),
                               error=True, missing=True), error=True),
        "db",
    ),
    "clocks that are off by 50 ms, forwards": (
        server("web", 90, call("web", "api", 80, server("api", 70, call("api", "db", 60, error=True), error=True,
                                                        skew_ms=50), error=True), error=True),
        "db",
    ),
    "clocks that are off by 50 ms, backwards": (
        server("web", 90, call("web", "api", 80, server("api", 70, call("api", "db", 60, error=True), error=True,
                                                        skew_ms=-50), error=True), error=True),
        "db",
    ),
}  # fmt: skip


@pytest.mark.parametrize("story", FAILED)
def test_a_failure_is_laid_at_the_door_where_it_began(story: str) -> None:
    tree, who = FAILED[story]
    culprit = Trace(tuple(spans(tree)), ASKED).culprit
    assert culprit is not None
    assert culprit.blames == who


@pytest.mark.parametrize("story", FAILED)
def test_the_order_in_which_spans_come_changes_nothing(story: str) -> None:
    found = spans(FAILED[story][0])
    assert Trace(tuple(reversed(found)), ASKED).culprit == Trace(tuple(found), ASKED).culprit


def test_a_trace_without_an_error_accuses_nobody() -> None:
    assert Trace(tuple(spans(server("api", 60, call("api", "db", 5)))), ASKED).culprit is None


def usual_of(*trees: Node) -> dict[Key, float]:
    own: dict[Key, list[float]] = {}
    for tree in trees:
        for span, own_s in Trace(tuple(spans(tree)), ASKED).exclusive_s():
            own.setdefault(key_of(span), []).append(own_s)
    return {key: statistics.median(found) for key, found in own.items()}


def shop(db_ms: float = 5, payments_ms: float = 70, own_ms: float = 10, skew_ms: float = 0) -> Node:
    inner = server("payments", payments_ms, at_ms=1, skew_ms=skew_ms)
    calls = (call("api", "db", db_ms), call("api", "payments", payments_ms + 4, inner, at_ms=db_ms + 2))
    return server("api", db_ms + payments_ms + 8 + own_ms, *calls)


USUAL = usual_of(shop(5, 70), shop(6, 80), shop(4, 60))
SLOW: dict[str, tuple[Node, str]] = {
    "a slow call": (shop(db_ms=400), "db"),
    "a slow service behind a call": (shop(payments_ms=600), "payments"),
    "slow by itself": (shop(own_ms=500), "api"),
    "a slow call, and clocks that are off by 50 ms": (shop(db_ms=400, skew_ms=-50), "db"),
    "a slow call, and clocks that are off by 50 ms the other way": (shop(db_ms=400, skew_ms=50), "db"),
}


@pytest.mark.parametrize("story", SLOW)
def test_slowness_is_laid_at_the_door_of_the_span_whose_own_time_grew_most(story: str) -> None:
    tree, who = SLOW[story]
    slowest = Trace(tuple(spans(tree)), ASKED).slowest(USUAL)
    assert slowest is not None
    assert slowest.blames == who


def own_ms(found: Iterable[Span], name: str) -> float:
    (only,) = [own_s for span, own_s in Trace(tuple(found), ASKED).exclusive_s() if span.name == name]
    return round(only * 1e3, 6)


def test_calls_at_the_same_time_are_counted_once() -> None:
    both = spans(server("api", 100, call("api", "a", 50, at_ms=10), call("api", "b", 50, at_ms=30)))
    assert own_ms(both, "serve api") == 30


def test_a_consumer_takes_nothing_from_the_time_of_the_producer_above_it() -> None:
    assert own_ms(spans(server("api", 100, send("api", 20, process("worker", 300)))), "send") == 20


def test_a_child_of_another_clock_counts_by_its_length() -> None:
    skewed = spans(server("web", 100, call("web", "api", 80, server("api", 60, skew_ms=-50))))
    assert own_ms(skewed, "call api") == 20


def test_the_root_is_who_took_the_request_up() -> None:
    found = spans(server("api", 60, call("api", "db", 5)))
    root = Trace(tuple(found), ASKED).root
    assert root is not None
    assert root.service == "api"
    assert Trace(tuple(found), "f" * 16).root is None


def test_a_span_whose_parent_never_came_is_an_orphan_and_so_is_one_that_begins_anew() -> None:
    cut = spans(server("web", 90, call("web", "api", 80, server("api", 70), missing=True)))
    assert [span.service for span in Trace(tuple(cut), ASKED).orphans] == ["api"]
    anew = [dataclasses.replace(span, parent="") if span.service == "api" else span for span in cut]
    assert [span.service for span in Trace(tuple(anew), ASKED).orphans] == ["api"]
    whole = spans(server("web", 90, call("web", "api", 80, server("api", 70))))
    assert Trace(tuple(whole), ASKED).orphans == ()


def test_a_message_is_known_by_the_parent_or_by_the_link_of_its_consumer() -> None:
    sent = spans(server("api", 60, send("api", 5, process("worker", 30))))
    consumer = next(span for span in sent if span.name == "process")
    producer = next(span for span in sent if span.name == "send")
    others = [span for span in sent if span is not consumer]
    linked = dataclasses.replace(consumer, trace="b" * 32, parent="", links=((producer.trace, producer.number),))
    for taken in (consumer, linked):
        found = queued(GivenSpans.of([*others, taken]), [Trace(tuple(others), ASKED)])
        assert (found.sent, found.lost, found.strays) == (1, (), ())


def test_a_consumer_that_names_nobody_is_a_stray_and_its_message_is_lost() -> None:
    sent = spans(server("api", 60, send("api", 5, process("worker", 30))))
    consumer = next(span for span in sent if span.name == "process")
    others = [span for span in sent if span is not consumer]
    stray = dataclasses.replace(consumer, trace="b" * 32, parent="")
    found = queued(GivenSpans.of([*others, stray]), [Trace(tuple(others), ASKED)])
    assert found.sent == 1
    assert [span.name for span in found.lost] == ["send"]
    assert found.strays == (stray,)
    assert found.unheard == found.lost, "no consumer names such a message"
    assert (found.unnamed, found.taken) == (1, 0)
    poll = dataclasses.replace(stray, number="f" * 16, links=((sent[0].trace, sent[0].number),))
    assert queued(GivenSpans.of([*others, stray, poll]), []).strays == (), "another span of its trace names the cause"
