"""Stop, kill and pause read back what Docker says, and are put right or say what a person can type."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from harness.errors import DockerAway, NotApplied, NotMended
from harness.facts import ContainerSeen
from harness.fakeworld import FakeWorld
from harness.faults.kill import Kill
from harness.faults.pause import Pause
from harness.faults.service import LATE_S
from harness.faults.stop import Stop

KINDS = [Stop, Kill, Pause]


@pytest.fixture
def fake() -> FakeWorld:
    return FakeWorld()


@pytest.mark.parametrize("kind", KINDS)
def test_a_service_that_does_not_run_cannot_be_hurt(kind: Any, fake: FakeWorld) -> None:
    fake.containers.status["db"] = "exited"
    with pytest.raises(NotApplied, match="db has no running container"):
        kind(service="db").aimed(fake.world)


@pytest.mark.parametrize("kind", KINDS)
def test_a_container_that_stays_as_it_was_is_not_applied(
    kind: Any, fake: FakeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    for verb in ("stop", "kill", "pause"):
        monkeypatch.setattr(fake.containers, verb, lambda *_: None)
    with pytest.raises(NotApplied, match="db-1 is running"):
        kind(service="db").aimed(fake.world).inject("it", fake.world)
    assert fake.clock.now_s() >= 10


def test_a_container_that_its_restart_policy_brought_back_has_been_killed(
    fake: FakeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    lives = ["2026-01-01T10:00:00Z"]
    monkeypatch.setattr(
        fake.containers,
        "states",
        lambda service="": (ContainerSeen(service="db", container="db-1", status="running", started_at=lives[-1]),),
    )
    monkeypatch.setattr(fake.containers, "kill", lambda *_: lives.append("2026-01-01T10:05:00Z"))
    assert Kill(service="db").aimed(fake.world).inject("it", fake.world) == {"db-1": "running"}


def test_a_service_that_was_started_and_ended_again_by_itself_is_no_fault_of_ours(
    fake: FakeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    fault, started = Stop(service="db").aimed(fake.world), ["10:00"]
    monkeypatch.setattr(
        fake.containers,
        "states",
        lambda service="": (ContainerSeen(service="db", container="db-1", status="exited", started_at=started[-1]),),
    )
    monkeypatch.setattr(fake.containers, "start", lambda service, only: started.append("10:05"))
    assert fault.mend("it", fake.world) == ""
    assert started == ["10:00", "10:05"]


@pytest.mark.parametrize("kind", KINDS)
def test_one_failing_call_does_not_keep_a_service_from_being_put_right(kind: Any, fake: FakeWorld) -> None:
    fault = kind(service="db").aimed(fake.world)
    fault.inject("it", fake.world)
    fake.failures.raises(1, NotApplied("Docker did not answer"))
    assert fault.mend("it", fake.world) == ""
    assert fake.still_on() == ()


@pytest.mark.parametrize(
    ("kind", "command"), [(Stop, "docker start db-1"), (Kill, "docker start db-1"), (Pause, "docker unpause db-1")]
)
def test_what_cannot_be_put_right_ends_with_the_command_for_a_person(
    kind: Any, command: str, fake: FakeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    fault = kind(service="db").aimed(fake.world)
    fault.inject("it", fake.world)

    def gone(*_: object) -> None:
        raise NotApplied("Docker is gone")

    monkeypatch.setattr(fake.containers, "start", gone)
    monkeypatch.setattr(fake.containers, "unpause", gone)
    with pytest.raises(NotMended, match="Docker is gone") as caught:
        fault.mend("it", fake.world)
    assert caught.value.commands == (command,)


class Slow:
    """A Docker that answers no deed in time, and does it so long after; seconds."""

    def __init__(self, fake: FakeWorld, after_s: float) -> None:
        self._fake = fake
        self._due: list[tuple[float, Callable[[], None]]] = []
        self._after_s = after_s

    def __getattr__(self, verb: str) -> Any:
        self._catch_up()
        if verb not in ("stop", "kill", "pause"):
            return getattr(self._fake.containers, verb)

        def later(*asked: Any) -> None:
            deed = partial(getattr(self._fake.containers, verb), *asked)
            self._due.append((self._fake.clock.now_s() + self._after_s, deed))
            raise DockerAway(f"cannot {verb} db: Docker does not answer")

        return later

    def _catch_up(self) -> None:
        now_s = self._fake.clock.now_s()
        done = [deed for due_s, deed in self._due if due_s <= now_s]
        self._due = [one for one in self._due if one[0] > now_s]
        for deed in done:
            deed()


@pytest.mark.parametrize(
    ("kind", "given", "after_s"),
    [(Stop, {"grace": "20s"}, 25.0), (Kill, {}, 1.5), (Pause, {}, 9.0), (Kill, {"replicas": 1}, 3.0)],
)
def test_what_docker_does_late_is_waited_for_and_put_right(kind: Any, given: Any, after_s: float) -> None:
    fake = FakeWorld()
    world = dataclasses.replace(fake.world, containers=Slow(fake, after_s))
    fault = kind.model_validate({"service": "db", **given}).aimed(world)
    with pytest.raises(DockerAway):
        fault.inject("it", world)
    assert fault.mend("it", world) == ""
    assert fake.clock.now_s() == pytest.approx(after_s, abs=1.0), "no longer than until it has been done"
    fake.clock.wait_until(100.0)
    assert world.containers.states("db")[0].status == "running"


def test_what_docker_never_does_is_waited_for_no_longer_than_it_may_be_late() -> None:
    fake = FakeWorld()
    world = dataclasses.replace(fake.world, containers=Slow(fake, 1e6))
    fault = Stop.model_validate({"service": "db", "grace": "20s"}).aimed(world)
    with pytest.raises(DockerAway):
        fault.inject("it", world)
    assert fault.mend("it", world) == ""
    assert fake.clock.now_s() == pytest.approx(20 + LATE_S, abs=1.0)
    assert fault.mend("it", world) == "", "and a mend that comes later still finds it well at once"
    assert fake.clock.now_s() == pytest.approx(20 + LATE_S, abs=1.0)
