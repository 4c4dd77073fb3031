"""Shared by the wire tests: a tiny dependency that answers, and a Toxiproxy process of one's own that can be killed."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.edges import Edge
from harness.world.toxiproxy import ApiError, Server


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


class Dependency:
    """Answers each line: `<n>\\n` with n bytes and a newline, 'bye\\n' by closing, 'flood\\n' with data without end."""

    def __init__(self, port: int = 0) -> None:
        self._server = socket.create_server(("127.0.0.1", port))
        self.port = int(self._server.getsockname()[1])
        self.sockets: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._server.accept()
                self.sockets.append(connection)
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    @staticmethod
    def _serve(connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection, connection.makefile("rb") as lines:
            for line in lines:
                if line == b"bye\n":
                    return
                while line == b"flood\n":
                    connection.sendall(b"x" * 65536)
                connection.sendall(b"x" * int(line) + b"\n")

    def close(self) -> None:
        self._server.close()
        for connection in self.sockets:
            connection.close()


class ToxiproxyProcess:
    """A Toxiproxy of the test's own: restart() kills it and starts it empty on the same port."""

    def __init__(self, binary: Path) -> None:
        self._binary = binary
        self.api = ("127.0.0.1", free_port())
        self.restarts = -1
        self._process: subprocess.Popen[bytes] | None = None
        self.restart()

    def restart(self) -> None:
        self.kill()
        self.restarts += 1
        self._process = subprocess.Popen(
            [str(self._binary), "-host", self.api[0], "-port", str(self.api[1])],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        server = Server(*self.api)
        for _ in range(500):
            with contextlib.suppress(ApiError):
                server.version()
                break
            time.sleep(0.01)
        server.close()

    def kill(self) -> None:
        if self._process:
            self._process.kill()
            self._process.wait()


@pytest.fixture
def toxiproxy(toxiproxy_binary: Path) -> Iterator[ToxiproxyProcess]:
    process = ToxiproxyProcess(toxiproxy_binary)
    yield process
    process.kill()


@pytest.fixture
def dependency() -> Iterator[Dependency]:
    it = Dependency()
    yield it
    it.close()


@pytest.fixture
def edge(dependency: Dependency) -> Edge:
    """api->db: its proxies listen on 127.0.0.77, on the dependency's own port."""
    return Edge("api", "db", address="127.0.0.77", upstream="127.0.0.1")
