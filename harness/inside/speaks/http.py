"""HTTP/1.1: GET one path, read the whole answer (to 1 MiB). Any status is a complete exchange. Source: RFC 9112."""

from __future__ import annotations

import contextlib

from harness.inside.speaks.wire import Ask, Closed, Wire

CAP = 1024 * 1024


def exchange(wire: Wire, ask: Ask) -> None:
    default = ask.port in (80, 443)
    host = ask.host if default else f"{ask.host}:{ask.port}"
    wire.send(
        f"GET {ask.path or '/'} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: drill-witness\r\nAccept: */*\r\n"
        "Connection: close\r\n\r\n".encode()
    )
    head = wire.until(b"\r\n\r\n")
    status, _, rest = head.partition(b"\r\n")
    if not status.startswith(b"HTTP/"):
        raise ValueError(f"not HTTP: {status[:40]!r}")
    code = status.split(b" ")[1]
    wire.note = code.decode("ascii", "replace") if not code.startswith((b"2", b"3")) else ""
    fields = {}
    for line in rest.split(b"\r\n"):
        name, _, value = line.partition(b":")
        fields[name.strip().lower()] = value.strip().lower()
    if code in (b"204", b"304") or code.startswith(b"1"):
        return
    if b"chunked" in fields.get(b"transfer-encoding", b""):
        _chunked(wire)
    elif fields.get(b"content-length", b"").isdigit():
        _length(wire, int(fields[b"content-length"]))
    else:
        _to_the_end(wire)


def exchange_tls(wire: Wire, ask: Ask) -> None:
    wire.start_tls(ask.host, ("http/1.1",))
    exchange(wire, ask)


def _length(wire: Wire, length: int) -> None:
    got = 0
    while got < min(length, CAP):
        got += len(wire.some())


def _chunked(wire: Wire) -> None:
    got = 0
    while got < CAP:
        size = int(wire.until(b"\r\n").split(b";")[0].strip() or b"0", 16)
        if size == 0:
            while wire.until(b"\r\n") != b"\r\n":
                pass
            return
        if got + size > CAP:
            return
        got += len(wire.exactly(size + 2))


def _to_the_end(wire: Wire) -> None:
    with contextlib.suppress(Closed):
        _length(wire, CAP)
