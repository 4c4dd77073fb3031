"""The two suites: healthy runs, in which nothing may fail, and planted defects, each of which must be found by its name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, partial

from calibration.defects import Planted
from calibration.defects.planted import SPOKEN
from calibration.judged import Script, judged
from calibration.rates import Null, Rate, Told
from calibration.rates import told as verdict_told
from calibration.simulator.dialects import DIALECTS, Dialect
from calibration.simulator.recording import Memo
from calibration.simulator.world import HONEST
from calibration.work import Work
from harness.verdict import Outcome, Verdict

CALM = "calm"
TROUBLES = (
    "database-slow",
    "payments-gone",
    "database-gone",
    "database-hangs",
    "bad-release",
    "payments-reset",
    "database-cut",
)


@cache
def script_of(*phases: str, dialect: str = "prometheus") -> Script:
    return Script.of(*phases, dialect=dialect)


def spoken(seed: int, among: Sequence[str] = SPOKEN) -> Dialect:
    """The dialect that a seed's service speaks: drawn by turns, so that some runs of each kind speak each."""
    name = among[seed % len(among)]
    return next(one for one in DIALECTS if one.name == name)


@dataclass
class Found:
    """One defect over its seeds: found by its own claim and code, or what was said instead."""

    planted: Planted
    found: Rate = field(default_factory=Rate)
    instead: Counter[str] = field(default_factory=Counter)
    spoken: dict[str, Rate] = field(default_factory=dict)

    def count(self, said: str, dialect: str) -> None:
        """What `_sought` told of one run, and how its service spoke."""
        self.found.add(not said)
        self.spoken.setdefault(dialect, Rate()).add(not said)
        if said:
            self.instead[said] += 1


def null_run(seed: int, *phases: str) -> Verdict:
    dialect = spoken(seed)
    return judged(script_of(*phases, dialect=dialect.name), replace(HONEST, dialect=dialect), seed)


def null(
    seeds: Iterable[int],
    phases_of: Callable[[int], Sequence[str]],
    told: Callable[[str], None] = print,
    work: Work | None = None,
) -> Null:
    """Healthy runs, each of the phases that `phases_of` (a function of a module) gives it (none: the whole rehearsal)."""
    found, numbers = Null(), list(seeds)
    runs = (work or Work(None)).done(f"null {phases_of.__name__}", partial(_null, phases_of), numbers, told)
    for seed, run in zip(numbers, runs, strict=True):
        found.count(seed, run)
        if found.false.runs % 50 == 0:
            told(f"  {found.false.runs} healthy runs: {found.false.count} with a false failure")
    return found


def _null(phases_of: Callable[[int], Sequence[str]], seed: int) -> Told:
    return {**verdict_told(null_run(seed, *phases_of(seed))), "dialect": spoken(seed).name}


def whole(seed: int) -> tuple[str, ...]:
    """The whole rehearsal."""
    return ()


def in_turn(seed: int) -> tuple[str, str]:
    """The calm phase and one trouble, each seed the next."""
    return CALM, TROUBLES[seed % len(TROUBLES)]


def defects(
    planted: Sequence[Planted],
    seeds: Iterable[int],
    told: Callable[[str], None] = print,
    work: Work | None = None,
) -> list[Found]:
    """Every defect on every seed; runs of one seed share what their worlds have in common."""
    results, numbers = [Found(one) for one in planted], list(seeds)
    name = "defects " + " ".join(f"{one.name}-{one.claim}" for one in planted)
    runs = (work or Work(None)).done(name, partial(_planted, tuple(planted)), numbers, told)
    for number, (seed, said) in enumerate(zip(numbers, runs, strict=True), start=1):
        for result, one in zip(results, said, strict=True):
            result.count(one, spoken(seed, result.planted.dialects).name)
        if number % 10 == 0:
            told(f"  {number} seeds of {len(results)} defects")
    return results


def _planted(planted: Sequence[Planted], seed: int) -> list[str]:
    memo = Memo(seed)
    return [_sought(one, planted_run(one, seed, memo)) for one in planted]


def planted_run(planted: Planted, seed: int, memo: Memo) -> Verdict:
    """A run of the phase in which the defect shows, of a service that has it."""
    dialect = spoken(seed, planted.dialects)
    world = planted.plant(replace(HONEST, dialect=dialect))
    return judged(script_of(CALM, planted.phase, dialect=dialect.name), world, seed, memo, planted.claim)


def _sought(planted: Planted, verdict: Verdict) -> str:
    """'' where the defect was found by its own claim and code, else what was said instead."""
    one = next(one for one in verdict.findings if one.id == planted.claim).finding
    hit = one.outcome is not Outcome.PASSED and one.reason == planted.reason and planted.says in one.because
    return "" if hit else f"{one.outcome.value}: {one.reason}"
