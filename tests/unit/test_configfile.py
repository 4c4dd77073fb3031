"""A monitor's configuration is read without pulling anything, and without Docker where a file tells it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.errors import CannotRun
from harness.stack import configfile
from harness.stack.configfile import PROMETHEUS, ConfigFile, config_file
from harness.stack.project import Project
from harness.world.docker_cli import Answer

USUAL = "/etc/prometheus/prometheus.yml"


def project(folder: Path, target: str = "", command: str = "") -> Project:
    (folder / "p.yml").write_text("global: {}\n")
    mounts = [{"type": "bind", "source": str(folder / "p.yml"), "target": target}] if target else []
    body = {"image": "prom/prometheus", "volumes": mounts, "command": command}
    return Project("x", (), folder, {"name": "x", "services": {"prometheus": body}})


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What Docker is asked, which has no such image."""
    calls: list[str] = []

    def inspected(kind: str, *names: str) -> list[dict[str, Any]]:
        calls.append(f"{kind} inspect {' '.join(names)}")
        return []

    def docker(*args: str) -> Answer:
        calls.append(" ".join(args))
        return Answer(1, "", "no")

    monkeypatch.setattr(configfile, "inspected", inspected)
    monkeypatch.setattr(configfile, "docker", docker)
    return calls


def test_one_that_is_mounted_where_the_files_say_asks_docker_nothing(tmp_path: Path, asked: list[str]) -> None:
    found = config_file(project(tmp_path, "/p.yml", "--config.file=/p.yml"), "prometheus", PROMETHEUS)
    assert found == ConfigFile("global: {}\n", "/p.yml")
    assert asked == []


def test_one_that_is_mounted_where_the_image_usually_reads_it_makes_no_container(
    tmp_path: Path, asked: list[str]
) -> None:
    assert config_file(project(tmp_path, USUAL), "prometheus", PROMETHEUS).text == "global: {}\n"
    assert asked == ["image inspect prom/prometheus"]


def test_of_an_image_that_is_not_here_no_container_is_made_for_docker_would_pull_it(
    tmp_path: Path, asked: list[str]
) -> None:
    assert "neither in its mounts nor in its image" in config_file(project(tmp_path), "prometheus", PROMETHEUS).why
    assert set(asked) == {"image inspect prom/prometheus"}


def test_one_that_is_removed_meanwhile_is_not_pulled_either(
    tmp_path: Path, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(configfile, "inspected", lambda *_: [{"Config": {}}])
    config_file(project(tmp_path), "prometheus", PROMETHEUS)
    assert asked == ["create --pull never --network none prom/prometheus true"]


def test_without_docker_a_mounted_one_is_read_all_the_same_and_another_cannot_be_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path / 'nobody.sock'}")
    assert config_file(project(tmp_path, USUAL), "prometheus", PROMETHEUS).text == "global: {}\n"
    for command in ("", "--config.file=/in/image.yml"):
        with pytest.raises(CannotRun, match="Cannot connect"):
            config_file(project(tmp_path, command=command), "prometheus", PROMETHEUS)


@pytest.mark.parametrize(
    ("words", "doubt"),
    [
        ({"Entrypoint": ["/bin/prometheus"], "Cmd": []}, ""),
        ({"Entrypoint": ["/sbin/tini", "--"], "Cmd": ["prometheus-alertmanager"]}, ""),
        ({"Entrypoint": ["/entrypoint.sh"], "Cmd": []}, "starts /entrypoint.sh, which may write another"),
        ({"Entrypoint": ["/prometheus.sh"], "Cmd": []}, "starts /prometheus.sh, which may write another"),
    ],
)
def test_one_from_an_image_that_a_script_starts_may_not_be_what_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: dict[str, list[str]], doubt: str
) -> None:
    monkeypatch.setattr(configfile, "inspected", lambda *_: [{"Config": words}])
    monkeypatch.setattr(configfile, "_from_image", lambda image, path: iter(["{}"]))
    found = config_file(project(tmp_path), "prometheus", PROMETHEUS)
    assert (found.text, bool(found.doubt)) == ("{}", bool(doubt))
    assert doubt in found.doubt


@pytest.mark.parametrize(
    ("command", "known"),
    [
        (f"--config.file={USUAL} --web.config.file=/etc/prometheus/web.yml --storage.tsdb.path=/etc/prometheus", True),
        (f"sh -c 'exec prometheus --config.file={USUAL}'", True),
        (f"sh -c 'sed s/A/B/ /t.yml > {USUAL} && exec prometheus --config.file={USUAL}'", False),
        (f"sh -c 'envsubst < /t.yml | tee {USUAL}; exec prometheus'", False),
        ("sh -c 'cp /t/* /etc/prometheus && exec prometheus'", False),
    ],
)
def test_one_that_its_own_command_writes_is_not_known(
    tmp_path: Path, asked: list[str], command: str, known: bool
) -> None:
    found = config_file(project(tmp_path, USUAL, command), "prometheus", PROMETHEUS)
    assert (bool(found.text), "written by its own command" in found.why) == (known, not known)


def test_one_in_a_volume_is_not_its_images(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(configfile, "inspected", lambda *_: [])
    monkeypatch.setattr(configfile, "_from_image", lambda image, path: iter(["{}"]))
    made = project(tmp_path)
    made.services["prometheus"]["volumes"].append({"type": "volume", "source": "conf", "target": "/etc/prometheus"})
    assert "in the volume conf" in config_file(made, "prometheus", PROMETHEUS).why
