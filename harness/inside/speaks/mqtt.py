"""MQTT 3.1.1: CONNECT and CONNACK, then DISCONNECT. Any return code is a complete answer."""

from __future__ import annotations

import os
import struct

from harness.inside.speaks.wire import Ask, Wire


def exchange(wire: Wire, ask: Ask) -> bytes:
    name = b"drill-" + os.urandom(4).hex().encode()  # a name of its own: the same one twice would cut the first
    body = b"\x00\x04MQTT\x04\x02" + struct.pack(">HH", 10, len(name)) + name
    wire.send(b"\x10" + bytes([len(body)]) + body)
    answer = wire.exactly(4)
    if answer[:2] != b"\x20\x02":
        raise ValueError(f"not MQTT: {answer!r}")
    wire.note = f"CONNACK {answer[3]}" if answer[3] else ""
    return b"\xe0\x00" if not answer[3] else b""
