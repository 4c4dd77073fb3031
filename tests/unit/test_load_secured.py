"""Who does not know the token gets no word in, and learns why."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import zmq
from click.testing import CliRunner

from harness.cli.worker import command
from harness.load.knock import knock
from harness.load.secured import Keys, read_token

TOKEN = "correct horse battery staple"


@pytest.fixture
def master() -> Iterator[tuple[zmq.Socket[bytes], int]]:
    context = zmq.Context()
    router = context.socket(zmq.ROUTER)
    Keys.of(TOKEN).serve(router)
    yield router, router.bind_to_random_port("tcp://127.0.0.1")
    context.destroy(linger=0)


def test_the_same_token_opens(master: tuple[zmq.Socket[bytes], int]) -> None:
    assert knock("127.0.0.1", master[1], Keys.of(TOKEN)) == "open"


def test_another_token_is_refused_and_nothing_it_says_is_heard(master: tuple[zmq.Socket[bytes], int]) -> None:
    router, port = master
    assert knock("127.0.0.1", port, Keys.of(TOKEN + "r")) == "refused"
    context = zmq.Context()
    context.linger = 0
    for keys in (Keys.of("another"), None):
        peer = context.socket(zmq.DEALER)
        if keys is not None:
            keys.join(peer)
        peer.connect(f"tcp://127.0.0.1:{port}")
        peer.send(b"hello")
    assert router.poll(300) == 0
    Keys.of(TOKEN).join(peer := context.socket(zmq.DEALER))
    peer.connect(f"tcp://127.0.0.1:{port}")
    peer.send(b"hello")
    assert router.poll(3000), "who knows it is heard"
    context.destroy(linger=0)


def test_where_nobody_listens_nobody_answers() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    assert knock("127.0.0.1", port, Keys.of(TOKEN), within_s=0.3) == "nobody"


def test_keys_are_not_told() -> None:
    assert Keys.of(TOKEN).server.decode() not in repr(Keys.of(TOKEN))
    assert Keys.of(TOKEN).server != Keys.of(TOKEN).client


def test_a_token_that_can_be_guessed_is_none(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("hunter2\n")
    with pytest.raises(ValueError, match="a token has at least 16: openssl rand -hex 32"):
        read_token(file)
    file.write_text(f"  {TOKEN}\n")
    assert read_token(file) == TOKEN


def test_the_command_says_what_is_wrong(tmp_path: Path, master: tuple[zmq.Socket[bytes], int]) -> None:
    file = tmp_path / "token"
    file.write_text(TOKEN + "r")
    run = CliRunner().invoke
    assert "is no HOST:PORT" in run(command, ["--join", "here", "--token-file", str(file)]).output
    refused = run(command, ["--join", f"127.0.0.1:{master[1]}", "--token-file", str(file)])
    assert "knows another token" in str(refused.exception)
    file.write_text("short")
    assert "a token has at least 16" in run(command, ["--join", "h:1", "--token-file", str(file)]).output
