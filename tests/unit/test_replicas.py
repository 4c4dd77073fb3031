"""Faults on some of a service's replicas: which are chosen, that they stand among the facts first, and that they alone are woken."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from alert_stories import judged, looks, story
from pydantic import ValidationError

from harness import facts as f
from harness.errors import NotApplied
from harness.expectations.stays_up import StaysUp
from harness.facts import Aimed, Fact, Injected, Mended
from harness.fakeworld import FakeWorld
from harness.faults.kill import Kill
from harness.faults.pause import Pause
from harness.faults.service import some_of
from harness.faults.stop import Stop
from harness.journal import Writer
from harness.landings import landings, mends
from harness.plan import Injection, PlannedPhase
from harness.run.folder import RunFolder
from harness.run.injector import Injector
from harness.safety.takeout import own_writer, take_out
from harness.testing import journal_of
from harness.verdict import Outcome

KINDS = [Stop, Kill, Pause]


def world(replicas: int = 4) -> FakeWorld:
    return FakeWorld(replicas=replicas)


@pytest.mark.parametrize(
    ("given", "running", "chosen"),
    [
        (1, 4, ("api-1",)),
        (3, 4, ("api-1", "api-2", "api-3")),
        ("50%", 4, ("api-1", "api-2")),
        ("50%", 3, ("api-1",)),
        ("1%", 3, ("api-1",)),
        ("100%", 2, ("api-1", "api-2")),
        (2, 12, ("api-1", "api-2")),
        ("all", 3, ("api-1", "api-2", "api-3")),
    ],
)
def test_those_of_the_lowest_numbers_that_run_are_chosen(given: Any, running: int, chosen: tuple[str, ...]) -> None:
    assert Kill(service="api", replicas=given).aimed(world(running).world).containers == chosen


def test_one_that_does_not_run_is_left_alone() -> None:
    fake = world()
    fake.containers.dies("api-1")
    assert Kill(service="api", replicas=2).aimed(fake.world).containers == ("api-2", "api-3")


def test_more_than_run_cannot_be_hurt_and_nothing_is() -> None:
    fake = world(2)
    with pytest.raises(NotApplied, match="api has 2 running, and 3 were to be hurt"):
        Kill(service="api", replicas=3).aimed(fake.world)
    fake.containers.dies("api-1")
    assert Kill(service="api", replicas=3).mend("it", fake.world) == ""
    assert fake.containers.apart["api-1"] == "exited", "who died by itself is not ours to wake"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("replicas", [1, "all"])
def test_without_a_choice_nothing_is_hurt(kind: Any, replicas: Any) -> None:
    fake = world()
    with pytest.raises(NotApplied, match="was not chosen"):
        kind(service="api", replicas=replicas).inject("it", fake.world)
    assert fake.still_on() == ()


@pytest.mark.parametrize("wrong", [0, -1, "0%", "half", True, 1.5, None, "120%"])
def test_what_is_no_number_of_replicas_is_refused(wrong: Any) -> None:
    with pytest.raises(ValueError, match=r"replicas|containers|share"):
        some_of(wrong)
    with pytest.raises(ValidationError):
        Kill(service="api", replicas=wrong)


@pytest.mark.parametrize("kind", KINDS)
def test_the_others_are_left_alone_and_a_mend_wakes_exactly_those(kind: Any) -> None:
    fake = world()
    fault = kind(service="api", replicas=2).aimed(fake.world)
    fault.inject("it", fake.world)
    hurt = {name: was for name, was in fake.containers.apart.items() if was != "running"}
    assert sorted(hurt) == ["api-1", "api-2"]
    assert fake.containers.serving("api") == "running"
    fake.containers.dies("api-4")
    assert fault.mend("it", fake.world) == ""
    assert fake.containers.apart["api-4"] == "exited"
    assert fake.still_on() == ("api-4 is exited",)


@pytest.mark.parametrize("kind", [Stop, Kill])
def test_one_that_did_not_run_before_is_not_started_with_the_others(kind: Any) -> None:
    fake = world(2)
    fake.containers.dies("api-2", 0)
    played(fake, kind(service="api"))
    assert fake.still_on() == ("api-2 is exited",)


@pytest.mark.parametrize("kind", [Stop, Kill])
def test_a_job_that_has_ended_is_not_run_again(kind: Any) -> None:
    fake = world(1)
    fake.containers.dies("api-1", 0)
    told = played(fake, kind(service="api"))
    (why,) = [fact.error for fact in told if isinstance(fact, f.NotInjected)]
    assert why == "api has no running container"
    assert any(isinstance(fact, Mended) for fact in told)
    assert fake.still_on() == ("api-1 is exited",)


def test_one_that_docker_is_just_starting_again_is_hurt_with_those_that_run() -> None:
    fake = world(2)
    fake.containers.apart["api-2"] = "restarting"
    assert Stop(service="api").aimed(fake.world).containers == ("api-1", "api-2")


def test_a_stop_that_is_cut_short_ends_those_that_were_chosen_and_no_other() -> None:
    fake = world()
    Stop(service="api", replicas=1).aimed(fake.world).hasten(fake.world)
    assert fake.still_on() == ("api-1 is exited",)


def played(fake: FakeWorld, fault: Any) -> list[Fact]:
    """One fault from 1 s to 5 s, as the injector tells it, with Docker's events."""
    facts: list[Fact] = []

    def record(fact: Fact, *, durable: bool = False) -> Fact:
        import dataclasses

        stamped = dataclasses.replace(fact, seen_s=fact.seen_s or fake.clock.now_s() + 1e-3)
        facts.append(stamped)
        if isinstance(fact, Aimed):
            assert durable
            assert not set(fake.still_on()) & {f"{name} is exited" for name in fact.containers}, (
                "the choice is on disk before the deed"
            )
        return stamped

    injector = Injector(fake.world, record, fake.clock)
    injection = Injection("p/it", fault, 1.0, 5.0, "")
    injector.arm(PlannedPhase("p", 8.0, (injection,), (), 0, 0, 0, 0), 0.0)
    for tick in range(80):
        injector.tick(fake.clock.now_s())
        fake.clock.wait_until(tick / 10)
    assert injector.settled()
    return [*facts, *(fake.containers.changes()), f.ClockRead(wall_unix_s=0, seen_s=20.0)]


