"""What to expect of like runs: impact against limits, a stretch against the time before the first fault, and many such claims."""

from __future__ import annotations

import dataclasses
import random
from typing import Any

import numpy as np
import pytest
from scipy.special import betainc
from test_judge import Claim, Drill, Said

from harness import facts as f
from harness.expectations.base import Evidence, Reach, Steady, Stretch
from harness.expectations.errors_below import ErrorsBelow
from harness.expectations.impact import Impact
from harness.expectations.no_regression import NoRegression
from harness.judge import judge
from harness.stats import Condition
from harness.stats.holm import holm
from harness.testing import WrittenLogs, journal_of, rows_of
from harness.verdict import Outcome, failed, passed

RATE = 25
GATE_S, BEGAN_S, ENDED_S, STOP_S = 60.0, 64.0, 124.0, 130.0


def evidence(rows: list[dict[str, Any]], *, watched: bool = True, ended: bool = True) -> Evidence:
    """The gate's hold from 4 to 64 s, a phase from 64 to 124 s, without a fault."""
    facts: list[f.Fact] = [
        f.LoadBegan(begins_s=0.0, seen_s=0.01),
        f.GateHeld(seen_s=GATE_S),
        f.PhaseBegan(phase="p", seen_s=BEGAN_S),
    ]
    if ended:
        facts += [
            f.PhaseEnded(phase="p", seen_s=ENDED_S),
            f.LoadEnded(clean=True, ended_s=STOP_S, seen_s=STOP_S + 2),
            f.Closed(seen_s=STOP_S + 3),
        ]
    if watched:
        seconds = range(int(STOP_S if ended else 100.0))
        facts += [f.LoadSampled(cpu_ratio=0.1, late_ms=0.1, due=1, dropped=0, seen_s=s + 0.5) for s in seconds]
    return Evidence(
        journal=journal_of(*facts),
        rows=rows_of(rows),
        logs=WrittenLogs(),
        steady=Steady(56.0, (Condition.parse("errors < 1%"),)),
        phase="p",
        over=ended,
    )


def load(
    seed: int = 1, *, errors: float = 0.0, slower: float = 1.0, before: float = 0.0, bad: str = "5xx"
) -> list[dict[str, Any]]:
    """Log-normal times, median 20 ms (p95 about 46 ms); in the phase so many errors, `bad` ones, and so much slower."""
    dice, rows = random.Random(seed), []
    for i in range(int(STOP_S * RATE)):
        at_s = i / RATE
        hurt = BEGAN_S <= at_s < ENDED_S
        failed = dice.random() < (errors if hurt else before)
        took_ms = dice.lognormvariate(3.0, 0.5) * (slower if hurt else 1.0)
        rows.append({"at_s": at_s, "took_ms": took_ms, "outcome": bad if failed else "ok"})
    return rows


@pytest.mark.parametrize(
    ("claim", "outcome"),
    [
        (Impact(errors="6%"), Outcome.PASSED),
        (Impact(errors="1.5%"), Outcome.FAILED),
        (Impact(errors="3.2%"), Outcome.INCONCLUSIVE),
        (Impact(p95="80ms"), Outcome.PASSED),
        (Impact(p95="35ms"), Outcome.FAILED),
        (Impact(p95="46ms"), Outcome.INCONCLUSIVE),
        (Impact(errors="6%", p95="35ms"), Outcome.FAILED),
        (Impact(budget="1%", slo="99.9%"), Outcome.PASSED),
        (Impact(budget="0.01%", slo="99.9%"), Outcome.FAILED),
    ],
    ids=lambda one: one.about() if isinstance(one, Impact) else one.value,
)
def test_impact_passes_within_fails_beyond_and_is_open_across_its_limit(claim: Impact, outcome: Outcome) -> None:
    finding = claim.check(evidence(load(errors=0.03)))
    assert finding.outcome is outcome, finding.because
    assert finding.measure is not None
    assert finding.measure.kind == "sampling"
    assert finding.p_value is not None
    assert (finding.p_value <= 0.05) == (outcome is Outcome.FAILED)
    assert (finding.reason == "straddles") == (outcome is Outcome.INCONCLUSIVE)
    assert "requests" in finding.decide or outcome is not Outcome.INCONCLUSIVE
    assert len([cite for cite in finding.cites if cite.startswith("row ")]) == 3


def test_errors_that_come_in_one_burst_tell_less_than_as_many_that_are_spread() -> None:
    spread, burst = load(), load()
    first = next(i for i, row in enumerate(burst) if row["at_s"] >= 80)
    for n in range(45):
        burst[first + n]["outcome"] = "5xx"
        spread[int(BEGAN_S * RATE) + n * 33]["outcome"] = "5xx"
    one, many = (Impact(errors="4.5%").check(evidence(rows)) for rows in (burst, spread))
    assert many.outcome is Outcome.PASSED
    assert one.outcome is Outcome.INCONCLUSIVE
    assert float(dict(one.details)["design effect of errors"]) > 10


