"""A release that goes out replica by replica takes as long as the replicas take, and who lives in their network comes along."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from release_engine import Engine, engine

from harness.errors import NotApplied
from harness.stack import release as module
from harness.stack.compose import Compose
from harness.stack.project import written
from harness.stack.release import Releases
from harness.stack.release_images import Change
from harness.stack.release_out import Out
from harness.world.docker_cli import TIMED_OUT, Answer
from harness.world.handles import Release

__all__ = ["engine"]  # a fixture

RELEASE = Release(("api",), image="api:2", drain_s=5.0)


class Slow:
    """The engine on a clock of its own: replicas stop after their grace, `up` takes 2 s, and a new one is healthy 25 s later."""

    def __init__(self, engine: Engine, grace_s: int) -> None:
        self.engine, self.grace_s, self.now_s = engine, grace_s, 0.0
        self.since_s: dict[str, float] = {}
        self.allowed_s: list[float] = []

    def monotonic(self) -> float:
        return self.now_s

    def sleep(self, for_s: float) -> None:
        self.now_s += max(for_s, 0.5)

    def docker(self, *words: str, within_s: float) -> Answer:
        if words[0] == "stop":
            if within_s < self.grace_s:
                return Answer(TIMED_OUT, "", f"not ended after {within_s:g} s")
            self.now_s += self.grace_s
        return self.engine.docker(*words)

    def up(self, compose: Compose, services: Sequence[str], within_s: float, *options: str) -> Answer:
        self.allowed_s.append(within_s)
        if within_s < 2:
            return Answer(TIMED_OUT, "", f"not ended after {within_s:g} s")
        self.now_s += 2
        return self.engine.up(compose, services, within_s, *options)

    def described(self, service: str) -> list[dict[str, Any]]:
        found = self.engine.containers if service == "api" else []
        for container in found:
            began_s = self.since_s.setdefault(container["Id"], self.now_s)
            ready = container["Config"]["Image"] == "api:1" or self.now_s - began_s >= 25
            container["State"]["Health"] = {"Status": "healthy" if ready else "starting"}
            container["Config"]["StopTimeout"] = self.grace_s
        return found


def slow(engine: Engine, monkeypatch: pytest.MonkeyPatch, replicas: int, grace_s: int) -> tuple[Slow, Releases]:
    engine.replicas = replicas
    engine.containers = [engine._container(number, "api:1", {"A": "$x"}) for number in range(replicas)]
    made = Slow(engine, grace_s)
    monkeypatch.setattr(module, "time", made)
    monkeypatch.setattr(module, "docker", made.docker)
    monkeypatch.setattr(module, "READY_S", 30.0)

    def up(compose: Compose, services: Sequence[str], within_s: float, *options: str) -> Answer:
        return made.up(compose, services, within_s, *options)

    monkeypatch.setattr(Compose, "up", up)
    compose = Compose("drill-x", engine.file, engine.file.parent)
    return made, Releases(compose, "x", made.described, lambda: made.now_s)


def test_a_deployment_that_is_to_leave_off_ends_the_step_under_way_and_begins_no_other(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, releases = slow(engine, monkeypatch, 3, 10)
    stop = made.docker

    def docker(*words: str, within_s: float) -> Answer:
        assert releases.leave_off("another") == "the release of it is under way, and one is changed at a time"
        assert releases.leave_off("it") == "", "in the middle of the first replica's turn"
        return stop(*words, within_s=within_s)

    monkeypatch.setattr(module, "docker", docker)
    readback = releases.deploy("it", RELEASE)
    assert readback == {"api-1": "bad: api:2", "api-2": "good: api:1", "api-3": "good: api:1"}
    assert made.now_s == 10 + 2, "neither its health nor the next replica's drain is waited for"
    (told,) = releases.news()
    assert (told.replicas, told.detail) == (1, "left off after 1 of 3 containers")
    assert releases.restore("it") == ""
    assert {seen.release for seen in releases.current()} == {"good"}
    assert releases.leave_off("it") == releases.leave_off("another") == "", "nothing goes on any more"


def test_a_deployment_that_leaves_off_before_its_first_step_put_nothing_out(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, releases = slow(engine, monkeypatch, 2, 10)
    described = releases.described

    def asked(service: str) -> Sequence[Any]:
        releases.leave_off("it")
        return described(service)

    releases.described = asked
    with pytest.raises(NotApplied, match="leave off before any container had it"):
        releases.deploy("it", RELEASE)
    assert {seen.release for seen in releases.current()} == {"good"}
    assert releases.restore("it") == ""


@pytest.mark.parametrize(("replicas", "grace_s"), [(3, 10), (6, 10), (2, 120)])
def test_each_replica_has_its_own_time(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, replicas: int, grace_s: int
) -> None:
    made, releases = slow(engine, monkeypatch, replicas, grace_s)
    readback = releases.deploy("it", RELEASE)
    assert set(readback.values()) == {"bad: api:2"}
    assert made.now_s >= replicas * (grace_s + 2 + 25), "each was awaited"


def test_the_mend_has_the_grace_of_all_that_it_stops(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    made, releases = slow(engine, monkeypatch, 2, 120)
    releases.deploy("it", RELEASE)
    assert releases.restore("it") == ""
    assert made.allowed_s[-1] >= 2 * 120
    assert {seen.release for seen in releases.current()} == {"good"}


def test_a_sidecar_is_made_anew_with_the_container_in_whose_network_it_lives(engine: Engine) -> None:
    config = json.loads(engine.file.read_text())
    config["services"]["api"]["environment"] = {"A": "x"}
    config["services"]["proxy"] = {"image": "envoy", "network_mode": "service:api"}
    engine.file.write_text(written(config))
    compose = Compose("drill-x", engine.file, engine.file.parent)
    Releases(compose, "x", lambda service: engine.containers if service == "api" else [], lambda: 1.0).deploy(
        "it", Release(("api",), image="api:2", one_by_one=False)
    )
    assert engine.said == [
        ("compose.bad.yaml", "api", "--no-deps"),
        ("compose.bad.yaml", "proxy", "--no-deps", "--force-recreate"),
    ]


def test_a_release_by_its_command_is_told_by_it() -> None:
    parts = {"api": {"command": frozenset({("serve", "--safe")})}}
    change = Change(settings={"command": ["serve", "--fast"]})
    out = Out({"api": change}, {}, {"api": frozenset({"sha"})}, {"api": "api:1"}, parts)

    def runs(*command: str) -> str:
        config = {"Image": "api:1", "Env": [], "Cmd": list(command), "Entrypoint": None}
        return out.runs("api", {"Image": "sha", "Config": config})

    assert (runs("serve", "--fast"), runs("serve", "--safe")) == ("bad", "good")
