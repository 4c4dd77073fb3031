"""MongoDB: the `hello` command, which needs no login. Source: the OP_MSG page of the MongoDB wire protocol."""

from __future__ import annotations

import struct

from harness.inside.speaks.wire import Ask, Wire

OP_MSG = 2013


def exchange(wire: Wire, ask: Ask) -> bytes:
    body = b"\x10hello\0" + struct.pack("<i", 1) + b"\x02$db\0" + struct.pack("<i", 6) + b"admin\0"
    document = struct.pack("<i", len(body) + 5) + body + b"\0"
    message = struct.pack("<I", 0) + b"\0" + document
    wire.send(struct.pack("<iiii", len(message) + 16, 1, 0, OP_MSG) + message)
    length, _, _, kind = struct.unpack("<iiii", wire.exactly(16))
    if not 16 < length < 48_000_000 or kind != OP_MSG:
        raise ValueError(f"not MongoDB: length {length}, opcode {kind}")
    wire.exactly(length - 16)
    return b""
