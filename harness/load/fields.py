"""What a request event says of a request, as the ledger can hold it: a client that is not Locust's own says what it likes.

Pure. Locust takes any value there and only adds it up, so none of these may raise.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.ledger.layout import NEVER

_MOST_STATUS = 0xFFFF


def status_of(told: Any) -> int:
    """A status of HTTP's as a number; 0 for what is none (the name of a status, a gRPC code)."""
    number = _whole(told)
    return number if 0 <= number <= _MOST_STATUS else 0


def size_of(told: Any) -> int:
    """An answer's length in bytes; 0 where it is not known."""
    return min(max(0, _whole(told)), NEVER)


def took_us_of(meta: Mapping[str, Any]) -> int:
    """How long the request took, µs; NEVER where what is told is no time, so that nothing is made of it."""
    took_ms = meta.get("response_time")
    try:
        return min(max(0, round(took_ms * 1000)), NEVER - 1) if took_ms else 0
    except (TypeError, ValueError, OverflowError):
        return NEVER


def _whole(told: Any) -> int:
    try:
        return int(told)
    except (TypeError, ValueError, OverflowError):
        return 0
