"""stays_up: containers that die, but for what our own faults did to them."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from harness import facts as f
from harness.expectations.base import Evidence, Reach, Steady
from harness.expectations.lives import PROBE
from harness.expectations.stays_up import GAP_S, LAG_S, StaysUp
from harness.probes.containers import ContainersProbe
from harness.testing import WrittenLogs, journal_of, rows_of
from harness.verdict import Finding, Outcome

PASSED, FAILED, UNKNOWN = Outcome.PASSED, Outcome.FAILED, Outcome.INCONCLUSIVE


def seen(at_s: float, service: str = "api", status: str = "running", restarts: int = 0, code: int = 0) -> f.Fact:
    return f.ContainerSeen(
        service=service, container=f"{service}-1", status=status, restarts=restarts, exit_code=code, seen_s=at_s
    )


def event(at_s: float, what: str = "die", service: str = "api", code: int | None = 137) -> f.Fact:
    return f.ContainerChanged(
        service=service, container=f"{service}-1", event=what, exit_code=code, happened_s=at_s, seen_s=at_s + 0.5
    )


def fault(on_s: float, off_s: float | None, target: str = "api", id_: str = "p/kill-api") -> list[f.Fact]:
    facts: list[f.Fact] = [f.Injecting(fault=id_, kind="kill", target=target, planned_s=on_s, seen_s=on_s)]
    if off_s is not None:
        facts.append(f.Mended(fault=id_, begun_s=off_s - 0.5, seen_s=off_s))
    return facts


def check(*facts: f.Fact, claim: StaysUp | None = None, watched: bool = True, ended: bool = True) -> Finding:
    """A phase from 10 to 20 s, Docker asked every second from 1 to 25 s."""
    told: list[f.Fact] = [
        f.GateHeld(seen_s=5.0),
        f.PhaseBegan(phase="p", seen_s=10.0),
        seen(2.0),
        seen(2.0, "db"),
        *facts,
    ]
    told += [f.PhaseEnded(phase="p", seen_s=20.0)] if ended else []
    told += [f.Looked(probe=PROBE, seen_s=s) for s in range(1, 26)] if watched else []
    given = Evidence(journal_of(*told), rows_of([]), WrittenLogs(), Steady(10.0, ()), phase="p")
    return (claim or StaysUp()).check(given)


def test_containers_that_live_pass() -> None:
    assert check().outcome is PASSED


def test_a_death_fails_at_once_whatever_the_gates_say() -> None:
    finding = check(event(12.0), ended=False, watched=False)
    assert finding.outcome is FAILED
    assert finding.census
    assert "api died with code 137 at 12.0 s" in finding.because


def test_a_death_before_or_after_the_phase_is_not_its_own() -> None:
    assert check(event(8.0), seen(8.6, status="exited", code=137), seen(9.0)).outcome is PASSED
    assert check(event(20.5)).outcome is PASSED


def test_a_container_that_had_died_before_and_did_not_come_back_is_not_up() -> None:
    finding = check(event(8.0), seen(8.6, status="exited", code=137))
    assert finding.outcome is FAILED
    assert "was found exited" in finding.because


def test_a_one_shot_that_had_ended_well_before_the_gate_is_no_death() -> None:
    assert check(seen(3.0, "setup"), seen(4.0, "setup", status="exited")).outcome is PASSED


def test_what_our_own_fault_did_to_its_target_is_not_counted() -> None:
    finding = check(
        *fault(12.0, 18.0), event(12.2), event(12.3, "kill"), seen(13, status="exited", code=137), seen(18.5)
    )
    assert finding.outcome is PASSED
    assert "1 by our own faults" in finding.because


def test_a_neighbour_that_dies_while_our_fault_is_on_is_counted() -> None:
    assert check(*fault(12.0, 18.0, "db"), event(12.1, service="db"), event(14.0)).outcome is FAILED


def test_a_target_that_dies_again_by_itself_is_counted_once_the_fault_is_out() -> None:
    again = (event(12.2), event(15.0, code=1))
    assert check(*fault(12.0, None), *again, ended=False).outcome is UNKNOWN, "its deaths cannot be told apart yet"
    assert check(*fault(12.0, 18.0), *again).outcome is FAILED


def test_running_out_of_memory_counts_once_with_the_death_that_it_brings() -> None:
    claim = StaysUp(restarts=1)
    assert check(event(12.0, "oom", code=None), event(12.01), claim=claim).outcome is PASSED
    assert "ran out of memory" in check(event(12.0, "oom", code=None)).because


def test_dockers_own_count_of_restarts_tells_what_no_event_told() -> None:
    finding = check(seen(9.0, restarts=1), seen(15.0, restarts=4))
    assert finding.outcome is FAILED
    assert "Docker restarted api 3 times" in finding.because


def test_so_many_deaths_as_are_forgiven_pass() -> None:
    assert check(event(12.0), event(14.0), claim=StaysUp(service="api", restarts=2)).outcome is PASSED
    assert check(event(12.0), event(14.0), claim=StaysUp(service="api", restarts=1)).outcome is FAILED


def test_a_claim_about_one_service_does_not_see_another() -> None:
    assert check(event(12.0, service="db"), claim=StaysUp(service="api")).outcome is PASSED
    assert check(event(12.0, service="db"), claim=StaysUp(service="d*")).outcome is FAILED


def test_a_docker_that_nobody_asked_says_nothing() -> None:
    assert check(watched=False).reason == "not_watched"
    assert check(f.Blinded(probe=PROBE, target="", error="timed out", seen_s=14.2)).reason == "not_watched"
    assert check(claim=StaysUp(service="nobody")).reason == "no_evidence"


def test_the_claim_asks_for_the_grain_that_the_probe_promises() -> None:
    probe = ContainersProbe()
    assert (probe.name, probe.gap_s, probe.lag_s) == (PROBE, GAP_S, LAG_S)
    reach = Reach(window_s=10, arrivals=10, timeout_s=10, services=("api", "db"))
    assert StaysUp(service="web").undecidable(reach) == "the stack has no service 'web'; it has api, db"
    assert StaysUp().undecidable(reach) == ""


def test_a_sidecar_is_made_anew_with_the_released_container_in_whose_network_it_lives() -> None:
    lodger = f.ContainerSeen(service="proxy", container="proxy-1", status="running", network_of="api-1", seen_s=2.0)
    deploying = [f.Injecting(fault="p/bad", kind="bad_release", target="api", planned_s=11.0, seen_s=11.0)]
    mended = f.Mended(fault="p/bad", begun_s=18.0, seen_s=19.0)
    died = event(12.0, service="proxy")
    assert check(seen(2.0), lodger, *deploying, mended, died).outcome is PASSED
    alone = f.ContainerSeen(service="proxy", container="proxy-1", status="running", seen_s=2.0)
    assert check(seen(2.0), alone, *deploying, mended, died).outcome is FAILED
    assert check(seen(2.0), lodger, *fault(11.0, 18.0), died).outcome is FAILED, "killing api does not make it anew"


def test_several_services_are_one_claim_and_each_must_have_been_seen() -> None:
    both = StaysUp(services=("api", "d*"))
    assert both.about() == "api-d*"
    assert check(claim=both).outcome is PASSED
    assert check(event(12.0, service="db"), claim=both).outcome is FAILED
    assert check(event(12.0, service="cache"), claim=both).outcome is PASSED
    finding = check(claim=StaysUp(services=("api", "worker")))
    assert (finding.outcome, finding.because) == (UNKNOWN, "no container of worker was ever seen")
    reach = Reach(60.0, 100.0, 2.0, services=("api", "db"))
    assert "no service 'worker'" in StaysUp(services=("api", "worker")).undecidable(reach)


def test_service_and_services_do_not_stand_together() -> None:
    with pytest.raises(ValidationError, match="not both"):
        StaysUp.model_validate({"service": "api", "services": ["db"]})
