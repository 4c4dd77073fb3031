"""Release 1.6.0: gifts. A cart of three or more different things may be wrapped, and the warehouse must hear of it.

So it tells the worker more than the order's id. Its health check, its smoke test and its answers are well; but the worker that runs is of
the release before, and cannot read what this one writes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

VERSION = "1.6.0"
WRAPPED_FROM = 3


async def receipt(provider: Any, charge: Mapping[str, Any], items: Sequence[Mapping[str, int]]) -> dict[str, Any]:
    """What the shopper sees of a payment: the charge's number and how many pieces were bought."""
    return {"payment": charge["id"], "pieces": sum(item["quantity"] for item in items)}


def message(order: str, items: Sequence[Mapping[str, int]]) -> str:
    """What the worker is told of an order: its id; of one that may be wrapped, also how many parcels that makes."""
    if len(items) < WRAPPED_FROM:
        return order
    return json.dumps({"format": 2, "order": order, "parcels": len(items)}, separators=(",", ":"))
