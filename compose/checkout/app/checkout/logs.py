"""One JSON line per thing worth knowing, on stdout: when, how bad, what, and for which request, by which dependency, why.

An exception is told by its kind, its words and the places it came through, in one line: a line can be searched for, a page cannot.
"""

from __future__ import annotations

import json
import logging
import sys
import time
import traceback
from contextvars import ContextVar
from typing import Any

from checkout import defects, tracing
from checkout.release import VERSION

request_id: ContextVar[str] = ContextVar("request_id", default="")

_log = logging.getLogger("checkout")


class _Line(logging.Formatter):
    def __init__(self, service: str) -> None:
        super().__init__()
        self.service = service

    def format(self, record: logging.LogRecord) -> str:
        whole = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        line: dict[str, Any] = {
            "time": f"{whole}.{int(record.msecs):03d}Z",
            "level": record.levelname,
            "service": self.service,
            "version": VERSION,
            "message": record.getMessage(),
        }
        if said := getattr(record, "fields", None):
            line |= {key: value for key, value in said.items() if value not in (None, "")}
        elif record.name != _log.name:
            line["logger"] = record.name
        if identity := request_id.get():
            line.setdefault("request_id", identity)
        if span := tracing.current.get():
            line |= {"trace_id": span.trace.hex(), "span_id": span.number.hex()}
        if record.exc_info and record.exc_info[1] is not None:
            line |= told(record.exc_info[1])
        return json.dumps(defects.logged(line), default=str)


def told(error: BaseException) -> dict[str, str]:
    """An exception in words: its kind and message, and the last places it came through."""
    frames = traceback.extract_tb(error.__traceback__)[-4:]
    where = " < ".join(f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno} {frame.name}" for frame in reversed(frames))
    return {"cause": f"{type(error).__name__}: {error}".strip(": "), "where": where}


def start(service: str) -> None:
    """All logging of this process as JSON lines, its libraries' warnings too."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(_Line(service))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    _log.setLevel(logging.INFO)
    # A call that is given up on is told by us, with its request; what the driver says of its connection adds nothing.
    logging.getLogger("psycopg").setLevel(logging.ERROR)
    if on := defects.switched_on():
        warning("defects for a rehearsal are switched on", defects=on)
    if strange := defects.unknown():
        warning("these variables name no defect", variables=strange)


def info(message: str, **fields: Any) -> None:
    _log.info(message, extra={"fields": fields})


def warning(message: str, **fields: Any) -> None:
    _log.warning(message, extra={"fields": fields})


def error(message: str, raised: BaseException | None = None, **fields: Any) -> None:
    _log.error(message, exc_info=raised, extra={"fields": fields})
