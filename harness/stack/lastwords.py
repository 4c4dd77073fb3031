"""The lines of a container's log that tell why it did not start: its first error, and its last lines, those alike as one. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import groupby

from harness.loglevels import ERROR
from harness.logtext import level_of
from harness.quantities import numbered

MOST = 15
_VARIES = re.compile(r"\b0x[0-9a-f]+\b|\d+", re.IGNORECASE)
"""What differs in lines that say the same: times, numbers of connections, addresses."""


def in_order(stamped: str) -> list[str]:
    """What `docker logs --timestamps` printed, on both of its streams, in the order in which it was written, without the stamps."""
    told = [line.partition(" ") for line in stamped.splitlines() if line.strip()]
    return [text for _, _, text in sorted(told, key=lambda one: one[0])]


def last_words(lines: Sequence[str]) -> str:
    """Indented, behind what they are; '' for no lines."""
    runs = [list(run) for _, run in groupby(lines, key=lambda line: _VARIES.sub("#", line))]
    shown = [run[-1] + (f"   ({numbered(len(run), 'line')} like it)" if len(run) > 1 else "") for run in runs[-MOST:]]
    earlier = [line for run in runs[:-MOST] for line in run]
    first = next((line for line in earlier if level_of(line) >= ERROR), "")
    parts = ([f"its first error:\n    {first}"] if first else []) + (
        ["its last lines:\n" + "\n".join(f"    {line}" for line in shown)] if shown else []
    )
    return "\n  ".join(parts)
