"""The two suites: healthy runs, in which nothing may fail, and planted defects, each of which must be found by its name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache

from calibration.defects import Planted
from calibration.judged import Script, judged
from calibration.rates import Null, Rate
from calibration.simulator.recording import Memo
from calibration.simulator.world import HONEST
from harness.verdict import Outcome, Verdict

CALM = "calm"
TROUBLES = ("database-slow", "payments-gone", "database-gone", "database-hangs", "bad-release")


@cache
def script_of(*phases: str) -> Script:
    return Script.of(*phases)


@dataclass
class Found:
    """One defect over its seeds: found by its own claim and code, or what was said instead."""

    planted: Planted
    found: Rate = field(default_factory=Rate)
    instead: Counter[str] = field(default_factory=Counter)

    def add(self, verdict: Verdict) -> None:
        one = next(one for one in verdict.findings if one.id == self.planted.claim)
        hit = one.finding.outcome is not Outcome.PASSED and one.finding.reason == self.planted.reason
        hit = hit and self.planted.says in one.finding.because
        self.found.add(hit)
        if not hit:
            self.instead[f"{one.finding.outcome.value}: {one.finding.reason}"] += 1


def null_run(seed: int, *phases: str) -> Verdict:
    return judged(script_of(*phases), HONEST, seed)


def null(seeds: Iterable[int], phases_of: Callable[[int], Sequence[str]], told: Callable[[str], None] = print) -> Null:
    """Healthy runs, each of the phases that `phases_of` gives it (none: the whole rehearsal)."""
    found = Null()
    for seed in seeds:
        found.add(seed, null_run(seed, *phases_of(seed)))
        if found.false.runs % 50 == 0:
            told(f"  {found.false.runs} healthy runs: {found.false.count} with a false failure")
    return found


def in_turn(seed: int) -> tuple[str, str]:
    """The calm phase and one trouble, each seed the next."""
    return CALM, TROUBLES[seed % len(TROUBLES)]


def defects(planted: Sequence[Planted], seeds: Iterable[int], told: Callable[[str], None] = print) -> list[Found]:
    """Every defect on every seed; runs of one seed share what their worlds have in common."""
    results = [Found(one) for one in planted]
    for number, seed in enumerate(seeds, start=1):
        memo = Memo(seed)
        for result in results:
            one = result.planted
            result.add(judged(script_of(CALM, one.phase), one.plant(HONEST), seed, memo))
        if number % 10 == 0:
            told(f"  {number} seeds of {len(results)} defects")
    return results
