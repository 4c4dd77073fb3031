"""One request of an HTTP client's, from when it is sent until it is reported."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from harness.ledger.writing import LedgerBroken

if TYPE_CHECKING:
    from harness.load.recorder import Recorder
    from harness.load.seat import Seat


class Entry:
    """Stands in for the client's request event meanwhile."""

    __slots__ = (
        "broke",
        "broke_us",
        "endpoint",
        "fired",
        "follows",
        "handled",
        "label",
        "name",
        "parent",
        "real",
        "recorder",
        "response",
        "row",
        "seat",
        "sent_us",
        "streams",
    )
    endpoint: int  # 0 where its name is numbered only when it is reported
    name: str
    label: str  # as in the ledger: the method before the name
    response: Any
    broke: BaseException | None  # by what its body broke off before it was reported, and how long after it was sent
    broke_us: int

    def __init__(self, recorder: Recorder, row: int, parent: int, seat: Seat | None, real: Any, sent_us: int) -> None:
        self.recorder = recorder
        self.row = row
        self.parent = parent
        self.seat = seat
        self.real = real
        self.sent_us = sent_us
        self.fired = False
        self.streams = False  # whether its body is read after it was reported
        self.broke = None
        self.follows = True  # whether its client follows redirects
        self.handled = (
            sys.exception()
        )  # by the locustfile, as it asks: what comes of this request may be raised during it

    def fire(self, **meta: Any) -> None:
        """Locust reports the request: first the row, then whoever listens."""
        self.fired = True
        recorder = self.recorder
        recorder.reported_at = meta.get("start_time")
        try:
            endpoint = self.endpoint if self.endpoint and meta.get("name") is self.name else recorder.endpoint_of(meta)
            if self.streams:
                recorder.streamed(self, endpoint, meta)
            else:
                recorder.write(self.row, self.parent, endpoint, meta, self.handled)
        except LedgerBroken as error:
            raise recorder.stopped(error) from error
        self.real.fire(**meta)
