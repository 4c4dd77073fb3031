"""Kafka: ApiVersions, which a broker answers before any login. Source: the Kafka protocol guide, key 18, version 0."""

from __future__ import annotations

import struct

from harness.inside.speaks.wire import Ask, Wire


def exchange(wire: Wire, ask: Ask) -> bytes:
    name = b"drill-witness"
    request = struct.pack(">hhih", 18, 0, 1, len(name)) + name
    wire.send(struct.pack(">i", len(request)) + request)
    (length,) = struct.unpack(">i", wire.exactly(4))
    if not 4 <= length < 1_000_000:
        raise ValueError(f"not Kafka: an answer of {length} bytes")
    wire.exactly(length)
    return b""
