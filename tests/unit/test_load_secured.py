"""Who does not know the token gets no word in, and learns why."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import zmq
from click.testing import CliRunner

from harness.cli.worker import command
from harness.errors import CannotRun
from harness.load import joining
from harness.load.knock import knock
from harness.load.secured import Keys, read_token, speaks_ipv6
from harness.load.worker import NOT_WELCOME, OTHER_VERSION

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


@pytest.mark.parametrize(
    "join", ["here", "bad host:5557", "h:0", "h:99999", "h:٣", ":5557", "::1:5557", "[::1:5557", "[h]:5557", "h:1:2"]
)
def test_an_address_that_is_none_is_a_usage_error(tmp_path: Path, join: str) -> None:
    file = tmp_path / "token"
    file.write_text(TOKEN)
    done = CliRunner().invoke(command, ["--join", join, "--token-file", str(file)])
    assert done.exit_code == 2
    assert f"{join!r} is no HOST:PORT, such as 10.0.0.5:5557 or [fd00::5]:5557" in " ".join(done.output.split())


@pytest.mark.parametrize("wait", ["foo", "10"])
def test_a_time_to_wait_that_is_none_is_a_usage_error(tmp_path: Path, wait: str) -> None:
    file = tmp_path / "token"
    file.write_text(TOKEN)
    done = CliRunner().invoke(command, ["--join", "h:1", "--token-file", str(file), "--wait", wait])
    assert done.exit_code == 2
    assert "a duration must have a unit" in done.output


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="this machine has no IPv6")
@pytest.mark.parametrize(("listens", "host"), [("[::1]", "[::1]"), ("[::]", "[::1]"), ("[::]", "127.0.0.1")])
def test_over_ipv6_too_the_same_token_opens(listens: str, host: str) -> None:
    context = zmq.Context()
    router = context.socket(zmq.ROUTER)
    router.ipv6 = speaks_ipv6(listens, 0)
    Keys.of(TOKEN).serve(router)
    port = router.bind_to_random_port(f"tcp://{listens}")
    assert knock(host, port, Keys.of(TOKEN)) == "open"
    context.destroy(linger=0)


@pytest.mark.parametrize(
    ("code", "says", "outcome"),
    [
        (NOT_WELCOME, "the run has its 2 workers already", "not welcome there: the run has its 2 workers already;"),
        (
            OTHER_VERSION,
            "this is drill 1, and the run is of drill 2",
            "h:1: this is drill 1, and the run is of drill 2",
        ),
    ],
)
def test_who_is_not_welcome_is_told_the_reason(
    monkeypatch: pytest.MonkeyPatch, code: int, says: str, outcome: str
) -> None:
    said: list[str] = []
    worker = f"import sys; sys.stdin.readline(); print('starting'); print({says!r}); sys.exit({code})"
    begin = subprocess.Popen
    monkeypatch.setattr(
        "harness.load.joining.subprocess.Popen", lambda words, **more: begin([words[0], "-c", worker], **more)
    )
    monkeypatch.setattr(joining, "knock", lambda *_: "open")
    monkeypatch.setattr(joining, "AGAIN_S", 0.0)
    with pytest.raises(CannotRun) as refused:
        joining.join("h", 1, TOKEN, said.append, wait_s=0.0)
    assert outcome in f"{refused.value} {said[-1]}"
