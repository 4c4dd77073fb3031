"""A service that is slow on a full machine: whose doing it was, told by who used the processors."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import pytest

from harness import facts as f
from harness.beside import judged_beside, settled_beside
from harness.expectations import EXPECTATIONS
from harness.expectations.base import Evidence, Steady
from harness.expectations.errors_below import TARDY, ErrorsBelow
from harness.expectations.not_metastable import NotMetastable
from harness.expectations.recovers import Recovers
from harness.expectations.responds_within import RespondsWithin
from harness.journal import Journal, Window
from harness.ledger import NO_ROWS
from harness.neighbours import disturbed, neighbours
from harness.reasons import REASONS
from harness.testing import WrittenLogs, journal_of, machine_of
from harness.verdict import Finding, Judged, Outcome, failed, passed

SLOW = failed("p95 of all requests was 3.1 s (limit 1.5 s)", cites=["row 1:7"])
PHASE = (f.PhaseBegan(phase="slow", seen_s=10.0), f.PhaseEnded(phase="slow", seen_s=40.0))
THEN = (*PHASE, f.PhaseSettled(phase="slow", steady=True, seen_s=100.0))


def well() -> None:
    """It does not fail without what came late."""


def within() -> RespondsWithin:
    return RespondsWithin.model_validate({"p95": "1500ms"})


def beside(one: Judged, claim: Any, journal: Journal, hold_s: float, *, then: bool = False) -> Judged:
    return judged_beside(one, claim, Evidence(journal, NO_ROWS, WrittenLogs(), Steady(hold_s, ()), "slow", then), well)


def judged(*machine: f.Fact, finding: Finding = SLOW, claim: Any = None) -> Finding:
    """A claim about a phase from 10 s to 40 s."""
    one = Judged("slow/within", "said", "slow", "", finding)
    return beside(one, claim or within(), journal_of(*PHASE, *machine), 5.0).finding


def test_slow_beside_a_build_that_takes_one_of_two_processors_is_open_and_says_who() -> None:
    calm, full = machine_of(0, 20), machine_of(20, 32, stack=0.6, others=1.3)
    finding = judged(*calm, *full, *machine_of(32, 41))
    assert (finding.outcome, finding.reason) == (Outcome.INCONCLUSIVE, "host_disturbed")
    assert finding.because == (
        "processes outside of this run used 1.3 of 2 processors for 12 s of the 30 s: "
        "the machine was too busy to tell; in it: p95 of all requests was 3.1 s (limit 1.5 s)"
    )
    assert finding.decide
    assert finding.cites[0] == "row 1:7"
    assert len(finding.cites) == 3


def test_a_service_that_eats_its_own_processors_has_failed() -> None:
    assert judged(*machine_of(0, 41, stack=1.85, others=0.05)) == SLOW


def test_what_passed_in_spite_of_it_has_passed() -> None:
    fine = passed("p95 of all requests was 0.2 s")
    assert judged(*machine_of(0, 41, others=1.6), finding=fine) == fine


def test_a_census_stands() -> None:
    lost = dataclasses.replace(SLOW, census=True)
    assert judged(*machine_of(0, 41, others=1.6), finding=lost) == lost


def test_a_failure_that_no_want_of_processors_makes_stands() -> None:
    collateral = failed("OrdersDown fired", reason="collateral")
    assert judged(*machine_of(0, 41, others=1.6), finding=collateral) == collateral


def test_the_harness_own_processes_are_nobody_elses() -> None:
    assert judged(*machine_of(0, 41, stack=0.5, harness=1.4)) == SLOW


def test_a_container_that_its_own_limit_holds_back_waits_beside_idle_processors() -> None:
    assert judged(*machine_of(0, 41, stack=0.5, others=1.0, waited=0.95)) == SLOW


def test_docker_itself_is_on_nobodys_account() -> None:
    looks = [
        dataclasses.replace(look, docker_s=1.0, busy_s=look.busy_s + 1.0, idle_s=0.0)
        if isinstance(look, f.ProcessorsSeen)
        else look
        for look in machine_of(0, 41, stack=0.6)
    ]
    assert judged(*looks) == SLOW


@pytest.mark.parametrize(
    ("machine", "disturbs"),
    [
        ({"stack": 1.3, "others": 0.52, "harness": 0.18}, True),
        ({"stack": 1.3, "others": 0.48, "harness": 0.22}, False),
        ({"stack": 0.8, "others": 0.9, "harness": 0.1}, True),
        ({"stack": 0.8, "others": 0.85, "harness": 0.1}, False),
        ({"others": 1.6, "waited": 0.26}, True),
        ({"others": 1.6, "waited": 0.24}, False),
        ({"stack": 1.0, "steal": 0.6, "harness": 0.4, "waited": 0.0}, True),
        ({"stack": 1.2, "steal": 0.4, "harness": 0.4}, False),
        ({"stack": 12.0, "others": 4.0, "harness": 0.0, "processors": 16}, True),
        ({"stack": 13.0, "others": 3.0, "harness": 0.0, "processors": 16}, False),
    ],
    ids=lambda value: " ".join(f"{k}={v}" for k, v in value.items()) if isinstance(value, dict) else "",
)
def test_a_second_counts_where_the_machine_was_full_and_others_had_a_material_part(
    machine: dict[str, Any], disturbs: bool
) -> None:
    assert (neighbours(journal_of(*machine_of(9, 40, **machine)), 10.0, 40.0) is not None) is disturbs


@pytest.mark.parametrize(("seconds", "disturbs"), [(2, False), (3, True)])
def test_a_tenth_of_the_stretch_must_be_disturbed(seconds: int, disturbs: bool) -> None:
    facts = (*machine_of(9, 20), *machine_of(20, 20 + seconds, others=1.6), *machine_of(20 + seconds, 41))
    assert (judged(*facts).reason == "host_disturbed") is disturbs


def a_minute(claim: Any, finding: Finding, seconds: int) -> Finding:
    """A claim about a phase of 60 s, in so many of which others filled the machine."""
    phase = (f.PhaseBegan(phase="slow", seen_s=10.0), f.PhaseEnded(phase="slow", seen_s=70.0))
    full = machine_of(20, 20 + seconds, stack=0.5, others=1.4)
    facts = (*phase, *machine_of(9, 20), *full, *machine_of(20 + seconds, 71))
    return beside(Judged("slow/it", "said", "slow", "", finding), claim, journal_of(*facts), 5.0).finding


@pytest.mark.parametrize(
    ("quantile", "seconds", "disturbs"),
    [
        ("p50", 5, False),
        ("p50", 6, True),
        ("p90", 5, False),
        ("p90", 6, True),
        ("p95", 5, False),
        ("p95", 6, True),
        ("p99", 1, False),
        ("p99", 2, True),
        ("p99", 5, True),
        ("max", 0, False),
        ("max", 1, True),
    ],
)
def test_twice_what_lies_beyond_a_percentile_must_be_disturbed(quantile: str, seconds: int, disturbs: bool) -> None:
    claim = RespondsWithin.model_validate({"p50": "1s", "p90": "1s", "p95": "1s", "p99": "1s", "max": "1s"})
    finding = a_minute(claim, failed(f"{quantile} of all requests was 3.1 s (limit 1 s)"), seconds)
    assert (finding.reason == "host_disturbed") is disturbs


def test_the_percentile_that_failed_is_the_one_asked() -> None:
    claim = RespondsWithin.model_validate({"p95": "1s", "p99": "4s"})
    assert a_minute(claim, failed("p95 of all requests was 3.1 s (limit 1 s)"), 5).outcome is Outcome.FAILED
    assert a_minute(claim, failed("p99 service time of GET / was 5 s (limit 4 s)"), 5).reason == "host_disturbed"


@pytest.mark.parametrize(
    ("ratio", "seconds", "disturbs"),
    [
        ("20%", 5, False),
        ("20%", 6, True),
        ("2.5%", 2, False),
        ("2.5%", 3, True),
        ("1%", 1, False),
        ("1%", 2, True),
        ("0%", 0, False),
        ("0%", 1, True),
    ],
)
def test_twice_the_limit_of_errors_must_be_disturbed(ratio: str, seconds: int, disturbs: bool) -> None:
    late = failed("time-outs", details=((TARDY, "0%"),))
    finding = a_minute(ErrorsBelow.model_validate({"ratio": ratio}), late, seconds)
    assert (finding.reason == "host_disturbed") is disturbs


def test_less_than_a_second_is_told_as_it_is() -> None:
    look = f.ProcessorsSeen(
        over_s=1.0, processors=2, idle_s=0.0, steal_s=0.0, busy_s=2.0, stack_s=0.3, harness_s=0.1, seen_s=10.4
    )
    assert str(neighbours(journal_of(look), 10.0, 40.0)).endswith("for 0.4 s of the 30 s")


def test_only_the_claims_own_stretch_counts() -> None:
    before, after = machine_of(0, 10, others=1.6), machine_of(41, 60, others=1.6)
    assert judged(*before, *machine_of(10, 41), *after) == SLOW


def test_a_claim_with_a_limit_is_asked_of_the_time_until_it_was_decided() -> None:
    late = failed("the steady state was not back", reason="late")
    one = Judged("slow/recovers", "said", "slow", "", late)

    def told(start_s: int, end_s: int) -> Outcome:
        facts = (*THEN, *machine_of(39, start_s), *machine_of(start_s, end_s, others=1.6), *machine_of(end_s, 101))
        claim = Recovers.model_validate({"within": "20s"})
        return beside(one, claim, journal_of(*facts), 10.0, then=True).finding.outcome

    assert told(41, 60) is Outcome.INCONCLUSIVE
    assert told(60, 70) is Outcome.INCONCLUSIVE, "it is held for 10 s after its limit"
    assert told(75, 95) is Outcome.FAILED, "it was late long before"


def test_what_is_decided_in_its_last_third_is_asked_of_that_third_alone() -> None:
    finding = failed("goodput was not back", reason="not_back")
    one = Judged("slow/metastable", "said", "slow", "", finding)
    claim = NotMetastable.model_validate({"for": "120s"})  # from 40 s on: its last third is 120 s to 160 s

    def told(start_s: int, end_s: int) -> Finding:
        then = (*PHASE, f.PhaseSettled(phase="slow", steady=True, seen_s=200.0))
        facts = (*then, *machine_of(39, start_s), *machine_of(start_s, end_s, others=1.6), *machine_of(end_s, 201))
        return beside(one, claim, journal_of(*facts), 30.0, then=True).finding

    assert told(150, 160).because.startswith(
        "processes outside of this run used 1.6 of 2 processors for 10 s of the 40 s"
    )
    assert told(120, 124).outcome is Outcome.INCONCLUSIVE
    assert told(120, 123).outcome is Outcome.FAILED, "less than a tenth of it"
    assert told(40, 120).outcome is Outcome.FAILED, "others were gone when it was decided"
    assert told(160, 190).outcome is Outcome.FAILED, "it had been decided: no steady state is held after it"


def test_a_stack_that_did_not_settle_beside_others_is_open() -> None:
    one = Judged("slow/settles", "said", "slow", "", failed("not steady", reason="not_settled", census=True))
    full = journal_of(*THEN, *machine_of(39, 101, others=1.6))
    open_ = settled_beside(one, full, lambda: False).finding
    assert (open_.outcome, open_.reason, open_.census) == (Outcome.INCONCLUSIVE, "host_disturbed", False)
    assert settled_beside(one, journal_of(*THEN, *machine_of(39, 101, stack=1.8)), lambda: False) is one
    stands = settled_beside(one, full, lambda: True).finding
    assert (stands.outcome, stands.reason, stands.census) == (Outcome.FAILED, "not_settled", True)
    assert "errors that came at once" in dict(stands.details)["machine"]


def test_a_service_that_has_ended_stays_ended_however_many_processors_there_are() -> None:
    def store(status: str, at_s: float, code: int = 0) -> f.ContainerSeen:
        return f.ContainerSeen(service="store", container="store-1", status=status, exit_code=code, seen_s=at_s)

    began, ended, _ = THEN
    facts = [
        f.GateHeld(seen_s=9.0),
        store("running", 9.0),
        began,
        ended,
        store("exited", 42.0, code=137),
        f.PhaseSettled(phase="slow", steady=False, seen_s=100.0),
        *machine_of(39, 101, others=1.6),
    ]
    journal = journal_of(*facts)
    settles = Judged("slow/settles", "said", "slow", "", failed("not steady", reason="not_settled", census=True))
    assert settled_beside(settles, journal, lambda: False) is settles
    late = Judged("slow/recovers", "said", "slow", "", failed("not back", reason="late"))
    claim = Recovers.model_validate({"within": "20s"})
    assert beside(late, claim, journal, 5.0, then=True) is late
    alive = journal_of(*(fact for fact in facts if getattr(fact, "status", "") != "exited"))
    assert beside(late, claim, alive, 5.0, then=True).finding.outcome is Outcome.INCONCLUSIVE


def test_an_old_journal_is_judged_as_before() -> None:
    only = [fact for fact in machine_of(0, 41, others=1.6) if isinstance(fact, f.PressureSeen)]
    assert judged(*only) == SLOW


@pytest.mark.parametrize(
    ("machine", "disturbs"),
    [
        ({"stack": 0.5, "others": 1.4}, True),
        ({"stack": 0.32, "others": 1.4}, True),
        ({"stack": 0.28, "others": 1.4}, False),
        ({"stack": 1.3, "others": 0.52}, True),
        ({"stack": 1.4, "others": 0.48}, False),
    ],
    ids=str,
)
def test_where_the_kernel_tells_no_pressure_a_full_machine_and_material_others_are_enough(
    machine: dict[str, float], disturbs: bool
) -> None:
    only = [fact for fact in machine_of(0, 41, **machine) if isinstance(fact, f.ProcessorsSeen)]
    assert (judged(*only).reason == "host_disturbed") is disturbs
    waits_little = f.PressureSeen(seen_s=5.0, cpu_some_us=0), f.PressureSeen(seen_s=41.0, cpu_some_us=0)
    assert judged(*only, *waits_little) == SLOW, "where it does tell, nobody waited"


def test_where_the_machine_is_not_the_stacks_that_is_said_and_nothing_is_excused() -> None:
    why = "who used this machine's processors is not observable here: the stack's containers do not run on it"
    full = [fact for fact in machine_of(0, 41, others=1.6) if isinstance(fact, f.PressureSeen)]
    blinded = f.Blinded(probe="processors", target="", error=why, seen_s=5.0)
    finding = judged(*full, blinded)
    assert (finding.outcome, finding.because) == (SLOW.outcome, SLOW.because)
    assert finding.details == (("machine", f"processes waited for a processor 80% of that time; {why}"),)
    idle = [fact for fact in machine_of(0, 41, waited=0.02) if isinstance(fact, f.PressureSeen)]
    assert judged(*idle, blinded) == SLOW
    untold = (("machine", f"this machine has no pressure stall information; {why}"),)
    assert judged(blinded).details == untold, "nobody can tell whether anybody waited"


@pytest.mark.parametrize(
    ("looked_s", "known"), [((0, 9), False), ((10, 11), True), ((39, 40), True), ((41, 45), False)]
)
def test_who_used_the_processors_is_unknown_where_nobody_looked_in_the_claims_own_stretch(
    looked_s: tuple[int, int], known: bool
) -> None:
    waits = [fact for fact in machine_of(0, 45) if isinstance(fact, f.PressureSeen)]
    looks = [fact for fact in machine_of(*looked_s, stack=1.9) if isinstance(fact, f.ProcessorsSeen)]
    blinded = f.Blinded(probe="processors", target="", error="not observable", seen_s=9.5)
    assert (judged(*waits, *looks, blinded) == SLOW) is known


def test_other_virtual_machines_are_named_and_one_processor_is_one() -> None:
    def said(**machine: Any) -> str:
        return str(neighbours(journal_of(*machine_of(9, 40, **machine)), 10.0, 40.0))

    assert said(stack=1.0, steal=0.8) == "other virtual machines took 0.8 of 2 processors for 30 s of the 30 s"
    assert said(stack=0.5, others=0.8, steal=0.5) == (
        "processes outside of this run used 0.8 and other virtual machines took 0.5 of 2 processors for 30 s of the 30 s"
    )
    assert "0.7 of 1 processor for" in said(stack=0.2, others=0.7, processors=1)


def test_a_claim_that_has_not_begun_has_no_stretch() -> None:
    journal = journal_of(*machine_of(0, 41, others=1.6))
    assert disturbed(journal, None) is None
    assert disturbed(journal, Window(10.0, math.inf)) is not None


@pytest.mark.parametrize("claim", EXPECTATIONS, ids=lambda claim: claim.word)
def test_the_reasons_that_a_full_machine_excuses_are_known_ones(claim: Any) -> None:
    assert set(claim.timed) <= set(REASONS)