@pytest.mark.parametrize(
    ("claim", "how", "outcome"),
    [
        (NoRegression(errors="+1pp", p95="+30%"), {}, Outcome.PASSED),
        (NoRegression(errors="+1pp"), {"errors": 0.04}, Outcome.FAILED),
        (NoRegression(errors="+0.1pp"), {}, Outcome.INCONCLUSIVE),
        (NoRegression(p95="+10%"), {"slower": 1.5}, Outcome.FAILED),
        (NoRegression(p95="+10%"), {"slower": 1.1}, Outcome.INCONCLUSIVE),
        (NoRegression(errors="+4pp"), {"errors": 0.03, "before": 0.03}, Outcome.PASSED),
    ],
)
def test_no_regression_is_non_inferiority(claim: NoRegression, how: dict[str, Any], outcome: Outcome) -> None:
    finding = claim.check(evidence(load(**how)))
    assert finding.outcome is outcome, finding.because
    assert finding.p_value is not None
    assert "the steady state before the first fault" in finding.because


@pytest.mark.parametrize("margins", [{"errors": "+1pp"}, {"errors": "+1pp", "p95": "+10%"}, {"p95": "+10%"}])
def test_requests_without_an_answer_make_a_sure_failure_no_doubt(margins: dict[str, str]) -> None:
    finding = NoRegression.model_validate(margins).check(evidence(load(errors=0.3, bad="timeout")))
    assert (finding.outcome, finding.reason) == (Outcome.FAILED, "not_met"), finding.because


def test_a_p95_without_an_answer_by_little_is_left_open_and_never_passes() -> None:
    finding = NoRegression(p95="+900%").check(evidence(load(errors=0.055, bad="timeout")))
    assert (finding.outcome, finding.reason) == (Outcome.INCONCLUSIVE, "straddles"), finding.because
    assert "had no answer" in finding.because
    assert (
        NoRegression(errors="+1pp", p95="+10%").check(evidence(load(before=0.3, bad="timeout"))).reason == "no_evidence"
    )
    worse = NoRegression(errors="+1pp", p95="+10%").check(evidence(load(errors=0.6, before=0.3, bad="timeout")))
    assert (worse.outcome, "errors" in worse.because) == (Outcome.FAILED, True)


def hung(*others: str) -> list[dict[str, Any]]:
    """For two of sixty seconds the service hangs: few time out, and what is due then is dropped. `others` are asked for, too."""
    names = ("POST /pay", *others)
    rows = [{**row, "endpoint": names[i % len(names)]} for i, row in enumerate(load())]
    return [{"at_s": row["at_s"], "outcome": "dropped"} if 70 <= row["at_s"] < 76 else row for row in rows]


@pytest.mark.parametrize(
    "claim",
    [
        Impact(request="POST /pay", errors="6%"),
        Impact(request="POST /pay", p95="80ms"),
        NoRegression(request="POST /pay", errors="+3pp"),
        NoRegression(request="POST /pay", p95="+30%"),
    ],
)
def test_arrivals_that_were_dropped_are_not_passed_over_by_name(claim: Any) -> None:
    alone = claim.check(evidence(hung()))
    assert alone.outcome is not Outcome.PASSED, alone.because
    assert alone.because == claim.model_copy(update={"request": ""}).check(evidence(hung())).because
    among = claim.check(evidence(hung("GET /")))
    assert (among.outcome, among.reason) == (Outcome.INCONCLUSIVE, "dropped"), among.because
    assert "150 arrivals were dropped" in among.because
    few = [{"at_s": 70.0, "outcome": "dropped"}, *load()]
    assert (
        claim.check(evidence([{**row, "endpoint": row.get("endpoint", "POST /pay")} for row in few])).outcome
        is Outcome.PASSED
    )


def test_without_a_window_looks_or_requests_nothing_is_decided() -> None:
    for claim in (Impact(errors="5%"), NoRegression(errors="+1pp", p95="+10%")):
        assert claim.check(evidence(load(), ended=False)).reason == "window_open"
        assert claim.check(evidence(load(), watched=False)).reason == "not_watched"
        assert claim.check(evidence([])).reason == "no_evidence"
    never = [{**row, "outcome": "timeout", "took_ms": 1000.0} for row in load()]
    assert NoRegression(p95="+10%").check(evidence(never)).reason == "no_evidence", "before, too, nobody was answered"
    assert NoRegression(errors="+1pp", against="calm").check(evidence(load())).reason == "not_begun"


