"""The messages of a RabbitMQ queue, looked at and put back: AMQP 0-9-1, as much of it as that takes.

Basic.Get without an acknowledgement, then Basic.Reject with requeue: RabbitMQ puts each message back to its place where it can
(https://www.rabbitmq.com/docs/confirms, "Negative Acknowledgement and Requeuing"). What a look leaves behind: `redelivered` is
set, and a quorum queue counts the delivery. Source of the frames: the AMQP 0-9-1 specification, sections 2.3.5 and 4.2.
"""

from __future__ import annotations

import socket
import struct
import time

from harness.errors import NotApplied
from harness.world.handles import Login

HEADER = b"AMQP\x00\x00\x09\x01"
METHOD, CONTENT, BODY, HEARTBEAT, FRAME_END = 1, 2, 3, 8, 0xCE
CONNECTION, CHANNEL, QUEUE, BASIC = 10, 20, 50, 60
START, START_OK, TUNE, TUNE_OK, OPEN, OPEN_OK, CLOSE, CLOSE_OK = 10, 11, 30, 31, 40, 41, 50, 51
CHANNEL_OPEN, CHANNEL_OPEN_OK, CHANNEL_CLOSE = 10, 11, 40
DECLARE, DECLARE_OK = 10, 11
PASSIVE = b"\x01"  # asks whether there is such a queue, and makes none
GET, GET_OK, GET_EMPTY, NACK = 70, 71, 72, 120
MOST_FRAME = 16 << 20
_CAPABILITY = b"\x1cauthentication_failure_close" + b"t\x01"
CAPABLE = b"\x0ccapabilities" + b"F" + struct.pack(">I", len(_CAPABILITY)) + _CAPABILITY
"""A client that is told why its login is refused, instead of being cut off."""


def peek(address: tuple[str, int], login: Login, queue: str, most: int, within_s: float) -> list[bytes]:
    """The bodies of at most `most` ready messages, in their order; with 0, whether the login is let in and the queue is there, and no
    message is touched. Raises NotApplied with the server's own words."""
    ends_s = time.monotonic() + within_s
    try:
        with socket.create_connection(address, timeout=within_s) as sock:
            return peek_on(sock, login, queue, most, ends_s)
    except (OSError, NotApplied) as error:
        raise NotApplied(f"RabbitMQ at {address[0]}:{address[1]}, as {login.user}: {error}") from error


def peek_on(sock: socket.socket, login: Login, queue: str, most: int, ends_s: float) -> list[bytes]:
    """As `peek`, on a connection, until a moment of the monotonic clock. Raises NotApplied."""
    try:
        wire = _Wire(sock, ends_s)
        _log_in(wire, login)
        wire.call(1, QUEUE, DECLARE, b"\0\0" + _short(queue) + PASSIVE + _long(b""), DECLARE_OK)
        bodies = _look(wire, queue, most)
        wire.call(0, CONNECTION, CLOSE, struct.pack(">H", 200) + _short("") + b"\0\0\0\0", CLOSE_OK)
    except (OSError, struct.error, ValueError) as error:
        raise NotApplied(str(error)) from error
    return bodies


def _log_in(wire: _Wire, login: Login) -> None:
    wire.sock.sendall(HEADER)
    wire.expect(0, CONNECTION, START)
    words = _long(b"\0" + login.user.encode() + b"\0" + login.password.encode())
    tuning = wire.call(0, CONNECTION, START_OK, _long(CAPABLE) + _short("PLAIN") + words + _short("en_US"), TUNE)
    wire.send(0, CONNECTION, TUNE_OK, tuning[:6] + b"\0\0")  # no heartbeats: the look is over before one is due
    wire.call(0, CONNECTION, OPEN, _short(login.path or "/") + b"\0\0", OPEN_OK)
    wire.call(1, CHANNEL, CHANNEL_OPEN, _short(""), CHANNEL_OPEN_OK)


def _look(wire: _Wire, queue: str, most: int) -> list[bytes]:
    bodies: list[bytes] = []
    last = 0
    while len(bodies) < most:
        wire.send(1, BASIC, GET, b"\0\0" + _short(queue) + b"\0")
        method, said = wire.method(1, BASIC)
        if method == GET_EMPTY:
            break
        if method != GET_OK:
            raise ValueError(f"Basic.Get was answered with method {method}")
        (last,) = struct.unpack_from(">Q", said)
        bodies.append(wire.content())
    if last:  # all up to the last, put back
        wire.send(1, BASIC, NACK, struct.pack(">QB", last, 0b11))
    return bodies


class _Wire:
    """Frames over a socket until a moment of the monotonic clock."""

    def __init__(self, sock: socket.socket, ends_s: float) -> None:
        self.sock = sock
        self._ends_s = ends_s
        self._held = b""

    def send(self, channel: int, kind: int, method: int, arguments: bytes) -> None:
        payload = struct.pack(">HH", kind, method) + arguments
        self.sock.sendall(struct.pack(">BHI", METHOD, channel, len(payload)) + payload + bytes([FRAME_END]))

    def call(self, channel: int, kind: int, method: int, arguments: bytes, answer: int) -> bytes:
        self.send(channel, kind, method, arguments)
        return self.expect(channel, kind, answer)

    def expect(self, channel: int, kind: int, answer: int) -> bytes:
        method, said = self.method(channel, kind)
        if method != answer:
            raise ValueError(f"expected method {kind}.{answer}, not {kind}.{method}")
        return said

    def method(self, channel: int, kind: int) -> tuple[int, bytes]:
        """The next method of a class on a channel, and its arguments. Raises ValueError when the server closes instead."""
        while True:
            frame, on, payload = self._frame()
            if frame != METHOD:
                continue
            of, method = struct.unpack_from(">HH", payload)
            if (of, method) in ((CONNECTION, CLOSE), (CHANNEL, CHANNEL_CLOSE)):
                raise ValueError(_text(payload, 6))
            if (of, on) == (kind, channel):
                return method, payload[4:]

    def content(self) -> bytes:
        """The body that follows a Get-Ok."""
        frame, _, payload = self._frame()
        if frame != CONTENT:
            raise ValueError("a message without its header")
        (size,) = struct.unpack_from(">Q", payload, 4)
        body = b""
        while len(body) < size:
            frame, _, payload = self._frame()
            if frame != BODY:
                raise ValueError("a message without its body")
            body += payload
        return body

    def _frame(self) -> tuple[int, int, bytes]:
        while True:
            kind, channel, length = struct.unpack(">BHI", self._exactly(7))
            if length > MOST_FRAME:
                raise ValueError("it does not speak AMQP 0-9-1")
            payload = self._exactly(length + 1)[:-1]
            if kind != HEARTBEAT:
                return kind, channel, payload

    def _exactly(self, length: int) -> bytes:
        while len(self._held) < length:
            self.sock.settimeout(max(0.001, self._ends_s - time.monotonic()))
            more = self.sock.recv(65536)
            if not more:
                raise ValueError("it closed the connection")
            self._held += more
        data, self._held = self._held[:length], self._held[length:]
        return data


def _short(text: str) -> bytes:
    data = text.encode()
    return bytes([len(data)]) + data


def _long(data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + data


def _text(payload: bytes, at: int) -> str:
    return payload[at + 1 : at + 1 + payload[at]].decode("utf-8", "replace")
