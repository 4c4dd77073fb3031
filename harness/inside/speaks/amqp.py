"""AMQP 0-9-1 (RabbitMQ): log in, open, close, where the Compose file tells a login; else the header and
Connection.Start.

What RabbitMQ 4.0 logs of each: three lines of level info; or one of info and a warning ('client unexpectedly closed').
There is no quieter way out: closing in the middle of the handshake, another version's header and a wrong login are all
logged as errors. Source: the AMQP 0-9-1 specification, sections 2.2.4 and 1.4 (class connection)."""

from __future__ import annotations

import struct

from harness.inside.speaks.wire import Ask, Wire

HEADER = b"AMQP\x00\x00\x09\x01"
START, START_OK, TUNE, TUNE_OK, OPEN, OPEN_OK, CLOSE, CLOSE_OK = 10, 11, 30, 31, 40, 41, 50, 51


def exchange(wire: Wire, ask: Ask) -> bytes | None:
    wire.send(HEADER)
    method, _ = _method(wire)
    if method != START:
        raise ValueError(f"not AMQP 0-9-1: it answered the header with method {method}")
    if not ask.user:
        return b""
    login = b"\0" + ask.user.encode() + b"\0" + ask.password.encode()
    wire.send(_frame(START_OK, _long(b"") + _short("PLAIN") + _long(login) + _short("en_US")))
    method, tuning = _method(wire)
    if method != TUNE:
        return _refused(wire, method, tuning)
    wire.send(_frame(TUNE_OK, tuning[:8]) + _frame(OPEN, _short(ask.path or "/") + b"\0\0"))
    method, said = _method(wire)
    if method != OPEN_OK:
        return _refused(wire, method, said)
    wire.send(_frame(CLOSE, struct.pack(">H", 200) + _short("goodbye") + b"\0\0\0\0"))
    _method(wire)  # Close-Ok; after it the server waits for us to close
    return b""


def _refused(wire: Wire, method: int, said: bytes) -> bytes | None:
    """The server said no: that is an answer too."""
    wire.note = said[3 : 3 + said[2]].decode("utf-8", "replace") if method == CLOSE else f"method {method}"
    return _frame(CLOSE_OK, b"") if method == CLOSE else None


def _method(wire: Wire) -> tuple[int, bytes]:
    """Read one frame; the number of its method in class connection, and its arguments."""
    head = wire.exactly(7)
    if head[:4] == b"AMQP":
        raise ValueError(f"another version of AMQP: {head!r}")
    kind, _, length = struct.unpack(">BHI", head)
    if kind != 1 or not 4 <= length < 1_000_000:
        raise ValueError(f"not AMQP: frame type {kind}, {length} bytes")
    payload = wire.exactly(length + 1)
    return struct.unpack(">HH", payload[:4])[1], payload[4:-1]


def _frame(method: int, arguments: bytes) -> bytes:
    payload = struct.pack(">HH", 10, method) + arguments
    return struct.pack(">BHI", 1, 0, len(payload)) + payload + b"\xce"


def _short(text: str) -> bytes:
    return bytes([len(text.encode())]) + text.encode()


def _long(data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + data
