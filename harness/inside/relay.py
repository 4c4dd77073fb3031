"""A relay between a service and a collector of the stack's own: every byte goes on as it came, and of requests a copy is told.

The answer is the collector's own, and so is its silence: a connection that it refuses, resets or leaves open is refused (by a
reset), reset or left open for the service. Nothing is waited for longer than the service itself waits.
"""

from __future__ import annotations

import contextlib
import socket
import socketserver
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

MOST_BYTES = 1 << 20
"""Of the copy of a body; what is longer goes on whole, and its copy is cut."""
MOST_HEAD_BYTES = 1 << 16
PIECE_BYTES = 1 << 16
RESET = struct.pack("ii", 1, 0)
"""SO_LINGER on, 0 s: close() resets the connection (man 7 socket)."""


@dataclass(frozen=True)
class Request:
    """One request as it passed: headers by name in lower case, and its body without chunks; `cut` when that was too long."""

    path: str
    headers: Mapping[str, str]
    body: bytes
    cut: bool


class NotHttp(ValueError):
    """What passes is no HTTP/1; the message is how it begins."""


@dataclass
class Requests:
    """The requests in the bytes that a client sends, whichever way they are cut into pieces (RFC 9112)."""

    _kept: bytearray = field(default_factory=bytearray)
    _head: tuple[str, Mapping[str, str]] | None = None
    _body: bytearray = field(default_factory=bytearray)
    _cut: bool = False
    _left: int = 0
    """Bytes of the body, or of this chunk of it, that are still to come."""
    _chunked: bool = False
    _trailer: bool = False

    def feed(self, data: bytes) -> Iterator[Request]:
        """The requests that end in this piece. Raises NotHttp, after which nothing more can be told."""
        self._kept += data
        while True:
            if self._head is None and not self._begun():
                return
            if not self._ended():
                return
            assert self._head is not None
            yield Request(*self._head, bytes(self._body), self._cut)
            self._head, self._body, self._cut, self._trailer = None, bytearray(), False, False

    def _begun(self) -> bool:
        """Whether the head is here, and read."""
        while self._kept.startswith(b"\r\n"):
            del self._kept[:2]
        end = self._kept.find(b"\r\n\r\n")
        if end < 0 and len(self._kept) <= MOST_HEAD_BYTES:
            return False
        first, *lines = bytes(self._kept[: max(end, 0)]).decode("latin-1").split("\r\n")
        words = first.split(" ")
        if end < 0 or len(words) != 3 or not words[2].startswith("HTTP/1."):
            raise NotHttp(bytes(self._kept[:40]).decode("latin-1").partition("\r\n")[0])
        pairs = (line.partition(":") for line in lines)
        headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
        self._head = (words[1], headers)
        del self._kept[: end + 4]
        self._chunked = "chunked" in headers.get("transfer-encoding", "").lower()
        self._left = 0 if self._chunked else _number(headers.get("content-length") or "0", 10)
        return True

    def _ended(self) -> bool:
        """Takes what is here of the body; whether that is its end."""
        while True:
            self._take()
            if self._left:
                return False
            if not self._chunked:
                return True
            line, found, _ = bytes(self._kept[:MOST_HEAD_BYTES]).partition(b"\r\n")
            if not found:
                if len(self._kept) >= MOST_HEAD_BYTES:
                    raise NotHttp("a chunk without a length")
                return False
            del self._kept[: len(line) + 2]
            if self._trailer:
                if not line:
                    return True
            elif line:  # an empty line is the end of the chunk before
                self._left = _number(line.partition(b";")[0].decode("latin-1"), 16)
                self._trailer = not self._left

    def _take(self) -> None:
        piece = self._kept[: self._left]
        del self._kept[: len(piece)]
        self._left -= len(piece)
        room = MOST_BYTES - len(self._body)
        self._cut |= len(piece) > room
        self._body += piece[:room]


def _number(text: str, base: int) -> int:
    try:
        return max(0, int(text.strip(), base))
    except ValueError:
        raise NotHttp(f"the length {text[:20]}") from None


class Relay(socketserver.ThreadingTCPServer):
    """One port that stands for `upstream`; `told` is given each request once its last byte has gone on, `strange` what is none."""

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 64

    def __init__(
        self,
        address: tuple[str, int],
        upstream: tuple[str, int],
        told: Callable[[Request], object],
        strange: Callable[[str], object],
    ) -> None:
        super().__init__(address, _Passage)
        self.upstream, self.told, self.strange = upstream, told, strange

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Whatever happens to one connection is that connection's own."""

    def shutdown_request(self, request: Any) -> None:
        """As the passage left it: no word of ours at its end."""
        request.close()


class _Passage(socketserver.BaseRequestHandler):
    """One connection: a thread for each way, so that neither waits for the other."""

    server: Relay

    def handle(self) -> None:
        client: socket.socket = self.request
        try:
            upstream = socket.create_connection(self.server.upstream)
        except OSError:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            return
        with upstream:
            for one in (client, upstream):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            broken = threading.Event()
            back = threading.Thread(target=_pass_on, args=(upstream, client, broken), daemon=True)
            back.start()
            _pass_on(client, upstream, broken, self._copy())
            back.join()

    def _copy(self) -> Callable[[bytes], None]:
        requests: Requests | None = Requests()

        def copy(data: bytes) -> None:
            nonlocal requests
            if requests is None:
                return
            try:
                for request in requests.feed(data):
                    self.server.told(request)
            except NotHttp as error:
                requests = None
                self.server.strange(str(error))

        return copy


def _pass_on(
    source: socket.socket,
    sink: socket.socket,
    broken: threading.Event,
    copy: Callable[[bytes], None] = lambda data: None,
) -> None:
    """Everything from one to the other, its end too. A reset of either is one of both."""
    try:
        while data := source.recv(PIECE_BYTES):
            sink.sendall(data)
            copy(data)
        if not broken.is_set():
            sink.shutdown(socket.SHUT_WR)
    except OSError:
        broken.set()
        for one in (source, sink):
            with contextlib.suppress(OSError):
                one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                one.shutdown(socket.SHUT_RD)  # wakes the other thread, and sends nothing
