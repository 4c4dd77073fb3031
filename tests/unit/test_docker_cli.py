"""What docker's answers mean: an object that is not there, or a Docker that is not."""

from __future__ import annotations

import pytest

from harness.errors import CannotRun
from harness.world import docker_cli
from harness.world.docker_cli import Answer


def says(monkeypatch: pytest.MonkeyPatch, err: str, out: str = "[]") -> None:
    monkeypatch.setattr(docker_cli, "docker", lambda *_, **__: Answer(1, out, err))


@pytest.mark.parametrize(
    "err",
    [
        "Error: No such image: shop:1",
        "Error response from daemon: No such container: 0a1b",
        "Error response from daemon: network 0a1b not found\nError response from daemon: network 0a1c not found",
    ],
)
def test_what_does_not_exist_any_more_is_left_out(monkeypatch: pytest.MonkeyPatch, err: str) -> None:
    says(monkeypatch, err, '[{"Id": "0a1d"}]')
    assert docker_cli.inspected("image", "shop:1", "shop:2") == [{"Id": "0a1d"}]


@pytest.mark.parametrize(
    "err",
    [
        "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?",
        "failed to connect to the docker API at unix:///var/run/docker.sock",
        'error during connect: Get "http://x/v1.50/images": EOF',
        "permission denied while trying to connect to the Docker daemon socket",
        "Error response from daemon: something new",
        "",
    ],
)
def test_a_docker_that_does_not_answer_is_not_one_that_has_nothing(monkeypatch: pytest.MonkeyPatch, err: str) -> None:
    says(monkeypatch, err)
    with pytest.raises(CannotRun):
        docker_cli.inspected("container", "0a1b")
