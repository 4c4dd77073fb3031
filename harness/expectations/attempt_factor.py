"""How many times the usual attempts for each operation a whole stretch has, and whether that is surely beyond a limit. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from harness.expectations.attempt_background import Background
from harness.expectations.attempt_cells import background, unlike
from harness.expectations.attempts import GAP_S, LAG_S, PROBE, Ratio, ratio
from harness.expectations.base import Evidence
from harness.journal import Window


@dataclass(frozen=True)
class Factor:
    """`beyond` its limit, and `sure` where those who ask without users do not explain it."""

    usual: Ratio
    now: Ratio
    aside: Background
    limit: float

    @property
    def times(self) -> float:
        return self.now.each / self.usual.each

    @property
    def beyond(self) -> bool:
        return self.times > self.limit

    @property
    def sure(self) -> bool:
        return self.beyond and unlike(self.usual, self.now.attempts, self.aside.most(self.now.targets_s))

    def __str__(self) -> str:
        why = f"; {self.aside.told(self.now)}" if self.beyond and not self.sure else ""
        return (
            f"{self.times:.2f} times the usual attempts for each operation ({self.now.attempts:.0f} for {self.now.operations:.0f}, "
            f"before {self.usual.attempts:.0f} for {self.usual.operations:.0f}; limit {self.limit:g}){why}"
        )


def factor(
    evidence: Evidence, selector: str, request: str, before: Window, window: Window, limit: float
) -> Factor | None:
    """Of the window, against the time before the fault. None: not counted all the time."""
    if not evidence.journal.watched(PROBE, "", window.start_s, window.end_s, GAP_S, LAG_S):
        return None
    usual, now = (ratio(evidence, selector, request, one) for one in (before, window))
    if not usual or not now or not usual.attempts or usual.lost:
        return None
    found = Factor(usual, now, background(evidence, selector, request, before, usual), limit)
    partly = now.lost or now.unread  # what is not counted can only be more
    return None if partly and not found.beyond else found
