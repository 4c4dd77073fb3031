"""Shoppers while the schema changes under them: those of friday_traffic.py, who also ask for what the new release wrote.

An order that was taken by another release than the first that answered is looked up under a name of its own,
`/orders/{id} of the new release`: whether the release before it can read what it wrote is then a claim about that request.
"""

from __future__ import annotations

import random
from typing import Any

from friday_traffic import CARD, REMEMBERED, items, json_of
from locust import FastHttpUser, task

known: dict[str, str] = {}
"""Under "first" the release that answered first, which is the one before."""
newer: list[str] = []
"""Orders that another release took, of all shoppers: there are few, and each is asked for again."""


class Shopper(FastHttpUser):
    """Buys half of the time, and looks after orders."""

    def on_start(self) -> None:
        self.skus: list[int] = []
        self.orders: list[str] = []
        self.browse()

    @task(3)
    def browse(self) -> None:
        with self.client.get("/catalog", name="/catalog", catch_response=True) as answer:
            products = json_of(answer).get("products") if answer.status_code == 200 else None
            if products:
                self.skus = [product["sku"] for product in products]
                known.setdefault("first", answer.headers.get("X-Version", ""))
                answer.success()
            else:
                answer.failure(f"no catalogue: status {answer.status_code}")

    @task(5)
    def buy(self) -> None:
        if not self.skus:
            self.browse()
            return
        cart = {"items": items(self.skus), "card": CARD}
        headers = {"Idempotency-Key": f"{random.getrandbits(128):032x}"}
        with self.client.post("/checkout", json=cart, headers=headers, name="/checkout", catch_response=True) as answer:
            said = json_of(answer)
            if answer.status_code not in (201, 202) or not said.get("order"):
                answer.failure(f"not taken: status {answer.status_code} {said.get('error', '')}".strip())
                return
            answer.success()
            if answer.headers.get("X-Version", "") == known.get("first"):
                self.orders = [*self.orders[1 - REMEMBERED :], said["order"]]
            else:
                newer.append(said["order"])

    @task(2)
    def look_after_an_order(self) -> None:
        if not self.orders:
            self.browse()
            return
        order = random.choice(self.orders)
        with self.client.get(f"/orders/{order}", name="/orders/{id}", catch_response=True) as answer:
            judged(answer, order)

    @task(3)
    def look_after_an_order_of_the_new_release(self) -> None:
        if not newer:
            self.browse()
            return
        order = random.choice(newer)
        with self.client.get(f"/orders/{order}", name="/orders/{id} of the new release", catch_response=True) as answer:
            judged(answer, order)


def judged(answer: Any, order: str) -> None:
    said = json_of(answer)
    if answer.status_code == 200 and said.get("id") == order and said.get("items"):
        answer.success()
    else:
        answer.failure(f"not the order: status {answer.status_code}")
