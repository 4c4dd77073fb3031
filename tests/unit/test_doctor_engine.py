"""The engine and Compose checks, on machines made of a few fake programs: what is said, and what is never touched."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.doctor import daemon
from harness.doctor.checks import compose, engine
from harness.doctor.checks.compose import ComposeCheck
from harness.doctor.checks.engine import EngineCheck, install_line, new_enough
from harness.doctor.debian import Distribution, from_os_release

DEBIAN_13 = from_os_release({"ID": "debian", "VERSION_ID": "13", "VERSION_CODENAME": "trixie"})
FEDORA = from_os_release({"ID": "fedora"})

NO_ENGINE = 'echo "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is it running?" >&2; exit 1'
FORBIDDEN = 'echo "permission denied while trying to connect to the Docker daemon socket" >&2; exit 1'
WORKS = '[ "$1" = version ] && echo "26.1.5 linux 28.2.2" || echo "Docker version 28.2.2"'


class Machine:
    """A path with fake programs, and what was installed and started."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self.patch = folder, monkeypatch
        self.did: list[str] = []
        for name in ("sh", "echo", "env"):
            (folder / name).symlink_to(f"/bin/{name}")
        monkeypatch.setenv("PATH", str(folder))
        monkeypatch.delenv("DOCKER_HOST", raising=False)
        monkeypatch.delenv("DOCKER_CONTEXT", raising=False)
        monkeypatch.setattr(daemon, "PLACES", ())
        monkeypatch.setattr(engine, "borrowing_commands", lambda system: ())
        monkeypatch.setattr(compose, "borrowing_commands", lambda system: ())
        for module in (engine, compose):
            monkeypatch.setattr(module, "install", lambda system, packages, say: self.did.append(" ".join(packages)))
        monkeypatch.setattr(daemon, "start", lambda say: self.did.append("start"))
        self.be(DEBIAN_13)

    def be(self, system: Distribution, *, root: bool = True) -> None:
        for module in (engine, compose):
            self.patch.setattr(module, "distribution", lambda: system)
            self.patch.setattr(module, "may_install", lambda system: root and system.installable)

    def has(self, name: str, script: str) -> None:
        program = self.folder / name
        program.write_text(f'#!/bin/sh\n[ "$1" = context ] && echo default && exit 0\n{script}\n')
        program.chmod(0o755)


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(tmp_path, monkeypatch)


def test_an_engine_that_answers_is_well_and_never_touched(machine: Machine) -> None:
    machine.has("docker", WORKS)
    seen = EngineCheck().look()
    assert seen.state == "ok"
    assert "26.1.5" in seen.what
    EngineCheck().fix(lambda line: None)
    assert machine.did == []


def test_a_bare_machine_gets_docker_installed_and_started(machine: Machine) -> None:
    seen = EngineCheck().look()
    assert (seen.state, seen.what) == ("missing", "Docker is not installed")
    assert seen.cure.endswith("doctor --fix")
    EngineCheck().fix(lambda line: None)
    assert machine.did == ["docker.io docker-cli docker-compose docker-buildx", "start"]


def test_a_command_without_an_engine_gets_the_engine(machine: Machine) -> None:
    machine.has("docker", NO_ENGINE)
    assert "only its command" in EngineCheck().look().what
    EngineCheck().fix(lambda line: None)
    assert machine.did[-1] == "start"
    assert machine.did[0].startswith("docker.io")


def test_an_installed_engine_is_started_and_nothing_is_installed(machine: Machine) -> None:
    machine.has("docker", NO_ENGINE)
    machine.has("dockerd", "exit 1")
    assert "installed but does not answer" in EngineCheck().look().what
    EngineCheck().fix(lambda line: None)
    assert machine.did == ["start"]


@pytest.mark.parametrize("variable", ["DOCKER_HOST", "DOCKER_CONTEXT"])
def test_where_docker_was_sent_elsewhere_nothing_is_installed_here(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, "tcp://far.example:2375")
    machine.has("docker", NO_ENGINE)
    seen = EngineCheck().look()
    assert "far.example" in seen.what
    assert "unset DOCKER_HOST" in seen.cure
    EngineCheck().fix(lambda line: None)
    assert machine.did == []


def test_a_user_who_may_not_talk_to_it_is_told_so(machine: Machine) -> None:
    machine.has("docker", FORBIDDEN)
    machine.be(DEBIAN_13, root=False)
    seen = EngineCheck().look()
    assert "may not talk" in seen.what
    assert "usermod -aG docker" in seen.cure


def test_without_root_or_apt_the_commands_are_printed(machine: Machine) -> None:
    machine.be(DEBIAN_13, root=False)
    assert EngineCheck().look().cure == install_line(DEBIAN_13)
    assert "apt-get install -y --no-install-recommends docker.io" in install_line(DEBIAN_13)
    machine.be(FEDORA)
    assert EngineCheck().look().cure.startswith("dnf install")
    EngineCheck().fix(lambda line: None)
    assert machine.did == []


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ('[ "$1" = version ] && echo "19.3.1 linux 19.3.1" || echo Docker', "too old"),
        ('[ "$1" = version ] && echo "26.1.0 windows 26.1.0" || echo Docker', "windows"),
        ('[ "$1" = version ] && echo "5.1.1 linux 5.1.1" || echo "podman version 5.1.1"', "Podman"),
    ],
)
def test_an_engine_that_will_not_do_is_named_and_left_alone(machine: Machine, script: str, said: str) -> None:
    machine.has("docker", script)
    seen = EngineCheck().look()
    assert seen.state == "missing"
    assert said in seen.what
    EngineCheck().fix(lambda line: None)
    assert machine.did == []


def test_where_only_compose_is_missing_only_compose_is_installed(machine: Machine) -> None:
    machine.has("docker", '[ "$1" = compose ] && echo "docker: \'compose\' is not a docker command" >&2 && exit 1')
    assert ComposeCheck().look().state == "missing"
    ComposeCheck().fix(lambda line: None)
    assert machine.did == ["docker-compose"]


def test_beside_dockers_own_packages_compose_comes_as_dockers_own(machine: Machine) -> None:
    machine.has("docker", "exit 1")
    machine.has("dpkg-query", "echo installed")
    ComposeCheck().fix(lambda line: None)
    assert machine.did == ["docker-compose-plugin"]


def test_an_old_compose_is_named_and_left_alone(machine: Machine) -> None:
    machine.has("docker", "echo 2.3.3")
    assert "too old" in ComposeCheck().look().what
    ComposeCheck().fix(lambda line: None)
    assert machine.did == []


@pytest.mark.parametrize(
    ("version", "enough"),
    [("26.1.5+dfsg1", True), ("20.10.24", True), ("20.9", False), ("v2.20.0", False), ("", False), ("dev", False)],
)
def test_versions_are_compared_by_number(version: str, enough: bool) -> None:
    assert new_enough(version, (20, 10)) is enough
