"""Shoppers, and somebody who looks at the status page and does not believe it.

The shoppers are those of friday_traffic.py. The sceptic asks for an order that is there. When it cannot be had, and /healthz says
at once that all is well, he waits a moment and asks both again: the second time that is a lie, and the request to /healthz
fails by it. (Once may be chance: something may have broken, or have been mended, between the two questions.)
"""

from __future__ import annotations

import random
import time
from collections import deque

import friday_traffic
from friday_traffic import json_of
from locust import task

ORDERS: deque[str] = deque(maxlen=200)
"""Of all shoppers: whoever doubts asks for one of these, so that it needs no order of his own."""


class Shopper(friday_traffic.Shopper):
    """Shops, and now and then compares what /healthz says with what happens."""

    @task(4)
    def doubt_the_status_page(self) -> None:
        ORDERS.extend(self.orders[-1:])
        if not ORDERS:
            self.browse()
            return
        if self.finds_an_order() or not self.hears_that_all_is_well():
            return
        time.sleep(0.2)
        if not self.finds_an_order():
            self.hears_that_all_is_well(and_it_is_not=True)

    def finds_an_order(self) -> bool:
        order = random.choice(ORDERS)
        with self.client.get(f"/orders/{order}", name="/orders/{id}", catch_response=True) as answer:
            found = answer.status_code == 200 and json_of(answer).get("id") == order
            if found:
                answer.success()
            else:
                answer.failure(f"not the order: status {answer.status_code}")
            return found

    def hears_that_all_is_well(self, *, and_it_is_not: bool = False) -> bool:
        """Whether /healthz says so."""
        with self.client.get("/healthz", name="/healthz", catch_response=True) as answer:
            said = json_of(answer).get("status") if answer.status_code == 200 else None
            if said not in ("ok", "degraded"):
                answer.failure(f"no health: status {answer.status_code}")
            elif said == "ok" and and_it_is_not:
                answer.failure("it says that all is well, and twice in a row an order could not be had")
            else:
                answer.success()
            return said == "ok"