@pytest.mark.parametrize(
    "claim",
    [Impact(errors="6%", p95="80ms"), Impact(errors="1.5%"), NoRegression(errors="+1pp"), NoRegression(errors="+9pp")],
    ids=repr,
)
def test_a_tape_cut_anywhere_never_says_the_opposite_of_the_whole(claim: Any) -> None:
    rows = load(errors=0.03)
    whole = claim.check(evidence(rows)).outcome
    assert whole is not Outcome.INCONCLUSIVE
    for cut_s in (50.0, 90.0, 123.9, 124.005, 124.5, 126.0, 131.0, 132.5):
        known = [
            row if row["at_s"] + row["took_ms"] / 1e3 <= cut_s else {**row, "took_ms": None, "outcome": ""}
            for row in rows
            if row["at_s"] <= cut_s
        ]
        full = evidence(known)
        cut = dataclasses.replace(full, journal=full.journal.cut(cut_s), over=False)
        assert claim.check(cut).outcome in (whole, Outcome.INCONCLUSIVE), cut_s


PHASES = {
    "": Stretch(15, 400),
    "calm": Stretch(60, 3000),
    "hurt": Stretch(60, 3000, faulted=True),
}


@pytest.mark.parametrize(
    ("claim", "reach", "says"),
    [
        (Impact(errors="1%"), Reach(20, 900, 10), "30s"),
        (Impact(errors="1%"), Reach(40, 200, 10), "errors 1% 299"),
        (Impact(p95="1s"), Reach(40, 50, 10), "p95 59"),
        (Impact(errors="1%", p95="1s"), Reach(40, 300, 10), ""),
        (NoRegression(errors="+1pp"), Reach(60, 3000, 10, stretches=PHASES), "the gate lasts 15s"),
        (NoRegression(errors="+1pp", against="hurt"), Reach(60, 3000, 10, stretches=PHASES), "a fault of its own"),
        (NoRegression(errors="+1pp", against="clam"), Reach(60, 3000, 10, stretches=PHASES), "no phase 'clam'"),
        (NoRegression(errors="+0.1pp", against="calm"), Reach(60, 900, 10, stretches=PHASES), "2995"),
        (NoRegression(errors="+1pp", against="calm"), Reach(60, 900, 10, then=True, stretches=PHASES), "`expect`"),
        (NoRegression(errors="+1pp", p95="+10%", against="calm"), Reach(60, 900, 10, stretches=PHASES), ""),
    ],
)
def test_what_a_run_is_too_small_for_is_refused_before_it(claim: Any, reach: Reach, says: str) -> None:
    said = claim.undecidable(reach)
    assert says in said
    assert bool(says) == bool(said)


def test_a_count_that_shows_little_of_like_runs_is_said_but_not_refused() -> None:
    small = Reach(20, 60, 10)
    assert ErrorsBelow(ratio="2%").undecidable(small) == ""
    assert "149 would" in ErrorsBelow(ratio="2%").doubtful(small)
    assert ErrorsBelow(ratio="2%").doubtful(Reach(20, 200, 10)) == ""
    assert ErrorsBelow(ratio="2%").needs(small) == "50 requests"
    assert Impact(errors="1%", p95="1s").needs(Reach(40, 300, 10)) == "299 requests, 30s"


class Sampling(Said):
    sampling = True


def verdict_of(p_values: list[float]) -> list[Outcome]:
    findings = [dataclasses.replace(failed("beyond") if p <= 0.05 else passed("within"), p_value=p) for p in p_values]
    claims = [Claim(Sampling(finding=one), id=f"run/{n}", phase="") for n, one in enumerate(findings)]
    facts = [f.Opened(drill="d", run="0", wall_unix_s=1.7e9, monotonic_ns=1), f.Closed(seen_s=9.0)]
    found = judge(Drill(phases=()), claims, journal_of(*facts), rows_of([]), WrittenLogs(), over=True)
    return [one.finding.outcome for one in found.findings]


def test_of_twenty_claims_decided_by_samples_one_failure_by_chance_is_no_failure() -> None:
    """500 runs in which each of 20 shares is exactly at its limit; each claim by itself may fail in one of twenty."""
    dice = np.random.default_rng(9)
    k = dice.binomial(600, 0.05, size=(500, 20))
    p = betainc(np.maximum(k, 1e-9), 600 - k + 1, 0.05)
    alone = (p <= 0.05).any(axis=1).mean()
    together = np.mean([min(holm(row.tolist())) <= 0.05 for row in p])
    assert alone > 0.4
    assert together <= 0.06


def test_the_judge_corrects_for_the_number_of_such_claims_and_for_no_other() -> None:
    by_chance = verdict_of([0.03, *[0.5] * 19])
    assert by_chance == [Outcome.INCONCLUSIVE, *[Outcome.PASSED] * 19]
    for_sure = verdict_of([0.001, *[0.5] * 19])
    assert for_sure == [Outcome.FAILED, *[Outcome.PASSED] * 19]
    assert verdict_of([0.03]) == [Outcome.FAILED]
