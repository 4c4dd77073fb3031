"""Shoppers on a Friday: an ordinary locustfile. Locust alone runs it too:

    locust -f drills/friday_traffic.py --host http://localhost:8090

An arrival is one thing that a shopper does: look around, buy, or look after an order. Three things make it honest while
things break:

* an answer is right only if it says what it must: a paid order with 201, one that is paid later with 202, an order with
  its items; anything else fails its request, and never raises out of the task;
* a shopper whose checkout failed presses the button again a moment later, once, with the same Idempotency-Key: if the first attempt had
  gone through after all, the second is told so, and nobody pays twice;
* nobody asks for what cannot be there: who has not seen the catalogue yet looks at it first, who has no order browses.
"""

from __future__ import annotations

import random
import time
import uuid
from typing import Any, ClassVar

from locust import FastHttpUser, task

CARD = "tok_visa"
REMEMBERED = 20


class Shopper(FastHttpUser):
    """Browses most of the time, buys one to four different things, and looks after what was bought."""

    checkout = "/checkout"  # what an attempt at a checkout is called in the results
    tells: ClassVar[dict[str, str]] = {}  # headers of each attempt, beside its key

    def on_start(self) -> None:
        self.skus: list[int] = []
        self.orders: list[str] = []
        self.browse()

    @task(5)
    def browse(self) -> None:
        with self.client.get("/catalog", name="/catalog", catch_response=True) as answer:
            products = json_of(answer).get("products") if answer.status_code == 200 else None
            if products:
                self.skus = [product["sku"] for product in products]
                answer.success()
            else:
                answer.failure(f"no catalogue: status {answer.status_code}")

    @task(3)
    def buy(self) -> None:
        if not self.skus:
            self.browse()
            return
        cart = {"items": items(self.skus), "card": CARD}
        key = str(uuid.uuid4())
        if not self.check_out(key, cart):
            time.sleep(random.uniform(0.5, 1.5))
            self.check_out(key, cart)

    @task(2)
    def look_after_an_order(self) -> None:
        if not self.orders:
            self.browse()
            return
        order = random.choice(self.orders)
        with self.client.get(f"/orders/{order}", name="/orders/{id}", catch_response=True) as answer:
            said = json_of(answer)
            if answer.status_code == 200 and said.get("id") == order and said.get("items"):
                answer.success()
            else:
                answer.failure(f"not the order: status {answer.status_code}")

    def check_out(self, key: str, cart: dict[str, Any]) -> bool:
        """One attempt. Whether the order is taken."""
        headers = {"Idempotency-Key": key, **self.tells}
        with self.client.post(
            "/checkout", json=cart, headers=headers, name=self.checkout, catch_response=True
        ) as answer:
            said = json_of(answer)
            taken = answer.status_code in (201, 202) and bool(said.get("order"))
            if taken:
                self.orders = [*self.orders[1 - REMEMBERED :], said["order"]]
                answer.success()
            else:
                answer.failure(f"not taken: status {answer.status_code} {said.get('error', '')}".strip())
            return taken


def items(skus: list[int]) -> list[dict[str, int]]:
    """A cart: one thing for most, up to four different ones."""
    different = random.choices((1, 2, 3, 4), weights=(40, 30, 20, 10))[0]
    return [{"sku": sku, "quantity": random.choice((1, 1, 1, 2))} for sku in random.sample(skus, different)]


def json_of(answer: Any) -> dict[str, Any]:
    """The answer as JSON; {} for an error page, half an answer or none."""
    try:
        said = answer.json()
    except (ValueError, TypeError):
        return {}
    return said if isinstance(said, dict) else {}
