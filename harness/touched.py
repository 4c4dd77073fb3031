"""How many requests a fault on a share of the connections touched: connections are drawn, and few may carry most of the requests. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.journal import Window
from harness.stats.fold import FOREVER, counted

if TYPE_CHECKING:
    from harness.ledger import Rows

FEWEST = 20  # requests of an endpoint before: a longest one of fewer is soon outdone by chance


@dataclass(frozen=True)
class Touched:
    """Of `asked` requests so many took longer than any of their endpoint's before, or had no answer or a 5xx."""

    touched: int
    asked: int

    def __str__(self) -> str:
        of = f"of the {self.asked} requests meanwhile that can be compared"
        return f"{of} {self.touched} took longer than any like them before, or failed"


def touched(rows: Rows, before: Window, during: Window) -> Touched | None:
    """Counted by endpoint, of those that were asked often enough before. None where none was."""
    import numpy as np

    from harness.ledger import OUTCOMES

    size = len(rows.endpoints)
    longest, seen = np.zeros(size, np.uint32), np.zeros(size, np.int64)
    for part in counted(rows, before.start_s, before.end_s, "", None):
        took, endpoint = part.of_ended(part.answered), part.of_ended(part.endpoint)
        answered = took != FOREVER
        np.maximum.at(longest, endpoint[answered], took[answered])
        seen += np.bincount(endpoint[answered], minlength=size)
    asked = hit = 0
    for part in counted(rows, during.start_s, during.end_s, "", None):
        took, endpoint, outcome = (part.of_ended(column) for column in (part.answered, part.endpoint, part.outcome))
        known = seen[endpoint] >= FEWEST
        hurt = (took > longest[endpoint]) | (outcome == OUTCOMES.index("5xx"))
        asked += int(known.sum())
        hit += int((known & hurt).sum())
    return Touched(hit, asked) if asked else None
