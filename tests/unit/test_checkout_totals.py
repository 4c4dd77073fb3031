"""What the checkout charges, by its settings and its release; and how what was charged wrongly is found and given back."""

from __future__ import annotations

import asyncio
import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

APP = Path(__file__).parents[2] / "compose/checkout/app"
OLD, NEW, WRAPPED = "good", "settings", "overcharge"
TWO = ({"sku": 1, "quantity": 1}, {"sku": 2, "quantity": 1})
THREE = (*TWO, {"sku": 3, "quantity": 2})
Load = Callable[..., ModuleType]


def unheard(name: str) -> ModuleType:
    """A module that does nothing; `shown` is what the gauge was last told."""
    module = ModuleType(name)
    said: dict[str, Any] = {
        "error": lambda *_, **__: None,
        "show_totals_differ": lambda orders: setattr(module, "shown", dict(orders)),
        "Provider": object,
        "Store": object,
        "Failed": type("Failed", (Exception,), {}),
    }
    module.__dict__.update(said)
    return module


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> Iterator[Load]:
    """A module of the checkout in a process of this release, with what talks to others left out."""

    def load(name: str, release: str = OLD) -> ModuleType:
        package = ModuleType("checkout")
        package.__path__ = [str(APP / "checkout")]
        monkeypatch.setitem(sys.modules, "checkout", package)
        for other in ("logs", "metrics", "provider", "store", "calls"):
            silent = unheard(f"checkout.{other}")
            monkeypatch.setitem(sys.modules, f"checkout.{other}", silent)
            setattr(package, other, silent)
        monkeypatch.syspath_prepend(str(APP / "releases"))
        package.release = importlib.import_module(release)  # type: ignore[attr-defined]
        return importlib.import_module(f"checkout.{name}")

    yield load
    for name in [name for name in sys.modules if name.startswith("checkout.") or name in (OLD, NEW, WRAPPED)]:
        sys.modules.pop(name, None)


def test_an_order_costs_its_items_and_is_charged_as_ordered(load: Load) -> None:
    pricing = load("pricing")
    assert pricing.handling_cents({"handling": "0"}) == pricing.handling_cents({}) == 0
    assert pricing.charged_cents(1000, THREE, {"offer": "off"}) == 1000
    assert pricing.NEW_SETTINGS == {}


def test_the_old_code_cannot_read_the_new_settings_and_the_new_code_reads_both(load: Load) -> None:
    with pytest.raises(ValueError, match="0 cents"):
        load("pricing").handling_cents({"handling": "0 cents"})


def test_the_new_code_reads_settings_old_and_new(load: Load) -> None:
    pricing = load("pricing", NEW)
    assert [pricing.handling_cents({"handling": text}) for text in ("0", "0 cents", "25 cents")] == [0, 0, 25]
    assert pricing.NEW_SETTINGS == {"handling": "0 cents"}


def test_the_flag_means_a_discount_to_the_old_code_and_none_to_the_new(load: Load) -> None:
    assert load("pricing").charged_cents(1005, TWO, {"offer": "on"}) == 905


def test_the_flag_means_no_discount_to_the_new_code(load: Load) -> None:
    assert load("pricing", NEW).charged_cents(1005, TWO, {"offer": "on"}) == 1005


def test_the_release_that_charges_wrongly_does_so_from_three_things_on(load: Load) -> None:
    pricing = load("pricing", WRAPPED)
    assert [pricing.charged_cents(1000, items, {}) for items in (TWO, THREE)] == [1000, 1250]


# --- reconciliation -------------------------------------------------------------------------------------------------------


class Book:
    """The provider's records and the orders' totals, in memory."""

    def __init__(self, charges: dict[str, int], orders: dict[str, tuple[int, str]]) -> None:
        self.cents, self.orders, self.refunds = dict(charges), orders, 0

    def _shown(self, order: str) -> dict[str, Any]:
        return {"id": f"ch_{order}", "reference": order, "net_cents": self.cents[order]}

    async def charges(self, path: str) -> list[dict[str, Any]]:
        after = path.partition("starting_after=ch_")[2]
        names = list(self.cents)
        return [self._shown(order) for order in names[names.index(after) + 1 if after else 0 :][:2]]

    async def charge_for(self, order: str) -> dict[str, Any]:
        return self._shown(order)

    async def refund(self, charge: str, cents: int) -> None:
        self.refunds += 1
        self.cents[charge.removeprefix("ch_")] -= cents

    async def totals(self, orders: list[str]) -> dict[str, tuple[int, str]]:
        return {order: self.orders[order] for order in orders if order in self.orders}


GOOD = {"a": (100, "1.4.2"), "b": (200, "1.4.2"), "c": (300, "1.9.0"), "d": (400, "1.9.0"), "e": (500, "1.4.2")}


def totals(orders: dict[str, tuple[int, str]]) -> dict[str, int]:
    return {order: cents for order, (cents, _) in orders.items()}


def looked(reconcile: ModuleType, book: Book, times: int = 4) -> SimpleNamespace:
    reconciler = reconcile.Reconciler(book, book)
    for _ in range(times):
        asyncio.run(reconciler.look())
    return SimpleNamespace(differing=reconciler.differing, shown=reconcile.metrics.shown, look=reconciler.look)


def test_charges_that_are_what_was_ordered_differ_from_nothing(load: Load) -> None:
    seen = looked(load("reconcile"), Book(totals(GOOD), GOOD))
    assert seen.differing == seen.shown == {}


def test_exactly_the_orders_that_were_charged_otherwise_are_found_with_their_release(load: Load) -> None:
    seen = looked(load("reconcile"), Book({**totals(GOOD), "c": 550, "e": 450, "x": 70}, GOOD))
    assert seen.differing == {"c": ("ch_c", 250, "1.9.0"), "e": ("ch_e", -50, "1.4.2"), "x": ("ch_x", 70, "none")}
    assert seen.shown == {"1.9.0": 1, "1.4.2": 1, "none": 1}


def test_what_was_given_back_differs_no_more(load: Load) -> None:
    reconcile, book = load("reconcile"), Book({**totals(GOOD), "c": 550}, GOOD)
    seen = looked(reconcile, book)
    assert seen.shown == {"1.9.0": 1}
    book.cents["c"] = 300
    asyncio.run(seen.look())
    assert reconcile.metrics.shown == {}


def test_what_was_too_much_is_given_back_once_and_what_was_too_little_is_said(
    load: Load, capsys: pytest.CaptureFixture[str]
) -> None:
    reconcile, book = load("reconcile"), Book({**totals(GOOD), "c": 550, "d": 650, "e": 450}, GOOD)
    assert asyncio.run(reconcile.give_back(book, book)) == 1
    assert asyncio.run(reconcile.give_back(book, book)) == 1
    assert book.refunds == 2
    assert (book.cents["c"], book.cents["d"]) == (300, 400)
    assert "order e: 50 cents too little were charged" in capsys.readouterr().err
