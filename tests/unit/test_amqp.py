"""One look at a queue of RabbitMQ, frame by frame: what is said to the broker, and what its answers become."""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Sequence

import pytest

from harness.errors import NotApplied
from harness.world import amqp
from harness.world.handles import Login


def frame(kind: int, method: int, arguments: bytes, channel: int = 0) -> bytes:
    payload = struct.pack(">HH", kind, method) + arguments
    return struct.pack(">BHI", amqp.METHOD, channel, len(payload)) + payload + bytes([amqp.FRAME_END])


def closed(words: bytes, kind: int = amqp.CONNECTION, method: int = amqp.CLOSE, channel: int = 0) -> bytes:
    return frame(kind, method, struct.pack(">H", 403) + bytes([len(words)]) + words + b"\0\0\0\0", channel)


STARTED = frame(amqp.CONNECTION, amqp.START, b"\0\x09" + struct.pack(">I", 0) * 3)
LET_IN = b"".join((
    frame(amqp.CONNECTION, amqp.TUNE, struct.pack(">HIH", 2047, 131072, 60)),
    frame(amqp.CONNECTION, amqp.OPEN_OK, b"\0"),
    frame(amqp.CHANNEL, amqp.CHANNEL_OPEN_OK, b"\0\0\0\0", 1),
))  # fmt: skip
DECLARED = frame(amqp.QUEUE, amqp.DECLARE_OK, b"\4work" + struct.pack(">II", 0, 0), 1)
GOODBYE = frame(amqp.CONNECTION, amqp.CLOSE_OK, b"")
DECLARE = struct.pack(">HH", amqp.QUEUE, amqp.DECLARE) + b"\0\0\4work" + amqp.PASSIVE
GET = struct.pack(">HH", amqp.BASIC, amqp.GET)


def look(most: int, *answers: bytes) -> tuple[Sequence[bytes], bytes]:
    """The bodies, and all that was said to the broker."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(b"".join(answers))
        bodies = amqp.peek_on(ours, Login("shop", "pw"), "work", most, time.monotonic() + 60)
        return bodies, theirs.recv(65536)


def test_the_queue_is_named_passively_and_of_none_asked_for_none_is_taken() -> None:
    bodies, said = look(0, STARTED, LET_IN, DECLARED, GOODBYE)
    assert bodies == []
    assert DECLARE in said
    assert GET not in said


def test_what_is_asked_for_is_got() -> None:
    bodies, said = look(1, STARTED, LET_IN, DECLARED, frame(amqp.BASIC, amqp.GET_EMPTY, b"\0", 1), GOODBYE)
    assert bodies == []
    assert GET in said


@pytest.mark.parametrize(
    "answers",
    [
        (STARTED, closed(b"ACCESS_REFUSED - no")),
        (STARTED, LET_IN, closed(b"ACCESS_REFUSED - no", amqp.CHANNEL, amqp.CHANNEL_CLOSE, 1)),
    ],
    ids=["login", "queue"],
)
def test_who_is_refused_hears_the_brokers_words_though_nothing_waits(answers: tuple[bytes, ...]) -> None:
    with pytest.raises(NotApplied, match=r"^ACCESS_REFUSED - no$"):
        look(0, *answers)
