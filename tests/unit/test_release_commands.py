"""Releases by a user's own commands, on some replicas only, and with time to drain."""

from __future__ import annotations

import dataclasses
import json
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from release_engine import Engine, engine

from harness.errors import NotApplied, NotMended
from harness.fakeworld import FakeWorld
from harness.faults.bad_release import BadRelease
from harness.run.folder import RunFolder
from harness.safety.takeout import restored
from harness.stack.compose import Compose
from harness.stack.release import Releases
from harness.stack.release_commands import NOTE, Commanded, identity
from harness.world.commands import Commands
from harness.world.handles import Release

__all__ = ["engine"]  # a fixture

COMMANDS = {"deploy": ["./deploy.sh", "v2"], "restore": ["./deploy.sh", "v1"]}
BY_HAND = Release(("api",), deploying=("./deploy.sh", "v2"), restoring=("./deploy.sh", "v1"), within_s=3.0)


FAULT = BadRelease.model_validate({"service": "api", "commands": COMMANDS})


class Deployer(Commands):
    """The drill's commands; what the script does to the containers is done to the engine's."""

    def __init__(self, folder: Path, engine: Engine) -> None:
        super().__init__(folder, folder / "levers")
        self.engine, self.changes = engine, True
        self.told: list[Mapping[str, str]] = []

    def start(
        self,
        name: str,
        command: Sequence[str],
        environment: Mapping[str, str],
        *,
        shell: bool = False,
        apart: bool = False,
    ) -> Any:
        self.told.append(environment)
        if self.changes:
            version = {"v2": "api:2"}.get(command[-1], "api:1")
            self.engine.containers = [
                self.engine._container(number, version, {"A": "$x"}) for number in range(self.engine.replicas)
            ]
        return super().start(name, command, environment, shell=shell, apart=apart)


def script(folder: Path, text: str) -> None:
    file = folder / "deploy.sh"
    file.write_text(f"#!/bin/sh\n{text}\n")
    file.chmod(0o755)


@pytest.fixture
def deployer(tmp_path: Path, engine: Engine) -> Deployer:
    script(tmp_path, "exit 0")
    return Deployer(tmp_path, engine)


def releases(engine: Engine, deployer: Deployer) -> Releases:
    folder = engine.file.parent
    compose = Compose("drill-x", engine.file, folder)
    described = lambda service: engine.containers if service == "api" else []  # noqa: E731
    return Releases(compose, "x", described, lambda: 1.0, commanded=Commanded(deployer, folder, folder))


# --- commands -----------------------------------------------------------------------------------------------------------------


def test_what_a_command_made_of_the_containers_is_the_bad_release_and_its_undoing_is_known_before(
    engine: Engine, deployer: Deployer, tmp_path: Path
) -> None:
    made = releases(engine, deployer)
    assert made.deploy("it", BY_HAND) == {"api-1": "bad: api:2", "api-2": "bad: api:2"}
    assert not engine.said, "Compose was not asked to do anything"
    told = deployer.told[0]
    assert (told["COMPOSE_PROJECT_NAME"], told["DRILL_SERVICE"], told["DRILL_GOOD_IMAGE"]) == (
        "drill-x",
        "api",
        "api:1",
    )
    assert made.told()["DRILL_BAD_IMAGE"] == "api:2"
    note = tmp_path / NOTE
    assert json.loads(note.read_text())["command"] == ["./deploy.sh", "v1"]
    assert oct(note.stat().st_mode)[-3:] == "600"
    assert made.restore("it") == ""
    assert {seen.release for seen in made.current()} == {"good"}
    assert [deployed.by for deployed in made.news()] == ["harness", "mend"]
    assert not note.exists()


def test_what_another_hand_has_put_back_is_not_put_back_again(engine: Engine, deployer: Deployer) -> None:
    made = releases(engine, deployer)
    made.deploy("it", BY_HAND)
    engine.containers = [engine._container(number, "api:1", {"A": "$x"}) for number in range(2)]
    assert made.restore("it") == "rollback"
    assert len(deployer.told) == 1


def test_a_service_whose_containers_are_all_gone_was_put_back_by_nobody(engine: Engine, deployer: Deployer) -> None:
    made = releases(engine, deployer)
    made.deploy("it", BY_HAND)
    engine.containers = []
    assert made.restore("it") == ""
    assert len(deployer.told) == 2
    assert {seen.release for seen in made.current()} == {"good"}


def test_a_release_that_changes_no_container_is_told_by_its_version_alone_and_always_put_back(
    engine: Engine, deployer: Deployer
) -> None:
    deployer.changes = False
    made = releases(engine, deployer)
    assert made.deploy("it", BY_HAND) == {}
    assert not made.current()
    assert made.restore("it") == ""
    assert len(deployer.told) == 2


def test_a_deployment_that_fails_is_told_with_its_last_words_and_is_undone(engine: Engine, deployer: Deployer) -> None:
    script(engine.file.parent, '[ "$1" = v1 ] || { echo no such table; exit 3; }')
    deployer.changes = False
    made = releases(engine, deployer)
    with pytest.raises(NotApplied, match=r"deploy.sh v2 ended with 3: no such table"):
        made.deploy("it", BY_HAND)
    assert made.restore("it") == ""
    assert len(deployer.told) == 2


def test_a_deployment_that_hangs_is_killed_at_its_time_out(engine: Engine, deployer: Deployer) -> None:
    script(engine.file.parent, "sleep 60")
    with pytest.raises(NotApplied, match=r"was killed: not ended after 0.2 s"):
        releases(engine, deployer).deploy("it", Release(("api",), deploying=("./deploy.sh",), within_s=0.2))


