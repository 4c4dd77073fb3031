"""How often: a count of runs with its exact interval, and what healthy runs came to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

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


NEVER_DECIDED = ("release-count too_wide", "run-count too_wide")
"""What is undecided in every healthy run of a bad release alone, whose four processes each end with what they counted last: it is
played so that it is seen not to fail."""


@dataclass
class Null:
    """Healthy runs. `false` failures and `census` failures among them; what was not decided is counted apart.

    undecided   runs with a claim that was not, but for NEVER_DECIDED; `open`: how often each was not, those too
    spoken      runs with a false failure, by the dialect of their service
    """

    false: Rate = field(default_factory=Rate)
    census: Rate = field(default_factory=Rate)
    undecided: Rate = field(default_factory=Rate)
    invalid: Rate = field(default_factory=Rate)
    claims: int = 0
    said: list[str] = field(default_factory=list)
    open: Counter[str] = field(default_factory=Counter)
    spoken: dict[str, Rate] = field(default_factory=dict)

    def add(self, seed: int, verdict: Verdict) -> None:
        self.count(seed, told(verdict))

    def count(self, seed: int, run: Told) -> None:
        """A run as `told` put it."""
        failed, open_ = run["failed"], run["open"]
        self.false.add(bool(failed))
        if "dialect" in run:
            self.spoken.setdefault(run["dialect"], Rate()).add(bool(failed))
        self.census.add(any(one["census"] for one in failed))
        self.undecided.add(any(f"{one['id']} {one['reason']}" not in NEVER_DECIDED for one in open_))
        self.invalid.add(bool(run["invalid"]))
        self.claims += run["claims"]
        self.said += [f"seed {seed}: {one['id']} {one['reason']}: {one['because']}" for one in failed]
        self.said += [f"seed {seed}: invalid: {why}" for why in run["invalid"]]
        self.open.update(f"{one['id']} {one['reason']}" for one in open_)


Told = Mapping[str, Any]


def told(verdict: Verdict) -> Told:
    """What is counted of a healthy run's verdict, as plain data."""

    def of(outcome: Outcome) -> list[Told]:
        return [
            {"id": one.id, "reason": one.finding.reason, "because": one.finding.because, "census": one.finding.census}
            for one in verdict.findings
            if one.finding.outcome is outcome
        ]

    return {
        "claims": len(verdict.findings),
        "failed": of(Outcome.FAILED),
        "open": of(Outcome.INCONCLUSIVE),
        "invalid": list(verdict.invalid),
    }
