"""A release of which only a part was taken back is not back: it is told which part stayed, and the good one is put back."""

from __future__ import annotations

from dataclasses import replace

import pytest
from release_engine import Engine, engine

from harness.facts import Deployed
from harness.fakeworld import FakeWorld
from harness.faults.bad_release import BadRelease
from harness.probes.releases import ReleasesProbe
from harness.stack import release_out
from harness.stack.compose import Compose
from harness.stack.release import Releases
from harness.stack.release_images import Change
from harness.stack.release_out import Out
from harness.stack.release_parts import known_before
from harness.world.handles import Release

__all__ = ["engine"]  # a fixture

BOTH = Release(("api",), environment={"A": "2", "B": "2"})
WITH_IMAGE = Release(("api",), image="api:2", environment={"A": "2"})
TURNED = {"A": "2", "B": "2"}


def deployed(engine: Engine, release: Release) -> Releases:
    compose = Compose("drill-x", engine.file, engine.file.parent)
    made = Releases(compose, "x", lambda service: engine.containers if service == "api" else [], lambda: 1.0)
    made.deploy("it", release)
    return made


def told(made: Releases) -> set[tuple[str, tuple[str, ...]]]:
    return {(seen.release, seen.stayed) for seen in made.current()}


@pytest.mark.parametrize(
    ("release", "image", "environment", "seen"),
    [
        (BOTH, "api:1", {"A": "$x"}, ("good", ())),
        (BOTH, "api:1", TURNED, ("bad", ())),
        (BOTH, "api:1", {"A": "2"}, ("other", ("variable A",))),
        (BOTH, "api:1", {"A": "$x", "B": "2"}, ("other", ("variable B",))),
        (BOTH, "api:1", {"A": "3", "B": "3"}, ("other", ())),
        (BOTH, "api:3", {"A": "2"}, ("other", ("variable A",))),
        (WITH_IMAGE, "api:1", {"A": "$x"}, ("good", ())),
        (WITH_IMAGE, "api:1", {"A": "2"}, ("other", ("variable A",))),
        (WITH_IMAGE, "api:2", {"A": "$x"}, ("other", ("image",))),
    ],
)
def test_a_container_is_good_only_with_all_that_the_release_changed_as_it_was(
    engine: Engine, release: Release, image: str, environment: dict[str, str], seen: tuple[str, tuple[str, ...]]
) -> None:
    made = deployed(engine, release)
    engine.containers = [engine._container(number, image, environment) for number in range(2)]
    assert told(made) == {seen}


def test_a_third_image_is_another_release_whose_variables_are_its_own(engine: Engine) -> None:
    made = deployed(engine, WITH_IMAGE)
    engine.containers = [engine._container(number, "api:3", {"A": "2"}) for number in range(2)]
    assert told(made) == {("other", ())}


def test_a_variable_that_the_release_does_not_change_may_be_anything(engine: Engine) -> None:
    made = deployed(engine, Release(("api",), environment={"A": "$x", "B": "2"}))
    engine.containers = [engine._container(number, "api:1", {"A": "$x", "C": "5"}) for number in range(2)]
    assert told(made) == {("good", ())}


def test_what_the_file_states_is_good_where_the_containers_were_made_from_an_older_one(engine: Engine) -> None:
    engine.containers = [engine._container(number, "api:1", {"A": "1"}) for number in range(2)]
    made = deployed(engine, Release(("api",), environment={"A": "2"}))
    assert made.restore("it") == ""
    assert told(made) == {("good", ())}
    engine.containers = [engine._container(number, "api:1", {"A": "1"}) for number in range(2)]
    assert told(made) == {("good", ())}


@pytest.mark.parametrize("given", [[], ["Z=0"]])
def test_what_the_file_leaves_to_the_image_is_good_where_an_earlier_phase_had_changed_it(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, given: list[str]
) -> None:
    monkeypatch.setattr(
        release_out, "inspected", lambda _, image: [{"Id": f"sha256:{image}", "Config": {"Env": given}}]
    )
    engine.of_image = dict(line.split("=") for line in given)
    engine.containers = [engine._container(number, "api:1", {"A": "$x", "Z": "1"}) for number in range(2)]
    made = deployed(engine, Release(("api",), environment={"Z": "2"}))
    assert made.restore("it") == ""
    assert told(made) == {("good", ())}
    engine.containers = [engine._container(number, "api:1", {"A": "$x", "Z": "3"}) for number in range(2)]
    assert told(made) == {("other", ())}


def test_a_command_that_the_file_leaves_to_the_image_is_good() -> None:
    change = Change("api:2", settings={"command": ["serve", "--fast"], "entrypoint": ["tini"]})
    hotfix = {"Config": {"Env": [], "Cmd": ["serve", "--debug"], "Entrypoint": ["sh"]}}
    image = {"Cmd": ["serve"], "Entrypoint": ["run"]}
    before = known_before([hotfix], change, {}, image)
    assert before == {"command": {("serve", "--debug"), ("serve",)}, "entrypoint": {("sh",), ("run",)}}
    before = known_before([hotfix], change, {"entrypoint": ["own"]}, image)
    assert before == {"command": {("serve", "--debug"), ()}, "entrypoint": {("sh",), ("own",)}}


def test_what_was_taken_back_in_part_is_put_back_and_was_no_rollback(engine: Engine) -> None:
    made = deployed(engine, BOTH)
    engine.containers = [engine._container(number, "api:1", {"A": "$x", "B": "2"}) for number in range(2)]
    assert made.restore("it") == ""
    assert told(made) == {("good", ())}
    assert [one.by for one in made.news()] == ["harness", "mend"]


def test_a_command_that_stays_is_told() -> None:
    change = Change("api:2", settings={"command": ["serve", "--fast"]})
    good = {"Image": "sha1", "Config": {"Image": "api:1", "Env": [], "Cmd": ["serve"], "Entrypoint": None}}
    out = Out(
        {"api": change},
        {"api": "sha2"},
        {"api": frozenset({"sha1"})},
        {"api": "api:1"},
        {"api": known_before([good], change, {}, {})},
    )
    half = {"Image": "sha1", "Config": {"Image": "api:1", "Env": [], "Cmd": ["serve", "--fast"], "Entrypoint": None}}
    assert (out.runs("api", good), out.runs("api", half)) == ("good", "other")
    assert (out.stayed("api", good), out.stayed("api", half)) == ((), ("command",))


def test_what_was_taken_back_in_part_is_a_rollback_only_once_all_of_it_is_back(monkeypatch: pytest.MonkeyPatch) -> None:
    fake, probe = FakeWorld(replicas=1), ReleasesProbe()
    BadRelease(service="api", image="api:bad").inject("it", fake.world)
    probe.look(fake.world)
    (bad,) = fake.releases.current()
    half, good = replace(bad, release="other", stayed=("variable A",)), replace(bad, release="good")
    found: list[list[Deployed]] = []
    for at_s, seen in ((10.0, half), (20.0, half), (30.0, good)):
        monkeypatch.setattr(fake.releases, "current", lambda seen=seen: (seen,))
        fake.clock.wait_until(at_s)
        found.append([fact for fact in probe.look(fake.world) if isinstance(fact, Deployed)])
    assert found[:2] == [[], []]
    assert [(one.by, one.begun_s, one.happened_s) for one in found[2]] == [("rollback", 20.0, 30.0)]
