"""What a look over TLS counts as a turn: each wait of the handshake, so that a latency is divided by as many as felt it."""

from __future__ import annotations

import socket
import ssl
import struct
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.inside.look import meet

Talk = Callable[[ssl.SSLSocket], None]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    making = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-days",
        "1",
    ]
    made = subprocess.run(
        [*making, "-subj", "/CN=db", "-keyout", path, "-out", path.with_suffix(".crt")],
        check=False,
        capture_output=True,
        text=True,
    )
    assert made.returncode == 0, made.stderr
    path.write_bytes(path.read_bytes() + path.with_suffix(".crt").read_bytes())
    return path


class Far:
    """A server behind a path on which each thing that the server says arrives `late_s` later, and which counts what it sent."""

    def __init__(
        self, context: ssl.SSLContext, first: Callable[[socket.socket], None], talk: Talk, late_s: float
    ) -> None:
        self._server = socket.create_server(("127.0.0.1", 0))
        self.path = socket.create_server(("127.0.0.1", 0))
        self.port = int(self.path.getsockname()[1])
        self._context, self._first, self._talk, self._late_s = context, first, talk, late_s
        for work in (self._serve, self._carry):
            threading.Thread(target=work, daemon=True).start()

    def _serve(self) -> None:
        client, _ = self._server.accept()
        try:
            self._first(client)
            with self._context.wrap_socket(client, server_side=True) as secured:
                self._talk(secured)
        except OSError:
            client.close()

    def _carry(self) -> None:
        near, _ = self.path.accept()
        far = socket.create_connection(self._server.getsockname())
        threading.Thread(target=self._pass, args=(near, far, 0.0), daemon=True).start()
        self._pass(far, near, self._late_s)

    @staticmethod
    def _pass(one: socket.socket, other: socket.socket, late_s: float) -> None:
        try:
            while data := one.recv(65536):
                time.sleep(late_s)
                other.sendall(data)
            other.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def look(self, speaks: str, limit_ms: int = 5000) -> dict[str, Any]:
        request = {"host": "db", "port": self.port, "speaks": speaks, "limit_ms": limit_ms, "credentials": {}}
        return meet("127.0.0.1", request, time.monotonic() + limit_ms / 1000)


@pytest.fixture
def far(certificate: Path) -> Iterator[Callable[..., Far]]:
    made: list[Far] = []

    def begin(
        *,
        version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3,
        group: str = "",
        first: Callable[[socket.socket], None] = lambda client: None,
        talk: Talk = lambda secured: None,
        late_s: float = 0.0,
    ) -> Far:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        context.maximum_version = version
        if group:
            context.set_ecdh_curve(group)
        made.append(Far(context, first, talk, late_s))
        return made[-1]

    yield begin
    for one in made:
        one.path.close()
        one._server.close()


def says_yes(client: socket.socket) -> None:
    assert client.recv(65536) == struct.pack(">II", 8, 80877103)
    client.sendall(b"S")


@pytest.mark.parametrize(
    ("version", "group", "turns"),
    [
        (ssl.TLSVersion.TLSv1_3, "", 1),
        (ssl.TLSVersion.TLSv1_3, "secp384r1", 2),  # asks for it first
        (ssl.TLSVersion.TLSv1_2, "", 2),
    ],
)
def test_each_wait_of_a_handshake_is_a_turn(far: Any, version: ssl.TLSVersion, group: str, turns: int) -> None:
    said = far(version=version, group=group).look("tls")
    assert (said["outcome"], said["turns"], said.get("error")) == ("answered", turns, None)


@pytest.mark.parametrize(("group", "turns"), [("", 2), ("prime256v1", 3)])
def test_a_postgres_that_wants_its_own_group_of_keys_costs_one_turn_more(far: Any, group: str, turns: int) -> None:
    said = far(first=says_yes, group=group, late_s=0.2).look("postgres")
    assert said["turns"] == turns
    assert said["answer_ms"] >= 200 * turns


def test_an_answer_over_tls_is_read_whole_and_is_one_turn_more(far: Any) -> None:
    def talk(secured: ssl.SSLSocket) -> None:
        assert secured.recv(65536).startswith(b"GET / HTTP/1.1\r\n")
        secured.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n")
        for _ in range(3):
            secured.sendall(b"x" * 100_000)
        secured.recv(65536)  # its goodbye

    said = far(talk=talk).look("https")
    assert (said["outcome"], said["turns"], said.get("error")) == ("answered", 2, None)
    assert said["size"] > 300_000


def test_an_answer_that_breaks_off_within_tls_is_closed(far: Any) -> None:
    def talk(secured: ssl.SSLSocket) -> None:
        secured.recv(65536)
        secured.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n01")
        secured.close()

    assert far(talk=talk).look("https")["outcome"] == "closed"


def test_who_hangs_up_within_the_handshake_has_closed(far: Any) -> None:
    def hang_up(client: socket.socket) -> None:
        client.recv(65536)
        client.shutdown(socket.SHUT_RDWR)

    assert far(first=hang_up).look("tls")["outcome"] == "closed"


def test_a_handshake_that_nobody_answers_hangs(far: Any) -> None:
    done = threading.Event()
    try:
        said = far(first=lambda client: done.wait(5) and None).look("tls", limit_ms=300)
        assert said["outcome"] == "hung"
    finally:
        done.set()


def test_a_server_that_speaks_no_tls_is_told(far: Any) -> None:
    def other(client: socket.socket) -> None:
        client.recv(65536)
        client.sendall(b"HTTP/1.0 400 Bad Request\r\n\r\n")

    said = far(first=other).look("tls")
    assert said["outcome"] == "closed"
    assert "SSL" in said["error"]
