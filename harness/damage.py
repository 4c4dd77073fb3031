"""Which evidence is not as the run wrote it, and which failures that leaves unproven. Pure.

On damaged evidence nothing passes (the run is invalid). A failure that no gate takes back, a lost order say, is a fact about what was
read; where that is what somebody changed, it is none. One that was read elsewhere stands: damage must not hide it either.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.verdict import Judged, Outcome

FACTS, DRILL = "facts", "drill.yaml"
EVERYWHERE = frozenset((FACTS, DRILL))
"""What every claim is judged by: the journal, and the limits in the drill."""
READS: Mapping[str, frozenset[str]] = {
    "healed": frozenset(),
    "log_coverage": frozenset(("logs", "ledger")),
    "log_quiet": frozenset(("logs",)),
    "metric_count_truth": frozenset(("series", "ledger")),
    "metric_error_truth": frozenset(("series", "ledger")),
    "metric_fresh": frozenset(("series", "ledger")),
    "metric_latency_truth": frozenset(("series", "ledger")),
    "on_call": frozenset(),
    "orders_kept": frozenset(("orders", "ledger")),
    "rolled_back": frozenset(("ledger", "logs")),
    "state_restored": frozenset(("state",)),
    "stays_up": frozenset(),
}
"""What else of the run's folder the claims read that fail whatever the gates say. A claim that is not listed may read all of it."""
JOURNAL_ALONE: frozenset[str] = frozenset()
"""Of what the judge finds itself: whether the stack came back."""


@dataclass(frozen=True)
class Damage:
    """`parts` are names in the run's folder (facts, ledger, logs, …); `said` is a sentence about what was changed."""

    parts: frozenset[str]
    said: str

    def __str__(self) -> str:
        return self.said

    def touches(self, reads: frozenset[str] | None) -> bool:
        """Whether a claim that reads these parts, too, read what was changed; None: it may read any."""
        return reads is None or bool(self.parts & (EVERYWHERE | reads))


def proven(judged: Judged, reads: frozenset[str] | None, damage: Sequence[Damage]) -> Judged:
    """The claim, open where it failed upon evidence that is not as the run wrote it."""
    touching = next((one for one in damage if one.touches(reads)), None)
    finding = judged.finding
    if touching is None or finding.outcome is not Outcome.FAILED:
        return judged
    opened = dataclasses.replace(
        finding,
        outcome=Outcome.INCONCLUSIVE,
        reason="evidence_changed",
        because=f"it was read from evidence that is not as the run wrote it ({touching}): {finding.because}",
        decide="the run's folder as it was (a copy, or what the pipeline keeps), or a new run",
    )
    return dataclasses.replace(judged, finding=opened)
