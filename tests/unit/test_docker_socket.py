"""Where Docker's socket is, for a helper that mounts it: a Docker elsewhere is refused with the cure."""

from __future__ import annotations

import pytest

from harness.errors import CannotRun, NotApplied
from harness.stack.keeper import Keeper
from harness.world.docker import socket_path


@pytest.mark.parametrize(
    ("host", "path"),
    [
        ("unix:///run/user/1000/docker.sock", "/run/user/1000/docker.sock"),
        ("unix:///var/run/docker.sock", "/var/run/docker.sock"),
        ("unix:///home/anna/.colima/default/docker.sock", "/var/run/docker.sock"),
    ],
)
def test_the_socket_is_where_the_daemon_itself_finds_it(monkeypatch: pytest.MonkeyPatch, host: str, path: str) -> None:
    monkeypatch.setenv("DOCKER_HOST", host)
    assert socket_path() == path


def test_a_docker_elsewhere_is_refused_with_the_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "ssh://root@elsewhere")
    with pytest.raises(NotApplied, match="not on this machine"):
        socket_path()
    keeper = Keeper("0badcafe", "drill-0badcafe", ("db",), lambda *_: None, lambda _: None)
    with pytest.raises(CannotRun, match="unset DOCKER_HOST"):
        keeper.start()
