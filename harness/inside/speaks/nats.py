"""NATS: the server's INFO, then PING and PONG. Where a login is asked for, INFO alone: a wrong one would be logged as
an error."""

from __future__ import annotations

import json

from harness.inside.speaks.wire import Ask, Wire


def exchange(wire: Wire, ask: Ask) -> bytes:
    info = wire.until(b"\r\n")
    if not info.startswith(b"INFO "):
        raise ValueError(f"not NATS: {info[:40]!r}")
    asks = json.loads(info[5:])
    if asks.get("auth_required") or asks.get("tls_required"):
        wire.note = "INFO only: the server asks for a login"
        return b""
    wire.send(b'CONNECT {"verbose":false,"pedantic":false,"name":"drill-witness"}\r\nPING\r\n')
    wire.until(b"PONG\r\n")
    return b""
