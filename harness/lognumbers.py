"""Which level a number means: the same one is another in each numbering, so the fields beside it tell whose it is. Pure.

Sources: Python's logging (10 to 50, `levelno`); pino and bunyan (10 to 60); Monolog (100 to 600); syslog (RFC 5424) as GELF and
`severity` have it; OpenTelemetry's severity number. `level: 4` alone is syslog's warning, .NET's error, slog's warning and zerolog's
end: nobody can tell, and it stays unread.
"""

from __future__ import annotations

import math
from collections.abc import Container
from typing import Any

from harness.loglevels import LEVELS, SYSLOG, UNREAD

_PINO = {10: "TRACE", 20: "DEBUG", 30: "INFO", 40: "WARNING", 50: "ERROR", 60: "CRITICAL"}
_PYTHON = {10: "DEBUG", 20: "INFO", 30: "WARNING", 40: "ERROR", 50: "CRITICAL"}
_MONOLOG = {
    100: "DEBUG",
    200: "INFO",
    250: "NOTICE",
    300: "WARNING",
    400: "ERROR",
    500: "CRITICAL",
    550: "CRITICAL",
    600: "CRITICAL",
}
_OTEL = ("TRACE", "DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")  # severity numbers 1 to 24, four each
_BY_PYTHON = (
    "levelno",
    "lineno",
    "logger",
    "pathname",
    "funcname",
    "func_name",
    "processname",
    "threadname",
    "taskname",
)
_BY_PINO = ("msg", "hostname", "v")
_BY_GELF = ("short_message", "full_message")


def number_of(value: Any) -> int | None:
    """The whole number that a field holds, also as text; None."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    if isinstance(value, str):
        return int(value) if value.isascii() and value.isdecimal() and len(value) < 6 else None
    return int(value) if math.isfinite(value) else None


def level_of_number(key: str, number: int, beside: Container[str]) -> int:
    """The level that a number in a field means, by the names of the fields beside it; UNREAD where those do not tell."""
    if 0 <= number < len(SYSLOG):
        syslog = key.startswith("severity") or any(name in beside for name in _BY_GELF)
        return LEVELS.index(SYSLOG[number]) if syslog else UNREAD
    if key == "levelno" or any(name in beside for name in _BY_PYTHON):
        return _named(_PYTHON, number)
    if number in _PINO:
        ours = number not in _PYTHON or any(name in beside for name in _BY_PINO)
        return _named(_PINO, number) if ours else UNREAD
    return UNREAD if key.startswith("severity") else _named(_MONOLOG, number)  # Google's severity has other hundreds


def level_of_severity_number(value: Any) -> int:
    """OpenTelemetry's."""
    told = isinstance(value, (int, float)) and 1 <= value <= 24
    return LEVELS.index(_OTEL[(int(value) - 1) // 4]) if told else UNREAD


def _named(names: dict[int, str], number: int) -> int:
    return LEVELS.index(names[number]) if number in names else UNREAD
