"""Release 1.7.0: each receipt is drawn as a picture, and kept in case that it is asked for again. It never is.

Nothing is wrong with any answer. At three checkouts a second a process grows by 1.5 MiB a second, and is killed within minutes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

VERSION = "1.7.0"

PICTURE_BYTES = 512 * 1024
_pictures: dict[str, bytes] = {}


async def receipt(provider: Any, charge: Mapping[str, Any], items: Sequence[Mapping[str, int]]) -> dict[str, Any]:
    """The charge's number and how many pieces were bought."""
    _pictures[charge["id"]] = charge["id"].encode().ljust(PICTURE_BYTES, b".")
    return {"payment": charge["id"], "pieces": sum(item["quantity"] for item in items)}
