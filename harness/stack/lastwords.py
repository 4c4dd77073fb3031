"""The lines of a container's log that tell why it did not start: its first error, its last, and its last lines, those alike as one. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import groupby

from harness.loglevels import ERROR, WARNING
from harness.logtext import Said, level_of
from harness.quantities import numbered

MOST = 15
LONGEST = 400  # characters of a line that is shown
_VARIES = re.compile(r"\b0x[0-9a-f]+\b|\d+", re.IGNORECASE)
"""What differs in lines that say the same: times, numbers of connections, addresses."""
_METHOD = r"\b(?:GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS)\b"
_REQUEST = re.compile(rf'"{_METHOD} [^"\s]+" ([1-5]\d\d)(?!\d)')
"""As php-fpm writes one, without a protocol."""


def in_order(stamped: str) -> list[str]:
    """What `docker logs --timestamps` printed, on both of its streams, in the order in which it was written, without the stamps."""
    told = [line.partition(" ") for line in stamped.splitlines() if line.strip()]
    return [text for _, _, text in sorted(told, key=lambda one: one[0])]


def last_words(lines: Sequence[str]) -> str:
    """Indented, behind what they are; '' for no lines. Requests that were well answered tell nothing of why it did not start."""
    telling = [line for line in lines if not _well_answered(line)]
    runs = [list(run) for _, run in groupby(telling, key=_said_alike)]
    shown = [
        _cut(run[-1]) + (f"   ({numbered(len(run), 'line')} like it)" if len(run) > 1 else "") for run in runs[-MOST:]
    ]
    earlier = [run for run in runs[:-MOST] if level_of(run[0]) >= ERROR]
    parts = [f"its first error:\n    {_cut(earlier[0][0])}"] if earlier else []
    if len(earlier) > 1 and not any(level_of(run[0]) >= ERROR for run in runs[-MOST:]):
        parts.append(f"its last error:\n    {_cut(earlier[-1][-1])}")
    parts += ["its last lines:\n" + "\n".join(f"    {line}" for line in shown)] if shown else []
    if len(telling) < len(lines):
        parts.append(f"left out: {numbered(len(lines) - len(telling), 'request')} that it answered well")
    return "\n  ".join(parts)


def _status(line: str) -> int | None:
    """What the line of an access log says a request was answered with; None for another line."""
    if match := _REQUEST.search(line):
        return int(match[1])
    return Said(line).status if re.search(_METHOD, line) else None


def _well_answered(line: str) -> bool:
    status = _status(line)
    return status is not None and status < 400 and level_of(line) < WARNING


def _said_alike(line: str) -> str:
    """Equal for lines that say the same; of requests all that were answered alike do."""
    status = _status(line)
    return _VARIES.sub("#", line) if status is None else f"answered {status}"


def _cut(line: str) -> str:
    return line if len(line) <= LONGEST else f"{line[:LONGEST]}…"
