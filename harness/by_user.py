"""How requests spread over the users: where few send most of them, what hurts some users only may not be met. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.ledger.layout import ASIDE

if TYPE_CHECKING:
    from harness.ledger import Rows

FOREMOST = 5


@dataclass(frozen=True)
class Spread:
    """
    of        users with a session of their own, as they asked for something when they started
    asked     those of them that sent any of these requests
    requests  theirs, all together; `foremost` how many each of the FOREMOST users sent that sent most
    """

    of: int
    asked: int
    requests: int
    foremost: tuple[int, ...]

    @property
    def few(self) -> bool:
        """Whether a few of many sent most."""
        return self.of >= 2 * FOREMOST and 2 * sum(self.foremost) > self.requests


def spread(rows: Rows, start_s: float, end_s: float) -> Spread:
    """Over the requests due in [start_s, end_s)."""
    import numpy as np

    whose = rows.worker.astype(np.int64) << 16 | rows.array["user"]
    named = rows.array["user"] > 0
    own = np.unique(whose[named & rows.has(ASIDE)])
    theirs = whose[named & rows.counted() & rows.between(start_s, end_s) & np.isin(whose, own)]
    sent = np.sort(np.unique(theirs, return_counts=True)[1])
    return Spread(len(own), len(sent), len(theirs), tuple(sent[: -FOREMOST - 1 : -1].tolist()))