@pytest.mark.parametrize("kind", KINDS)
def test_the_choice_stands_among_the_facts_and_docker_tells_that_it_landed(kind: Any) -> None:
    fake = world()
    fault = kind(service="api", replicas="50%")
    facts = played(fake, fault)
    (aimed,) = [fact for fact in facts if isinstance(fact, Aimed)]
    (injected,) = [fact for fact in facts if isinstance(fact, Injected)]
    assert aimed.containers == ("api-1", "api-2") == tuple(injected.readback)
    assert any(isinstance(fact, Mended) for fact in facts)
    assert fake.still_on() == ()
    journal = journal_of(*facts)
    landed = landings(journal, {"p/it": fault})["p/it"]
    assert landed.outcome == "landed", landed.because
    assert "of api-1, api-2 at 1.0 s; the other replicas were left alone" in landed.because
    assert mends(journal, {"p/it": fault})["p/it"].outcome == "landed"


def test_a_chosen_one_of_which_docker_reported_nothing_has_not_wholly_landed() -> None:
    facts = [
        fact for fact in played(world(), Kill(service="api", replicas=2)) if getattr(fact, "container", "") != "api-2"
    ]
    landed = landings(journal_of(*facts), {"p/it": Kill(service="api", replicas=2)})["p/it"]
    assert (landed.outcome, landed.because) == ("partial", "Docker reported nothing of api-2, though it was to be hit")


class Docker:
    """Two stopped replicas, as Docker's client shows them."""

    def __init__(self) -> None:
        self.containers = self
        self.found = [Stopped("drill-r-api-1"), Stopped("drill-r-api-2")]

    def list(self, **_: object) -> list[Stopped]:
        return self.found


class Stopped:
    def __init__(self, name: str) -> None:
        self.name, self.status = name, "exited"

    def start(self) -> None:
        self.status = "running"

    def reload(self) -> None:
        """Its status is always fresh."""


def stopping(place: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Docker, RunFolder, Writer]:
    """A run that was about to stop the service, and the Docker on which it was."""
    docker = Docker()
    monkeypatch.setattr("harness.world.docker.connect", lambda: docker)
    folder = RunFolder(place / "20260101T000000Z-0a0b0c0d")
    writer = Writer(folder.facts, "harness", lambda: 1.0)
    writer.write(f.Injecting(fault="p/stop-api", kind="stop", target="api", planned_s=1.0))
    return docker, folder, writer


