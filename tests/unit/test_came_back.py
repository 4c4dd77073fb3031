"""What does not come back by itself after a mend: found in the journal, restarted where the drill says so, and told either way."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_engine import DRILL, make, play

from harness import facts as f
from harness.came_back import down, left_down, suspects
from harness.ending import left_behind, unsettled
from harness.errors import NotApplied
from harness.expectations.recovers import held_until_s
from harness.expectations.stays_up import StaysUp
from harness.fakeworld import FakeWorld
from harness.testing import journal_of
from harness.verdict import Judged, Outcome

EARLY, LATE = "2026-01-01T00:00:00.5Z", "2026-01-01T00:01:00.5Z"
GATE = f.GateHeld(seen_s=10.0)
BEGAN = f.PhaseBegan(phase="gone", seen_s=11.0)
ENDED = f.PhaseEnded(phase="gone", seen_s=20.0)


def seen(service: str, at_s: float, status: str = "running", code: int = 0, **more: str) -> f.ContainerSeen:
    more = {"started_at": EARLY, **more}
    return f.ContainerSeen(
        service=service, container=f"{service}-1", status=status, exit_code=code, seen_s=at_s, **more
    )


def injecting(target: str, kind: str) -> f.Injecting:
    return f.Injecting(fault=f"gone/{kind}-{target}", kind=kind, target=target, planned_s=12.0, seen_s=12.0)


def settled(steady: bool, at_s: float = 40.0) -> f.PhaseSettled:
    return f.PhaseSettled(phase="gone", steady=steady, detail="errors 100%", seen_s=at_s)


def found(*facts: f.Fact, steady: bool) -> tuple[Judged, ...]:
    journal = journal_of(GATE, BEGAN, ENDED, settled(steady), *facts)
    return (*unsettled(journal), *left_behind(journal))


def test_what_ran_at_the_gate_and_ended_with_an_error_is_down_and_a_job_that_is_done_is_not() -> None:
    journal = journal_of(
        GATE,
        *(seen(name, 5.0) for name in ("api", "job", "db")),
        seen("migrate", 5.0, "exited", 1),
        seen("api", 25.0, "exited", 1),
        seen("job", 25.0, "exited", 0),
    )
    assert [(one.service, one.why) for one in down(journal, 40.0)] == [("api", "has ended with code 1")]
    assert down(journal, 20.0) == ()


def test_who_sits_in_the_network_of_a_container_that_was_started_again_or_is_gone_is_stranded() -> None:
    before = (GATE, seen("api", 5.0), seen("side", 5.0, network_of="api-1"), seen("far", 5.0, network_of="elsewhere-1"))
    assert down(journal_of(*before), 40.0) == ()
    (again,) = down(journal_of(*before, seen("api", 25.0, started_at=LATE)), 40.0)
    assert (again.service, again.stranded) == ("side", True)
    assert again.why == "sits in a network of api that went when api was started again"
    (gone,) = down(journal_of(*before, seen("side", 25.0, network_of="0123456789ab")), 40.0)
    assert "a container that is gone" in gone.why
    both = (seen("api", 25.0, started_at=LATE), seen("side", 26.0, network_of="api-1", started_at=LATE))
    assert down(journal_of(*before, *both), 40.0) == ()


def test_a_stack_that_is_not_steady_is_told_what_needs_a_restart_and_by_which_command() -> None:
    (one,) = found(injecting("db", "kill"), seen("api", 5.0), seen("api", 25.0, "exited", 3), steady=False)
    assert (one.id, one.finding.outcome, one.finding.reason) == ("gone/settles", Outcome.FAILED, "needs_restart")
    assert "api has ended with code 3" in one.finding.because
    assert "docker compose restart api" in one.finding.because


def test_a_stack_that_is_steady_without_a_part_of_it_has_not_come_back_whole() -> None:
    (one,) = found(
        injecting("api", "kill"),
        seen("api", 5.0),
        seen("side", 5.0, network_of="api-1"),
        seen("api", 25.0, started_at=LATE),
        steady=True,
    )
    assert (one.id, one.finding.reason, one.finding.census) == ("gone/comes-back", "needs_restart", True)
    assert "side sits in a network of api" in one.finding.because


def test_in_a_steady_stack_what_others_may_have_taken_away_is_no_finding() -> None:
    hurt = injecting("api->db", "latency")
    assert found(hurt, seen("canary", 5.0), seen("canary", 25.0, "exited", 143), steady=True) == ()
    (target,) = found(injecting("db", "stop"), seen("db", 5.0), seen("db", 25.0, "exited", 1), steady=True)
    assert target.finding.reason == "needs_restart"


def test_without_anything_down_the_callers_are_suspected_first_and_then_what_was_hurt() -> None:
    journal = journal_of(
        GATE,
        *(seen(name, 5.0) for name in ("api", "worker", "db", "web")),
        f.EdgeFound(edge="api->db", address="", ports=(), seen_s=1.0),
        f.EdgeFound(edge="worker->db", address="", ports=(), seen_s=1.0),
        f.EdgeFound(edge="web->api", address="", ports=(), seen_s=1.0),
        f.EdgeFound(edge="(client)->web", address="", ports=(), seen_s=1.0),
        BEGAN,
        injecting("db", "pause"),
    )
    assert [group for group, _ in suspects(journal, settled(False))] == [("api", "worker"), ("db",)]
    fallen = journal_of(*journal.facts, seen("worker", 30.0, "exited", 1))
    assert [group for group, _ in suspects(fallen, settled(False))] == [("worker",), ("api",), ("db",)]
    assert suspects(journal, settled(True)) == ()
    assert left_down(journal, settled(True)) == ()


def test_a_restart_that_helped_is_the_proof_and_one_that_did_not_is_said() -> None:
    restart = f.Restarted(phase="gone", services=("web",), begun_s=41.0, why="the stack was not steady", seen_s=42.0)
    (one,) = found(restart, settled(True, 50.0), steady=False)
    assert one.finding.reason == "needs_restart"
    assert "we restarted web at 41.0 s, and it was steady again" in one.finding.because
    (other,) = found(restart, settled(False, 70.0), steady=False)
    assert other.finding.reason == "not_settled"
    assert "that did not help" in other.finding.because


def test_a_restart_of_ours_ends_the_time_to_recover_in_and_is_no_death_of_the_service() -> None:
    restart = f.Restarted(phase="gone", services=("api",), begun_s=41.0, why="", seen_s=43.0)
    died = f.ContainerChanged(service="api", container="api-1", event="die", exit_code=143, seen_s=42.0)
    looks = tuple(f.Looked(probe="containers", seen_s=float(at)) for at in range(62))
    began = f.LoadBegan(begins_s=0.0)
    ended = f.LoadEnded(seen_s=60.0, ended_s=60.0, clean=True)
    journal = journal_of(GATE, BEGAN, seen("api", 5.0), restart, died, *looks, began, ended)
    assert held_until_s(journal, 20.0) == 41.0

    from harness.expectations.base import Evidence, Steady
    from harness.testing import WrittenLogs, rows_of

    def judged(known: f.Fact) -> Outcome:
        facts = [fact for fact in journal.facts if fact.number != known.number]
        evidence = Evidence(journal=journal_of(*facts), rows=rows_of([]), logs=WrittenLogs(), steady=Steady(4.0, ()))
        return StaysUp().check(evidence).outcome

    (ours,) = journal.of(f.Restarted)
    assert judged(ours) is Outcome.FAILED
    assert judged(f.Looked(probe="none")) is Outcome.PASSED


@pytest.mark.parametrize("works", [True, False])
def test_a_drill_with_restore_restarts_the_caller_once_it_was_judged_and_goes_on(tmp_path: Path, works: bool) -> None:
    world = FakeWorld()
    restarted: list[tuple[str, float]] = []
    inner = world.containers.restart

    def restart(service: str) -> None:
        restarted.append((service, world.clock.now_s()))
        if not works:
            raise NotApplied("Docker refuses")
        inner(service)

    world.containers.restart = restart  # type: ignore[method-assign]
    world.load.broken = lambda at_s: at_s > 28 and not (works and restarted and at_s > restarted[0][1])
    text = DRILL.replace("for 40s", "for 200s").replace("abort:", "restore: restart\nabort:")
    record, verdict = play(world, make(tmp_path, text), tmp_path)
    journal = record.journal()
    outcomes = {one.id: one.finding for one in verdict.findings}
    assert outcomes["slow/settles"].outcome is Outcome.FAILED
    assert outcomes["slow/recovers-steady"].outcome is Outcome.FAILED
    if works:
        assert [service for service, _ in restarted] == ["api"]
        assert [it.steady for it in journal.of(f.PhaseSettled)] == [False, True, True]
        assert journal.phase_ended("gone") is not None
        assert outcomes["slow/settles"].reason == "needs_restart"
        assert outcomes["run/stays_up-all"].outcome is Outcome.PASSED
    else:
        assert [service for service, _ in restarted] == ["api", "db"]
        assert journal.phase_began("gone") is None
        assert all("Docker refuses" in fact.error for fact in journal.of(f.Restarted))
        assert outcomes["slow/settles"].reason == "not_settled"
    assert verdict.exit_code == 1
    assert world.still_on() == ()


def test_what_the_blast_radius_leaves_out_is_not_restarted_either(tmp_path: Path) -> None:
    world = FakeWorld()
    restarted: list[str] = []
    world.containers.restart = restarted.append  # type: ignore[method-assign]
    world.load.broken = lambda at_s: at_s > 28
    bounds = "restore: restart\nblast_radius: {services: [db], edges: ['api->db']}\nabort:"
    text = DRILL.replace("for 40s", "for 200s").replace("abort:", bounds)
    record, _ = play(world, make(tmp_path, text), tmp_path)
    assert restarted == ["db"]
    api = record.journal().first(f.Restarted)
    assert api is not None
    assert api.services == ("api",)
    assert "it touches api, which this drill may not" in api.error


def test_a_drill_that_restarts_has_the_time_for_it(tmp_path: Path) -> None:
    unbounded = DRILL.replace(", max_duration: 5m", "")
    plain = make(tmp_path, unbounded).max_duration_s
    assert make(tmp_path, unbounded.replace("abort:", "restore: restart\nabort:")).max_duration_s > plain + 2 * 3 * 25


def test_without_restore_nothing_is_restarted_and_the_run_ends_as_ever(tmp_path: Path) -> None:
    world = FakeWorld()
    world.containers.restart = pytest.fail  # type: ignore[assignment,method-assign]
    world.load.broken = lambda at_s: at_s > 28
    record, verdict = play(world, make(tmp_path, DRILL.replace("for 40s", "for 90s")), tmp_path)
    assert not record.journal().of(f.Restarted)
    assert record.journal().phase_began("gone") is None
    assert verdict.exit_code == 1
