"""Release 2.0.0: settings are written with their unit, and the offer is a line on the receipt. It brings its settings along.

Its own fault passed the smoke test with one item: a receipt knows the offer for carts of one or two products.

What it leaves behind when only its code is taken back is worse. Release 1.4.2 cannot read the new `handling` ("0 cents"). And
`offer`, a flag that has been off for years, is asked for again under its old name: to 1.4.2 it says that a tenth of each payment is
given away.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

VERSION = "2.0.0"

SETTINGS = {"handling": "0 cents"}

SAVED_CENTS = {1: 0, 2: 50}


def handling_cents(setting: str) -> int:
    """With its unit, and as it was written before."""
    return int(setting.removesuffix(" cents"))


def charged_cents(total_cents: int, items: Sequence[Mapping[str, int]], settings: Mapping[str, str]) -> int:
    """What was ordered: the offer is told on the receipt, and is no discount."""
    return total_cents


async def receipt(provider: Any, charge: Mapping[str, Any], items: Sequence[Mapping[str, int]]) -> dict[str, Any]:
    """The charge's number, the pieces, and what the offer saved."""
    pieces = sum(item["quantity"] for item in items)
    return {"payment": charge["id"], "pieces": pieces, "saved_cents": SAVED_CENTS[min(len(items), 3)]}