@pytest.mark.parametrize(
    ("aimed", "woken"), [(("drill-r-api-1",), ["drill-r-api-1"]), ((), ["drill-r-api-1", "drill-r-api-2"])]
)
def test_a_mend_from_outside_wakes_those_that_were_chosen(
    aimed: tuple[str, ...], woken: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    docker, folder, writer = stopping(tmp_path, monkeypatch)
    if aimed:
        writer.write(Aimed(fault="p/stop-api", containers=aimed))
    writer.write(Injected(fault="p/stop-api", begun_s=1.0))
    assert take_out(folder, own_writer(folder, "halt"), "halt") == ()
    assert [one.name for one in docker.found if one.status == "running"] == woken


@pytest.mark.parametrize("told", [True, False])
def test_a_mend_from_outside_starts_nothing_where_nothing_was_done(
    told: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    docker, folder, writer = stopping(tmp_path, monkeypatch)
    if told:
        writer.write(f.NotInjected(fault="p/stop-api", begun_s=1.0, error="api has no running container"))
    assert take_out(folder, own_writer(folder, "halt"), "halt") == ()
    assert {one.status for one in docker.found} == {"exited"}


@pytest.mark.parametrize(("planned_s", "out"), [(80.0, False), (60.0, True)])
def test_a_mend_from_outside_does_not_call_out_what_docker_may_still_do(
    planned_s: float, out: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    docker = Docker()
    monkeypatch.setattr("harness.world.docker.connect", lambda: docker)
    for one in docker.found:
        one.start()
    folder = RunFolder(tmp_path / "20260101T000000Z-0a0b0c0d")
    writer = Writer(folder.facts, "harness", lambda: 100.0)
    writer.write(
        f.Injecting(fault="p/stop-api", kind="stop", target="api", planned_s=planned_s, stated={"grace_s": 5.0})
    )
    writer.write(Aimed(fault="p/stop-api", containers=("drill-r-api-1",)))
    writer.write(f.NotInjected(fault="p/stop-api", begun_s=planned_s, error="cannot stop api: Docker does not answer"))
    assert (take_out(folder, own_writer(folder, "halt"), "halt") == ()) == out


@pytest.mark.parametrize("mended", [True, False])
def test_a_death_that_docker_brought_late_is_ours(mended: bool) -> None:
    facts = [
        f.Injecting(seen_s=21, fault="hurt/stop-api", kind="stop", target="api", planned_s=21),
        Aimed(seen_s=21.1, fault="hurt/stop-api", containers=("api-1",)),
        f.NotInjected(seen_s=41.3, fault="hurt/stop-api", begun_s=21, error="cannot stop api: Docker does not answer"),
        f.ContainerChanged(seen_s=43, service="api", container="api-1", event="die", exit_code=0),
        *([Mended(seen_s=44, fault="hurt/stop-api", begun_s=41.5)] if mended else []),
    ]
    found = judged(StaysUp(service="api"), story(*facts, *looks("containers")))
    assert found.outcome is (Outcome.PASSED if mended else Outcome.INCONCLUSIVE), found.because


@pytest.mark.parametrize(("number", "passes"), [(1, True), (2, False)])
def test_only_the_deaths_of_those_chosen_are_forgiven(number: int, passes: bool) -> None:
    facts = [
        f.Injecting(seen_s=21, fault="hurt/kill-api", kind="kill", target="api", planned_s=21),
        Aimed(seen_s=21.1, fault="hurt/kill-api", containers=("api-1",)),
        f.ContainerChanged(seen_s=21.3, service="api", container=f"api-{number}", event="die", exit_code=137),
        Mended(seen_s=30, fault="hurt/kill-api", begun_s=29.5),
    ]
    found = judged(StaysUp(service="api"), story(*facts, *looks("containers")))
    assert (found.outcome is Outcome.PASSED) == passes, found.because


def test_a_share_of_connections_is_said_to_be_one() -> None:
    from harness.faults.felt import by_share

    assert "30% of connections, drawn for each one stated" in by_share(0.3, 40, 12).because
    assert "of connections" not in by_share(1.0, 40, 40).because
