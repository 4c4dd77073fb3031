"""Answers that are read as a stream (`stream=True`): Locust reports them when their headers are there, and the service may break off
after that.

Their row is answered, and not done, until the body has broken off, the greenlet that asked is through with its task, or nobody holds
the answer any more. Stands on urllib3 2 and geventhttpclient 2.6; an answer of another kind is done when it is reported.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from geventhttpclient.response import HTTPSocketPoolResponse
from urllib3.response import HTTPResponse

from harness.ledger.writing import Writer
from harness.load.outcome import classify

if TYPE_CHECKING:
    from harness.load.entry import Entry


class Bodies:
    """Those that are being read."""

    def __init__(self, writer: Writer, now_us: Callable[[], int]) -> None:
        self._writer = writer
        self._now_us = now_us
        self._open: dict[Entry, Any] = {}  # with the greenlet that asked

    def __len__(self) -> int:
        return len(self._open)

    def begin(self, entry: Entry, greenlet: Any) -> None:
        """Its row is answered."""
        self._open[entry] = greenlet

    def broke(self, entry: Entry, error: BaseException) -> None:
        took_us = max(0, self._now_us() - entry.sent_us)
        if self._open.pop(entry, None) is not None:
            self._writer.broke(entry.row, took_us, classify(error, 200))
        elif not entry.fired:
            entry.broke, entry.broke_us = error, took_us

    def end(self, greenlet: Any = None) -> None:
        """What this greenlet asked for has been read as far as it will be; None: what any did."""
        for entry in [entry for entry, asked in self._open.items() if greenlet is None or asked is greenlet]:
            self.left(entry)

    def left(self, entry: Entry) -> None:
        """Nobody reads it any more."""
        if self._open.pop(entry, None) is not None:
            self._writer.read(entry.row)


def watch(entry: Entry, response: Any) -> None:
    """From now on `entry` hears whether the body of this answer breaks off. Made when its client has returned it."""
    for where in ("raw", "_response"):
        body: Any = getattr(response, where, None)
        watched = _WATCHED.get(type(body))
        if watched is not None:
            body.__class__ = watched
            body._drill_entry = entry
            weakref.finalize(body, entry.recorder.bodies.left, entry).atexit = False
            return
    entry.recorder.bodies.left(entry)


@contextmanager
def _heard(body: Any) -> Iterator[None]:
    """Errors of the client's, not how its reader leaves off (GeneratorExit, gevent's own Timeout)."""
    try:
        yield
    except Exception as error:
        body._drill_entry.recorder.bodies.broke(body._drill_entry, error)
        raise


class _Raw(HTTPResponse):
    @contextmanager
    def _error_catcher(self) -> Iterator[None]:  # what urllib3 does all its reading in
        with _heard(self), super()._error_catcher():
            yield

    def _decode(self, *args: Any, **kwargs: Any) -> bytes:
        with _heard(self):
            return super()._decode(*args, **kwargs)


class _Stream(HTTPSocketPoolResponse):
    def read(self, length: int | None = None) -> bytes:
        with _heard(self):
            return super().read(length)

    def readline(self, sep: bytes = b"\r\n") -> bytes:
        with _heard(self):
            return super().readline(sep)


_WATCHED: dict[type, Any] = {HTTPResponse: _Raw, HTTPSocketPoolResponse: _Stream}
