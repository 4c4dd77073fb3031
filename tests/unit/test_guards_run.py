"""Guards in whole drills on the fake world: one that trips, one that is blind, and what stands in the journal and the verdict."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from test_engine import DRILL, make, play

from harness.facts import Aimed, GuardTripped, Injected
from harness.fakeworld import FakeWorld


def drill(guard: str, more: str = "") -> str:
    return DRILL.replace("errors > 90% for 40s", guard).replace("max_duration: 5m", f"max_duration: 5m{more}")


def test_a_container_that_dies_beside_the_faults_ends_the_drill_and_everything_is_mended(tmp_path: Path) -> None:
    world = FakeWorld()
    world.clock.at(12.0, lambda: world.containers.dies("api-1"))
    record, verdict = play(world, make(tmp_path, drill("any container_died")), tmp_path)
    (tripped,) = record.journal().of(GuardTripped)
    assert tripped.guard == "any container_died"
    assert tripped.since_s == pytest.approx(12.0)
    assert tripped.value == "died with code 1"
    assert world.still_on() == ("api-1 is exited",), "no fault of ours, and not ours to wake"
    assert verdict.exit_code == 5
    assert "api-1 (api) died with code 1 at 12.0 s" in verdict.ending.stopped


def test_a_death_that_a_fault_of_the_drill_makes_does_not(tmp_path: Path) -> None:
    world = FakeWorld()
    text = drill("any container_died").replace("pause: {service: db, after: 3s}", "kill: {service: db, after: 3s}")
    record, verdict = play(world, make(tmp_path, text), tmp_path)
    assert record.journal().of(GuardTripped) == ()
    assert verdict.exit_code != 5


def test_a_restart_of_ours_after_a_phase_does_not(tmp_path: Path) -> None:
    world = FakeWorld()
    restarted: list[float] = []

    def restart(service: str) -> None:
        restarted.append(world.clock.now_s())
        world.containers.dies(f"{service}-1", 143)
        world.containers.start(service)

    world.containers.restart = restart  # type: ignore[method-assign]
    world.load.broken = lambda at_s: at_s > 28 and not (restarted and at_s > restarted[0])
    text = drill("any container_died").replace("abort:", "restore: restart\nabort:")
    record, verdict = play(world, make(tmp_path, text), tmp_path)
    assert restarted
    assert record.journal().of(GuardTripped) == ()
    assert verdict.exit_code == 1


def test_docker_that_answers_no_more_trips_after_the_time_that_the_drill_states(tmp_path: Path) -> None:
    world = FakeWorld()
    world.clock.at(8.0, lambda: setattr(world.containers, "gone", True))
    record, verdict = play(world, make(tmp_path, drill("any container_died", ", blind: 4s")), tmp_path)
    (tripped,) = record.journal().of(GuardTripped)
    assert tripped.blind
    assert tripped.limit == "blind for 4s"
    assert 11 < tripped.seen_s < 14
    assert verdict.exit_code == 5


def test_goodput_ends_the_drill_while_requests_only_wait(tmp_path: Path) -> None:
    world = FakeWorld()
    world.load.broken = lambda at_s: at_s > 10
    record, verdict = play(world, make(tmp_path, drill("goodput < 5/s for 3s")), tmp_path)
    (tripped,) = record.journal().of(GuardTripped)
    assert 12 < tripped.seen_s < 15
    assert tripped.limit == "< 5/s"
    assert verdict.exit_code == 5


def test_some_replicas_are_hurt_and_woken_and_a_death_among_the_others_still_trips(tmp_path: Path) -> None:
    text = drill("any container_died").replace("pause: {service: db, after: 3s}", "stop: {service: db, replicas: 1}")
    world = FakeWorld(replicas=3)
    record, verdict = play(world, make(tmp_path, text), tmp_path)
    assert record.journal().of(GuardTripped) == ()
    (aimed,) = record.journal().of(Aimed)
    assert aimed.containers == ("db-1",)
    assert world.still_on() == ()
    (landed,) = [fact for fact in record.journal().of(Injected) if "stop" in fact.fault]
    world = FakeWorld(replicas=3)
    world.clock.at(landed.seen_s + 1, lambda: world.containers.dies("db-3", 137))
    record, verdict = play(world, make(tmp_path, text), tmp_path)
    (tripped,) = record.journal().of(GuardTripped)
    assert "db-3 (db) died with code 137" in tripped.detail
    assert world.still_on() == ("db-3 is exited",)
    assert verdict.exit_code == 5


@pytest.mark.parametrize("guard", ["errors > 90% for 40s", "goodput < 1/s for 1m"])
def test_a_load_that_hangs_leaves_guards_on_requests_blind_and_ends_the_drill(tmp_path: Path, guard: str) -> None:
    world = FakeWorld()
    world.load.hangs_at_s = 8.0
    record, verdict = play(world, make(tmp_path, drill(guard, ", blind: 4s")), tmp_path)
    (tripped,) = record.journal().of(GuardTripped)
    assert (tripped.guard, tripped.blind, tripped.limit) == (guard, True, "blind for 4s")
    assert "the load process could not be heard for" in tripped.detail
    assert tripped.seen_s == pytest.approx(12.5, abs=1.5)
    assert world.still_on() == ()
    assert verdict.exit_code == 5


def test_a_load_that_hangs_trips_no_guard_that_asks_something_else(tmp_path: Path) -> None:
    world = FakeWorld()
    world.load.hangs_at_s = 8.0
    record, _ = play(world, make(tmp_path, drill("any container_died", ", blind: 4s")), tmp_path)
    assert record.journal().of(GuardTripped) == ()


@pytest.mark.parametrize("guard", ["errors of GET /x > 90% for 10s", "goodput of GET /x > 1000/s for 10s"])
def test_a_guard_on_a_request_that_is_never_made_is_blind(tmp_path: Path, guard: str) -> None:
    world = FakeWorld()
    record, verdict = play(world, make(tmp_path, drill(guard, ", blind: 9s")), tmp_path)
    (tripped,) = record.journal().of(GuardTripped)
    assert (tripped.guard, tripped.blind, tripped.limit) == (guard, True, "blind for 9s")
    assert tripped.detail.startswith("a request 'GET /x' (did you mean 'GET /'?) could not be seen for ")
    assert world.still_on() == ()
    assert verdict.exit_code == 5


def test_goodput_of_a_request_that_is_never_made_says_so(tmp_path: Path) -> None:
    record, _ = play(FakeWorld(), make(tmp_path, drill("goodput of GET /x < 1/s for 5s")), tmp_path)
    (tripped,) = record.journal().of(GuardTripped)
    assert (
        "goodput was 0/s; the load made no request 'GET /x' (did you mean 'GET /'?), over the last 5 s"
        in tripped.detail
    )


def test_a_request_that_the_locustfile_makes_may_come_late(tmp_path: Path) -> None:
    plan = make(tmp_path, drill("errors of GET /x > 90% for 10s", ", blind: 9s"))
    plan = replace(plan, drill=plan.drill.knowing(named=("GET /", "GET /x"), unnamed=()))
    record, _ = play(FakeWorld(), plan, tmp_path)
    assert record.journal().of(GuardTripped) == ()
