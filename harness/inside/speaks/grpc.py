"""gRPC, or any HTTP/2 without TLS: exchange SETTINGS, say GOAWAY. No stream is opened. Source: RFC 9113, section
3.4."""

from __future__ import annotations

import struct

from harness.inside.speaks.wire import Ask, Wire

SETTINGS, GOAWAY = 4, 7


def exchange(wire: Wire, ask: Ask) -> bytes:
    wire.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + _frame(SETTINGS))
    while True:
        head = wire.exactly(9)
        length, kind = int.from_bytes(head[:3], "big"), head[3]
        if head[:5] == b"HTTP/" or length > 65536 or kind > 0x20:
            raise ValueError(f"not HTTP/2: {head!r}")
        wire.exactly(length)
        if kind == SETTINGS:
            return _frame(SETTINGS, flags=1) + _frame(GOAWAY, payload=struct.pack(">II", 0, 0))


def _frame(kind: int, flags: int = 0, payload: bytes = b"") -> bytes:
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + b"\0\0\0\0" + payload
