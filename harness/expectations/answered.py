"""How many of the requests that were due were answered, over HTTP: what a claim about answers did not see. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.stats.interval import needed_to_pass

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from harness.ledger import Rows

LEAST = needed_to_pass(0.05)
"""Answers that would have shown a kind which one answer in twenty is of."""


@dataclass(frozen=True)
class Answered:
    """
    due         requests; n of them with an HTTP status
    statusless  told by other than HTTP (a user that reports by events), well or wrong
    """

    due: int
    n: int
    statusless: int

    @staticmethod
    def of(rows: Rows, mask: NDArray[np.bool_]) -> Answered:
        without = mask & (rows.array["status"] == 0)
        told = without & rows.outcome("ok", "wrong")
        return Answered(int(mask.sum()), int(mask.sum() - without.sum()), int(told.sum()))

    @property
    def unanswered(self) -> int:
        return self.due - self.n - self.statusless

    @property
    def few(self) -> bool:
        """Whether most were not answered, and so few were that nobody knows what the others would have been."""
        return self.unanswered > self.n and self.n < LEAST

    @property
    def told(self) -> str:
        """'' where all were answered over HTTP."""
        silent = f"{self.unanswered} of {self.due} requests were not answered" if self.unanswered else ""
        other = f"{self.statusless} of {self.due} answers have no status" if self.statusless else ""
        return "; ".join(filter(None, (silent, other)))
