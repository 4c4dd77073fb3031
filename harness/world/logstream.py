"""Docker's log stream of one container as whole lines: frames put together, long lines cut, nothing decoded."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

from harness.logrecords import cut_mark

LINE_CAP = 64 * 1024
"""A longer line keeps its beginning and says how much was left out: no claim about a log needs more of one line."""


@dataclass
class _Pending:
    stamp: bytes
    parts: list[bytes] = field(default_factory=list)
    kept: int = 0
    dropped: int = 0
    pieces: int = 0

    def add(self, data: bytes) -> None:
        self.pieces += 1
        room = LINE_CAP - self.kept
        self.parts.append(data[:room])
        self.kept += len(data[:room])
        self.dropped += max(0, len(data) - room)

    def line(self) -> Line:
        mark = cut_mark(self.dropped).encode() if self.dropped else b""
        return Line(self.stamp, b"".join(self.parts) + mark, self.pieces)


@dataclass(frozen=True)
class Line:
    """One line without its end; `stamp` is Docker's time stamp as it wrote it (RFC 3339, nanoseconds, UTC)."""

    stamp: bytes
    text: bytes
    pieces: int = 1

    def whole(self) -> bytes:
        return self.stamp + b" " + self.text + b"\n"


class Lines:
    """Put frames together. Docker sends a line longer than 16 KiB in pieces, each with the line's time stamp before it,
    and those of stdout and stderr may alternate; a container with a terminal has one stream without frames."""

    def __init__(self) -> None:
        self._pending: dict[int, _Pending] = {}

    def frame(self, stream: int, data: bytes) -> Iterator[Line]:
        """The lines that this frame completes. A frame is one message: a time stamp, then a line or a piece of one."""
        stamp, _, text = data.partition(b" ")
        pending = self._pending.get(stream)
        if pending is not None and pending.stamp != stamp:  # its process died in the middle of that line
            yield pending.line()
            pending = None
        if pending is None:
            pending = self._pending[stream] = _Pending(stamp)
        pending.add(text.removesuffix(b"\n"))
        if data.endswith(b"\n"):
            del self._pending[stream]
            yield pending.line()

    def unfinished(self) -> bytes | None:
        """The oldest stamp of a line that has not ended yet."""
        return min((pending.stamp for pending in self._pending.values()), default=None)

    def rest(self) -> Iterator[Line]:
        """What never got its end of line: the container died in the middle of it."""
        for pending in self._pending.values():
            yield pending.line()
        self._pending.clear()


class Raw(Protocol):
    def read(self, amt: int) -> bytes: ...


def frames(raw: Raw) -> Iterator[tuple[int, bytes]]:
    """Docker's multiplexed stream: an eight-byte head (stream, length), then the message."""
    while len(head := raw.read(8)) == 8:
        stream, length = struct.unpack(">BxxxL", head)
        data = b""
        while len(data) < length:
            more = raw.read(length - len(data))
            if not more:
                return
            data += more
        yield stream, data


def terminal(chunks: Iterator[bytes]) -> Iterator[tuple[int, bytes]]:
    """The stream of a container with a terminal, cut at its ends of line, so that each piece looks like a frame."""
    held = b""
    for chunk in chunks:
        held += chunk
        *whole, held = held.split(b"\n")
        for line in whole:
            yield 1, line.removesuffix(b"\r") + b"\n"
        if len(held) > 4 * LINE_CAP:  # a line without end: never hold more than its beginning
            held = held[: 2 * LINE_CAP]
    if held:
        yield 1, held
