"""FastCGI (php-fpm): ask for the server's own values, a management record that runs no script. Source: FastCGI 1.0,
section 4.1."""

from __future__ import annotations

import struct

from harness.inside.speaks.wire import Ask, Wire

GET_VALUES, GET_VALUES_RESULT = 9, 10


def exchange(wire: Wire, ask: Ask) -> bytes:
    pair = bytes([len(b"FCGI_MPXS_CONNS"), 0]) + b"FCGI_MPXS_CONNS"
    wire.send(struct.pack(">BBHHBB", 1, GET_VALUES, 0, len(pair), 0, 0) + pair)
    version, kind, _, length, padding, _ = struct.unpack(">BBHHBB", wire.exactly(8))
    if version != 1 or kind not in (GET_VALUES_RESULT, 11):
        raise ValueError(f"not FastCGI: version {version}, record {kind}")
    wire.exactly(length + padding)
    return b""
