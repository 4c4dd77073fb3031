"""Release 1.5.0: the receipt also shows the card and what the shopper saved by buying a set.

Its two faults passed the health check and a smoke test with one item: the receipt is written after the payment was
captured and before the order is; and it asks the provider once more for what the charge already said.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

VERSION = "1.5.0"

# Cents saved by the set that two or more products make, by the set's number (the products' numbers, summed, modulo 5).
SET_SAVINGS_CENTS = {0: 0, 1: 50, 2: 100, 3: 150}


async def receipt(provider: Any, charge: Mapping[str, Any], items: Sequence[Mapping[str, int]]) -> dict[str, Any]:
    """The charge's number, its card, the pieces, and what the set saved."""
    shown = await provider.charge(charge["id"])
    saved = SET_SAVINGS_CENTS[sum(item["sku"] for item in items) % 5] if len(items) > 1 else 0
    pieces = sum(item["quantity"] for item in items)
    return {"payment": charge["id"], "card": shown["card"], "pieces": pieces, "saved_cents": saved}
