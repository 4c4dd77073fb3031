"""The story of a checkout: the order is opened, the payment captured, the order settled. Asked twice, it is told once.

Money is only ever asked for an order that is in the database, with the order as the key. So whatever breaks, wherever, there
is at most one charge for an order, and the worker's sweep finds every charge whose order was never settled.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from checkout import deadline, logs, metrics, pricing, release
from checkout.calls import Failed
from checkout.catalog import Catalog
from checkout.provider import Declined, Provider
from checkout.release import VERSION
from checkout.store import Store
from checkout.web import Unavailable

# What the worker is told of an order: its id, unless the release has more to say.
_message: Callable[[str, Sequence[Mapping[str, int]]], str] = getattr(release, "message", lambda order, items: order)

MOST_ITEMS = 20
MOST_PIECES = 99


class Refusal(Exception):
    """The shopper's request cannot be meant: 400, 409 or 422 with the reason."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status, self.why = status, why


@dataclass(frozen=True)
class Cart:
    items: tuple[dict[str, int], ...]
    card: str
    total_cents: int

    @property
    def fingerprint(self) -> str:
        return hashlib.sha256(json.dumps([self.items, self.card], sort_keys=True).encode()).hexdigest()


def cart_of(body: Any, prices_cents: Mapping[int, int], fee_cents: int = 0) -> Cart:
    """The cart in a request's body: {"items": [{"sku": 7, "quantity": 2}], "card": "tok_…"}. Raises Refusal."""
    if not isinstance(body, dict) or not isinstance(body.get("items"), list) or not isinstance(body.get("card"), str):
        raise Refusal(400, "expected an object with `items` (a list) and `card` (the provider's token)")
    if not 0 < len(body["items"]) <= MOST_ITEMS:
        raise Refusal(422, f"a cart has 1 to {MOST_ITEMS} items")
    pieces: dict[int, int] = {}
    for item in body["items"]:
        sku, quantity = (item.get("sku"), item.get("quantity", 1)) if isinstance(item, dict) else (None, None)
        if type(sku) is not int or type(quantity) is not int or not 0 < quantity <= MOST_PIECES:
            raise Refusal(422, f"an item has a `sku` and a `quantity` of 1 to {MOST_PIECES}")
        if sku not in prices_cents:
            raise Refusal(422, f"there is no product {sku}")
        pieces[sku] = pieces.get(sku, 0) + quantity
    items = tuple({"sku": sku, "quantity": pieces[sku]} for sku in sorted(pieces))
    return Cart(items, body["card"], fee_cents + sum(prices_cents[sku] * count for sku, count in pieces.items()))


class Checkout:
    def __init__(self, store: Store, provider: Provider, catalog: Catalog) -> None:
        self._store, self._provider, self._catalog = store, provider, catalog

    async def check_out(self, key: str, body: Any) -> tuple[int, dict[str, Any]]:
        """Status and body of the answer: 201 paid, 202 to be paid later or being settled, 402 declined."""
        await self._catalog.refresh()
        fee_cents = pricing.handling_cents(self._catalog.settings)
        cart = cart_of(body, self._catalog.prices_cents, fee_cents)
        try:
            order = await self._store.open_order(key, cart.fingerprint, cart.items, cart.total_cents, cart.card)
        except Failed as failed:
            raise Unavailable(failed) from failed
        if order["fingerprint"] != cart.fingerprint:
            raise Refusal(422, "this Idempotency-Key was used for another cart")
        identity = str(order["id"])
        if order["state"] not in ("pending", "abandoned"):
            _count("replayed")
            return _told(order["state"], identity, order["total_cents"], order["payment_id"])
        return await self._pay(identity, cart)

    async def _pay(self, order: str, cart: Cart) -> tuple[int, dict[str, Any]]:
        message = _message(order, cart.items)
        try:
            cents = pricing.charged_cents(cart.total_cents, cart.items, self._catalog.settings)
            charge = await self._provider.capture(order, cents, cart.card)
        except Declined as declined:
            await self._settled(self._store.decline(order), order)
            _count("declined")
            return 402, {"order": order, "state": "declined", "error": str(declined)}
        except Failed as failed:
            logs.warning(
                "to be paid later: payments cannot be had", dependency="payments", cause=failed.why, order=order
            )
            try:
                await self._store.settle(order, "pay_later", None, message=message)
            except Failed as lost:  # neither paid nor written down: the sweep would give it up, so nobody may be told that it goes on
                raise Unavailable(lost) from lost
            _count("pay_later")
            return _told("pay_later", order, cart.total_cents, None)
        receipt = await release.receipt(self._provider, charge, cart.items)
        if not await self._settled(self._store.settle(order, "paid", charge["id"], message=message), order):
            _count("processing")
            return _told("processing", order, cart.total_cents, charge["id"])
        _count("paid")
        logs.info("paid", order=order, payment=charge["id"], cents=cart.total_cents, items=len(cart.items))
        status, told = _told("paid", order, cart.total_cents, charge["id"])
        return status, {**told, "receipt": receipt}

    async def _settled(self, work: Any, order: str) -> bool:
        """Whether what the provider did was written down. If not, the sweep will, from the provider's records: the shopper is told
        that it goes on, not that it failed, for it did not."""
        try:
            await work
            return True
        except Failed as failed:
            logs.error("not settled: the worker will", dependency=failed.dependency, cause=failed.why, order=order,
                       left_ms=round(deadline.left_s() * 1000))  # fmt: skip
            return False


def _count(outcome: str) -> None:
    metrics.orders_total.labels(outcome, VERSION).inc()


def _told(state: str, order: str, cents: int, payment: str | None) -> tuple[int, dict[str, Any]]:
    status = {"paid": 201, "fulfilled": 201, "declined": 402}.get(state, 202)
    return status, {"order": order, "state": state, "total_cents": cents, "payment": payment}
