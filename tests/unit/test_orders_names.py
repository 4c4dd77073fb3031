"""What a pass rests on beside keys: whose an `id` is, whether a name was ever there, and which of several stores has an order."""

from __future__ import annotations

from typing import Any

import pytest
from order_stories import Rows_, Story, all_ok, honest, keys

from harness import facts as f
from harness.drill.orders import Orders, Source
from harness.drill.own_ids import own_ids
from harness.orders.declared import DEAD, EFFECT, STORE
from harness.verdict import Outcome

OPEN = (Outcome.INCONCLUSIVE, "keys_unreadable")
ORDERS = {"is": "store", "sql": {"service": "db", "query": "SELECT idempotency_key AS key, id FROM public.orders o"}}
LIST = {"is": "store", "http": {"service": "api", "port": 80, "path": "/orders", "fields": {"key": "key", "id": "id"}}}
HTTP = {"service": "psp", "port": 80, "path": "/charges"}


# --- whose an id is ---


@pytest.mark.parametrize(
    ("way", "own"),
    [
        ({"sql": {"service": "db", "query": "SELECT id, amount FROM charges"}}, True),
        ({"sql": {"service": "db", "query": "SELECT c.id FROM charges c WHERE ok AND id > 3 ORDER BY id"}}, True),
        ({"sql": {"service": "db", "query": "SELECT * FROM charges"}}, True),
        ({"sql": {"service": "psp-db", "query": "SELECT id FROM orders"}}, True),
        ({"sql": {"service": "db", "query": "SELECT order_id AS id, amount FROM charges"}}, False),
        ({"sql": {"service": "db", "query": "select c.order_id id from charges c"}}, False),
        ({"sql": {"service": "db", "query": "SELECT id FROM orders WHERE state = 'fulfilled'"}}, False),
        ({"http": HTTP}, True),
        ({"http": {**HTTP, "fields": {"id": "id", "amount": "cents"}}}, True),
        ({"http": {**HTTP, "fields": {"id": "id", "amount": "cents"}}, "id_of": "order"}, False),
        ({"sql": {"service": "db", "query": "SELECT id, amount FROM charges"}, "id_of": "order"}, False),
        ({"http": {**HTTP, "fields": {"id": "reference", "amount": "cents"}}}, False),
        ({"http": {"service": "api", "port": 80, "path": "/orders?state=done", "each": "orders"}}, False),
        ({"redis": {"service": "redis", "set": "charged"}}, False),
        ({"command": {"run": ["charges.sh"]}}, False),
    ],
    ids=str,
)
def test_a_drill_says_that_an_effects_id_is_the_orders_or_does_not(way: dict[str, Any], own: bool) -> None:
    sources = {"orders": ORDERS, "list": LIST, "charges": {"is": "effect", **way}}
    read = {name: Source.model_validate(source) for name, source in sources.items()}
    assert own_ids(read) == ({"charges"} if own else set())


class Unsaid(Story):
    """A story whose drill does not say whose the ids of its payments are."""

    @property
    def declared(self) -> Any:
        sources = {"orders": ORDERS, "payments": {"is": "effect", "http": HTTP}}
        return Orders.model_validate(
            {"request": "POST /checkout", "key": {"header": "K"}, "sources": sources}
        ).declared()


def unsaid(orders: list[Any], payments: list[Any]) -> tuple[Outcome, str]:
    names = [f"k{number}" for number in range(len(orders))]
    held: dict[str, Rows_] = {
        "orders": [{"key": name, "id": own} for name, own in zip(names, orders, strict=True)],
        "payments": [{"id": own} for own in payments],
    }
    found = Unsaid(all_ok(names), held, sources={"orders": STORE, "payments": EFFECT}).check()
    return found.outcome, found.reason


def test_numbers_that_fit_orders_whatever_they_count_prove_nothing() -> None:
    """Charges 1 to 5, of which order 2 paid two and order 4 none."""
    assert unsaid([1, 2, 3, 4, 5], [1, 2, 3, 4, 5]) == OPEN
    assert unsaid([1, 2, 3, 4, 5], [1, 2, 3, 5]) == OPEN


def test_ids_that_would_not_fit_by_chance_are_the_orders() -> None:
    names = ["o-7f", "o-12", "o-99"]
    far = [720_112_334_001, 720_112_990_417, 720_113_500_222]
    for orders in (names, far):
        assert unsaid(orders, orders) == (Outcome.PASSED, "met")
        assert unsaid(orders, orders[1:]) == (Outcome.FAILED, "orphan")


def test_an_id_that_comes_twice_is_no_rows_own() -> None:
    assert unsaid([1, 2, 3], [1, 2, 2, 3]) == (Outcome.FAILED, "duplicated")


# --- several stores ---


def test_of_several_stores_one_is_enough_and_it_is_told() -> None:
    story = Story(all_ok("abc"), {"orders": keys("a", "b", "c"), "shipments": keys("a", "b")})
    story.sources = {"orders": STORE, "shipments": STORE}
    found = story.check()
    assert found.outcome is Outcome.PASSED
    assert found.because.endswith("1 stands in only some of orders, shipments, which is enough")
    story.held["shipments"] = keys("a", "b", "c")
    assert "only some" not in story.check().because


# --- a name that was never there ---


class Misspelled(Story):
    """A story whose dead letters are read from a list of Redis."""

    @property
    def declared(self) -> Any:
        sources = {"orders": ORDERS, "parked": {"is": "dead", "redis": {"service": "redis", "list": "dead-leters"}}}
        return Orders.model_validate(
            {"request": "POST /checkout", "key": {"header": "K"}, "sources": sources}
        ).declared()


def test_a_list_that_was_never_there_passes_and_its_name_is_said_not_to_be_proven() -> None:
    story = Misspelled(all_ok("ab"), {"orders": keys("a", "b")}, sources={"orders": STORE, "parked": DEAD})
    found = story.check()
    assert found.outcome is Outcome.PASSED
    assert found.because.endswith("parked was never there: its name is not proven")
    assert "in another database" in dict(found.details)["name"]
    assert "proven" not in honest("a", "b").check().because


def test_a_list_that_held_something_while_a_fault_was_on_is_rightly_named() -> None:
    look = f.SourceRead(seen_s=16.0, op="checkout", source="parked", role=DEAD, reading="amid", rows=3, most=3)
    story = Misspelled(
        all_ok("ab"), {"orders": keys("a", "b")}, sources={"orders": STORE, "parked": DEAD}, facts=(look,)
    )
    assert "proven" not in story.check().because


def test_a_list_that_a_glance_found_is_rightly_named() -> None:
    story = Misspelled(all_ok("ab"), {"orders": keys("a", "b")}, sources={"orders": STORE, "parked": DEAD}, most=3)
    assert "proven" not in story.check().because
