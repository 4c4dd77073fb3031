"""What a look does and says when the other side answers in its protocol, in another one, or not to the end."""

from __future__ import annotations

import hashlib
import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from harness.inside.look import meet
from harness.inside.speaks import SPEAKS, mysql

Script = Callable[[socket.socket], None]


class Server:
    """One listening socket on the loopback; `script` talks to each client and then hangs up."""

    def __init__(self, script: Script) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = int(self.socket.getsockname()[1])
        self._script = script
        self.errors: list[BaseException] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self.socket.accept()
            except OSError:
                return
            with client:
                try:
                    self._script(client)
                except OSError:
                    continue
                except BaseException as error:
                    self.errors.append(error)

    def look(self, speaks: str, limit_ms: int = 2000, **credentials: str) -> dict[str, Any]:
        request = {"host": "db", "port": self.port, "speaks": speaks, "limit_ms": limit_ms, "credentials": credentials}
        said = meet("127.0.0.1", request, time.monotonic() + limit_ms / 1000)
        assert not self.errors, self.errors
        return said


@pytest.fixture
def serve() -> Iterator[Callable[[Script], Server]]:
    servers: list[Server] = []

    def begin(script: Script) -> Server:
        servers.append(Server(script))
        return servers[-1]

    yield begin
    for server in servers:
        server.socket.close()


def says(*parts: bytes, expect: bytes = b"") -> Script:
    """Read a request, then send the parts."""

    def script(client: socket.socket) -> None:
        data = client.recv(65536)
        assert expect in data
        for part in parts:
            client.sendall(part)
            time.sleep(0.005)

    return script


# --- HTTP


