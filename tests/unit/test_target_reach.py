"""A target's servers as they are on a bad day: answers that break off, secrets that are gone or no header, and what is said of it."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness.errors import CannotRun, NotApplied
from harness.target.clear import BLIND_S, Asking, Watch
from harness.target.model import Clear
from harness.target.place import Place
from harness.target.reach import PlaceApi, secrets_of, session_of, why
from harness.world.jsonapi import JsonApi

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
BROKEN = {
    "cut off": HEAD + b'Content-Length: 100\r\n\r\n{"a"',
    "no chunk": HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
    "no gzip": HEAD + b"Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\nabcd",
}


@pytest.fixture
def serving() -> Iterator[Callable[[bytes, bool], int]]:
    """The port of a server that sends these bytes to whoever connects; it hangs up, or keeps the connection open."""
    held: list[socket.socket] = []

    def serve(answer: bytes, hangs: bool = False) -> int:
        listener = socket.create_server(("127.0.0.1", 0))
        held.append(listener)

        def take() -> None:
            while True:
                try:
                    one, _ = listener.accept()
                except OSError:
                    return
                one.recv(65536)
                one.sendall(answer)
                if hangs:
                    held.append(one)
                else:
                    one.close()

        threading.Thread(target=take, daemon=True).start()
        return int(listener.getsockname()[1])

    yield serve
    for one in held:
        one.close()


@pytest.mark.parametrize("answer", BROKEN.values(), ids=BROKEN)
def test_an_answer_that_breaks_off_is_no_answer(serving: Callable[..., int], answer: bytes) -> None:
    port = serving(answer)
    with pytest.raises(NotApplied, match=f"Prometheus at http://127.0.0.1:{port} "):
        PlaceApi("Prometheus", Place(url=f"http://127.0.0.1:{port}")).get("/")
    with pytest.raises(NotApplied, match="Prometheus does not answer"):
        JsonApi("Prometheus", ("127.0.0.1", port)).get("/")


def test_an_answer_that_stops_in_its_middle_is_late(serving: Callable[..., int]) -> None:
    port = serving(BROKEN["cut off"], True)
    place = Place.model_validate({"url": f"http://127.0.0.1:{port}", "timeout": "300ms"})
    with pytest.raises(NotApplied, match=r"did not answer within 0\.3 s"):
        PlaceApi("Loki", place).get("/")
    with pytest.raises(NotApplied, match="Loki does not answer"):
        JsonApi("Loki", ("127.0.0.1", port), timeout_s=0.3).get("/")


def test_a_secret_that_is_absent_for_a_moment_is_no_answer(serving: Callable[..., int], tmp_path: Path) -> None:
    port = serving(HEAD + b"Content-Length: 2\r\n\r\n{}")
    secret = tmp_path / "token"
    api = PlaceApi("Prometheus", Place(url=f"http://127.0.0.1:{port}", token_file=str(secret)))
    with pytest.raises(NotApplied, match="token cannot be read: No such file"):
        api.get("/")
    secret.write_text("abcdef-123456\n")
    assert api.get("/") == {}


def test_what_can_no_longer_be_asked_ends_a_drill_after_a_while() -> None:
    now_s = [0.0]

    def broken(expr: str) -> bool:
        if now_s[0]:
            raise RuntimeError("dictionary changed size during iteration")
        return True

    watch = Watch((Clear(promql="up"),), Asking(query=broken), lambda: now_s[0])
    for now_s[0] in (0.0, 1.0, BLIND_S - 1):
        watch.look()
        assert watch.trouble == ""
    now_s[0] = BLIND_S
    watch.look()
    assert watch.trouble == "not clear to start: up: it could not be asked (RuntimeError)"


CANARY = "s3cret-canary"


@pytest.mark.parametrize(
    ("secret", "says"),
    [
        (f"{CANARY}\nsecond".encode(), "has a line break or another control character in it"),
        (f"{CANARY}\x00x".encode(), "has a line break or another control character in it"),
        (f"{CANARY}€".encode(), "has characters in it that no header can carry"),
        (f"{CANARY}\xff".encode("latin-1"), "is no UTF-8"),
    ],
)
def test_a_secret_that_no_header_can_carry_is_refused_without_its_value(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, secret: bytes, says: str
) -> None:
    (tmp_path / "token").write_bytes(secret)
    place = Place(url="http://127.0.0.1:1", token_file=str(tmp_path / "token"))
    with pytest.raises(CannotRun) as refused:
        session_of(place)
    assert says in str(refused.value)
    assert CANARY not in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1
    if b"\x00" not in secret:
        monkeypatch.setenv("T", os.fsdecode(secret))
        with pytest.raises(CannotRun, match="the variable T"):
            list(secrets_of(Place(url="http://127.0.0.1:1", token_env="T"), "load"))


def test_a_password_may_be_in_any_script(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("P", "pässwörd€")
    secret, encoded = secrets_of(Place(url="http://127.0.0.1:1", user="me", password_env="P"), "load")
    assert (secret.value, encoded.value) == ("pässwörd€", "bWU6cMOkc3N3w7ZyZOKCrA==")


def test_what_is_said_of_a_call_never_quotes_a_header() -> None:
    wrong = ValueError(f"Invalid header value b'Bearer {CANARY}'")
    assert why(wrong, 5) == "does not answer: ValueError"
    assert CANARY not in why(ConnectionError(wrong), 5)
    wrapped = RuntimeError(f"it broke on Bearer {CANARY}")
    wrapped.__cause__ = wrong
    assert CANARY not in why(wrapped, 5)
