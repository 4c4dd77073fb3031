"""SMTP: the banner and EHLO; QUIT ends it properly. Source: RFC 5321."""

from __future__ import annotations

from harness.inside.speaks.wire import Ask, Wire


def exchange(wire: Wire, ask: Ask) -> bytes:
    banner = _reply(wire)
    if not banner[:3].isdigit():
        raise ValueError(f"not SMTP: {banner[:40]!r}")
    if banner.startswith(b"220"):
        wire.send(b"EHLO drill-witness\r\n")
        banner = _reply(wire)
    wire.note = "" if banner.startswith(b"250") else banner[:60].decode("ascii", "replace").strip()
    return b"QUIT\r\n"


def _reply(wire: Wire) -> bytes:
    """A reply's last line is the one without a dash after its code."""
    while True:
        line = wire.until(b"\r\n")
        if line[3:4] != b"-":
            return line
