"""AMQP 0-9-1 (RabbitMQ): the protocol header, answered by Connection.Start. Source: the AMQP 0-9-1 specification, section 2.2.4."""

from __future__ import annotations

import struct

from harness.inside.speaks.wire import Ask, Wire

HEADER = b"AMQP\x00\x00\x09\x01"
START, START_OK, TUNE, TUNE_OK, OPEN, OPEN_OK, CLOSE, CLOSE_OK = 10, 11, 30, 31, 40, 41, 50, 51


def exchange(wire: Wire, ask: Ask) -> bytes:
    wire.send(HEADER)
    if _method(wire) != START:
        raise ValueError("not AMQP 0-9-1: it did not answer with Connection.Start")
    return b""


def _method(wire: Wire) -> int:
    """Read one frame; the number of its method in class Connection."""
    head = wire.exactly(7)
    if head[:4] == b"AMQP":
        raise ValueError(f"another version of AMQP: {head!r}")
    kind, _, length = struct.unpack(">BHI", head)
    payload = wire.exactly(length + 1)
    if kind != 1 or length < 4:
        raise ValueError(f"not AMQP: frame type {kind}")
    return int(struct.unpack(">HH", payload[:4])[1])
