"""lives: whose hand ended a container (a step, a person, whoever takes a release back), and what died by itself all the same."""

from __future__ import annotations

import pytest

from harness import facts as f
from harness.expectations.base import Evidence, Steady
from harness.expectations.lives import PROBE
from harness.expectations.stays_up import StaysUp
from harness.testing import WrittenLogs, journal_of, rows_of
from harness.verdict import Finding, Outcome

PASSED, FAILED = Outcome.PASSED, Outcome.FAILED


def event(at_s: float, what: str, service: str = "api", code: int | None = None, detail: str = "") -> f.Fact:
    return f.ContainerChanged(
        service=service,
        container=f"{service}-1",
        event=what,
        exit_code=code,
        detail=detail,
        happened_s=at_s,
        seen_s=at_s + 0.5,
    )


def die(at_s: float, code: int = 1, service: str = "api") -> f.Fact:
    return event(at_s, "die", service, code)


def stopped(at_s: float, service: str = "api", code: int = 0) -> list[f.Fact]:
    """As Docker tells what `docker compose up`, `stop` and `restart` do: its grace may last."""
    return [
        event(at_s, "kill", service, detail="signal 15"),
        event(at_s + 2.4, "stop", service),
        die(at_s + 2.5, code, service),
    ]


def replaced(at_s: float, service: str = "api", code: int = 0) -> list[f.Fact]:
    return [*stopped(at_s, service, code), event(at_s + 2.9, "start", service)]


RELEASE = [
    f.Injecting(fault="p/bad", kind="bad_release", target="api", planned_s=11.0, seen_s=11.0),
    *replaced(11.2),
    f.Mended(fault="p/bad", begun_s=58.0, seen_s=59.0),
]
STEP = [
    f.LeverPulled(lever="back", by="runbook", command="docker compose up -d api", seen_s=29.0),
    f.LeverEnded(lever="back", begun_s=29.0, exit_code=0, seen_s=34.0),
]
PERSON = [
    f.Executing(by="ann", command=("docker", "compose", "up", "-d", "api"), seen_s=29.0, writer="people-ann"),
    f.Executed(begun_s=29.0, exit_code=0, seen_s=34.0, writer="people-ann"),
]


def seen(at_s: float, service: str, status: str = "running", code: int = 0, restarts: int = 0) -> f.Fact:
    return f.ContainerSeen(
        service=service, container=f"{service}-1", status=status, exit_code=code, restarts=restarts, seen_s=at_s
    )


def check(*facts: f.Fact, until_s: float = 100.0) -> Finding:
    """A phase from 10 to 60 s, Docker asked each second from 2 s on; the tape is cut at `until_s`."""
    told = [
        f.GateHeld(seen_s=5.0),
        f.PhaseBegan(phase="p", seen_s=10.0),
        *(seen(2.0, service) for service in ("api", "worker")),
        *facts,
        f.PhaseEnded(phase="p", seen_s=60.0),
        *(f.Looked(probe=PROBE, seen_s=float(at_s)) for at_s in range(2, 66)),
    ]
    journal = journal_of(*sorted(told, key=lambda fact: fact.seen_s)).cut(until_s)
    return StaysUp().check(Evidence(journal, rows_of([]), WrittenLogs(), Steady(10.0, ()), phase="p"))


@pytest.mark.parametrize("how", [STEP, PERSON, []], ids=["step", "person", "the system itself"])
@pytest.mark.parametrize("code", [0, 1, 137, 143])
def test_a_release_that_somebody_takes_back_kills_nobody(how: list[f.Fact], code: int) -> None:
    finding = check(*RELEASE, *how, *replaced(29.5, code=code))
    assert finding.outcome is PASSED
    assert "(1 by our own faults; 1 by a step, a person or a rollback)" in finding.because


def test_a_tape_that_is_cut_in_a_rollback_or_a_job_never_says_that_somebody_died() -> None:
    for tenth in range(100, 660):
        finding = check(*RELEASE, *STEP, *replaced(29.5), *job(20.0), *job(40.0), until_s=tenth / 10)
        assert finding.outcome is not FAILED, f"{tenth / 10} s: {finding.because}"


