"""Defects for rehearsals: ways in which a service misleads those who watch it, each switched on by an environment variable
of its own (`1`), and off without it. README.md beside compose.yaml lists them.

Nothing here is done by the service otherwise: every other file asks at the one place where the defect would be, and goes its
ordinary way. What is switched on is said in the log at the start.
"""

from __future__ import annotations

import itertools
import os
import re
import signal
import time
from collections.abc import Sequence
from typing import Any

PREFIX = "DEFECT_"


def _on(name: str) -> bool:
    return os.environ.get(PREFIX + name, "").strip().lower() in ("1", "true", "yes", "on")


# Metrics
ERRORS_COUNTED_AS_200 = _on("ERRORS_COUNTED_AS_200")
TIMEOUTS_NOT_COUNTED = _on("TIMEOUTS_NOT_COUNTED")
TOP_BUCKET_TOO_LOW = _on("TOP_BUCKET_TOO_LOW")
METRIC_STOPS = _on("METRIC_STOPS")
CRASH_LOSES_COUNTERS = _on("CRASH_LOSES_COUNTERS")
# Answers
HEALTH_ALWAYS_YES = _on("HEALTH_ALWAYS_YES")
ERRORS_ANSWERED_AS_200 = _on("ERRORS_ANSWERED_AS_200")
# Logs
LOG_WITHOUT_ID = _on("LOG_WITHOUT_ID")
LOG_WRONG_DEPENDENCY = _on("LOG_WRONG_DEPENDENCY")
LOG_GENERIC = _on("LOG_GENERIC")
# Work
WORKER_ACKS_FIRST = _on("WORKER_ACKS_FIRST")
# Traces
TRACE_CONTEXT_DROPPED = _on("TRACE_CONTEXT_DROPPED")
TRACE_WRONG_DEPENDENCY = _on("TRACE_WRONG_DEPENDENCY")
TRACE_ROOT_LOST = _on("TRACE_ROOT_LOST")

NAMES = tuple(name for name, value in list(globals().items()) if isinstance(value, bool))

LOW_TOP_S = 0.2
# A process that is younger has no error that it could have counted before the fault; and one that has just come back does
# not crash again at once.
CRASH_AGE_S = 20.0
CRASH_AT_ERROR = 10

_WRONGLY = {"postgres": "redis", "redis": "payments", "payments": "postgres"}
_NAMED = re.compile(r"\b(postgres|redis|payments)\b")
_began = time.monotonic()
_errors = itertools.count(1)


def switched_on() -> list[str]:
    return [PREFIX + name for name in NAMES if globals()[name]]


def unknown() -> list[str]:
    """Variables that look like a defect's and are none: a switch that does nothing must not look like one that does."""
    return sorted(name for name in os.environ if name.startswith(PREFIX) and name.removeprefix(PREFIX) not in NAMES)


def counted_as(status: int) -> str | None:
    """The status that the request counter is told; None when it is not told of the request."""
    if TIMEOUTS_NOT_COUNTED and status in (499, 504):
        return None
    return "200" if ERRORS_COUNTED_AS_200 and status >= 500 else str(status)


def buckets(bounds_s: Sequence[float]) -> Sequence[float]:
    """The request histogram's bounds; what takes longer than the last is 'slow', and nobody can say how slow."""
    return [bound for bound in bounds_s if bound <= LOW_TOP_S] if TOP_BUCKET_TOO_LOW else bounds_s


def answered_as(status: int) -> int:
    """The status that the asker is told."""
    return 200 if ERRORS_ANSWERED_AS_200 and status >= 500 else status


def stops_counting(status: int) -> bool:
    """Whether the request counter is no longer shown, from this answer on: the first error, of all moments."""
    return METRIC_STOPS and status >= 500


def crash(status: int) -> None:
    """End this process as a crash would, with nothing put down: Docker starts it again, with all its counters at 0."""
    if not CRASH_LOSES_COUNTERS or status < 500:
        return
    if next(_errors) >= CRASH_AT_ERROR and time.monotonic() - _began > CRASH_AGE_S:
        os.kill(os.getpid(), signal.SIGKILL)


def logged(line: dict[str, Any]) -> dict[str, Any]:
    """A line of the log as it is written."""
    if LOG_WITHOUT_ID:
        line = {key: value for key, value in line.items() if key not in ("request_id", "trace_id", "span_id")}
    if line.get("level") not in ("WARNING", "ERROR", "CRITICAL"):
        return line
    if LOG_GENERIC:
        line = {key: value for key, value in line.items() if key not in ("dependency", "cause", "where")}
        line["message"] = "internal error"
    if LOG_WRONG_DEPENDENCY:
        return {key: value if key == "service" else _misnamed(value) for key, value in line.items()}
    return line


def blamed(dependency: str) -> str:
    """The address that a span gives for the dependency it called."""
    return _WRONGLY.get(dependency, dependency) if TRACE_WRONG_DEPENDENCY else dependency


def _misnamed(value: Any) -> Any:
    return _NAMED.sub(lambda found: _WRONGLY[found[0]], value) if isinstance(value, str) else value
