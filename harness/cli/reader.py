"""Whoever reads what a command prints may leave (`| head`, `| grep -q`): the command goes on, and ends with its own exit code.

Only what is written here may be lost so: a connection to Docker that breaks is the same error to Python, and stays one.
"""

from __future__ import annotations

import io
import os
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


class Reader(io.FileIO):
    """Standard output, or error, until nobody reads it any more; from then on nothing is kept of it.

    unread  its reader has left: what is long may end
    """

    unread = False

    def write(self, data: ReadableBuffer) -> int:
        try:
            return super().write(data)
        except BrokenPipeError:
            self.unread = True
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self.fileno())  # for what we start as well
            os.close(nowhere)
            return super().write(data)


def while_read(stream: TextIO) -> TextIO:
    """The same stream, whose reader may leave. A terminal that is not UTF-8 ends nothing either: it shows '?'."""
    if not isinstance(stream, io.TextIOWrapper):
        return stream
    stream.reconfigure(errors="replace")
    try:
        raw = Reader(stream.fileno(), "w", closefd=False)
    except OSError:  # no file: a test's
        return stream
    at_once, lines = stream.write_through, stream.line_buffering
    stream.flush()
    buffer = raw if at_once else io.BufferedWriter(raw)
    return io.TextIOWrapper(buffer, stream.encoding, "replace", line_buffering=lines, write_through=at_once)


def unread(stream: TextIO) -> bool:
    """Whether nobody reads it any more."""
    buffer = getattr(stream, "buffer", None)
    raw = getattr(buffer, "raw", buffer)
    return isinstance(raw, Reader) and raw.unread
