"""A service that fails at once has failed, however full the machine was; one that was late may not have."""

from __future__ import annotations

import random
from typing import Any

import pytest
from test_judge import Claim, Drill, Load, SteadyState

from harness import facts as f
from harness.expectations.base import Expectation
from harness.expectations.impact import Impact
from harness.expectations.no_regression import NoRegression
from harness.expectations.outage_below import OutageBelow
from harness.expectations.recovers import Recovers
from harness.in_good_time import in_good_time
from harness.journal import Window
from harness.judge import judge
from harness.ledger import Rows
from harness.load.arrivals import Segment
from harness.stats import Condition
from harness.testing import WrittenLogs, journal_of, machine_of, rows_of
from harness.verdict import Finding, Outcome

CLAIMS = (
    Impact.model_validate({"errors": "20%", "p95": "500ms"}),
    Impact.model_validate({"budget": "0.5%", "slo": "99.9%"}),
    OutageBelow.model_validate({"total": "5s"}),
    NoRegression.model_validate({"errors": "+5pp", "p95": "+900%"}),
)
RECOVERS = Recovers.model_validate({"within": "10s"})
AT_ONCE, SLOWLY = {"outcome": "5xx", "took_ms": 4}, {"outcome": "5xx", "took_ms": 900}
"""While calm, a good answer takes 5 to 30 ms."""
LATE = {
    "timed out": {"outcome": "timeout", "took_ms": 3000},
    "broken": {"outcome": "conn"},
    "never answered": {"took_ms": None},
    "given up by a gateway": {"outcome": "5xx", "status": 504, "took_ms": 4},
    "an error after a while": SLOWLY,
    "slow": {"took_ms": 2000},
}


def a_run(
    claim: Expectation,
    bad: dict[str, Any],
    *,
    share: float = 1.0,
    until_s: float = 70.0,
    then: bool = False,
    others: float = 1.6,
) -> Finding:
    """Calm from 0 s, a phase from 40 to 70 s with a fault, the load's end at 140 s; `share` of the requests due from 40 s until
    `until_s` end badly, beside others that fill the machine."""
    draw = random.Random(7)
    rows = []
    for tick in range(1400):
        well = {"took_ms": draw.uniform(5, 30)}
        rows.append({"at_s": tick / 10, **(bad if 40 <= tick / 10 < until_s and draw.random() < share else well)})
    journal = journal_of(
        f.Opened(drill="d", run="0badcafe", wall_unix_s=1e9, monotonic_ns=0),
        f.LoadBegan(begins_s=0.0),
        f.GateHeld(seen_s=10.0),
        f.PhaseBegan(phase="down", seen_s=40.0),
        f.PhaseEnded(phase="down", seen_s=70.0),
        f.PhaseSettled(phase="down", steady=False, seen_s=135.0),
        *(f.LoadSampled(cpu_ratio=0.1, late_ms=0, due=10, dropped=0, seen_s=s + 0.5) for s in range(141)),
        *machine_of(0, 141, stack=0.3, others=others),
        f.LoadEnded(clean=True, ended_s=140.0, seen_s=144.0),
        f.Closed(seen_s=150.0),
    )
    steady = SteadyState(all=(Condition.parse("errors < 1%"), Condition.parse("p95 < 400ms")))
    drill = Drill(phases=(), steady=steady, load=Load(segments=(Segment(140.0, 10.0, 10.0),)))
    claims = (Claim(claim, id="one", then=then),)
    verdict = judge(drill, claims, journal, rows_of(rows), WrittenLogs(), over=True)
    return next(one.finding for one in verdict.findings if one.id == "one")


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: f"{claim.word} {claim.about()}")
def test_errors_that_come_at_once_are_the_services_own_on_a_full_machine_too(claim: Expectation) -> None:
    finding = a_run(claim, AT_ONCE)
    assert finding.outcome is Outcome.FAILED, finding.because
    said = dict(finding.details)["machine"]
    assert said.startswith("processes outside of this run used 1.6 of 2 processors for 30 s of the 30 s")
    assert "errors that came at once" in said
    assert "machine" not in dict(a_run(claim, AT_ONCE, others=0.0).details)


@pytest.mark.parametrize("late", LATE)
@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: f"{claim.word} {claim.about()}")
def test_what_came_late_is_open(claim: Expectation, late: str) -> None:
    alone = a_run(claim, LATE[late], others=0.0)
    finding = a_run(claim, LATE[late])
    if alone.outcome is not Outcome.FAILED:  # a claim that says nothing of slowness
        assert late == "slow"
        assert finding.outcome is alone.outcome
        return
    assert (finding.outcome, finding.reason) == (Outcome.INCONCLUSIVE, "host_disturbed"), finding.because


def test_a_few_errors_at_once_beside_many_that_came_late_are_no_failure_of_their_own() -> None:
    mixed = Impact.model_validate({"errors": "20%", "p95": "500ms"})
    assert a_run(mixed, AT_ONCE, share=0.05).outcome is Outcome.PASSED
    finding = a_run(mixed, SLOWLY, share=0.5)
    assert finding.reason == "host_disturbed", finding.because


def test_what_never_heals_is_no_slow_recovery() -> None:
    def told(until_s: float, bad: dict[str, Any] = AT_ONCE) -> Finding:
        return a_run(RECOVERS, bad, until_s=until_s, then=True)

    assert told(140.0).outcome is Outcome.FAILED
    assert told(110.0).outcome is Outcome.FAILED, "others leave it a fifth, and it took more than three times as long"
    assert told(90.0).reason == "host_disturbed", (
        "it came back, only late: three times as slowly is no failure of its own"
    )
    assert told(140.0, LATE["timed out"]).reason == "host_disturbed"


def test_of_a_stretch_alone_and_only_against_calm_answers_to_the_same_request() -> None:
    rows = rows_of(
        [
            {"at_s": 1.0, "took_ms": 20, "endpoint": "GET /a"},
            {"at_s": 2.0, "took_ms": 900, "endpoint": "GET /b"},
            {"at_s": 3.0, "outcome": "timeout"},
            *({"at_s": 11.0, "endpoint": name, **SLOWLY} for name in ("GET /a", "GET /b", "GET /new")),
            {"at_s": 12.0, "took_ms": 4, "outcome": "4xx", "endpoint": "GET /a"},
            {"at_s": 13.0, "outcome": "dropped"},
            {"at_s": 14.0, "silent": True},
            {"at_s": 15.0, "late_ms": None},
            {"at_s": 16.0, "took_ms": 5000, "late_ms": 300},
            {"at_s": 21.0, "outcome": "timeout"},
        ]
    )

    def outcomes(calm: Window | None) -> tuple[Rows, str]:
        found = in_good_time(rows, 10.0, 20.0, calm)
        return found, "".join("-g45tcwd"[number] for number in found.array["outcome"])

    found, told = outcomes(Window(0.0, 10.0))
    assert told == "ggtg5g4g-ggt"
    assert (found.latency_ms[10], rows.latency_ms[10]) == (0.0, 5300.0)
    assert outcomes(None)[1] == "ggtgggg" + told[7:], "where nothing calm was seen, any error may be a time-out"
