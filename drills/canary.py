"""Shoppers of two segments, retail and wholesale: each tells the service which it is, and has a name of its own in the results.

They are the shoppers of friday_traffic.py, and buy more of the time: what is compared here is checkouts.
"""

from __future__ import annotations

from typing import ClassVar

import friday_traffic
from locust import task


class Buyer(friday_traffic.Shopper):
    """Buys most of the time."""

    abstract = True

    @task(20)
    def buy_more(self) -> None:
        self.buy()


class Retail(Buyer):
    """Five shoppers of six."""

    weight = 5
    checkout = "/checkout (retail)"
    tells: ClassVar[dict[str, str]] = {"X-Segment": "retail"}


class Wholesale(Buyer):
    """One shopper of six: in the sum of all, what hurts these alone is small."""

    weight = 1
    checkout = "/checkout (wholesale)"
    tells: ClassVar[dict[str, str]] = {"X-Segment": "wholesale"}
