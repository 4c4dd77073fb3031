"""Whether an answer that names a version is surely that of the services behind the door, and none of the door's own. Pure."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from harness.blaming import Parts
    from harness.ledger import Rows


def leads_to_none_but(parts: Parts, door: str, services: Collection[str]) -> bool:
    """Whether the door is known to call these services alone: another one may name a version as well."""
    called = {part for part, callers in parts.callers.items() if door in callers}
    return bool(called) and called <= {*services}


def asking(rows: Rows) -> frozenset[int]:
    """The endpoints whose requests change nothing: a cache may answer these with a copy, that names the version of the one copied."""
    return frozenset(
        number for number, name in enumerate(rows.endpoints) if name.partition(" ")[0].upper() in ("GET", "HEAD")
    )


def unnamed(rows: Rows) -> frozenset[int]:
    """The statuses of which answers are seen that name no version: a door that wrote one on all that it sends so would on these
    too. What it writes on one status tells nothing of another."""
    return frozenset(np.unique(rows.array["status"][rows.array["version"] == 0]).tolist())
