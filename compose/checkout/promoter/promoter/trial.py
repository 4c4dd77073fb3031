"""One release on trial: its steps, and what is decided at each look."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from promoter.counts import Counts, Key
from promoter.judgement import Group, Limits, compare

STEPS = ((1 / 3, 33.0), (2 / 3, 8.0), (1.0, 0.0))
"""The canary's share, and how long it is kept at least. A replica's third first, long enough to see a small segment."""


@dataclass
class Trial:
    """decision: trying, promoted or withdrawn."""

    version: str
    limits: Limits
    by_segment: bool
    before: Mapping[Key, Counts]
    stepped_s: float
    step: int = 0
    decision: str = "trying"
    groups: list[Group] = field(default_factory=list)

    @property
    def share(self) -> float:
        return 0.0 if self.decision == "withdrawn" else STEPS[self.step][0]

    def look(self, counts: Mapping[Key, Counts], now_s: float) -> str:
        """What is done now: wait, step, promote or withdraw. Errors withdraw at once; p95 is asked before a step."""
        due = now_s - self.stepped_s >= STEPS[self.step][1]
        since = {key: one.since(self.before.get(key, Counts())) for key, one in counts.items()}
        self.groups = compare(since, self.version, self.limits, by_segment=self.by_segment, with_p95=due)
        if any(group.said == "worse" for group in self.groups):
            self.decision = "withdrawn"
            return "withdraw"
        if not due or not self.groups or any(group.said != "fine" for group in self.groups):
            return "wait"
        self.step, self.stepped_s = self.step + 1, now_s
        if self.step < len(STEPS) - 1:
            return "step"
        self.decision = "promoted"
        return "promote"