def test_what_cannot_be_put_back_says_what_a_person_can_type(engine: Engine, deployer: Deployer) -> None:
    made = releases(engine, deployer)
    made.deploy("it", BY_HAND)
    script(engine.file.parent, "echo the database is gone; exit 1")
    deployer.changes = False
    with pytest.raises(NotMended, match="the database is gone") as caught:
        made.restore("it")
    assert caught.value.commands[0].endswith("./deploy.sh v1")
    assert "COMPOSE_PROJECT_NAME=drill-x" in caught.value.commands[0]


def test_another_process_puts_it_back_by_the_note(engine: Engine, deployer: Deployer, tmp_path: Path) -> None:
    releases(engine, deployer).deploy("it", BY_HAND)
    script(tmp_path, 'echo "$1 $COMPOSE_PROJECT_NAME" > back')
    assert restored(RunFolder(tmp_path)) == ""
    assert (tmp_path / "back").read_text() == "v1 drill-x\n"
    assert not (tmp_path / NOTE).exists()


def test_a_volume_that_docker_named_tells_no_release_from_another() -> None:
    def container(kind: str, name: str) -> dict[str, Any]:
        mount = {"Type": kind, "Name": name, "Source": f"/volumes/{name}", "Destination": "/data"}
        return {"Image": "sha256:1", "Config": {}, "Mounts": [mount]}

    assert identity(container("volume", "a" * 64)) == identity(container("volume", "b" * 64))
    assert identity(container("volume", "green")) != identity(container("volume", "blue"))


# --- some replicas ------------------------------------------------------------------------------------------------------------


def test_a_canary_gets_the_release_and_the_others_stay(
    engine: Engine, deployer: Deployer, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = releases(engine, deployer)
    assert made.deploy("it", Release(("api",), image="api:2", most=1)) == {
        "api-1": "bad: api:2",
        "api-2": "good: api:1",
    }
    assert engine.said == [("compose.bad.yaml", "api", "--no-deps", "--no-recreate")]


def test_more_canaries_than_there_are_replicas_are_refused(engine: Engine, deployer: Deployer) -> None:
    with pytest.raises(NotApplied, match="api has 2 containers, fewer than the 3"):
        releases(engine, deployer).deploy("it", Release(("api",), image="api:2", most=3))


def test_between_one_replica_and_the_next_there_is_time_to_drain(
    engine: Engine, deployer: Deployer, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, waited = releases(engine, deployer), []
    monkeypatch.setattr(made._asked, "wait", waited.append)
    made.deploy("it", Release(("api",), image="api:2", drain_s=3.0))
    assert waited == [3.0]


# --- a run that is ended while a release goes out --------------------------------------------------------------------------------


@pytest.mark.parametrize("release", [BY_HAND, Release(("api",), image="api:2", drain_s=3600.0)])
def test_a_release_that_goes_out_is_left_at_once_when_the_run_is_ended_and_put_back(
    engine: Engine, deployer: Deployer, monkeypatch: pytest.MonkeyPatch, release: Release
) -> None:
    script(engine.file.parent, '[ "$1" = v1 ] || sleep 3600')
    made = releases(engine, deployer)
    world = dataclasses.replace(FakeWorld().world, releases=made)
    if release.deploying:
        release = dataclasses.replace(release, within_s=3600.0)
    said: list[str] = []

    def deploy() -> None:
        with pytest.raises(NotApplied) as caught:
            made.deploy("it", release)
        said.append(str(caught.value))

    out = threading.Thread(target=deploy, daemon=True)
    out.start()
    while not deployer.told and not engine.said:
        time.sleep(0.01)
    FAULT.hasten(world)
    assert made.restore("it") == "", "it waits for the deployment, and for nothing else"
    out.join()
    assert "the run was ended while its release went out" in said[0]
    assert {seen.release for seen in made.current()} == {"good"}


# --- the file -----------------------------------------------------------------------------------------------------------------


def test_the_file_states_how_a_release_goes_out() -> None:
    fault = BadRelease.model_validate(
        {"service": "api", "commands": COMMANDS, "version": {"command": ["./version.sh"]}}
    )
    assert fault.release.deploying == ("./deploy.sh", "v2")
    assert fault.stated()["restore"] == "./deploy.sh v1"
    canary = BadRelease.model_validate({"service": "api", "image": "api:2", "replicas": 2, "drain": "3s"}).release
    assert (canary.most, canary.drain_s, canary.one_by_one) == (2, 3.0, True)


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"commands": COMMANDS, "image": "api:2"}, "theirs"),
        ({"commands": COMMANDS, "replicas": 1}, "theirs"),
        ({"commands": {"deploy": ["x"]}}, "restore"),
        ({"image": "api:2", "replicas": 0}, "replicas"),
        ({"image": "api:2", "replicas": "all", "drain": "3s"}, "no next"),
        ({"image": "api:2", "version": {"metric": "a", "command": ["b"]}}, "exactly one"),
        ({"image": "api:2", "version": {}}, "exactly one"),
    ],
)
def test_what_cannot_be_meant_is_refused(given: dict[str, Any], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        BadRelease.model_validate({"service": "api", **given})


def test_the_release_of_the_other_tests_still_goes_out(engine: Engine, deployer: Deployer) -> None:
    assert set(releases(engine, deployer).deploy("it", Release(("api",), image="api:2")).values()) == {"bad: api:2"}
