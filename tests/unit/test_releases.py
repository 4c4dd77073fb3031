"""How a release is written, told from the good one, looked at, and how the drill's own commands are started and ended."""

from __future__ import annotations

import os
import pty
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from release_engine import CONFIG, Engine, engine

from harness.errors import NotApplied, NotMended
from harness.facts import Blinded, Deployed, Looked, ReleaseSeen
from harness.fakeworld import FakeWorld
from harness.faults.bad_release import BadRelease
from harness.probes.releases import ReleasesProbe
from harness.stack.compose import Compose
from harness.stack.release import Releases
from harness.stack.release_file import changed
from harness.stack.release_images import Change
from harness.testing import rows_of
from harness.versions import answers, new_version
from harness.world.commands import Commands
from harness.world.handles import Release
from harness.world.terminal import Terminal

__all__ = ["engine"]  # a fixture


# --- the file ---------------------------------------------------------------------------------------------------------------


def test_a_release_changes_its_own_service_alone_and_keeps_what_it_does_not_name() -> None:
    new = changed(CONFIG, {"api": Change("api:2", {"B": "2"})})
    assert new["services"]["api"] == {"image": "api:2", "environment": {"A": "$x", "B": "2"}}
    assert new["services"]["db"] == CONFIG["services"]["db"]
    assert CONFIG["services"]["api"]["image"] == "api:1"


def test_other_settings_take_the_place_of_its_own_and_none_takes_them_away() -> None:
    config = {"services": {"api": {"command": ["serve"], "healthcheck": {"retries": 1}, "user": "me"}}}
    new = changed(config, {"api": Change(settings={"command": ["serve", "--fast"], "healthcheck": None})})
    assert new["services"]["api"] == {"command": ["serve", "--fast"], "user": "me"}


def test_a_service_that_is_not_there_cannot_be_deployed() -> None:
    with pytest.raises(NotApplied, match="no service 'web'"):
        changed(CONFIG, {"web": Change("web:2")})


# --- a release goes out and comes back ---------------------------------------------------------------------------------------


def releases(engine: Engine) -> Releases:
    compose = Compose("drill-x", engine.file, engine.file.parent)
    return Releases(compose, "x", lambda service: engine.containers if service == "api" else [], lambda: 1.0)


BAD = Release(("api",), image="api:2")


def test_a_release_goes_out_replica_by_replica_and_the_runs_file_goes_on_stating_the_good_one(engine: Engine) -> None:
    made = releases(engine)
    before = engine.file.read_text()
    readback = made.deploy("it", BAD)
    assert readback == {"api-1": "bad: api:2", "api-2": "bad: api:2"}
    assert [said[1:] for said in engine.said] == [
        ("api", "--no-deps", "--no-recreate"),
        ("api", "--no-deps", "--no-recreate"),
        ("api", "--no-deps"),
    ]
    assert {said[0] for said in engine.said} == {"compose.bad.yaml"}
    assert engine.file.read_text() == before
    assert oct((engine.file.parent / "compose.bad.yaml").stat().st_mode)[-3:] == "600", "it holds secrets"


def test_all_at_once_is_one_command(engine: Engine) -> None:
    releases(engine).deploy("it", Release(("api",), image="api:2", one_by_one=False))
    assert engine.said == [("compose.bad.yaml", "api", "--no-deps")]


def test_what_nobody_rolled_back_is_put_back_once(engine: Engine) -> None:
    made = releases(engine)
    made.deploy("it", BAD)
    assert made.restore("it") == ""
    assert {seen.release for seen in made.current()} == {"good"}
    assert [deployed.by for deployed in made.news()] == ["harness", "mend"]
    count = len(engine.said)
    assert made.restore("it") == ""
    assert len(engine.said) == count


def test_what_somebody_rolled_back_is_left_alone(engine: Engine) -> None:
    made = releases(engine)
    made.deploy("it", BAD)
    engine.up(made.compose, ["api"], 1.0)
    count = len(engine.said)
    assert made.restore("it") == "rollback"
    assert len(engine.said) == count
    assert [deployed.by for deployed in made.news()] == ["harness"]


def test_containers_that_a_rollback_made_from_another_file_than_the_runs_are_told(engine: Engine) -> None:
    made = releases(engine)
    made.deploy("it", Release(("api",), "api:2"))
    assert not any(seen.aside for seen in made.current())
    engine.containers = [engine._container(number, "api:1", {"A": "$x"}) for number in range(2)]
    engine.containers[1]["Config"]["Labels"] = {"com.docker.compose.project": "drill-x"}
    assert [(seen.release, seen.aside) for seen in made.current()] == [("good", False), ("good", True)]


