"""A Docker that is away while something is mended: waited for, once for all, tried again, and said."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.errors import DockerAway, NotApplied, NotMended
from harness.facts import Aimed, Injecting, Mended, Opened
from harness.facts import NotMended as StillOn
from harness.fakeworld import FakeWorld
from harness.faults.pause import Pause
from harness.journal import read
from harness.journal_writer import Writer
from harness.run.folder import RunFolder
from harness.safety import takeout
from harness.safety.takeout import own_writer, take_out
from harness.world import docker as docker_module
from harness.world.docker import Patience, answers, refusing

AWAY = "cannot ask Docker: Docker does not answer"


def back_after(times: int) -> Callable[[], str]:
    """A daemon that is away for so many questions."""
    left = iter([AWAY] * times)
    return lambda: next(left, "")


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(docker_module, "ASK_EVERY_S", 0.01)


def test_a_docker_that_comes_back_is_waited_for_and_told_once_each_way() -> None:
    told: list[str] = []
    patience = Patience(told.append, asked=back_after(5))
    assert patience.await_back()
    assert told == [AWAY, ""]
    assert patience.await_back()
    assert told == [AWAY, ""]


def test_one_that_stays_away_is_waited_for_once_and_not_by_everybody() -> None:
    told: list[str] = []
    patience = Patience(told.append, within_s=0.3, asked=lambda: AWAY)
    began_s = time.monotonic()
    assert not patience.await_back()
    assert time.monotonic() - began_s >= 0.3
    began_s = time.monotonic()
    assert not any(patience.await_back() for _ in range(10))
    assert time.monotonic() - began_s < 0.3
    assert told == [AWAY]


def test_what_mends_is_done_again_once_docker_is_back_and_what_docker_refuses_is_not() -> None:
    tries: list[int] = []

    def mend() -> str:
        tries.append(1)
        if len(tries) < 3:
            raise DockerAway(AWAY)
        return "done"

    assert Patience(asked=back_after(1)).insist(mend) == "done"
    assert len(tries) == 3

    def refused() -> str:
        tries.append(1)
        raise NotApplied("no such container")

    with pytest.raises(NotApplied, match="no such container"):
        Patience(asked=lambda: "").insist(refused)
    assert len(tries) == 4


def test_a_docker_that_goes_away_each_time_is_given_up() -> None:
    def mend() -> str:
        raise DockerAway(AWAY)

    with pytest.raises(DockerAway):
        Patience(asked=lambda: "").insist(mend)


def test_a_socket_that_nobody_listens_on_is_docker_away_and_no_refusal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path / 'nobody.sock'}")
    assert "does not answer" in answers()
    with pytest.raises(DockerAway), refusing("wake db"):
        raise ConnectionRefusedError


class Flickering:
    """The fake containers behind a Docker that is away for the first calls; `back` says whether it comes back."""

    def __init__(self, world: FakeWorld, away: int, back: bool) -> None:
        self._inner = world.containers
        self.away = away
        self._back = back
        self.waited = 0

    def __getattr__(self, name: str) -> Any:
        inner = getattr(self._inner, name)

        def call(*args: Any) -> Any:
            if self.away:
                self.away -= 1
                raise DockerAway(AWAY)
            return inner(*args)

        return call

    def await_back(self) -> bool:
        self.waited += 1
        return self._back


def frozen(away: int, back: bool) -> tuple[FakeWorld, Flickering, Any, Pause]:
    import dataclasses

    world = FakeWorld()
    fault = Pause(service="db").aimed(world.world)
    world.containers.pause("db")
    containers = Flickering(world, away, back)
    return world, containers, dataclasses.replace(world.world, containers=containers), fault


@pytest.mark.parametrize("away", [1, 2, 4])
def test_a_frozen_service_is_woken_once_docker_is_back(away: int) -> None:
    fake, containers, world, fault = frozen(away, back=True)
    assert fault.mend("p/pause-db", world) == ""
    assert fake.containers.status["db"] == "running"
    assert containers.waited == away


def test_a_frozen_service_whose_docker_stays_away_is_still_on_with_the_command() -> None:
    _, containers, world, fault = frozen(1000, back=False)
    with pytest.raises(NotMended, match="does not answer") as caught:
        fault.mend("p/pause-db", world)
    assert caught.value.commands == ("docker unpause <the containers of db>",)
    assert containers.waited == 1


class Container:
    """As the SDK gives it."""

    name = "db-1"

    def __init__(self) -> None:
        self.status = "paused"

    def unpause(self) -> None:
        self.status = "running"

    def reload(self) -> None:
        pass


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[RunFolder]:
    path = tmp_path / "runs" / "wiki" / "20260101T000000Z-0a0b0c0d"
    path.mkdir(parents=True)
    folder = RunFolder(path)
    began_ns = time.monotonic_ns()
    writer = Writer(folder.facts, "harness", lambda: (time.monotonic_ns() - began_ns) / 1e9)
    writer.write(Opened(drill="wiki", run="0a0b0c0d", wall_unix_s=0.0, monotonic_ns=began_ns))
    writer.write(Injecting(fault="p/pause-db", kind="pause", target="db", planned_s=0.0))
    writer.write(Aimed(fault="p/pause-db", containers=("db-1",)))
    writer.close()
    return folder


@pytest.mark.parametrize("back", [True, False])
def test_from_outside_of_the_run_docker_is_waited_for_too(
    folder: RunFolder, monkeypatch: pytest.MonkeyPatch, back: bool
) -> None:
    container = Container()
    away = iter(range(2 if back else 10**6))

    def containers(*_: object) -> list[Container]:
        if next(away, None) is not None:
            raise DockerAway(AWAY)
        return [container]

    asked = back_after(3) if back else lambda: AWAY
    monkeypatch.setattr(takeout, "_containers", containers)
    monkeypatch.setattr(takeout, "Patience", lambda: Patience(within_s=0.2, asked=asked))
    still_on = take_out(folder, own_writer(folder, "halt"), "halt")
    journal = read(folder.path)
    assert bool(still_on) is not back
    assert bool(journal.of(Mended)) is back
    assert [("docker rm -f" in it.commands[0], AWAY in it.error) for it in journal.of(StillOn)] == (
        [] if back else [(True, True)]
    )