@pytest.mark.parametrize("how", [STEP, PERSON], ids=["step", "person"])
def test_a_restart_by_the_runbook_is_no_death_of_what_no_fault_is_on(how: list[f.Fact]) -> None:
    edge = f.Injecting(fault="p/down", kind="down", target="api->db", planned_s=11.0, seen_s=11.0)
    out = f.Mended(fault="p/down", begun_s=58.0, seen_s=59.0)
    assert check(edge, *how, *replaced(29.5), out).outcome is PASSED
    assert check(edge, *how, die(30.0, 143), out).outcome is PASSED, "by SIGTERM, though not through Docker"
    begun_again = [seen(29.0, "api"), die(30.0, 143), seen(31.0, "api", restarts=1)]
    assert check(edge, *how, *begun_again, out).outcome is PASSED, "Docker's restart policy began it again"
    down = seen(32.5, "api", "exited", 143)
    assert check(edge, *how, *stopped(29.5, code=143), down, seen(33.5, "api"), out).outcome is PASSED
    assert check(edge, *replaced(29.5, code=143), out).outcome is FAILED, "nobody that the drill knows of"


@pytest.mark.parametrize("how", [STEP, PERSON], ids=["step", "person"])
@pytest.mark.parametrize(
    "by_itself",
    [
        [die(31.0, 1, "worker")],
        [die(31.0, 137, "worker")],
        [die(31.0, 0, "worker")],
        [event(31.0, "oom", "worker"), die(31.0, 137, "worker")],
        [event(30.0, "kill", "worker", detail="signal 1"), die(31.0, 1, "worker")],
        [die(33.0)],
        [die(33.0, 0)],
        [die(40.0)],
        [die(40.0, 143)],
        [die(40.0, 0)],
        [seen(36.0, "api"), seen(41.0, "api", restarts=2)],
    ],
    ids=[
        "a neighbour",
        "a neighbour, by SIGKILL",
        "a neighbour, with 0",
        "a neighbour, out of memory",
        "a neighbour that was only reloaded",
        "the new one, at once",
        "the new one, at once, with 0",
        "the new one, later",
        "the new one, later, by SIGTERM",
        "the new one, later, with 0",
        "the new one, as Docker's count tells",
    ],
)
def test_what_dies_by_itself_during_a_rollback_or_after_it_is_dead(how: list[f.Fact], by_itself: list[f.Fact]) -> None:
    edge = f.Injecting(fault="p/down", kind="down", target="api->db", planned_s=11.0, seen_s=11.0)
    out = f.Mended(fault="p/down", begun_s=58.0, seen_s=59.0)
    assert check(*how, *replaced(29.5), *by_itself, edge, out).outcome is FAILED
    if not any(isinstance(fact, f.ContainerChanged) and fact.exit_code == 143 for fact in by_itself):
        assert check(*RELEASE, *how, *replaced(29.5), *by_itself).outcome is FAILED


def job(began_s: float, code: int = 0) -> list[f.Fact]:
    return [
        event(began_s, "start", "cron"),
        die(began_s + 3.0, code, "cron"),
        seen(began_s + 3.6, "cron", "exited", code),
    ]


def test_a_job_that_is_run_now_and_then_ends_and_does_not_die() -> None:
    assert check(seen(3.0, "cron", "exited"), *job(20.0), *job(40.0)).outcome is PASSED
    assert check(*job(20.0), *job(40.0)).outcome is PASSED, "the container is a new one each time"
    assert check(*job(20.0), *job(40.0, code=2)).outcome is FAILED
    again = seen(44.0, "cron", restarts=1)
    assert check(*job(20.0), seen(30.0, "cron"), *job(40.0), again).outcome is FAILED, "Docker restarted it"


def test_a_service_that_ends_with_0_by_itself_is_down() -> None:
    assert check(die(20.0, 0)).outcome is FAILED
    assert check(die(20.0, 0), event(21.0, "start"), seen(21.5, "api", restarts=1)).outcome is FAILED
    scaled = [event(30.0, "start", "api2"), seen(30.5, "api2"), die(45.0, 0, "api2")]
    assert check(*STEP, *scaled).outcome is FAILED, "what a step began is no job"
