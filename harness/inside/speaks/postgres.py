"""PostgreSQL: ask whether it speaks TLS, and leave. The server answers with one byte and logs nothing.

A login with a wrong name would be logged as FATAL at every look. After 'S' the handshake is made to its end: a server
left in the middle of it logs 'could not accept SSL connection'; one whose client leaves before its startup packet says
nothing at all ("clients that only drop by", src/backend/tcop/backend_startup.c, ProcessStartupPacket)."""

from __future__ import annotations

import struct

from harness.inside.speaks.wire import Ask, Wire

SSL_REQUEST = struct.pack(">II", 8, 80877103)


def exchange(wire: Wire, ask: Ask) -> bytes:
    wire.send(SSL_REQUEST)
    answer = wire.exactly(1)
    if answer == b"S":
        wire.start_tls(ask.host)
    elif answer == b"E":  # too many connections, or a server from before TLS
        wire.note = wire.some()[4:120].replace(b"\0", b" ").decode("utf-8", "replace").strip()
    elif answer != b"N":
        raise ValueError(f"not PostgreSQL: {answer!r}")
    return b""
