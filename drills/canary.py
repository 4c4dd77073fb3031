"""Shoppers of two segments, retail and wholesale: each tells the service which it is, and has a name of its own in the results.

They are the shoppers of friday_traffic.py, and buy more of the time: what is compared here is checkouts.
"""

from __future__ import annotations

from typing import ClassVar

import friday_traffic

Shopping = friday_traffic.Shopper
MOSTLY_BUYS = {Shopping.buy: 8, Shopping.browse: 1, Shopping.look_after_an_order: 1}


class Retail(Shopping):
    """Seven shoppers of eight."""

    weight = 7
    tasks = MOSTLY_BUYS
    checkout = "/checkout (retail)"
    tells: ClassVar[dict[str, str]] = {"X-Segment": "retail"}


class Wholesale(Shopping):
    """One shopper of eight: in the sum of all, what hurts these alone is small."""

    weight = 1
    tasks = MOSTLY_BUYS
    checkout = "/checkout (wholesale)"
    tells: ClassVar[dict[str, str]] = {"X-Segment": "wholesale"}
