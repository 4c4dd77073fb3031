"""A protocol that we do not know: connect, and see whether the connection lives. It says nothing about latency or
hang."""

from __future__ import annotations

from harness.inside.speaks.wire import Ask, Closed, Wire

MOMENT_S = 0.05
"""A proxy whose upstream is gone closes at once; a server that greets does so at once. Others say nothing."""


def exchange(wire: Wire, ask: Ask) -> bytes:
    wire.sock.settimeout(min(MOMENT_S, wire.left_s()))
    try:
        if not wire.sock.recv(65536):
            raise Closed
    except TimeoutError:
        pass
    return b""
