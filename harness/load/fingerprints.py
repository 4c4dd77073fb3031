"""What answers look like, as numbers in the ledger, and whose ids they bear."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from time import monotonic_ns
from typing import Any

from harness.ledger.layout import request_id, trace_prefix
from harness.ledger.writing import Writer
from harness.load.samples import Samples
from harness.load.shape import LOOKED_AT, shape_of

SHAPE_SHARE = 0.02  # of the time that fingerprints of new answers may take; beyond it a row has none
SHAPES_KEPT = 4096
ID_HEADERS = ("X-Request-ID", "X-Correlation-ID", "Request-ID", "X-Trace-ID", "X-Amzn-Trace-Id", "X-B3-TraceId")


class Fingerprints:
    def __init__(
        self,
        writer: Writer,
        labels: Mapping[int, str],
        say: Callable[[str, str], None],
        samples: Samples | None = None,
        ours: tuple[str, ...] = (),
    ) -> None:
        """`labels`: what the numbers of endpoints mean; `ours`: see ids_begin."""
        self._writer = writer
        self._labels = labels
        self._say = say
        self._samples = samples
        self._ours = ours
        self._told_ids: set[str] = set()
        self._shapes: dict[Any, int] = {}
        self._shape_ns = 0
        self._began_ns = monotonic_ns()

    def of(self, row: int, endpoint: int, status: int, headers: Any, response: Any) -> int:
        """The number of the answer's fingerprint: made once per distinct answer, and for answers that always differ within a share
        of the time (0 beyond it)."""
        content = getattr(
            response, "_cached_content", None
        )  # what has been read of it, and no more: it may be a stream
        if content is None:
            content = getattr(response, "_content", None)
        body = content if isinstance(content, bytes) else None
        moved = (headers.get("location") or "") if 300 <= status < 400 else _moved(response)
        kind = "" if body else headers.get("content-type") or ""  # the same body is not sent as two types
        looked_at = body if body is None or len(body) <= LOOKED_AT else body[:LOOKED_AT]
        key = (endpoint, status, kind, moved, hash(looked_at))
        known = self._shapes.get(key)
        if known is not None:
            return known
        self._look_for_ids(headers)
        began_ns = monotonic_ns()
        if self._shape_ns > SHAPE_SHARE * (began_ns - self._began_ns) + 100_000_000:
            return 0
        shape = shape_of(headers.get("content-type") or "", body, moved)
        number = self._writer.number("shape", shape)
        if self._samples is not None:
            self._samples.keep(row, (endpoint, status, number), self._labels.get(endpoint, ""), shape, moved, body)
        if len(self._shapes) >= SHAPES_KEPT:
            self._shapes.clear()
        self._shapes[key] = number
        self._shape_ns += monotonic_ns() - began_ns
        return number

    def _look_for_ids(self, headers: Any) -> None:
        """Whether answers bear ids that are not the load's: a service that makes its own can be searched by those."""
        for header in ID_HEADERS:
            if header not in self._told_ids and (value := headers.get(header)) and not _id_of_ours(value, self._ours):
                self._told_ids.add(header)
                self._say("answer_ids", f"answers bear {header}s that the load did not send")


def ids_begin(run: str, worker: int) -> tuple[str, ...]:
    """What the ids that the load sends begin with, in lower case and without dashes."""
    return request_id(run, worker, 0)[:-1].replace("-", "").lower(), trace_prefix(run, worker)


def _id_of_ours(value: str, ours: tuple[str, ...]) -> bool:
    return any(part in value.lower().replace("-", "") for part in ours)


def _moved(response: Any) -> str:
    """Where a followed redirect ended, or ''. (The response's own url is no help: Locust writes the name there.)"""
    if getattr(response, "history", None):
        return str(getattr(response.request, "url", ""))
    return ""