def test_an_http_answer_is_read_to_its_stated_length(serve: Any) -> None:
    said = serve(says(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n01234", b"56789")).look("http")
    assert (said["outcome"], said["turns"], said.get("error")) == ("answered", 1, None)


def test_an_http_answer_that_ends_before_its_length_is_closed(serve: Any) -> None:
    assert serve(says(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n01234")).look("http")["outcome"] == "closed"


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n5;x=y\r\nhello\r\n0\r\nTrailer: 1\r\n\r\n",
        b"HTTP/1.0 200 OK\r\n\r\nuntil the end",
        b"HTTP/1.1 204 No Content\r\n\r\n",
    ],
)
def test_every_way_that_http_marks_the_end_of_an_answer_is_known(serve: Any, answer: bytes) -> None:
    assert serve(says(answer)).look("http")["outcome"] == "answered"


def test_an_http_error_is_an_answer_and_its_status_is_told(serve: Any) -> None:
    said = serve(says(b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n")).look("http")
    assert (said["outcome"], said["error"]) == ("answered", "503")


def test_the_witness_asks_for_the_path_it_was_given_under_the_callers_name_for_the_host(serve: Any) -> None:
    asked: list[bytes] = []

    def script(client: socket.socket) -> None:
        asked.append(client.recv(65536))
        client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    server = serve(script)
    server.look("http", path="/health?full=1")
    assert asked[0].startswith(b"GET /health?full=1 HTTP/1.1\r\nHost: db:%d\r\n" % server.port)


def test_a_huge_answer_is_read_to_the_cap_and_no_further(serve: Any) -> None:
    def script(client: socket.socket) -> None:
        client.recv(65536)
        client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 900000000\r\n\r\n" + b"x" * 2_000_000)

    said = serve(script).look("http")
    assert said["outcome"] == "answered"
    assert said["size"] < 1_300_000


# --- answers in another protocol, or none


@pytest.mark.parametrize("speaks", sorted(set(SPEAKS) - {"", "https", "tls", "postgres"}))
def test_an_answer_in_another_protocol_is_an_answer_and_the_error_says_so(serve: Any, speaks: str) -> None:
    def script(client: socket.socket) -> None:
        client.sendall(b"\x7f%&! I am something else altogether, and this goes on for a while\r\n\r\n" * 4)
        client.recv(1000)

    said = serve(script).look(speaks)
    assert said["outcome"] in ("answered", "closed", "reset")
    if said["outcome"] == "answered":
        assert said["error"]


@pytest.mark.parametrize("speaks", sorted(set(SPEAKS) - {""}))
def test_a_server_that_never_says_a_word_is_hung_in_every_protocol(serve: Any, speaks: str) -> None:
    said = serve(lambda client: time.sleep(0.3)).look(speaks, limit_ms=100)
    assert said["outcome"] == "hung"
    assert said.get("answer_ms") is None


@pytest.mark.parametrize("speaks", sorted(set(SPEAKS)))
def test_a_server_that_hangs_up_at_once_is_closed_in_every_protocol(serve: Any, speaks: str) -> None:
    assert serve(lambda client: client.shutdown(socket.SHUT_RDWR)).look(speaks)["outcome"] in ("closed", "reset")


# --- the small ones that Debian has no server for


def test_mongodb_says_hello(serve: Any) -> None:
    reply = struct.pack("<iiii", 16 + 4 + 1 + 5, 7, 1, 2013) + b"\0\0\0\0" + b"\0" + b"\x05\0\0\0\0"
    assert serve(says(reply, expect=b"hello")).look("mongodb")["outcome"] == "answered"


def test_kafka_tells_its_versions(serve: Any) -> None:
    reply = struct.pack(">i", 10) + struct.pack(">ihi", 1, 0, 0)
    assert serve(says(reply[:3], reply[3:], expect=b"drill-witness")).look("kafka")["outcome"] == "answered"


def test_grpc_exchanges_settings(serve: Any) -> None:
    settings = b"\0\0\x06\x04\0\0\0\0\0" + b"\0\x03\0\0\0\x64"
    said = serve(says(settings, expect=b"PRI * HTTP/2.0")).look("grpc")
    assert (said["outcome"], said.get("error")) == ("answered", None)


def test_nats_with_a_login_is_left_after_its_info(serve: Any) -> None:
    def script(client: socket.socket) -> None:
        client.sendall(b"INFO " + json.dumps({"auth_required": True}).encode() + b"\r\n")
        assert client.recv(1000) == b""

    said = serve(script).look("nats")
    assert said["outcome"] == "answered"
    assert "login" in said["error"]


# --- MySQL, where half an exchange would do harm

SALT = bytes(range(1, 21))


def greeting(plugin: str, capabilities: int = 0x0008_8200) -> bytes:
    low, high = capabilities & 0xFFFF, capabilities >> 16
    body = b"\x0a8.4.0\0" + struct.pack("<I", 9) + SALT[:8] + b"\0"
    body += struct.pack("<HBHHB", low, 45, 2, high, 21) + b"\0" * 10 + SALT[8:] + b"\0" + plugin.encode() + b"\0"
    return body


def packet(body: bytes, number: int) -> bytes:
    return struct.pack("<I", len(body))[:3] + bytes([number]) + body


def read_packet(client: socket.socket) -> tuple[int, bytes]:
    head = client.recv(4, socket.MSG_WAITALL)
    length = int.from_bytes(head[:3], "little")
    return head[3], client.recv(length, socket.MSG_WAITALL) if length else b""


OK = b"\x00\x00\x00\x02\x00\x00\x00"
DENIED = b"\xff\x15\x04#28000Access denied for user"


def login(plugin: str, *replies: bytes, then: bytes = OK, seen: list[bytes] | None = None) -> Script:
    def script(client: socket.socket) -> None:
        client.sendall(packet(greeting(plugin), 0))
        number = 0
        for reply in (*replies, then):
            number, body = read_packet(client)
            if seen is not None:
                seen.append(body)
            client.sendall(packet(reply, number + 1))
        if then == OK:
            assert read_packet(client) == (0, b"\x0e")  # COM_PING
            client.sendall(packet(OK, 1))
            assert read_packet(client) == (0, b"\x01")  # COM_QUIT

    return script


@pytest.mark.parametrize("plugin", [mysql.NATIVE, mysql.SHA2])
def test_mysql_is_logged_in_pinged_and_left_with_quit(serve: Any, plugin: str) -> None:
    seen: list[bytes] = []
    said = serve(login(plugin, seen=seen)).look("mysql", user="shop", password="secret")
    assert (said["outcome"], said.get("error"), said["turns"]) == ("answered", None, 3)
    proof = mysql.scramble(plugin, "secret", SALT)
    assert b"shop\0" + bytes([len(proof)]) + proof + plugin.encode() + b"\0" in seen[0]


def test_a_native_proof_is_what_the_server_checks() -> None:
    """The server knows SHA1(SHA1(password)): it undoes the mask and hashes once more."""
    proof = mysql.scramble(mysql.NATIVE, "secret", SALT)
    stored = hashlib.sha1(hashlib.sha1(b"secret").digest()).digest()
    once = bytes(a ^ b for a, b in zip(proof, hashlib.sha1(SALT + stored).digest(), strict=True))
    assert hashlib.sha1(once).digest() == stored


def test_a_denied_login_is_a_whole_exchange(serve: Any) -> None:
    said = serve(login(mysql.NATIVE, then=DENIED)).look("mysql")
    assert said["outcome"] == "answered"
    assert "1045" in said["error"]


def test_fast_sha2_login_goes_on_to_the_servers_ok(serve: Any) -> None:
    def script(client: socket.socket) -> None:
        client.sendall(packet(greeting(mysql.SHA2), 0))
        number, _ = read_packet(client)
        client.sendall(packet(b"\x01\x03", number + 1) + packet(OK, number + 2))
        assert read_packet(client)[1] == b"\x0e"
        client.sendall(packet(OK, 1))
        assert read_packet(client)[1] == b"\x01"

    assert serve(script).look("mysql", user="a", password="b")["outcome"] == "answered"


def test_a_switch_to_a_plugin_that_we_know_is_followed(serve: Any) -> None:
    seen: list[bytes] = []
    switch = b"\xfemysql_native_password\0" + SALT[::-1] + b"\0"
    said = serve(login("dialog", switch, seen=seen)).look("mysql", user="a", password="b")
    assert (said["outcome"], said.get("error")) == ("answered", None)
    assert seen[1] == mysql.scramble(mysql.NATIVE, "b", SALT[::-1])


def test_a_switch_to_an_unknown_plugin_is_answered_so_that_the_server_ends_the_login_itself(serve: Any) -> None:
    seen: list[bytes] = []
    switch = b"\xfeclient_ed25519\0" + SALT + b"\0"
    said = serve(login("dialog", switch, then=DENIED, seen=seen)).look("mysql", user="a", password="b")
    assert said["outcome"] == "answered"
    assert seen[1] == b""


def test_a_full_or_blocking_server_has_answered_and_its_error_is_told(serve: Any) -> None:
    error = packet(b"\xff\x69\x04Host '10.0.0.1' is blocked", 0)

    def script(client: socket.socket) -> None:
        client.sendall(error)

    said = serve(script).look("mysql")
    assert said["outcome"] == "answered"
    assert said["error"].startswith("1129 Host")
