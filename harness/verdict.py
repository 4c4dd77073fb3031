"""A finding is one expectation judged; a verdict is all of them, and the one exit code they come to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from harness import errors


class Outcome(Enum):
    """Passed, failed or inconclusive. No evidence is inconclusive, never passed."""

    PASSED = "passed"
    FAILED = "failed"
    INCONCLUSIVE = "inconclusive"


Details = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Measure:
    """What was measured, as an interval in `unit`; `kind` says what its width comes from.

    kind  census (all events counted), grid (sampling grid of a source), sampling (a statistical interval),
          censored (not seen by the end: high is inf)
    """

    low: float
    high: float
    unit: str
    kind: str = "census"

    def __str__(self) -> str:
        from harness.quantities import figures  # which imports pydantic: `drill halt` need not wait for that

        if self.low == self.high:
            return f"{figures(self.low, 4)} {self.unit}".rstrip()
        return f"{figures(self.low, 4)}–{figures(self.high, 4)} {self.unit}".rstrip()


@dataclass(frozen=True)
class HypothesisTest:
    """The statistical test behind a finding, and what it was held against among all such tests of its run.

    p_value    one-sided: how likely so much beyond the limit is, were the limit just kept
    adjusted   p_value corrected for the number of tests (Holm 1979): a failure stands where it is at most `alpha`
    alpha      the risk that any of the run's tests fails a service that keeps its limits
    level      what p_value itself had to be at most, by Holm's rank: alpha / (tests - rank), the least p_value's rank being 0
    tests      how many claims of the run are decided by a sample, those that were not decided among them
    """

    p_value: float
    adjusted: float
    alpha: float
    level: float
    tests: int

    def __str__(self) -> str:
        among = f"{self.tests} tests" if self.tests != 1 else "1 test"
        return (
            f"p {_p(self.p_value)} (one-sided), at its rank among {among} held against {self.level:.3g}; "
            f"adjusted by Holm {_p(self.adjusted)}, held against {self.alpha:g}"
        )


def _p(value: float) -> str:
    from harness.quantities import figures

    return "under 0.000001" if value < 1e-6 else figures(value, 2)


@dataclass(frozen=True)
class Finding:
    """One expectation judged.

    reason      a short stable code: 'met', 'late', 'no_evidence', 'fault_not_landed', 'window_open', 'invalid_run', …
    because     a sentence for the person at 3 a.m.: what, how much, against what limit
    cites       what it rests on: facts as `writer:number`, ledger rows as `row worker:number`, log lines as
                `log container@second`
    decide      for an inconclusive finding: what would have decided it
    census      a failure that stands whatever the gates say (a lost order, a container that died)
    details     what a person who distrusts it checks it by, in order: (what, text)
    p_value     where the interval is one of sampling: how likely so much beyond the limit is, were the limit just kept
                (one-sided); among many such claims the run's judge corrects for their number (Holm)
    test        what the run's judge made of the p_value; None where no test decides
    """

    outcome: Outcome
    reason: str
    because: str
    measure: Measure | None = None
    cites: tuple[str, ...] = ()
    decide: str = ""
    census: bool = False
    details: Details = ()
    p_value: float | None = None
    test: HypothesisTest | None = None


def passed(
    because: str,
    *,
    reason: str = "met",
    measure: Measure | None = None,
    cites: Sequence[str] = (),
    details: Details = (),
) -> Finding:
    return Finding(Outcome.PASSED, reason, because, measure, tuple(cites), details=details)


def failed(
    because: str,
    *,
    reason: str = "not_met",
    measure: Measure | None = None,
    cites: Sequence[str] = (),
    census: bool = False,
    details: Details = (),
) -> Finding:
    return Finding(Outcome.FAILED, reason, because, measure, tuple(cites), census=census, details=details)


def inconclusive(
    because: str,
    *,
    reason: str = "no_evidence",
    decide: str,
    measure: Measure | None = None,
    cites: Sequence[str] = (),
    details: Details = (),
) -> Finding:
    return Finding(Outcome.INCONCLUSIVE, reason, because, measure, tuple(cites), decide, details=details)


@dataclass(frozen=True)
class Judged:
    """A finding with the expectation it answers: its id in the drill and its place in the file."""

    id: str
    text: str
    phase: str
    where: str
    finding: Finding


@dataclass(frozen=True)
class Ending:
    """How a run ended, from its journal: what besides the findings decides the exit code.

    stopped       why a guard or `drill halt` ended it, or ''
    interrupted   130 or 143, or 0
    not_mended    faults still on, or ()
    broken        an error of the harness itself, or ''
    refused       why it ended before the first injection (exit 4), or ''
    gate          True when the gate held, False when it never did, None when the run has none or was cut before
    running       it has not: this is of what the run had written by now
    """

    stopped: str = ""
    interrupted: int = 0
    not_mended: tuple[str, ...] = ()
    broken: str = ""
    refused: str = ""
    gate: bool | None = None
    running: bool = False


@dataclass(frozen=True)
class Verdict:
    """All findings of one run. `invalid` lists why the experiment did not happen as planned; then nothing can pass."""

    drill: str
    run: str
    findings: tuple[Judged, ...]
    invalid: tuple[str, ...] = ()
    ending: Ending = Ending()

    @property
    def exit_code(self) -> int:  # noqa: PLR0911  (the table of exit codes, a line each)
        """The table of design.md. Of several that hold: 7, then 6, 130/143, 5, 4, 1, 3, 0."""
        outcomes = {judged.finding.outcome for judged in self.findings}
        if self.ending.not_mended:
            return errors.EXIT_NOT_MENDED
        if self.ending.broken:
            return errors.EXIT_HARNESS
        if self.ending.interrupted:
            return self.ending.interrupted
        if self.ending.stopped:
            return errors.EXIT_STOPPED
        if self.ending.refused:
            return errors.EXIT_CANNOT_RUN
        if Outcome.FAILED in outcomes:
            return errors.EXIT_FAILED
        if self.invalid or self.ending.gate is False or Outcome.INCONCLUSIVE in outcomes or not outcomes:
            return errors.EXIT_INCONCLUSIVE
        return errors.EXIT_PASSED

    @property
    def word(self) -> str:
        words = {
            0: "PASSED",
            1: "FAILED",
            3: "INCONCLUSIVE",
            4: "COULD NOT RUN",
            5: "STOPPED",
            6: "HARNESS ERROR",
            7: "NOT MENDED",
        }
        return words.get(self.exit_code, "INTERRUPTED")
