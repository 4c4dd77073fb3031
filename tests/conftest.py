"""Shared by all tests: the real Toxiproxy program, and a Docker Engine. What is missing fails; nothing skips."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.doctor import examine
from harness.doctor.images import toxiproxy_binary as out_of_the_image
from harness.errors import CannotRun


@pytest.fixture(scope="session")
def toxiproxy_binary() -> Path:
    """The real Toxiproxy program: the one that DRILL_TOXIPROXY_BIN names, else the one in the image."""
    given = os.environ.get("DRILL_TOXIPROXY_BIN")
    if given:
        return Path(given)
    try:
        return out_of_the_image()
    except CannotRun as error:
        pytest.fail(f"wire tests need a real Toxiproxy: {error}", pytrace=False)


@pytest.fixture(scope="session")
def toxiproxy_server(toxiproxy_binary: Path) -> Iterator[tuple[str, int]]:
    """A real Toxiproxy on a free port of 127.0.0.1, one for all tests: (host, port) of its API."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        host, port = free.getsockname()
    server = subprocess.Popen(
        [str(toxiproxy_binary), "-host", host, "-port", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        while True:
            assert server.poll() is None, f"{toxiproxy_binary} ended with {server.returncode}"
            with contextlib.suppress(OSError), socket.create_connection((host, port)):
                break
            time.sleep(0.01)
        yield host, port
    finally:
        server.kill()
        server.wait()


@pytest.fixture(scope="session")
def docker_engine() -> None:
    """Docker, Compose and the images of ours are there; otherwise every test that starts stacks fails and says why."""
    try:
        examine.preflight()
    except CannotRun as error:
        pytest.fail(f"end-to-end tests need Docker: {error}", pytrace=False)


@pytest.fixture(autouse=True)
def _what_the_mark_says(request: pytest.FixtureRequest) -> None:
    """A test marked e2e gets its engine looked at first, once for all of them."""
    if request.node.get_closest_marker("e2e"):
        request.getfixturevalue("docker_engine")
