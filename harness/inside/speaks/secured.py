"""TLS on a connection, with the protocol apart from the socket: so each wait for the other side is seen, and a handshake's are counted.

TLS 1.3 waits once, twice where the server asks for another group of keys first (HelloRetryRequest, RFC 8446 4.1.4: PostgreSQL up to 17
takes prime256v1 alone, and clients offer X25519), and TLS 1.2 twice (RFC 5246 7.3)."""

from __future__ import annotations

import contextlib
import socket
import ssl
import time
from collections.abc import Callable
from typing import Any


class Secured:
    """A socket inside TLS, as far as an exchange uses one. A time limit is that of one call, whatever comes in meanwhile."""

    def __init__(self, sock: socket.socket, context: ssl.SSLContext, host: str) -> None:
        self._sock = sock
        self._limit_s = sock.gettimeout()
        self._came, self._goes = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._came, self._goes, server_hostname=host)

    def shake(self) -> int:
        """The handshake to its end: how often something was sent and then waited for. Raises SSLEOFError when the other side hangs up."""
        return self._through(self._tls.do_handshake)[1]

    def sendall(self, data: bytes) -> None:
        self._tls.write(data)
        self._flush()

    def recv(self, size: int) -> bytes:
        """b'' at the end of the stream, with or without TLS's own goodbye, as ssl.SSLSocket."""
        try:
            data: bytes = self._through(self._tls.read, size)[0]
        except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
            return b""
        return data

    def unwrap(self) -> socket.socket:
        """Say goodbye and wait for the other side's; the bare socket."""
        self._through(self._tls.unwrap)
        return self._sock

    def settimeout(self, limit_s: float | None) -> None:
        self._limit_s = limit_s
        self._sock.settimeout(limit_s)

    def shutdown(self, how: int) -> None:
        self._sock.shutdown(how)

    def close(self) -> None:
        self._sock.close()

    def _through(self, call: Callable[..., Any], *args: Any) -> tuple[Any, int]:
        """What the call gives once all that it wants has come, and how often that was waited for after something was sent."""
        ends_s = None if self._limit_s is None else time.monotonic() + self._limit_s
        turns = 0
        while True:
            try:
                given = call(*args)
            except ssl.SSLWantReadError:
                turns += self._flush()
                self._take(ends_s)
            except ssl.SSLError:
                with contextlib.suppress(OSError):  # what is wrong goes to the other side, if it is still there
                    self._flush()
                raise
            else:
                self._flush()
                return given, turns

    def _take(self, ends_s: float | None) -> None:
        if ends_s is not None:
            left_s = ends_s - time.monotonic()
            if left_s <= 0:
                raise TimeoutError
            self._sock.settimeout(left_s)
        if data := self._sock.recv(65536):
            self._came.write(data)
        else:
            self._came.write_eof()

    def _flush(self) -> bool:
        """Whether there was something to send."""
        data = self._goes.read()
        if data:
            self._sock.settimeout(self._limit_s)
            self._sock.sendall(data)
        return bool(data)
