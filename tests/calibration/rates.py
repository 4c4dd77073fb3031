"""How often: a count of runs with its exact interval, and what healthy runs came to."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from scipy.stats import binomtest

from harness.verdict import Outcome, Verdict


@dataclass
class Rate:
    """`count` of `runs`; its exact 95 % interval (Clopper and Pearson)."""

    count: int = 0
    runs: int = 0

    def add(self, is_one: bool) -> None:
        self.count += is_one
        self.runs += 1

    @property
    def interval(self) -> tuple[float, float]:
        if not self.runs:
            return 0.0, 1.0
        found = binomtest(self.count, self.runs).proportion_ci(0.95, "exact")
        return float(found.low), float(found.high)


@dataclass
class Null:
    """Healthy runs. `false` failures and `census` failures among them; what was not decided is counted apart."""

    false: Rate = field(default_factory=Rate)
    census: Rate = field(default_factory=Rate)
    undecided: Rate = field(default_factory=Rate)
    invalid: Rate = field(default_factory=Rate)
    claims: int = 0
    said: list[str] = field(default_factory=list)
    open: Counter[str] = field(default_factory=Counter)

    def add(self, seed: int, verdict: Verdict) -> None:
        failed = [one for one in verdict.findings if one.finding.outcome is Outcome.FAILED]
        open_ = [one for one in verdict.findings if one.finding.outcome is Outcome.INCONCLUSIVE]
        self.false.add(bool(failed))
        self.census.add(any(one.finding.census for one in failed))
        self.undecided.add(bool(open_))
        self.invalid.add(bool(verdict.invalid))
        self.claims += len(verdict.findings)
        self.said += [f"seed {seed}: {one.id} {one.finding.reason}: {one.finding.because}" for one in failed]
        self.said += [f"seed {seed}: invalid: {why}" for why in verdict.invalid]
        self.open.update(f"{one.id} {one.finding.reason}" for one in open_)
