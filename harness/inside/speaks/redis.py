"""Redis and Valkey: PING. A refusal (-NOAUTH, -LOADING) is a complete answer too. Nothing of it is logged."""

from __future__ import annotations

from harness.inside.speaks.wire import Ask, Wire


def exchange(wire: Wire, ask: Ask) -> bytes:
    wire.send(b"PING\r\n")
    answer = wire.until(b"\r\n")
    if answer[:1] not in b"+-":
        raise ValueError(f"not Redis: {answer[:40]!r}")
    wire.note = "" if answer[:1] == b"+" else answer[1:60].decode("ascii", "replace").strip()
    return b"QUIT\r\n"
