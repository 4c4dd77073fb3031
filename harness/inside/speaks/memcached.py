"""memcached's text protocol: version. It touches no key and counts in no hit or miss (doc/protocol.txt)."""

from __future__ import annotations

from harness.inside.speaks.wire import Ask, Wire


def exchange(wire: Wire, ask: Ask) -> bytes:
    wire.send(b"version\r\n")
    answer = wire.until(b"\r\n")
    if not answer.startswith((b"VERSION", b"ERROR", b"CLIENT_ERROR", b"SERVER_ERROR")):
        raise ValueError(f"not memcached: {answer[:40]!r}")
    wire.note = "" if answer.startswith(b"VERSION") else answer[:60].decode("ascii", "replace").strip()
    return b"quit\r\n"