def test_a_project_that_ran_already_has_no_label_of_ours_and_nothing_aside(engine: Engine) -> None:
    made = releases(engine)
    made.compose = Compose("shop", engine.file, engine.file.parent)
    made.deploy("it", Release(("api",), "api:2"))
    engine.containers = [engine._container(number, "api:1", {"A": "$x"}) for number in range(2)]
    engine.containers[0]["Config"]["Labels"] = {"com.docker.compose.project": "shop"}
    assert not any(seen.aside for seen in made.current())


def test_a_release_of_variables_alone_is_told_by_them(engine: Engine) -> None:
    made = releases(engine)
    made.deploy("it", Release(("api",), environment={"RELEASE": "bad"}))
    assert {seen.release for seen in made.current()} == {"bad"}
    engine.containers[0] = engine._container(0, "api:1", {"A": "$x"})
    engine.containers[1] = engine._container(1, "api:3", {"A": "$x"})
    assert [seen.release for seen in made.current()] == ["good", "other"]


@pytest.mark.parametrize(
    ("release", "why"),
    [
        (Release(("api",), image="none:2"), "is not here"),
        (Release(("api",), image="api:1"), "runs this release already"),
        (Release(("api",), environment={"A": "$x"}), "runs this release already"),
        (Release(("db",), image="db:2"), "no container"),
    ],
)
def test_what_would_change_nothing_or_cannot_be_is_not_deployed(engine: Engine, release: Release, why: str) -> None:
    with pytest.raises(NotApplied, match=why):
        releases(engine).deploy("it", release)
    assert not engine.said


def test_a_release_that_does_not_come_out_is_not_applied_and_can_be_put_back(engine: Engine) -> None:
    made = releases(engine)
    engine.stays = True
    with pytest.raises(NotApplied, match="after `docker compose up`"):
        made.deploy("it", Release(("api",), image="api:2", one_by_one=False))
    engine.stays = False
    assert made.restore("it") == "", "nobody rolled back what never came out"


def test_a_release_that_cannot_be_put_back_says_what_a_person_can_type(engine: Engine) -> None:
    made = releases(engine)
    made.deploy("it", BAD)
    engine.refuses = True
    with pytest.raises(NotMended, match="the network is gone") as caught:
        made.restore("it")
    assert "up -d --no-deps --force-recreate api" in caught.value.commands[0]


def test_a_second_release_waits_until_the_first_is_over(engine: Engine) -> None:
    made = releases(engine)
    made.deploy("it", BAD)
    with pytest.raises(NotApplied, match="one at a time"):
        made.deploy("other", Release(("api",), image="api:3"))


def test_a_rollback_command_is_told_the_project_the_good_file_and_both_images(engine: Engine) -> None:
    made = releases(engine)
    made.deploy("it", BAD)
    told = made.told()
    assert told["COMPOSE_FILE"] == str(engine.file)
    assert (told["COMPOSE_PROJECT_NAME"], told["DRILL_SERVICE"]) == ("drill-x", "api")
    assert (told["DRILL_GOOD_IMAGE"], told["DRILL_BAD_IMAGE"]) == ("api:1", "api:2")


# --- the probe --------------------------------------------------------------------------------------------------------------


def look(probe: ReleasesProbe, fake: FakeWorld) -> list[tuple[str, ...]]:
    said: list[tuple[str, ...]] = []
    for fact in probe.look(fake.world):
        match fact:
            case ReleaseSeen():
                said.append((fact.container, fact.release))
            case Deployed():
                said.append((fact.by, fact.service))
            case Looked() | Blinded():
                said.append((type(fact).__name__, getattr(fact, "target", "")))
    return said


def test_before_a_release_there_is_nothing_to_see() -> None:
    assert look(ReleasesProbe(), FakeWorld()) == []


def test_each_change_is_written_once_and_another_hands_rollback_is_told_by_its_effect() -> None:
    fake, probe = FakeWorld(replicas=2), ReleasesProbe()
    BadRelease(service="api", image="api:bad").inject("it", fake.world)
    assert look(probe, fake) == [("harness", "api"), ("api-1", "bad"), ("api-2", "bad"), ("Looked", "api")]
    assert look(probe, fake) == [("Looked", "api")]
    fake.releases.rolled_back("api", replicas=1)
    assert look(probe, fake) == [("api-1", "good"), ("Looked", "api")]
    fake.releases.rolled_back("api")
    assert look(probe, fake) == [("api-2", "good"), ("rollback", "api"), ("Looked", "api")]


def test_what_we_put_back_ourselves_is_never_told_as_a_rollback() -> None:
    fake, probe = FakeWorld(replicas=1), ReleasesProbe()
    fault = BadRelease(service="api", image="api:bad")
    fault.inject("it", fake.world)
    look(probe, fake)
    fault.mend("it", fake.world)
    assert look(probe, fake) == [("mend", "api"), ("api-1", "good"), ("Looked", "api")]
    assert look(probe, fake) == [("Looked", "api")]


