"""A connection as the protocols use it: everything on it has one deadline, and what comes in is counted."""

from __future__ import annotations

import contextlib
import socket
import ssl
import time
from dataclasses import dataclass

from harness.inside.speaks.secured import Secured


class Closed(Exception):
    """The other side ended the connection before its answer was complete."""


@dataclass(frozen=True)
class Ask:
    """What an exchange may need to know beside the connection."""

    host: str
    port: int
    path: str = "/"
    user: str = ""
    password: str = ""


class Wire:
    """`size` bytes came in `chunks` reads; the exchange waited for the other side `turns` times.

    A latency that Toxiproxy adds is felt once a turn, so turns make exchanges of different protocols comparable.
    """

    def __init__(self, sock: socket.socket, ends_s: float) -> None:
        self.sock: socket.socket | Secured = sock
        self.ends_s = ends_s
        self.size = 0
        self.chunks = 0
        self.turns = 0
        self.note = ""
        self._held = b""
        self._reading = False

    def left_s(self) -> float:
        left = self.ends_s - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left

    def send(self, data: bytes) -> None:
        self._reading = False
        self.sock.settimeout(self.left_s())
        self.sock.sendall(data)

    def some(self) -> bytes:
        """What there is, at least one byte. Raises Closed at the end of the stream."""
        if self._held:
            data, self._held = self._held, b""
            return data
        if not self._reading:
            self._reading = True
            self.turns += 1
        self.sock.settimeout(self.left_s())
        data = self.sock.recv(65536)
        if not data:
            raise Closed
        self.size += len(data)
        self.chunks += 1
        return data

    def exactly(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            data += self.some()
        self._held = data[count:] + self._held
        return data[:count]

    def until(self, mark: bytes, limit: int = 65536) -> bytes:
        """Everything up to and with the mark. Raises Closed, or ValueError when it does not come within `limit`
        bytes."""
        data = b""
        while mark not in data:
            if len(data) > limit:
                raise ValueError(f"no {mark!r} within {limit} bytes: {data[:40]!r}")
            data += self.some()
        cut = data.index(mark) + len(mark)
        self._held = data[cut:] + self._held
        return data[:cut]

    def start_tls(self, host: str, alpn: tuple[str, ...] = ()) -> None:
        """A TLS handshake to its end; certificates are not looked at, for the witness judges the path and not the
        peer."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        context.set_ciphers("DEFAULT:@SECLEVEL=0")
        if alpn:
            context.set_alpn_protocols(list(alpn))
        assert isinstance(self.sock, socket.socket)
        self.sock.settimeout(self.left_s())
        secured = Secured(self.sock, context, host)
        try:
            self.turns += secured.shake()
        except ssl.SSLEOFError as error:
            raise Closed from error
        self.sock = secured
        self.chunks += 1

    def end_tls(self) -> None:
        """Say goodbye inside TLS, so that the server does not log an unexpected end."""
        if isinstance(self.sock, Secured):
            self.sock.settimeout(0.05)
            with contextlib.suppress(OSError, ValueError):
                self.sock = self.sock.unwrap()

    def wait_closed(self, polite_s: float) -> bool:
        """Wait for the other side's end. After `polite_s` ours is closed too: nearly every server answers that.

        Not at once, because Toxiproxy passes half a close on as a whole one (link.go), and a server that still writes
        its goodbye would then log a reset."""
        half_s = time.monotonic() + polite_s
        half = False
        while True:
            now_s = time.monotonic()
            if now_s >= self.ends_s:
                return False
            if not half and now_s >= half_s:
                half = True
                with contextlib.suppress(OSError):
                    self.sock.shutdown(socket.SHUT_WR)
            self.sock.settimeout(max(0.001, (self.ends_s if half else min(half_s, self.ends_s)) - now_s))
            try:
                if not self.sock.recv(65536):
                    return True
            except TimeoutError:
                continue
            except (OSError, ValueError):
                return True
