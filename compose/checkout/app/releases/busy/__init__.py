"""Release 1.8.0: receipts are numbered by a service of which each replica may ask for two a second, and six at once.

In the morning, when it was deployed and tried, that was enough. Above it there is no number, and the checkout fails: after the
payment was captured, and before the order is written down as paid.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Mapping, Sequence
from typing import Any

VERSION = "1.8.0"

A_SECOND, AT_ONCE = 2.0, 6.0
_numbers = itertools.count(1)
_left, _counted_at = AT_ONCE, time.monotonic()


class TooMany(Exception):
    """The contract is used up for the moment."""


def _number() -> int:
    global _left, _counted_at  # noqa: PLW0603 (one process, one contract)
    now = time.monotonic()
    _left, _counted_at = min(AT_ONCE, _left + (now - _counted_at) * A_SECOND), now
    if _left < 1:
        raise TooMany(f"no more than {A_SECOND:g} receipts a second")
    _left -= 1
    return next(_numbers)


async def receipt(provider: Any, charge: Mapping[str, Any], items: Sequence[Mapping[str, int]]) -> dict[str, Any]:
    """The charge's number, the receipt's own, and how many pieces were bought."""
    return {"payment": charge["id"], "number": _number(), "pieces": sum(item["quantity"] for item in items)}