def test_a_container_that_is_no_longer_there_is_gone() -> None:
    fake, probe = FakeWorld(replicas=2), ReleasesProbe()
    BadRelease(service="api", image="api:bad").inject("it", fake.world)
    look(probe, fake)
    fake.releases.running["api"].pop()
    assert ("api-2", "gone") in look(probe, fake)
    assert ("api-2", "gone") not in look(probe, fake)


def test_a_docker_that_does_not_answer_blinds_it(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = FakeWorld()

    def refuse() -> Sequence[ReleaseSeen]:
        raise NotApplied("Docker does not answer")

    monkeypatch.setattr(fake.releases, "current", refuse)
    assert look(ReleasesProbe(), fake) == [("Blinded", "")]


# --- versions ---------------------------------------------------------------------------------------------------------------


def test_a_version_is_new_when_none_answered_with_it_before() -> None:
    rows = rows_of([{"at_s": at_s, "version": "2" if 10 <= at_s < 20 else "1"} for at_s in range(1, 30)])
    assert new_version(rows, 9.5, 30.0, 30.0) == "2"
    assert new_version(rows, 9.5, 30.0, 9.9) == "", "it was not known yet"
    assert new_version(rows, 20.5, 30.0, 30.0) == ""
    assert len(answers(rows, 9.5, 30.0, 30.0).by("2")) == 10


def test_an_answer_that_was_still_awaited_names_no_version() -> None:
    rows = rows_of([{"at_s": 1.0, "version": "1"}, {"at_s": 5.0, "took_ms": None, "version": "2"}])
    assert new_version(rows, 4.0, 30.0, 30.0) == ""


# --- commands and people ----------------------------------------------------------------------------------------------------


def ended(running: Any) -> int:
    while (code := running.ended()) is None:
        time.sleep(0.01)
    return int(code)


def test_a_command_runs_in_the_drills_folder_with_what_it_is_told_and_its_output_is_kept(tmp_path: Path) -> None:
    commands = Commands(tmp_path, tmp_path / "levers")
    script = tmp_path / "rollback.sh"
    script.write_text('#!/bin/sh\npwd; echo "$DRILL_SERVICE" >&2; exit 3\n')
    script.chmod(0o755)
    running = commands.start("release/rolled_back", ["./rollback.sh"], {"DRILL_SERVICE": "api"})
    assert ended(running) == 3
    assert running.output() == f"{tmp_path}\napi\n"
    assert (tmp_path / "levers" / "release-rolled_back.log").read_text() == running.output()


def test_a_command_is_never_given_to_a_shell_unless_it_is_asked_for(tmp_path: Path) -> None:
    commands = Commands(tmp_path, tmp_path)
    plain = commands.start("plain", ["echo", "$HOME;", "ls"], {})
    assert ended(plain) == 0
    assert plain.output() == "$HOME; ls\n"
    shell = commands.start("shell", ["echo one; echo two"], {}, shell=True)
    assert ended(shell) == 0
    assert shell.output() == "one\ntwo\n"


def test_a_command_that_cannot_be_started_says_why(tmp_path: Path) -> None:
    with pytest.raises(NotApplied, match=r"rollback\.sh could not be started: No such file"):
        Commands(tmp_path, tmp_path).start("it", ["./rollback.sh"], {})


def test_a_command_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    commands = Commands(tmp_path, tmp_path)
    running = commands.start("it", ["sleep 300 & echo $!; sleep 300"], {}, shell=True)
    while not running.output().strip():
        time.sleep(0.01)
    child = int(running.output())
    parent = running._child.pid
    commands.close()
    assert running.ended() is None  # it was we who ended it
    assert not alive(parent)
    while alive(child):  # killed, but not yet buried
        time.sleep(0.01)


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][:1] != "Z"
    except OSError:
        return False


def test_a_person_is_heard_line_by_line_and_what_was_typed_before_is_no_answer() -> None:
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "r") as source:
        terminal = Terminal(source)
        os.write(ours, b"impatient\n")
        while not terminal._read():
            time.sleep(0.01)
        assert terminal.there()
        assert terminal.heard() is None
        os.write(ours, b"yes\n")
        said = None
        while said is None:
            said = terminal.heard()
        assert said == "yes"
    os.close(ours)


def test_without_a_terminal_nobody_is_there(tmp_path: Path) -> None:
    with (tmp_path / "empty").open("w+") as source:
        assert not Terminal(source).there()
        assert Terminal(source).heard() is None
