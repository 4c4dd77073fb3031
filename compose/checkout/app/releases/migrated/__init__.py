"""Release 1.11.0: an order has a currency, and its rate. It needs version 2 of the schema (data/migrations/), and is well otherwise.

What it writes, the release before it can read: columns more in a row, a field more in the catalogue; the queue's entries are the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

VERSION = "1.11.0"

# Columns of an order that this release writes and reads, beside those of the first schema.
ORDER = {"currency": "EUR", "rate_ppm": 1_000_000}
# What its catalogue says beside the products.
CATALOG = {"currency": "EUR"}


async def receipt(provider: Any, charge: Mapping[str, Any], items: Sequence[Mapping[str, int]]) -> dict[str, Any]:
    """The charge's number, how many pieces were bought, and in which currency."""
    return {"payment": charge["id"], "pieces": sum(item["quantity"] for item in items), **CATALOG}
