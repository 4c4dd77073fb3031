"""Friday's shoppers, of whom one in twenty buys for a company: each request says so (X-Segment), as the shop's own front end does."""

from __future__ import annotations

from typing import ClassVar

import friday_traffic


class Retail(friday_traffic.Shopper):
    """Most of all."""

    weight = 19
    tells: ClassVar[dict[str, str]] = {"X-Segment": "retail"}


class Wholesale(friday_traffic.Shopper):
    """Few, and the first whom a release forgets."""

    weight = 1
    tells: ClassVar[dict[str, str]] = {"X-Segment": "wholesale"}
